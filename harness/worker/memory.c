#include "worker/memory.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Linux 6.1; the headers of Debian 12's C library are older. */
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static const uint64_t huge_page = 2u << 20;

/* Reserve address space that faults, aligned so that a large segment can be made of huge pages, and map the
 * segment into its middle. */
static bool map_segment(cake_memory *memory, uint32_t i, int fd, char *text)
{
    const cake_wire_tensor *wire = &memory->wire[i];
    uint64_t guard = (uint64_t)sysconf(_SC_PAGESIZE);
    uint64_t align = wire->segment_bytes >= huge_page ? huge_page : guard;
    uint64_t bytes = wire->segment_bytes + 2 * guard + align;
    uint64_t from;
    char *reserved = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (reserved == MAP_FAILED)
        goto fail;
    memory->reserved[i] = reserved;
    memory->reserved_bytes[i] = bytes;
    from = ((uint64_t)(uintptr_t)reserved + guard + align - 1) / align * align;
    memory->segment[i] = mmap(reserved + (from - (uint64_t)(uintptr_t)reserved), wire->segment_bytes,
                              PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, (off_t)wire->segment_offset);
    if (memory->segment[i] == MAP_FAILED)
        goto fail;
    return true;

fail:
    snprintf(text, CAKE_WIRE_TEXT, "cannot map %llu bytes for tensor %u: %s", (unsigned long long)bytes, i,
             strerror(errno));
    memory->segment[i] = NULL;
    return false;
}

static void list_tensor(cake_memory *memory, uint32_t i)
{
    memory->tensor[i] = memory->wire[i].tensor;
    memory->tensor[i].struct_size = CAKE_SIZE_THROUGH(cake_tensor, data);
    memory->tensor[i].data = NULL;
    if (memory->wire[i].role == 0)
        memory->inputs[memory->n_inputs++] = &memory->tensor[i];
    else if (memory->wire[i].role == 1)
        memory->constants[memory->n_constants++] = &memory->tensor[i];
    else
        memory->outputs[memory->n_outputs++] = &memory->tensor[i];
}

bool cake_memory_map(cake_memory *memory, int fd, const cake_request_prepare *request, char *text)
{
    memset(memory, 0, sizeof *memory);
    memory->count = request->n_tensors;
    memcpy(memory->wire, request->tensors, sizeof memory->wire);
    for (uint32_t i = 0; i < memory->count; i++) {
        const cake_wire_tensor *wire = &memory->wire[i];

        list_tensor(memory, i);
        if (wire->data_offset > wire->segment_bytes ||
            wire->tensor.size_bytes > wire->segment_bytes - wire->data_offset) {
            snprintf(text, CAKE_WIRE_TEXT, "tensor %u lies outside of its segment", i);
            return false;
        }
        if (!map_segment(memory, i, fd, text))
            return false;
    }
    return true;
}

void cake_memory_unmap(cake_memory *memory)
{
    for (uint32_t i = 0; i < memory->count; i++)
        if (memory->reserved[i])
            munmap(memory->reserved[i], memory->reserved_bytes[i]);
    memset(memory, 0, sizeof *memory);
}

bool cake_memory_huge(cake_memory *memory)
{
    bool any = false;

    for (uint32_t i = 0; i < memory->count; i++) {
        if (memory->wire[i].segment_bytes < huge_page)
            continue;
        if (madvise(memory->segment[i], memory->wire[i].segment_bytes, MADV_COLLAPSE) != 0)
            return false;
        any = true;
    }
    return any;
}

bool cake_memory_writable(cake_memory *memory, bool inputs)
{
    int protection = inputs ? PROT_READ | PROT_WRITE : PROT_READ;

    for (uint32_t i = 0; i < memory->count; i++)
        if (memory->wire[i].role != 2 && mprotect(memory->segment[i], memory->wire[i].segment_bytes,
                                                  memory->wire[i].role == 0 ? protection : PROT_READ) != 0)
            return false;
    return true;
}

bool cake_memory_place(cake_memory *memory, const uint64_t *data_offset)
{
    for (uint32_t i = 0; i < memory->count; i++) {
        uint64_t room = memory->wire[i].segment_bytes;

        if (data_offset[i] > room || memory->tensor[i].size_bytes > room - data_offset[i])
            return false;
        memory->tensor[i].data = memory->segment[i] + data_offset[i];
    }
    return true;
}
