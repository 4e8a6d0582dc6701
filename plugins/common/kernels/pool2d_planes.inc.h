/* pool2d over nchw, separable: the rows of an output row's windows are reduced into one row (vertical, whole vectors,
 * with the padding's neutral values at both ends), which is then reduced along its length (horizontal: shifted
 * loads for stride 1, even and odd lanes for stride 2, gathers beyond). One phase; an item is a row of the output of
 * a channel. A window that is the whole plane is one run of floats.
 *
 * Floor: x read once and y written once. */
#include "common/kernels/pool2d.inc.h"

typedef struct pool2d_planes {
    const cake_host *host;
    cake_pool2d op;
    bool global;
    int64_t row_floats; /* of a thread's row: the padded row and what the last vectors reach */
    float *rows;        /* [threads][row_floats] */
    float *counted;     /* [ow + VEC_LANES]: columns that a mean counts */
} pool2d_planes;

static void pool2d_planes_close(void *ctx)
{
    pool2d_planes *l = ctx;

    workspace_free(l->host, l->rows);
    workspace_free(l->host, l->counted);
    l->host->free(l->host, l);
}

static int32_t pool2d_planes_open(const cake_problem *problem, const cake_tensor *const *constants,
                                  const cake_host *host, void **ctx)
{
    const cake_pool2d *p = problem->params;
    pool2d_planes *l = host->alloc(host, sizeof *l, 64);
    int64_t reach = (p->ow + VEC_LANES) * p->stride_w + p->kw * p->dil_w + 2 * VEC_LANES;

    (void)constants;
    if (!l)
        return CAKE_NO_MEMORY;
    *l = (pool2d_planes){.host = host, .op = *p};
    l->global = pool2d_is_whole(p);
    l->row_floats = reach > p->pad_l + p->iw + VEC_LANES ? reach : p->pad_l + p->iw + VEC_LANES;
    l->row_floats = (l->row_floats + 15) / 16 * 16;
    l->rows = workspace_floats(host, problem->threads * l->row_floats);
    l->counted = workspace_floats(host, p->ow + VEC_LANES);
    if (!l->rows || !l->counted) {
        pool2d_planes_close(l);
        return CAKE_NO_MEMORY;
    }
    for (int64_t q = 0; q < p->ow; q++)
        l->counted[q] =
            (float)pool2d_window(q, p->stride_w, p->pad_l, p->pad_r, p->dil_w, p->kw, p->iw, p->count_pad).counted;
    for (int64_t i = 0; p->kind == CAKE_POOL_MAX && i < problem->threads * l->row_floats; i++)
        l->rows[i] = -INFINITY;
    *ctx = l;
    return CAKE_DONE;
}

static int64_t pool2d_planes_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t pool2d_planes_items(const void *ctx, int64_t phase)
{
    const pool2d_planes *l = ctx;

    (void)phase;
    return l->op.n * l->op.c * l->op.oh;
}

/* row[i] over `rows` rows of x, `down` floats apart. */
VEC_INLINE void pool2d_vertical(int avg, const float *restrict x, int64_t rows, int64_t down, int64_t width,
                                float *restrict row)
{
    for (int64_t i = 0; i < width; i += VEC_LANES) {
        vmask m = vec_mask(width - i < VEC_LANES ? (int)(width - i) : VEC_LANES);
        if (width - i >= VEC_LANES) {
            vec v = vec_load(x + i);
            for (int64_t r = 1; r < rows; r++)
                v = pool2d_join(avg, v, vec_load(x + r * down + i));
            vec_store(row + i, v);
        } else {
            vec v = vec_load_mask(x + i, m);
            for (int64_t r = 1; r < rows; r++)
                v = pool2d_join(avg, v, vec_load_mask(x + r * down + i, m));
            vec_store_mask(row + i, v, m);
        }
    }
}

/* The lanes' windows begin at row[0], row[stride], ... */
VEC_INLINE vec pool2d_horizontal(int avg, const cake_pool2d *p, const float *row, veci index)
{
    vec v = pool2d_start(avg);

    for (int64_t s = 0; s < p->kw; s++) {
        const float *from = row + s * p->dil_w;
        vec next;
        if (p->stride_w == 1) {
            next = vec_load(from);
        } else if (p->stride_w == 2) {
            vec a = vec_load(from), b = vec_load(from + VEC_LANES);
            if (p->dil_w == 1 && s + 1 < p->kw) { /* the odd lanes are the next column of the windows */
                v = pool2d_join(avg, v, vec_odd(a, b));
                s++;
            }
            next = vec_even(a, b);
        } else {
            next = vec_gather(from, index);
        }
        v = pool2d_join(avg, v, next);
    }
    return v;
}

VEC_INLINE void pool2d_plane_row(int avg, const pool2d_planes *l, const float *x, float *y, int64_t at, float *row)
{
    const cake_pool2d *p = &l->op;
    pool2d_span rows = pool2d_window(at, p->stride_h, p->pad_t, p->pad_b, p->dil_h, p->kh, p->ih, p->count_pad);
    int32_t lanes[VEC_LANES];
    vec counted = vec_set1((float)rows.counted);
    veci index;

    for (int i = 0; i < VEC_LANES; i++)
        lanes[i] = (int32_t)(i * p->stride_w);
    index = veci_load(lanes);
    pool2d_vertical(avg, x + rows.first * p->iw, rows.end - rows.begin, p->dil_h * p->iw, p->iw, row + p->pad_l);
    for (int64_t q = 0; q < p->ow; q += VEC_LANES) {
        vec v = pool2d_horizontal(avg, p, row + q * p->stride_w, index);
        if (avg)
            v = vec_div(v, vec_mul(counted, vec_load(l->counted + q)));
        if (p->ow - q >= VEC_LANES)
            vec_store(y + q, v);
        else
            vec_store_mask(y + q, v, vec_mask((int)(p->ow - q)));
    }
}

/* A whole plane to one value. */
VEC_INLINE float pool2d_global(int avg, const float *x, int64_t count)
{
    enum { SETS = 4 };
    vec v[SETS];
    int64_t i = 0;

    for (int k = 0; k < SETS; k++)
        v[k] = pool2d_start(avg);
    for (; i + SETS * VEC_LANES <= count; i += SETS * VEC_LANES) {
        VEC_UNROLL
        for (int k = 0; k < SETS; k++)
            v[k] = pool2d_join(avg, v[k], vec_load(x + i + k * VEC_LANES));
    }
    for (; i + VEC_LANES <= count; i += VEC_LANES)
        v[0] = pool2d_join(avg, v[0], vec_load(x + i));
    if (i < count) {
        vmask m = vec_mask((int)(count - i));
        v[1] = pool2d_join(avg, v[1], vec_select(m, vec_load_mask(x + i, m), pool2d_start(avg)));
    }
    v[0] = pool2d_join(avg, pool2d_join(avg, v[0], v[1]), pool2d_join(avg, v[2], v[3]));
    return avg ? vec_sum(v[0]) / (float)count : vec_hmax(v[0]);
}

static void pool2d_planes_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                               int64_t phase, int64_t begin, int64_t end, int thread)
{
    const pool2d_planes *l = ctx;
    const cake_pool2d *p = &l->op;
    float *row = l->rows + thread * l->row_floats;

    (void)phase;
    for (int64_t item = begin; item < end; item++) {
        const float *x = (const float *)inputs[0]->data + item / p->oh * p->ih * p->iw;
        float *y = (float *)outputs[0]->data + item * p->ow;
        if (l->global)
            *y = p->kind == CAKE_POOL_AVG ? pool2d_global(1, x, p->ih * p->iw) : pool2d_global(0, x, p->ih * p->iw);
        else if (p->kind == CAKE_POOL_AVG)
            pool2d_plane_row(1, l, x, y, item % p->oh, row);
        else
            pool2d_plane_row(0, l, x, y, item % p->oh, row);
    }
}
