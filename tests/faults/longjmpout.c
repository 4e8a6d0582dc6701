/* Jumps out of the call, to a frame that is gone. */
#include <setjmp.h>

#include "fault.h"

static jmp_buf elsewhere;

static __attribute__((noinline)) int leave_mark(void)
{
    return setjmp(elsewhere);
}

static __attribute__((noinline)) void bury(void)
{
    volatile char stack[8192];

    for (size_t i = 0; i < sizeof stack; i++)
        stack[i] = 0x5a;
}

static int32_t run(const fault_call *call)
{
    if (leave_mark() == 0) {
        bury();
        longjmp(elsewhere, 1);
    }
    return fault_honest(call);
}

FAULT_PLUGIN(run)
