#include "worker/host.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "layercake/choice.h"

/* Workspace blocks, each a map of its own with a page that faults on both sides. */
enum { MAX_BLOCKS = 4096 };

typedef struct block {
    char *map;
    uint64_t map_bytes;
    char *memory;
    uint64_t size_bytes;
} block;

static struct {
    cake_host table;
    char explanation[CAKE_WIRE_TEXT];
    cake_choice choice;
    char chosen[CAKE_WIRE_CHOICE];
    pthread_mutex_t lock;
    block blocks[MAX_BLOCKS];
    uint64_t in_use, most;
    int huge_pages;
} host = {.lock = PTHREAD_MUTEX_INITIALIZER};

static bool map_block(block *b, uint64_t size_bytes, uint64_t align)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), huge = 2u << 20, from;
    uint64_t body = (size_bytes + page - 1) / page * page;

    if (host.huge_pages && size_bytes >= huge && align < huge)
        align = huge;
    if (align < page)
        align = page;
    b->map_bytes = body + 2 * page + align;
    b->map = mmap(NULL, b->map_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (b->map == MAP_FAILED)
        return false;
    from = ((uint64_t)(uintptr_t)b->map + page + align - 1) / align * align;
    b->memory = b->map + (from - (uint64_t)(uintptr_t)b->map);
    b->size_bytes = size_bytes;
    if (mprotect(b->memory, body, PROT_READ | PROT_WRITE) != 0) {
        munmap(b->map, b->map_bytes);
        return false;
    }
    if (host.huge_pages && size_bytes >= huge)
        madvise(b->memory, body, MADV_HUGEPAGE);
    return true;
}

static void *host_alloc(const cake_host *table, uint64_t size_bytes, uint64_t align)
{
    void *memory = NULL;

    (void)table;
    if (size_bytes == 0)
        size_bytes = 1;
    if (align & (align - 1) || align > 2u << 20 || size_bytes > UINT64_MAX / 2)
        return NULL;
    pthread_mutex_lock(&host.lock);
    for (int i = 0; i < MAX_BLOCKS; i++) {
        block *b = &host.blocks[i];

        if (b->memory)
            continue;
        if (map_block(b, size_bytes, align)) {
            memory = b->memory;
            host.in_use += size_bytes;
            if (host.in_use > host.most)
                host.most = host.in_use;
        } else {
            memset(b, 0, sizeof *b);
        }
        break;
    }
    pthread_mutex_unlock(&host.lock);
    return memory;
}

static void free_block(block *b)
{
    host.in_use -= b->size_bytes;
    munmap(b->map, b->map_bytes);
    memset(b, 0, sizeof *b);
}

static void host_free(const cake_host *table, void *memory)
{
    (void)table;
    if (!memory)
        return;
    pthread_mutex_lock(&host.lock);
    for (int i = 0; i < MAX_BLOCKS; i++)
        if (host.blocks[i].memory == memory)
            free_block(&host.blocks[i]);
    pthread_mutex_unlock(&host.lock);
}

static void host_explain(const cake_host *table, const char *text)
{
    (void)table;
    snprintf(host.explanation, sizeof host.explanation, "%s", text ? text : "");
}

static void host_record(const cake_host *table, const char *text)
{
    (void)table;
    snprintf(host.chosen, sizeof host.chosen, "%s", text ? text : "");
}

static const char *host_recall(const cake_host *table)
{
    (void)table;
    return host.chosen;
}

static const void *host_extension(const cake_host *table, const char *name)
{
    (void)table;
    return name && strcmp(name, CAKE_CHOICE) == 0 ? &host.choice : NULL;
}

const cake_host *cake_host_make(const cake_request_load *request)
{
    host.huge_pages = request->huge_pages;
    host.chosen[0] = '\0';
    host.choice = (cake_choice){
        .struct_size = CAKE_SIZE_THROUGH(cake_choice, recall),
        .measure = request->tune,
        .record = host_record,
        .recall = host_recall,
    };
    host.table = (cake_host){
        .struct_size = CAKE_SIZE_THROUGH(cake_host, extension),
        .abi_major = CAKE_ABI_MAJOR,
        .abi_minor = CAKE_ABI_MINOR,
        .isa = request->isa,
        .l1d_bytes = request->l1d_bytes,
        .l2_bytes = request->l2_bytes,
        .l3_bytes = request->l3_bytes,
        .alloc = host_alloc,
        .free = host_free,
        .explain = host_explain,
        .extension = host_extension,
    };
    return &host.table;
}

const char *cake_host_explanation(void)
{
    return host.explanation;
}

const char *cake_host_choice(void)
{
    return host.chosen;
}

void cake_host_forget(void)
{
    host.explanation[0] = '\0';
}

uint64_t cake_host_workspace_bytes(void)
{
    return host.most;
}

void cake_host_each(void (*visit)(void *memory, uint64_t size_bytes))
{
    for (int i = 0; i < MAX_BLOCKS; i++)
        if (host.blocks[i].memory)
            visit(host.blocks[i].memory, host.blocks[i].size_bytes);
}

void cake_host_free_all(void)
{
    for (int i = 0; i < MAX_BLOCKS; i++)
        if (host.blocks[i].memory)
            free_block(&host.blocks[i]);
    host.most = 0;
}
