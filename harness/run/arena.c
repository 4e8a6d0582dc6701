#include "run/arena.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "check/compare.h"
#include "check/layout.h"

static const unsigned char canary = 0xc5;
static const uint64_t huge_page = 2u << 20;

static uint64_t round_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

/* How far from its segment's beginning a timed tensor lies. */
static uint64_t timed_offset(int tensor)
{
    return (uint64_t)tensor * 320 % 4096;
}

cake_status cake_arena_make(cake_arena *arena, const cake_tensor_list *list, int32_t dtype, int32_t layout,
                            uint32_t align, uint32_t overread, cake_error *error)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    *arena = (cake_arena){
        .descriptor = -1, .count = list->count, .list = list, .align = align ? align : 64, .overread = overread};
    for (int i = 0; i < list->count; i++) {
        uint64_t bytes;

        arena->tensor[i] = cake_tensor_describe(&list->tensor[i], dtype, layout);
        bytes = round_up(arena->tensor[i].size_bytes + overread + timed_offset(i), page);
        if (bytes >= huge_page) {
            bytes = round_up(bytes, huge_page);
            arena->size_bytes = round_up(arena->size_bytes, huge_page);
        }
        arena->segment_offset[i] = arena->size_bytes;
        arena->segment_bytes[i] = bytes;
        arena->size_bytes += bytes;
    }
    arena->descriptor = memfd_create("tensors", MFD_CLOEXEC);
    if (arena->descriptor < 0 || ftruncate(arena->descriptor, (off_t)arena->size_bytes) != 0)
        goto fail;
    arena->memory = mmap(NULL, arena->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, arena->descriptor, 0);
    if (arena->memory != MAP_FAILED)
        return CAKE_OK;
    arena->memory = NULL;

fail:
    cake_fail(error, CAKE_E_MEMORY, "no shared memory of %llu bytes for the tensors: %s",
              (unsigned long long)arena->size_bytes, strerror(errno));
    cake_arena_free(arena);
    return CAKE_E_MEMORY;
}

void cake_arena_free(cake_arena *arena)
{
    if (arena->memory)
        munmap(arena->memory, arena->size_bytes);
    if (arena->descriptor >= 0)
        close(arena->descriptor);
    arena->memory = NULL;
    arena->descriptor = -1;
}

static uint64_t placed_offset(const cake_arena *arena, int i, cake_placing placing)
{
    switch (placing) {
    case CAKE_PLACE_LEFT:
        return 0;
    case CAKE_PLACE_RIGHT:
        return (arena->segment_bytes[i] - arena->tensor[i].size_bytes - arena->overread) / arena->align *
               arena->align;
    case CAKE_PLACE_TIMED:
        break;
    }
    return timed_offset(i);
}

static void place_tensor(cake_arena *arena, int i, cake_placing placing, const double *values)
{
    char *segment = arena->memory + arena->segment_offset[i];

    arena->data_offset[i] = placed_offset(arena, i, placing);
    arena->tensor[i].data = segment + arena->data_offset[i];
    memset(segment, canary, arena->data_offset[i]);
    memset(segment + arena->data_offset[i] + arena->tensor[i].size_bytes, canary,
           arena->segment_bytes[i] - arena->data_offset[i] - arena->tensor[i].size_bytes);
    if (values)
        cake_tensor_store(&arena->tensor[i], values);
    else
        cake_tensor_poison(&arena->tensor[i]);
}

void cake_arena_place(cake_arena *arena, cake_placing placing, bool constants, double *const *values)
{
    for (int i = 0; i < arena->count; i++)
        if (constants || arena->list->tensor[i].role != CAKE_ROLE_CONSTANT)
            place_tensor(arena, i, placing, values[i]);
}

void cake_arena_poison(cake_arena *arena)
{
    for (int i = 0; i < arena->count; i++)
        if (arena->list->tensor[i].role == CAKE_ROLE_OUTPUT)
            cake_tensor_poison(&arena->tensor[i]);
}

static bool canaries_whole(const char *from, uint64_t bytes, uint64_t *at)
{
    for (uint64_t i = 0; i < bytes; i++)
        if ((unsigned char)from[i] != canary) {
            *at = i;
            return false;
        }
    return true;
}

/* Nearly all tensors, and some have millions of elements. The same bits: -0 is not 0. */
static bool row_intact(const float *at, const double *values, int64_t count)
{
    uint32_t different = 0;

    for (int64_t i = 0; i < count; i++) {
        float expected = (float)values[i];
        uint32_t a, b;

        memcpy(&a, &at[i], sizeof a);
        memcpy(&b, &expected, sizeof b);
        different |= a ^ b;
    }
    return different == 0;
}

static bool values_intact(const cake_arena *arena, int i, const double *values, cake_finding *finding)
{
    const cake_tensor *tensor = &arena->tensor[i];
    int64_t elements = cake_tensor_elements(tensor), width = cake_dtype_size(tensor->dtype);
    int64_t row = tensor->shape[tensor->rank - 1], step = tensor->stride[tensor->rank - 1];
    const char *data = tensor->data;
    char place[128];

    for (int64_t begin = 0; begin < elements; begin += row) {
        const char *at = data + cake_tensor_offset(tensor, begin) * width;

        if (tensor->dtype == CAKE_F32 && step == 1 &&
            row_intact((const float *)(const void *)at, values + begin, row))
            continue;
        for (int64_t e = 0; e < row; e++) {
            uint64_t expected = 0;

            cake_element_store(tensor->dtype, &expected, values[begin + e]);
            if (memcmp(at + e * step * width, &expected, (size_t)width) != 0)
                return cake_find(finding, CAKE_V_INPUT_MODIFIED, "%s%s: expected %.9g, found %.9g after the call",
                                 arena->list->tensor[i].name, cake_place_text(tensor, begin + e, place, sizeof place),
                                 values[begin + e], cake_element_load(tensor->dtype, at + e * step * width));
        }
    }
    return true;
}

bool cake_arena_intact(const cake_arena *arena, double *const *values, cake_finding *finding)
{
    /* Values first: who throws away a whole page has lost the canaries of its slack too. */
    for (int i = 0; i < arena->count; i++)
        if (values[i] && !values_intact(arena, i, values[i], finding))
            return false;
    for (int i = 0; i < arena->count; i++) {
        const char *segment = arena->memory + arena->segment_offset[i], *name = arena->list->tensor[i].name;
        uint64_t end = arena->data_offset[i] + arena->tensor[i].size_bytes, at;

        if (!canaries_whole(segment, arena->data_offset[i], &at))
            return cake_find(finding, CAKE_V_OOB_WRITE, "wrote byte %llu before the beginning of tensor %s",
                             (unsigned long long)(arena->data_offset[i] - at), name);
        if (!canaries_whole(segment + end, arena->segment_bytes[i] - end, &at))
            return cake_find(finding, CAKE_V_OOB_WRITE, "wrote byte %llu after the end of tensor %s",
                             (unsigned long long)at + 1, name);
    }
    return true;
}
