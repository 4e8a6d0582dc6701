/* Reads its standard input. */
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    char text[64];

    return read(0, text, sizeof text) == 0 ? fault_honest(call) : CAKE_FAILED;
}

FAULT_PLUGIN(run)
