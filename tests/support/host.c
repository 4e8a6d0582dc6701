#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/topology.h"

enum { MAX_BLOCKS = 1024 };

static struct {
    void *memory[MAX_BLOCKS];
    uint64_t size[MAX_BLOCKS];
    char reason[512];
    char told[512];
    char chosen[128];
} state;

static void *host_alloc(const cake_host *host, uint64_t size_bytes, uint64_t align)
{
    uint64_t size;
    void *memory;
    int i;

    (void)host;
    if (align < 64)
        align = 64;
    if ((align & (align - 1)) || size_bytes > UINT64_C(1) << 40)
        return NULL;
    size = (size_bytes + align - 1) / align * align;
    for (i = 0; i < MAX_BLOCKS && state.memory[i]; i++)
        ;
    if (i == MAX_BLOCKS || !(memory = aligned_alloc(align, size ? size : align)))
        return NULL;
    memset(memory, 0, size);
    state.memory[i] = memory;
    state.size[i] = size_bytes;
    return memory;
}

static void host_free(const cake_host *host, void *memory)
{
    (void)host;
    for (int i = 0; memory && i < MAX_BLOCKS; i++)
        if (state.memory[i] == memory) {
            free(memory);
            state.memory[i] = NULL;
            return;
        }
}

static void host_explain(const cake_host *host, const char *text)
{
    (void)host;
    snprintf(state.reason, sizeof state.reason, "%s", text);
}

static void host_record(const cake_host *host, const char *text)
{
    (void)host;
    snprintf(state.chosen, sizeof state.chosen, "%s", text ? text : "");
}

static const char *host_recall(const cake_host *host)
{
    (void)host;
    return state.chosen;
}

static cake_choice choice = {
    .struct_size = CAKE_SIZE_THROUGH(cake_choice, recall), .record = host_record, .recall = host_recall};

static const void *host_extension(const cake_host *host, const char *name)
{
    (void)host;
    return strcmp(name, CAKE_CHOICE) == 0 ? &choice : NULL;
}

/* As a worker is told them: what the C library tells of the last level may be a whole package's. */
static void tell_caches(cake_host *told)
{
    cake_topology *topology = NULL;
    cake_placement placement = {.l1d_bytes = 0};

    if (cake_topology_load(NULL, &topology, NULL) == CAKE_OK &&
        cake_topology_place(topology, 1, &placement, NULL) == CAKE_OK) {
        told->l1d_bytes = placement.l1d_bytes;
        told->l2_bytes = placement.l2_bytes;
        told->l3_bytes = placement.l3_bytes;
    }
    cake_topology_free(topology);
}

static cake_host host;

const cake_host *cake_test_host(void)
{
    if (!host.struct_size) {
        host = (cake_host){.abi_major = CAKE_ABI_MAJOR,
                           .abi_minor = CAKE_ABI_MINOR,
                           .isa = cake_test_cpu_isa(),
                           .alloc = host_alloc,
                           .free = host_free,
                           .explain = host_explain,
                           .extension = host_extension};
        tell_caches(&host);
        host.struct_size = CAKE_SIZE_THROUGH(cake_host, extension);
    }
    return &host;
}

void cake_test_host_caches(int64_t l2_bytes, int64_t l3_bytes)
{
    cake_test_host();
    host.l2_bytes = l2_bytes;
    host.l3_bytes = l3_bytes;
}

const char *cake_test_host_reason(void)
{
    memcpy(state.told, state.reason, sizeof state.told);
    state.reason[0] = '\0';
    return state.told;
}

const char *cake_test_host_choice(void)
{
    return state.chosen;
}

void cake_test_host_forget_choice(void)
{
    state.chosen[0] = '\0';
}

void cake_test_host_tune(int32_t measure)
{
    choice.measure = measure;
}

uint64_t cake_test_host_workspace(void)
{
    uint64_t sum = 0;

    for (int i = 0; i < MAX_BLOCKS; i++)
        sum += state.memory[i] ? state.size[i] : 0;
    return sum;
}

void cake_test_host_release(void)
{
    for (int i = 0; i < MAX_BLOCKS; i++) {
        free(state.memory[i]);
        state.memory[i] = NULL;
    }
}
