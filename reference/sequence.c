#include "reference/sequence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROWS_PER_BLOCK = 8 }; /* that share each reading of the weights */

typedef struct memo {
    bool filling;
    cake_stage keys; /* [batch * kv_len][key_cols] */
} memo;

static int64_t blocks_per_batch(int64_t q_len)
{
    return cake_ceil_div(q_len, ROWS_PER_BLOCK);
}

int64_t cake_sequence_blocks(int64_t batch, int64_t q_len)
{
    return batch * blocks_per_batch(q_len);
}

/* While `prepare` fills the memo, a block is its share of the rows of keys instead. */
static void fill(const cake_reference *reference, const cake_sequence *s, int64_t index, const cake_stage *keys)
{
    int64_t blocks = cake_sequence_blocks(s->batch, s->q_len), share = cake_ceil_div(keys->rows, blocks);

    for (int64_t row = index * share; row < (index + 1) * share && row < keys->rows; row += ROWS_PER_BLOCK) {
        int64_t end = (index + 1) * share, rows = (end < keys->rows ? end : keys->rows) - row;
        cake_stage part = cake_stage_rows(keys, row, rows < ROWS_PER_BLOCK ? rows : ROWS_PER_BLOCK);

        s->keys(reference, row, &part);
    }
}

static void write_rows(const cake_reference *reference, const cake_stage *y, cake_expected *to)
{
    for (int64_t i = 0; i < y->rows * y->cols; i++)
        to[i] = cake_expect(reference, y->value[i], y->bound[i]);
}

void cake_sequence_block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const cake_sequence s = reference->op->sequence(reference->params);
    const memo *m = reference->memo;
    int64_t b = index / blocks_per_batch(s.q_len), first = index % blocks_per_batch(s.q_len) * ROWS_PER_BLOCK;
    int64_t rows = s.q_len - first < ROWS_PER_BLOCK ? s.q_len - first : ROWS_PER_BLOCK;
    cake_stage keys, y;

    if (m->filling) {
        fill(reference, &s, index, &m->keys);
        return;
    }
    keys = cake_stage_rows(&m->keys, b * s.kv_len, s.kv_len);
    y = s.rows(reference, b * s.q_len + first, rows, &keys);
    write_rows(reference, &y, expected[0] + (b * s.q_len + first) * s.out_cols);
    cake_stage_end(&y);
}

cake_expected cake_sequence_element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const cake_sequence s = reference->op->sequence(reference->params);
    const memo *m = reference->memo;
    int64_t row = output.element / s.out_cols, column = output.element % s.out_cols;
    int64_t touched = changed ? s.touched(reference, *changed) : -1;
    cake_stage keys = cake_stage_rows(&m->keys, row / s.q_len * s.kv_len, s.kv_len), y, kept = {0}, part = {0};
    size_t size = (size_t)s.key_cols * sizeof(double);
    cake_expected e;

    if (touched / s.kv_len != row / s.q_len)
        touched = -1;
    if (touched >= 0) {
        part = cake_stage_rows(&m->keys, touched, 1);
        kept = cake_stage_begin(1, s.key_cols);
        memcpy(kept.value, part.value, size);
        memcpy(kept.bound, part.bound, size);
        s.keys(reference, touched, &part);
    }
    y = s.rows(reference, row, 1, &keys);
    e = cake_expect(reference, y.value[column], y.bound[column]);
    cake_stage_end(&y);
    if (touched >= 0) {
        memcpy(part.value, kept.value, size);
        memcpy(part.bound, kept.bound, size);
        cake_stage_end(&kept);
    }
    return e;
}

void cake_sequence_release(cake_reference *reference)
{
    memo *m = reference->memo;

    if (m)
        cake_stage_end(&m->keys);
    free(m);
    reference->memo = NULL;
}

cake_status cake_sequence_prepare(cake_reference *reference, cake_error *error)
{
    const cake_sequence s = reference->op->sequence(reference->params);
    memo *m = calloc(1, sizeof *m);
    cake_status status;

    if (!m)
        return cake_fail(error, CAKE_E_MEMORY, "%s: no memory for the reference's keys", reference->op->name);
    reference->memo = m;
    m->keys = cake_stage_begin(s.batch * s.kv_len, s.key_cols);
    m->filling = true;
    status = cake_reference_compute(reference, (int)sysconf(_SC_NPROCESSORS_ONLN), NULL, error);
    m->filling = false;
    if (status != CAKE_OK)
        cake_sequence_release(reference);
    return status;
}

cake_place cake_sequence_own_row(cake_place output, int64_t cols, cake_random *random)
{
    int64_t row = output.element / cols, word = (int64_t)cake_random_below(random, (uint64_t)cols);

    if (cake_random_below(random, 2) == 0)
        word = output.element % cols;
    return (cake_place){0, row * cols + word};
}

int64_t cake_visible_keys(int32_t causal, int64_t q_len, int64_t kv_len, int64_t i)
{
    switch (causal) {
    case CAKE_CAUSAL_UPPER_LEFT:
        return i < kv_len ? i + 1 : kv_len;
    case CAKE_CAUSAL_LOWER_RIGHT:
        return i + 1 + kv_len - q_len;
    default:
        return kv_len;
    }
}

double cake_visible_pairs(int32_t causal, int64_t q_len, int64_t kv_len)
{
    double q = (double)q_len, kv = (double)kv_len, growing = fmin(q, kv);

    switch (causal) {
    case CAKE_CAUSAL_UPPER_LEFT:
        return growing * (growing + 1) / 2 + (q - growing) * kv;
    case CAKE_CAUSAL_LOWER_RIGHT:
        return q * (kv - q) + q * (q + 1) / 2;
    default:
        return q * kv;
    }
}
