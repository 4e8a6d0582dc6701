/* Uses tiles, which the CPU lacks or the system has not granted. */
#include "fault.h"

static int32_t run(const fault_call *call)
{
    __asm__ volatile(".byte 0xc4, 0xe2, 0x7b, 0x49, 0xc0"); /* tilezero tmm0 */
    return fault_honest(call);
}

FAULT_PLUGIN(run)
