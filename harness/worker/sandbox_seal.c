#include <link.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox.h"

enum { MSEAL = 462 }; /* the same on every architecture; newer than the headers */

/* Seal a loaded object's code and its relocated, read-only data. */
static int seal_object(struct dl_phdr_info *info, size_t size, void *failed)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        uintptr_t begin = info->dlpi_addr + segment->p_vaddr, end = begin + segment->p_memsz;

        if (!(segment->p_type == PT_LOAD && segment->p_flags & PF_X) && segment->p_type != PT_GNU_RELRO)
            continue;
        begin = begin / page * page;
        /* The last page of RELRO may hold data that stay writable. */
        end = segment->p_type == PT_LOAD ? (end + page - 1) / page * page : end / page * page;
        if (end > begin && syscall(MSEAL, begin, end - begin, 0) != 0)
            *(bool *)failed = true;
    }
    return 0;
}

bool cake_sandbox_seal(void)
{
    bool failed = false;

    dl_iterate_phdr(seal_object, &failed);
    return !failed;
}
