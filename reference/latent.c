/* Multi-head latent attention, with the errors of its stages.
 *
 * The score of a query and a position is sum over n, l of qn[n] wk[n][l] c[l], plus that of the rotary part. The
 * reference sums over n first (t = qn wk, "absorbed"): the cache is all that it keeps of a position. A kernel may sum
 * over l first (k = wk c, "expanded"). Either way a term goes through two sums, of nope_dim and of kv_lora terms, and
 * meets the roundings of both: c(nope_dim + kv_lora + rope_dim) u times the sum of the terms' absolute values covers
 * both, and likewise the values' side, sum over j, l of w[j] wv[l] c[j][l]. So t and the mean latent are kept with
 * the sums of absolute values that they came from. */
#include "reference/latent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int64_t cake_latent_key_cols(const cake_mla *p)
{
    return p->kv_lora + p->rope_dim;
}

void cake_latent_key(const cake_latent *x, const cake_stage *row, int64_t position, cake_stage *key)
{
    const cake_mla *p = x->p;
    int64_t n = p->kv_lora;
    cake_stage all = cake_stage_linear(row, x->wkv_a, NULL, n + p->rope_dim, x->u);
    cake_stage latent = {.rows = 1, .cols = n, .value = all.value, .bound = all.bound};
    cake_stage c = cake_stage_norm(&latent, x->kv_norm, NULL, p->eps, x->u);

    cake_stage_rotate(&all, 0, n, p->rope_dim, CAKE_ROPE_INTERLEAVED, position, p->base, x->u);
    memcpy(key->value, all.value, (size_t)all.cols * sizeof(double));
    memcpy(key->bound, all.bound, (size_t)all.cols * sizeof(double));
    memcpy(key->value, c.value, (size_t)n * sizeof(double));
    memcpy(key->bound, c.bound, (size_t)n * sizeof(double));
    cake_stage_end(&all);
    cake_stage_end(&c);
}

/* Queries of all heads, their rotary parts turned. */
static cake_stage queries(const cake_latent *x, const cake_stage *rows, int64_t first)
{
    const cake_mla *p = x->p;
    int64_t dim = p->nope_dim + p->rope_dim;
    cake_stage q;

    if (p->q_lora > 0) {
        cake_stage low = cake_stage_linear(rows, x->wq_a, NULL, p->q_lora, x->u);
        cake_stage normed = cake_stage_norm(&low, x->q_norm, NULL, p->eps, x->u);

        q = cake_stage_linear(&normed, x->wq_b, NULL, p->heads * dim, x->u);
        cake_stage_end(&low);
        cake_stage_end(&normed);
    } else {
        q = cake_stage_linear(rows, x->wq_b, NULL, p->heads * dim, x->u);
    }
    for (int64_t r = 0; r < rows->rows; r++)
        for (int64_t h = 0; h < p->heads; h++)
            cake_stage_rotate(&q, r, h * dim + p->nope_dim, p->rope_dim, CAKE_ROPE_INTERLEAVED, p->past + first + r,
                              p->base, x->u);
    return q;
}

/* Memory of one head's attention. */
typedef struct head_memory {
    double *t, *et, *size; /* query against latents and r: value, carried error, sum of absolute values; [key_cols] */
    double *weight, *relative; /* [past + len] */
    cake_expected *mean;       /* of the latents, [kv_lora] */
    double *mean_size;         /* sum of w |c| */
} head_memory;

static head_memory head_begin(const cake_mla *p)
{
    int64_t cols = cake_latent_key_cols(p), keys = p->past + p->len;
    double *m = cake_scratch(3 * cols + 2 * keys + p->kv_lora);

    return (head_memory){.t = m,
                         .et = m + cols,
                         .size = m + 2 * cols,
                         .weight = m + 3 * cols,
                         .relative = m + 3 * cols + keys,
                         .mean_size = m + 3 * cols + 2 * keys,
                         .mean = cake_scratch_expected(p->kv_lora)};
}

static void head_end(head_memory m)
{
    free(m.t);
    free(m.mean);
}

/* The query of a head as the latents see it: qn wk, then qr. */
static void absorb(const cake_latent *x, const double *wk, const double *q, const double *eq, head_memory *m)
{
    const cake_mla *p = x->p;

    memset(m->t, 0, (size_t)(3 * cake_latent_key_cols(p)) * sizeof(double));
    for (int64_t n = 0; n < p->nope_dim; n++)
        for (int64_t l = 0; l < p->kv_lora; l++) {
            double w = wk[n * p->kv_lora + l];

            m->t[l] += q[n] * w;
            m->size[l] += fabs(q[n] * w);
            m->et[l] += eq[n] * w * (eq[n] * w);
        }
    for (int64_t l = 0; l < p->kv_lora; l++)
        m->et[l] = sqrt(m->et[l]);
    for (int64_t i = 0; i < p->rope_dim; i++) {
        m->t[p->kv_lora + i] = q[p->nope_dim + i];
        m->et[p->kv_lora + i] = eq[p->nope_dim + i];
        m->size[p->kv_lora + i] = fabs(q[p->nope_dim + i]);
    }
}

/* One head of one query over the first `n` keys; out, bound [v_dim]. */
static void attend(const cake_latent *x, const double *wkv, const double *q, const double *eq, int64_t n,
                   const cake_stage *keys, head_memory *m, double *out, double *bound)
{
    const cake_mla *p = x->p;
    int64_t cols = keys->cols, lora = p->kv_lora;
    double scale = 1 / sqrt((double)(p->nope_dim + p->rope_dim)), u = x->u;
    double c = cake_bound_sum((double)(p->nope_dim + cols), u), c_mean = cake_bound_sum((double)(lora + n), u);
    const double *wv = wkv + p->nope_dim * lora;

    absorb(x, wkv, q, eq, m);
    for (int64_t j = 0; j < n; j++) {
        cake_carried dot = cake_carry_dot(m->t, keys->value + j * cols, keys->bound + j * cols, m->et, cols);
        double size = cake_dot(m->size, keys->value + j * cols, cols).magnitude;

        m->weight[j] = scale * dot.value;
        m->relative[j] = scale * (dot.carried + c * size) + 4 * u * fabs(m->weight[j]);
    }
    cake_carry_softmax(m->weight, m->relative, n, u, m->weight, m->relative);
    cake_carry_mean(m->weight, m->relative, keys->value, keys->bound, n, cols, lora, u, m->mean);
    memset(m->mean_size, 0, (size_t)lora * sizeof(double));
    for (int64_t j = 0; j < n; j++)
        for (int64_t l = 0; l < lora; l++)
            m->mean_size[l] += m->weight[j] * fabs(keys->value[j * cols + l]);
    for (int64_t v = 0; v < p->v_dim; v++) {
        double sum = 0, size = 0, square = 0;

        for (int64_t l = 0; l < lora; l++) {
            double w = wv[v * lora + l], error = w * m->mean[l].bound;

            sum += w * m->mean[l].value;
            size += fabs(w) * m->mean_size[l];
            square += error * error;
        }
        out[v] = sum;
        bound[v] = sqrt(square) + c_mean * size;
    }
}

cake_stage cake_latent_rows(const cake_latent *x, const cake_stage *rows, int64_t first, const cake_stage *keys)
{
    const cake_mla *p = x->p;
    int64_t dim = p->nope_dim + p->rope_dim, of_head = (p->nope_dim + p->v_dim) * p->kv_lora;
    cake_stage q = queries(x, rows, first), all = cake_stage_begin(rows->rows, p->heads * p->v_dim), y;
    head_memory m = head_begin(p);

    for (int64_t r = 0; r < rows->rows; r++)
        for (int64_t h = 0; h < p->heads; h++) {
            int64_t from = (r * p->heads + h) * dim, to = (r * p->heads + h) * p->v_dim;

            attend(x, x->wkv_b + h * of_head, q.value + from, q.bound + from, p->past + first + r + 1, keys, &m,
                   all.value + to, all.bound + to);
        }
    y = cake_stage_linear(&all, x->wo, NULL, p->model, x->u);
    head_end(m);
    cake_stage_end(&q);
    cake_stage_end(&all);
    return y;
}

cake_status cake_latent_validate(const cake_mla *p, cake_error *error)
{
    if (p->rope_dim % 2 != 0)
        return cake_fail(error, CAKE_E_USAGE, "rope_dim must be even, found rope_dim=%lld", (long long)p->rope_dim);
    return CAKE_OK;
}

void cake_latent_tensors(const cake_mla *p, cake_tensor_list *list)
{
    if (p->q_lora > 0) {
        cake_weight_add(list, "wq_a", p->q_lora, p->model);
        cake_tensor_add(list, "q_norm", CAKE_ROLE_CONSTANT, 1, &p->q_lora)->fill = CAKE_FILL_POSITIVE;
    }
    cake_weight_add(list, "wq_b", p->heads * (p->nope_dim + p->rope_dim), p->q_lora > 0 ? p->q_lora : p->model);
    cake_weight_add(list, "wkv_a", p->kv_lora + p->rope_dim, p->model);
    cake_tensor_add(list, "kv_norm", CAKE_ROLE_CONSTANT, 1, &p->kv_lora)->fill = CAKE_FILL_POSITIVE;
    cake_weight_add(list, "wkv_b", p->heads * (p->nope_dim + p->v_dim), p->kv_lora);
    cake_weight_add(list, "wo", p->model, p->heads * p->v_dim);
}

cake_latent cake_latent_of(const cake_mla *p, double *const *constants, double u)
{
    double *const *w = constants + (p->q_lora > 0 ? 2 : 0);
    cake_latent x = {.p = p, .wq_b = w[0], .wkv_a = w[1], .kv_norm = w[2], .wkv_b = w[3], .wo = w[4], .u = u};

    if (p->q_lora > 0)
        x.wq_a = constants[0], x.q_norm = constants[1];
    return x;
}

/* The cheaper of the two orders: expanded, where each position's keys and values are made for all heads once;
 * absorbed, where each query pays for it, and its products with positions are longer. */
double cake_latent_flops(const cake_mla *p)
{
    double len = (double)p->len, kv = (double)(p->past + p->len), heads = (double)p->heads, model = (double)p->model;
    double lora = (double)p->kv_lora, nope = (double)p->nope_dim, rope = (double)p->rope_dim, v = (double)p->v_dim;
    double pairs = cake_visible_pairs(CAKE_CAUSAL_LOWER_RIGHT, p->len, p->past + p->len);
    double q = p->q_lora > 0 ? (double)p->q_lora * (model + heads * (nope + rope)) : model * heads * (nope + rope);
    double ends = len * (q + model * (lora + rope) + heads * v * model);
    double expanded = kv * lora * heads * (nope + v) + pairs * heads * (nope + rope + v);
    double absorbed = len * lora * heads * (nope + v) + pairs * heads * (2 * lora + rope);

    return 2 * (double)p->batch * (ends + fmin(expanded, absorbed));
}
