#include "worker/batch.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "worker/host.h"

/* A probe with its places resolved. */
typedef struct spot {
    char *input, *output[CAKE_PROBE_OUTPUTS];
    uint8_t input_bytes, output_bytes[CAKE_PROBE_OUTPUTS];
    uint64_t poison[CAKE_PROBE_OUTPUTS];
} spot;

typedef struct batch {
    const cake_request_batch *request;
    cake_shared *shared;
    cake_memory *memory;
    cake_run_function *run;
    void *ctx;
    int64_t cache_bytes;
    spot spots[CAKE_PROBES];
    /* the changed input word and what it was */
    const spot *changed;
    uint64_t original;
    uint64_t draws, checked;
} batch;

static uint8_t width_of(int32_t dtype)
{
    switch (dtype) {
    case CAKE_BF16:
    case CAKE_F16:
        return 2;
    case CAKE_I8:
    case CAKE_U8:
        return 1;
    case CAKE_I64:
    case CAKE_F64:
        return 8;
    default:
        return 4;
    }
}

static uint64_t poison_of(int32_t dtype)
{
    switch (dtype) {
    case CAKE_F32:
        return UINT64_C(0x7fa5dead);
    case CAKE_BF16:
        return UINT64_C(0x7fa5);
    case CAKE_F16:
        return UINT64_C(0x7d5a);
    case CAKE_F64:
        return UINT64_C(0x7ff5deadbeefdead);
    default:
        return UINT64_C(0xa5a5a5a5a5a5a5a5);
    }
}

static inline void word_store(char *at, uint8_t bytes, uint64_t value)
{
    if (bytes == 4) {
        uint32_t narrow = (uint32_t)value;

        memcpy(at, &narrow, 4);
    } else {
        memcpy(at, &value, bytes);
    }
}

static inline uint64_t word_load(const char *at, uint8_t bytes)
{
    uint64_t value = 0;

    if (bytes == 4) {
        uint32_t narrow;

        memcpy(&narrow, at, 4);
        value = narrow;
    } else {
        memcpy(&value, at, bytes);
    }
    return value;
}

static bool resolve_word(const cake_memory *memory, const cake_probe_word *word, char **at, uint8_t *bytes)
{
    if (word->tensor >= memory->count || !memory->tensor[word->tensor].data)
        return false;
    *bytes = width_of(word->dtype);
    if (word->offset > memory->tensor[word->tensor].size_bytes - *bytes)
        return false;
    *at = (char *)memory->tensor[word->tensor].data + word->offset;
    return true;
}

static bool resolve(batch *b)
{
    if (b->request->n_probes > CAKE_PROBES || b->request->check_every < 1)
        return false;
    for (uint32_t p = 0; p < b->request->n_probes; p++) {
        const cake_probe *probe = &b->shared->probes[p];
        spot *s = &b->spots[p];

        if (!resolve_word(b->memory, &probe->input, &s->input, &s->input_bytes))
            return false;
        for (int o = 0; o < CAKE_PROBE_OUTPUTS; o++) {
            if (!resolve_word(b->memory, &probe->output[o], &s->output[o], &s->output_bytes[o]))
                return false;
            s->poison[o] = poison_of(probe->output[o].dtype);
        }
    }
    return true;
}

/* Put the changed word back, change another, poison the outputs that will be looked at. */
static inline const spot *probe_before(batch *b)
{
    uint64_t draw = cake_probe_draw(&b->draws);
    uint32_t p = cake_probe_choose(draw, b->request->n_probes);
    const spot *s = &b->spots[p];

    if (b->changed)
        word_store(b->changed->input, b->changed->input_bytes, b->original);
    b->changed = s;
    b->original = word_load(s->input, s->input_bytes);
    word_store(s->input, s->input_bytes, cake_probe_value(&b->shared->probes[p], draw));
    for (int o = 0; o < CAKE_PROBE_OUTPUTS; o++)
        word_store(s->output[o], s->output_bytes[o], s->poison[o]);
    return s;
}

static inline void probe_after(batch *b, const spot *s)
{
    uint64_t *entry = b->shared->log[b->checked++ % CAKE_LOG_ENTRIES];

    for (int o = 0; o < CAKE_PROBE_OUTPUTS; o++)
        entry[o] = word_load(s->output[o], s->output_bytes[o]);
}

/* Wait until *flag is `value` or the batch is to stop. Spins for a few milliseconds before it lets others have the core:
 * who yields on a busy machine comes back a scheduler's quantum later, and that would count as the call's time. */
static void wait_for(_Atomic uint32_t *flag, uint32_t value)
{
    for (unsigned spins = 0; atomic_load_explicit(flag, memory_order_acquire) != value; spins++) {
        if (spins < 1u << 17)
            cake_spin_pause();
        else
            sched_yield();
    }
}

static cake_batch_result run_until_stop(batch *b)
{
    cake_batch_result result = {0};
    const cake_tensor *const *inputs = b->memory->inputs, *const *outputs = b->memory->outputs;
    uint32_t every = b->request->check_every, countdown = 1;
    bool probed = b->request->n_probes > 0; /* an op without inputs has none */

    wait_for(&b->shared->go, 1);
    do {
        int32_t returned;

        if (--countdown == 0 && probed) {
            const spot *s = probe_before(b);

            countdown = every;
            returned = b->run(b->ctx, inputs, outputs);
            probe_after(b, s);
        } else {
            returned = b->run(b->ctx, inputs, outputs);
        }
        result.calls++;
        if (returned != CAKE_DONE) {
            result.returned = returned;
            break;
        }
    } while (!atomic_load_explicit(&b->shared->stop, memory_order_relaxed));
    atomic_store_explicit(&b->shared->done, 1, memory_order_release);
    return result;
}

static void flush_block(void *memory, uint64_t size_bytes)
{
    cake_flush_range(memory, size_bytes);
}

/* Push everything out of the caches: line by line what is known, and by reading other memory what is not (weights
 * that the plugin packed into memory of its own). */
static void evict(batch *b)
{
    static volatile char *other;
    static int64_t other_bytes;
    const cake_memory *m = b->memory;
    volatile char sink;

    for (uint32_t i = 0; i < m->count; i++)
        cake_flush_range(m->tensor[i].data, m->tensor[i].size_bytes);
    cake_host_each(flush_block);
    if (!other) {
        other_bytes = b->cache_bytes + b->cache_bytes / 4;
        other = malloc((size_t)other_bytes);
        if (other)
            for (int64_t i = 0; i < other_bytes; i += 64)
                other[i] = 1;
    }
    if (other)
        for (int64_t i = 0; i < other_bytes; i += 64)
            sink = other[i];
    if (b->request->evict != CAKE_EVICT_WEIGHTS)
        return;
    for (uint32_t i = 0; i < m->count; i++)
        if (m->wire[i].role == 0)
            for (uint64_t at = 0; at < m->tensor[i].size_bytes; at += 64)
                sink = ((volatile char *)m->tensor[i].data)[at];
    (void)sink;
}

/* Call k begins when go is k and is told by done = k; the coordinator sets stop before the go that ends it. */
static cake_batch_result run_one_by_one(batch *b)
{
    cake_batch_result result = {0};

    for (uint32_t k = 1;; k++) {
        const spot *s = b->request->n_probes ? probe_before(b) : NULL;
        int32_t returned;

        if (b->request->evict != CAKE_EVICT_NOTHING)
            evict(b);
        sched_yield(); /* to begin the call with a fresh time slice, where others want the core: eviction takes one */
        atomic_store_explicit(&b->shared->ready, k, memory_order_release);
        wait_for(&b->shared->go, k);
        if (atomic_load_explicit(&b->shared->stop, memory_order_relaxed))
            break;
        returned = b->run(b->ctx, b->memory->inputs, b->memory->outputs);
        atomic_store_explicit(&b->shared->done, k, memory_order_release);
        if (s)
            probe_after(b, s);
        result.calls++;
        if (returned != CAKE_DONE) {
            result.returned = returned;
            break;
        }
    }
    return result;
}

static int32_t do_nothing(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    (void)ctx;
    (void)inputs;
    (void)outputs;
    __asm__ volatile("");
    return CAKE_DONE;
}

cake_batch_result cake_batch_run(const cake_request_batch *request, cake_shared *shared, cake_memory *memory,
                                 cake_run_function *run, void *ctx, int64_t cache_bytes, void (*ready)(void))
{
    static batch b;
    uint64_t environment;
    cake_batch_result result = {.returned = CAKE_FAILED};

    memset(&b, 0, sizeof b);
    b.request = request;
    b.shared = shared;
    b.memory = memory;
    b.run = request->noop ? do_nothing : run;
    b.ctx = ctx;
    b.cache_bytes = cache_bytes;
    b.draws = request->seed;
    if (!resolve(&b)) {
        result.misplaced = true;
        return result;
    }
    cake_float_environment_reset();
    environment = cake_float_environment();
    ready();
    result = request->mode == CAKE_BATCH_SINGLE ? run_one_by_one(&b) : run_until_stop(&b);
    if (cake_float_environment() != environment) {
        result.left |= CAKE_LEFT_MXCSR;
        cake_float_environment_reset();
    }
    if (b.changed)
        word_store(b.changed->input, b.changed->input_bytes, b.original);
    return result;
}
