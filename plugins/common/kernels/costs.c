#include "common/kernels/costs.h"

#include <math.h>

double cake_cost_of_reading(double bytes, double of_bytes, const cake_host *host)
{
    static const double l2_rate = 32, l3_rate = 10, memory_rate = 4; /* bytes a cycle */
    double l2 = host->l2_bytes > 0 ? (double)host->l2_bytes : 1 << 20;
    double l3 = host->l3_bytes > 0 ? (double)host->l3_bytes : 16 << 20;

    return bytes / (of_bytes <= l2 / 2 ? l2_rate : of_bytes <= l3 ? l3_rate : memory_rate);
}

double cake_cost_none(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    (void)core, (void)problem, (void)host;
    return 0;
}

/* ---- attention ---- */

enum { ATTENTION_EXP_CYCLES = 5 }; /* a vector of scores */

/* Both multiply each query row with every key and every value, so many FMAs a cycle, and take the scores' exponentials. */
static double attention_computing(const cake_core *core, const cake_attention *p, double rows, double fmas_a_cycle)
{
    double scores = rows * (double)p->kv_len / core->lanes;

    return scores * ((double)(p->head_dim + p->v_dim) / fmas_a_cycle + ATTENTION_EXP_CYCLES);
}

static double attention_key_bytes(const cake_attention *p)
{
    return sizeof(float) * (double)(p->batch * p->kv_heads * p->kv_len) * (double)(p->head_dim + p->v_dim);
}

/* Keys and values are read once, where they lie, for all query rows of their group; an FMA needs a load. */
double cake_cost_attention_decode(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    const cake_attention *p = problem->params;
    double bytes = attention_key_bytes(p), rows = (double)(p->batch * p->heads * p->q_len);

    return (cake_cost_of_reading(bytes, bytes, host) + attention_computing(core, p, rows, 1)) / problem->threads;
}

/* A vector's lanes are query rows, and the empty ones cost as much. */
double cake_cost_attention_tiled(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    const cake_attention *p = problem->params;
    double bytes = attention_key_bytes(p), rows = (double)(p->q_len * (p->heads / p->kv_heads));
    double computed = ceil(rows / core->lanes) * core->lanes * (double)(p->batch * p->kv_heads);

    return (cake_cost_of_reading(bytes, bytes, host) + attention_computing(core, p, computed, CAKE_FMAS_A_CYCLE)) /
           problem->threads;
}

/* ---- linear ---- */

static double linear_fmas(const cake_core *core, const cake_linear *p)
{
    double columns = ceil((double)p->out / core->lanes);

    return (double)p->rows * (double)p->in * columns / CAKE_FMAS_A_CYCLE;
}

double cake_cost_linear_panels(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    const cake_linear *p = problem->params;
    double x = sizeof(float) * (double)p->rows * (double)p->in, w = sizeof(float) * (double)p->in * (double)p->out;

    return linear_fmas(core, p) / problem->threads + cake_cost_of_reading(x, x, host) +
           cake_cost_of_reading(w / problem->threads, w, host);
}

double cake_cost_linear_rows(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    const cake_linear *p = problem->params;
    double x = sizeof(float) * (double)p->rows * (double)p->in, w = sizeof(float) * (double)p->in * (double)p->out;

    if (problem->threads == 1 || p->rows < (int64_t)core->tile_rows * problem->threads)
        return INFINITY;
    return linear_fmas(core, p) / problem->threads + cake_cost_of_reading(x / problem->threads, x, host) +
           cake_cost_of_reading(w, w, host);
}

/* ---- fewer multiplications ---- */

const cake_bilinear_cost cake_strassen_cost = {.k = 2, .n = 2, .products = 7};
const cake_bilinear_cost cake_hopcroft_kerr_cost = {.k = 4, .n = 4, .products = 26};

/* Products of blocks, each with its additions: of a left matrix in its making, of c when it is done. The right matrices
 * have products / (k n) of the weights' size. */
double cake_cost_of_bilinear(const cake_bilinear_cost *algorithm, double m, double k, double n, const cake_core *core,
                             const cake_problem *problem, const cake_host *host)
{
    static const double left_vector = 4, c_vector = 1.5; /* cycles; both loaded and stored */
    double products = algorithm->products, rows = ceil(m / 2), depth = ceil(k / algorithm->k / core->lanes);
    double columns = 2 * ceil(n / algorithm->n / 2 / core->lanes), x = sizeof(float) * m * k;
    double w = products / (algorithm->k * algorithm->n) * sizeof(float) * k * n;
    double fmas = depth * core->lanes * columns;

    return products * rows * (fmas / CAKE_FMAS_A_CYCLE + left_vector * depth + c_vector * columns) /
               problem->threads +
           cake_cost_of_reading(x, x, host) + cake_cost_of_reading(w / problem->threads, w, host);
}

static double linear_bilinear(const cake_bilinear_cost *algorithm, const cake_core *core, const cake_problem *problem,
                              const cake_host *host)
{
    const cake_linear *p = problem->params;

    return cake_cost_of_bilinear(algorithm, (double)p->rows, (double)p->in, (double)p->out, core, problem, host);
}

double cake_cost_linear_strassen(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    return linear_bilinear(&cake_strassen_cost, core, problem, host);
}

double cake_cost_linear_hopcroft_kerr(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    return linear_bilinear(&cake_hopcroft_kerr_cost, core, problem, host);
}
