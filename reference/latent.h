/* Multi-head latent attention as stages: what mla.c and deepseek_block.c share. */
#ifndef LAYERCAKE_REFERENCE_LATENT_H
#define LAYERCAKE_REFERENCE_LATENT_H

#include "reference/sequence.h"

typedef struct cake_latent {
    const cake_mla *p;
    const double *wq_a, *q_norm; /* NULL without q_lora */
    const double *wq_b, *wkv_a, *kv_norm, *wkv_b, *wo;
    double u;
} cake_latent;

/* A row of keys, [kv_lora + rope_dim], is the latent c, then the turned r. */
int64_t cake_latent_key_cols(const cake_mla *p);

/* The key of one position from its row of x. */
void cake_latent_key(const cake_latent *latent, const cake_stage *x, int64_t position, cake_stage *key);

/* Attention of the rows of x, the first of which is number `first` of its sequence, over its past + len keys; a new
 * stage. */
cake_stage cake_latent_rows(const cake_latent *latent, const cake_stage *x, int64_t first, const cake_stage *keys);

/* Checks of parameters, constants and cost. The constants come in the order of the struct. */
cake_status cake_latent_validate(const cake_mla *p, cake_error *error);
void cake_latent_tensors(const cake_mla *p, cake_tensor_list *list);
cake_latent cake_latent_of(const cake_mla *p, double *const *constants, double u);
double cake_latent_flops(const cake_mla *p);

#endif
