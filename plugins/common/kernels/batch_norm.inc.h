/* batch_norm, inference: mean and variance are given, so that y = a x + b with a = scale / sqrt(var + eps) and
 * b = shift - mean a of each channel, worked out in double in open: one fused multiply-add an element.
 * One phase; an item is a part of a plane (nchw: one channel of an image; blocked: VEC_LANES channels) or, of nhwc,
 * some pixels.
 *
 * Floor: x read once and y written once. */
#include <math.h>

#include "common/kernels/kernels.h"
#include "common/kernels/scale_run.inc.h"
#include "common/kernels/workspace.h"

enum { BATCH_NORM_PART = 16384 }; /* floats of an item at most */

typedef struct batch_norm {
    const cake_host *host;
    int64_t channels;      /* of an image; blocked: blocks of VEC_LANES */
    int64_t planes, plane; /* planes of x, floats of each; nhwc: 1 and all pixels' */
    int64_t parts, part;   /* items of a plane, floats of each */
    int layout, stream;
    float *a, *b; /* [channels, rounded up to whole vectors], zeros there */
} batch_norm;

static void batch_norm_close(void *ctx)
{
    batch_norm *n = ctx;

    workspace_free(n->host, n->a);
    workspace_free(n->host, n->b);
    n->host->free(n->host, n);
}

static int32_t batch_norm_open(const cake_problem *problem, const cake_tensor *const *constants,
                               const cake_host *host, void **ctx)
{
    const cake_batch_norm *p = problem->params;
    int64_t blocks = (p->c + VEC_LANES - 1) / VEC_LANES, threads = problem->threads, wanted, bytes;
    batch_norm *n = host->alloc(host, sizeof *n, 64);

    if (!n)
        return CAKE_NO_MEMORY;
    *n = (batch_norm){.host = host, .layout = problem->layout};
    n->a = workspace_floats(host, blocks * VEC_LANES);
    n->b = workspace_floats(host, blocks * VEC_LANES);
    if (!n->a || !n->b) {
        batch_norm_close(n);
        return CAKE_NO_MEMORY;
    }
    for (int64_t c = 0; c < p->c; c++) {
        const float *scale = constants[0]->data, *shift = constants[1]->data;
        const float *mean = constants[2]->data, *var = constants[3]->data;
        double a = (double)scale[c] / sqrt((double)var[c] + p->eps);
        n->a[c] = (float)a;
        n->b[c] = (float)((double)shift[c] - (double)mean[c] * a);
    }
    switch (problem->layout) {
    case CAKE_NCHW:
        n->channels = p->c, n->planes = p->n * p->c, n->plane = p->h * p->w;
        break;
    case CAKE_NHWC:
        n->channels = p->c, n->planes = 1, n->plane = p->n * p->h * p->w * p->c;
        break;
    default:
        n->channels = blocks, n->planes = p->n * blocks, n->plane = p->h * p->w * VEC_LANES;
        break;
    }
    /* Parts small enough for balance, of whole vectors (nhwc: whole pixels). */
    bytes = 2 * n->planes * n->plane * (int64_t)sizeof(float);
    wanted = (4 * threads + n->planes - 1) / (n->planes ? n->planes : 1);
    n->part = n->plane / (wanted ? wanted : 1);
    n->part = n->part < 1024 ? 1024 : n->part > BATCH_NORM_PART ? BATCH_NORM_PART : n->part;
    if (problem->layout == CAKE_NHWC)
        n->part = (n->part + p->c - 1) / p->c * p->c;
    else
        n->part = n->part / VEC_LANES * VEC_LANES;
    n->parts = (n->plane + n->part - 1) / n->part;
    n->stream = host->l3_bytes > 0 && bytes > host->l3_bytes &&
                (problem->layout == CAKE_NHWC ? p->c : n->plane) % VEC_LANES == 0;
    *ctx = n;
    return CAKE_DONE;
}

static int64_t batch_norm_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t batch_norm_items(const void *ctx, int64_t phase)
{
    const batch_norm *n = ctx;

    (void)phase;
    return n->planes * n->parts;
}

/* Pixels of `channels` neighbouring floats. */
VEC_INLINE void batch_norm_pixels(int stream, const batch_norm *n, const float *restrict x, float *restrict y,
                                  int64_t count)
{
    int64_t whole = n->channels - n->channels % VEC_LANES;
    vmask tail = vec_mask((int)(n->channels - whole));

    for (; count > 0; count -= n->channels, x += n->channels, y += n->channels) {
        for (int64_t c = 0; c < whole; c += VEC_LANES) {
            vec v = vec_fma(vec_load(x + c), vec_load(n->a + c), vec_load(n->b + c));
            if (stream)
                vec_stream(y + c, v);
            else
                vec_store(y + c, v);
        }
        if (whole < n->channels)
            vec_store_mask(y + whole,
                           vec_fma(vec_load_mask(x + whole, tail), vec_load(n->a + whole), vec_load(n->b + whole)),
                           tail);
    }
}

static void batch_norm_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                            int64_t phase, int64_t begin, int64_t end, int thread)
{
    const batch_norm *n = ctx;

    (void)phase;
    (void)thread;
    for (int64_t item = begin; item < end; item++) {
        int64_t p = item / n->parts, first = item % n->parts * n->part, c = p % n->channels;
        int64_t count = n->plane - first < n->part ? n->plane - first : n->part;
        const float *x = (const float *)inputs[0]->data + p * n->plane + first;
        float *y = (float *)outputs[0]->data + p * n->plane + first;
        if (n->layout == CAKE_NHWC) {
            if (n->stream)
                batch_norm_pixels(1, n, x, y, count);
            else
                batch_norm_pixels(0, n, x, y, count);
        } else {
            vec a = n->layout == CAKE_NCHW ? vec_broadcast(n->a + c) : vec_load(n->a + c * VEC_LANES);
            vec b = n->layout == CAKE_NCHW ? vec_broadcast(n->b + c) : vec_load(n->b + c * VEC_LANES);
            if (n->stream)
                scale_run(1, x, y, a, b, count);
            else
                scale_run(0, x, y, a, b, count);
        }
    }
    if (n->stream)
        vec_stream_fence();
}
