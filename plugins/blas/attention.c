/* attention: scores = scale q kT by one product, softmax of their rows, y = scores v by another
 *
 * The queries of all heads that share a key-value head stand one after another, so that one product serves them (of
 * one query each, in decoding, that makes a matrix of a vector). Rows of scores are made a block at a time, so that
 * they are still in the cache at the softmax and the second product; a block ends at the last key that any of its
 * rows sees. */
#include <stdlib.h>
#include <string.h>

#include "blas/blas.h"
#include "blas/library.h"

enum { SCORES_BYTES = 1 << 20, MIN_BLOCK = 64 }; /* of a block: bytes at most, unless that is too few rows */

typedef struct attention {
    cake_attention p;
    const blas_rows *rows;
    int64_t block; /* rows of scores */
    float *scores; /* [block][kv_len] */
    float *sums;   /* [block] */
} attention;

static int32_t can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_attention *p = problem->params;
    int64_t queries = blas_extent(p->heads, p->q_len);
    int64_t keys = p->kv_len > p->head_dim ? p->kv_len : p->head_dim;

    (void)kernel;
    if (CAKE_HAS(p, cake_attention, scores) && (p->softcap > 0 || p->scores)) {
        host->explain(host, "no softcap, no scores as an output");
        return CAKE_UNSUPPORTED;
    }
    keys = keys > p->v_dim ? keys : p->v_dim;
    return blas_can_run(problem, host, queries > keys ? queries : keys);
}

static int32_t open_attention(const cake_kernel *kernel, const cake_problem *problem,
                              const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    attention *a = calloc(1, sizeof *a);
    const cake_attention *p;
    int64_t queries;

    (void)kernel;
    (void)constants;
    if (!a)
        return CAKE_NO_MEMORY;
    p = memcpy(&a->p, problem->params, sizeof a->p);
    a->rows = blas_rows_for(host);
    queries = p->heads / p->kv_heads * p->q_len;
    a->block = SCORES_BYTES / (p->kv_len * (int64_t)sizeof(float));
    if (a->block < MIN_BLOCK)
        a->block = MIN_BLOCK;
    if (a->block > queries)
        a->block = queries;
    a->scores = blas_floats(host, a->block * p->kv_len);
    a->sums = blas_floats(host, a->block);
    if (!a->scores || !a->sums) {
        free(a);
        return CAKE_NO_MEMORY;
    }
    library_set_threads(problem->threads);
    *ctx = a;
    return CAKE_DONE;
}

/* How many keys query i sees. */
static int64_t visible_keys(const cake_attention *p, int64_t i)
{
    int64_t visible = p->kv_len;

    if (p->causal == CAKE_CAUSAL_UPPER_LEFT)
        visible = i + 1;
    if (p->causal == CAKE_CAUSAL_LOWER_RIGHT)
        visible = i + 1 + p->kv_len - p->q_len;
    return visible < p->kv_len ? visible : p->kv_len;
}

/* Queries first .. first + count - 1 of one key-value head; query r is number r % q_len of its head. */
static void attend(const attention *a, int64_t first, int64_t count, const float *q, const float *k, const float *v,
                   const float *mask, float *y)
{
    const cake_attention *p = &a->p;
    int64_t keys = 1;

    for (int64_t r = first; r < first + count; r++) {
        int64_t visible = visible_keys(p, r % p->q_len);

        keys = visible > keys ? visible : keys;
    }
    library_product(&(blas_product){.m = count,
                                    .n = keys,
                                    .k = p->head_dim,
                                    .alpha = (float)p->scale,
                                    .a = q + first * p->head_dim,
                                    .lda = p->head_dim,
                                    .b = k,
                                    .ldb = p->head_dim,
                                    .b_transposed = 1,
                                    .c = a->scores,
                                    .ldc = keys});
    for (int64_t r = 0; r < count; r++) {
        int64_t i = (first + r) % p->q_len, visible = visible_keys(p, i);
        float *row = a->scores + r * keys;

        a->sums[r] = a->rows->softmax(row, mask ? mask + i * p->kv_len : NULL, visible);
        memset(row + visible, 0, (size_t)(keys - visible) * sizeof *row);
    }
    library_product(&(blas_product){.m = count,
                                    .n = p->v_dim,
                                    .k = keys,
                                    .alpha = 1,
                                    .a = a->scores,
                                    .lda = keys,
                                    .b = v,
                                    .ldb = p->v_dim,
                                    .c = y + first * p->v_dim,
                                    .ldc = p->v_dim});
    for (int64_t r = 0; r < count; r++)
        a->rows->scale(y + (first + r) * p->v_dim, 1 / a->sums[r], p->v_dim);
}

static int32_t run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    const attention *a = ctx;
    const cake_attention *p = &a->p;
    const float *mask = p->mask ? inputs[3]->data : NULL;
    /* Heads are stacked only where one alone is less than a block: a causal block should be within one. */
    int64_t stacked = p->q_len < a->block ? p->heads / p->kv_heads : 1, queries = stacked * p->q_len;

    for (int64_t head = 0; head < p->batch * p->heads; head += stacked) {
        int64_t kv_head = head / (p->heads / p->kv_heads);
        const float *q = (const float *)inputs[0]->data + head * p->q_len * p->head_dim;
        const float *k = (const float *)inputs[1]->data + kv_head * p->kv_len * p->head_dim;
        const float *v = (const float *)inputs[2]->data + kv_head * p->kv_len * p->v_dim;
        float *y = (float *)outputs[0]->data + head * p->q_len * p->v_dim;

        for (int64_t first = 0; first < queries; first += a->block)
            attend(a, first, queries - first < a->block ? queries - first : a->block, q, k, v, mask, y);
    }
    return CAKE_DONE;
}

const cake_kernel blas_attention = {
    .struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
    .accuracy = CAKE_STANDARD,
    .op = "attention",
    .name = "gemm",
    .min_align = sizeof(float),
    .can_run = can_run,
    .open = open_attention,
    .run = run,
    .close = free,
};
