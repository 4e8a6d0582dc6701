/* Multi-head attention with its projections, as stages: what mha.c and transformer_block.c share. */
#ifndef LAYERCAKE_REFERENCE_HEADS_H
#define LAYERCAKE_REFERENCE_HEADS_H

#include "reference/sequence.h"

typedef struct cake_heads {
    int64_t q_len, kv_len, heads, kv_heads, head_dim, model;
    int32_t causal, rotary;
    double base;
    const double *wq, *wk, *wv, *wo; /* row-major [out][in] */
    const double *bq, *bk, *bv, *bo; /* NULL without bias */
    double u;
} cake_heads;

/* Fill in what was left out (0) and check: heads divide model if head_dim is left out, kv_heads divide heads. */
cake_status cake_heads_validate(int64_t model, int64_t heads, int64_t *kv_heads, int64_t *head_dim,
                                cake_error *error);

/* A row of keys, [2 kv_heads head_dim], is k of all heads, then v. */

/* The keys of the rows of x, which are rows row .. of all keys, counted over the batch. */
void cake_heads_keys(const cake_heads *heads, const cake_stage *x, int64_t row, cake_stage *keys);

/* Attention of the rows of x, which are rows row .. of all queries, all of one batch; a new stage. */
cake_stage cake_heads_rows(const cake_heads *heads, const cake_stage *x, int64_t row, const cake_stage *keys);

/* Floating-point operations: the four projections and the two products of attention. */
double cake_heads_flops(const cake_heads *heads, int64_t batch);

#endif
