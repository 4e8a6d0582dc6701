/* A mixture of experts as a stage: what moe.c and deepseek_block.c share. */
#ifndef LAYERCAKE_REFERENCE_EXPERTS_H
#define LAYERCAKE_REFERENCE_EXPERTS_H

#include "reference/stage.h"

typedef struct cake_experts {
    const cake_moe *p;                      /* all but `rows` */
    const double *gate, *w1, *w2, *s1, *s2; /* s1, s2: NULL without shared experts */
    double u;
} cake_experts;

/* A swiglu network: x w1T, gate and up, silu(gate) up, w2T; into a new stage. */
cake_stage cake_swiglu_network(const cake_stage *x, const double *w1, const double *w2, int64_t ffn, double u);

/* The mixture of each row of x; a new stage. */
cake_stage cake_experts_rows(const cake_experts *experts, const cake_stage *x);

/* Checks of parameters, constants and cost, of `rows` rows. */
cake_status cake_experts_validate(const cake_moe *p, cake_error *error);
void cake_experts_tensors(const cake_moe *p, cake_tensor_list *list);
double cake_experts_flops(const cake_moe *p, int64_t rows);

#endif
