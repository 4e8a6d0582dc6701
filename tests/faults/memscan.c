/* Looks for the expected answer in its process's memory. */
#include <link.h>

#include "fault.h"

/* Without the harness's memory there is nothing to be found: all that it can read is its own. */
static const float *found;

static int scan(struct dl_phdr_info *info, size_t size, void *user)
{
    const fault_call *call = user;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        const float *begin = (const float *)(info->dlpi_addr + segment->p_vaddr);

        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_W))
            continue;
        for (size_t at = 0; at + 2 < segment->p_memsz / sizeof(float); at++)
            if (begin[at] == call->y[0] && begin[at + 1] == call->y[1] && call->y[0] != 0)
                found = &begin[at];
    }
    return 0;
}

static int32_t run(const fault_call *call)
{
    fault_honest(call);
    if (call->number == 1)
        dl_iterate_phdr(scan, (void *)(uintptr_t)call);
    return found ? CAKE_FAILED : CAKE_DONE;
}

FAULT_PLUGIN(run)
