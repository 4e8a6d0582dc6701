/* Parts that the composed layers (mha, transformer_block, moe, mla, deepseek_block) are made of. */
#ifndef LAYERCAKE_PLUGINS_NAIVE_PARTS_H
#define LAYERCAKE_PLUGINS_NAIVE_PARTS_H

#include "naive.h"

/* y = x wT + b:  x [rows][in], w [out][in], b [out] or NULL, y [rows][out] */
void naive_project(const float *x, int64_t rows, int64_t in, const float *w, const float *b, int64_t out, float *y);

/* Layer norm of a row, or RMS norm if shift is NULL. y may be x. */
void naive_norm(const float *x, int64_t n, const float *scale, const float *shift, double eps, float *y);

/* silu(gate) up: x [rows][2 n], each row gate, then up; y [rows][n] */
void naive_swiglu(const float *x, int64_t rows, int64_t n, float *y);

/* One query against keys and values whose rows are `stride` apart. score: scratch, [keys]. */
void naive_attend(const float *q, const float *k, const float *v, int64_t keys, int64_t stride, int64_t head_dim,
                  int64_t v_dim, float scale, float *score, float *y);

/* Multi-head attention of one sequence: q [q_len][heads head_dim], k and v [kv_len][kv_heads head_dim]; y like q. */
typedef struct naive_heads {
    int64_t q_len, kv_len, heads, kv_heads, head_dim;
    int32_t causal;
} naive_heads;
void naive_attend_heads(const naive_heads *heads, const float *q, const float *k, const float *v, float *score,
                        float *y);

/* How many keys, from the first on, query i sees. */
int64_t naive_visible_keys(int32_t causal, int64_t q_len, int64_t kv_len, int64_t i);

/* Mixture of experts of one row x [model] (moe.c); w: gate, w1, w2, s1, s2; memory: as many floats as the second
 * says. */
void naive_mix_experts(const cake_moe *p, const float *x, const float *const *w, float *memory, float *y);
int64_t naive_experts_scratch(const cake_moe *p);

/* Latent attention of one sequence x [len][model] (mla.c); cache: NULL without past; memory: as many floats as the
 * second says. */
void naive_latent_attention(const cake_mla *p, const float *x, const float *cache, const float *const *constants,
                            float *memory, float *y);
int64_t naive_latent_scratch(const cake_mla *p);

#endif
