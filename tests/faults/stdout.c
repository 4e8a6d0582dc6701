/* Prints garbage and rows of its own. */
#include <stdio.h>
#include <unistd.h>

#include "fault.h"

static int32_t run(const fault_call *call)
{
    static const char row[] = "linear,x,ok,0.001\n\0\377\n";

    for (int i = 0; i < 2000 && call->number <= FAULT_CHECK_CALLS; i++)
        if (write(1, row, sizeof row) < 0 && write(2, row, sizeof row) < 0)
            break;
    return fault_honest(call);
}

FAULT_PLUGIN(run)
