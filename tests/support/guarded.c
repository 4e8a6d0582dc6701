#include "guarded.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint32_t poison = 0x7fa0dead; /* a signalling NaN */

static uint64_t page_bytes(void)
{
    return (uint64_t)sysconf(_SC_PAGESIZE);
}

cake_status cake_guarded_new(const cake_tensor *description, uint32_t align, uint32_t overread, cake_flush flush,
                             cake_guarded *guarded, cake_error *error)
{
    uint64_t page = page_bytes();
    uint64_t size = (description->size_bytes + overread + align - 1) / align * align;
    uint64_t body = (size + page - 1) / page * page;
    unsigned char *map = mmap(NULL, body + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        return cake_fail(error, CAKE_E_MEMORY, "no memory for a tensor of %llu bytes", (unsigned long long)size);
    *guarded = (cake_guarded){.tensor = *description, .map = map, .map_bytes = body + 2 * page};
    cake_guarded_protect(guarded, false);
    for (uint64_t at = page; at < page + body; at += sizeof poison)
        memcpy(map + at, &poison, sizeof poison);
    guarded->tensor.data = flush == CAKE_FLUSH_LEFT ? map + page : map + page + body - size;
    return CAKE_OK;
}

void cake_guarded_free(cake_guarded *guarded)
{
    if (guarded->map)
        munmap(guarded->map, guarded->map_bytes);
    *guarded = (cake_guarded){0};
}

void cake_guarded_protect(cake_guarded *guarded, bool read_only)
{
    uint64_t page = page_bytes();

    mprotect(guarded->map + page, guarded->map_bytes - 2 * page, read_only ? PROT_READ : PROT_READ | PROT_WRITE);
}

static bool poisoned(const unsigned char *at, const unsigned char *end)
{
    for (; at < end; at++) {
        unsigned char expected;

        /* Bodies begin on a page, so the address says which byte of the pattern stands here. */
        memcpy(&expected, (const unsigned char *)&poison + (uintptr_t)at % sizeof poison, 1);
        if (*at != expected)
            return false;
    }
    return true;
}

bool cake_guarded_intact(const cake_guarded *guarded)
{
    uint64_t page = page_bytes();
    const unsigned char *data = guarded->tensor.data;

    return poisoned(guarded->map + page, data) &&
           poisoned(data + guarded->tensor.size_bytes, guarded->map + guarded->map_bytes - page);
}
