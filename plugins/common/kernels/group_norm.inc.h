/* group_norm, over nchw: a group of an image is one run of channels/groups planes. With one thread, or groups for
 * all, one phase: an item is a group, its moments and then its result. With fewer groups than threads each group is
 * cut into parts: a phase of the parts' moments, and a phase in which each part joins its group's moments and writes
 * its result.
 *
 * Floor: x read once and y written once while a group stays in L2, else x read twice. The result is a x + b with
 * a = scale / sqrt(var + eps) and b = shift - mean a of the channel. */
#include <math.h>

#include "common/kernels/kernels.h"
#include "common/kernels/moments.inc.h"
#include "common/kernels/scale_run.inc.h"
#include "common/kernels/workspace.h"

enum { GROUP_NORM_PART = 4 * MOMENTS_CHUNK }; /* floats that are worth a part */

typedef struct group_norm {
    const cake_host *host;
    cake_group_norm op;
    int64_t channels, plane, run; /* of a group; floats of a channel and of a group */
    int64_t parts;                /* of a group */
    const float *scale, *shift;   /* or NULL */
    moments *partial;             /* [n groups][parts], if parts > 1 */
} group_norm;

static void group_norm_close(void *ctx)
{
    group_norm *n = ctx;

    workspace_free(n->host, n->partial);
    n->host->free(n->host, n);
}

static int32_t group_norm_open(const cake_problem *problem, const cake_tensor *const *constants,
                               const cake_host *host, void **ctx)
{
    const cake_group_norm *p = problem->params;
    int64_t units = p->n * p->groups, wanted = 4 * (int64_t)problem->threads;
    group_norm *n = host->alloc(host, sizeof *n, 64);

    if (!n)
        return CAKE_NO_MEMORY;
    *n = (group_norm){.host = host, .op = *p, .parts = 1};
    n->channels = p->c / p->groups;
    n->plane = p->h * p->w;
    n->run = n->channels * n->plane;
    if (p->affine) {
        n->scale = constants[0]->data;
        n->shift = constants[1]->data;
    }
    if (problem->threads > 1 && units < wanted) {
        n->parts = (wanted + units - 1) / units;
        if (n->parts > n->run / GROUP_NORM_PART)
            n->parts = n->run / GROUP_NORM_PART > 0 ? n->run / GROUP_NORM_PART : 1;
    }
    if (n->parts > 1) {
        n->partial = host->alloc(host, (uint64_t)(units * n->parts) * sizeof *n->partial, 64);
        if (!n->partial) {
            group_norm_close(n);
            return CAKE_NO_MEMORY;
        }
    }
    *ctx = n;
    return CAKE_DONE;
}

static int64_t group_norm_phases(const void *ctx)
{
    const group_norm *n = ctx;

    return n->parts > 1 ? 2 : 1;
}

static int64_t group_norm_items(const void *ctx, int64_t phase)
{
    const group_norm *n = ctx;

    (void)phase;
    return n->op.n * n->op.groups * n->parts;
}

/* y of the floats begin .. end-1 of a group whose first channel is `channel`; the last channel first, which the moments
 * have left nearest. */
static void group_norm_write(const group_norm *n, const moments *m, int64_t channel, const float *x, float *y,
                             int64_t begin, int64_t end)
{
    double rstd = 1 / sqrt(m->m2 / m->count + n->op.eps);

    while (begin < end) {
        int64_t last = (end - 1) / n->plane, c = channel + last, first = last * n->plane;
        double scale = n->scale ? (double)n->scale[c] * rstd : rstd;
        double shift = (n->shift ? (double)n->shift[c] : 0) - m->mean * scale;
        vec a = vec_set1((float)scale), b = vec_set1((float)shift);
        first = first > begin ? first : begin;
        scale_run(0, x + first, y + first, a, b, end - first);
        end = first;
    }
}

static void group_norm_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                            int64_t phase, int64_t begin, int64_t end, int thread)
{
    const group_norm *n = ctx;

    (void)thread;
    for (int64_t item = begin; item < end; item++) {
        int64_t unit = item / n->parts, part = item % n->parts;
        int64_t first = part * n->run / n->parts, last = (part + 1) * n->run / n->parts;
        const float *x = (const float *)inputs[0]->data + unit * n->run;
        float *y = (float *)outputs[0]->data + unit * n->run;
        moments m = {0, 0, 0};
        if (n->parts == 1) {
            m = moments_of_run(x, n->run);
        } else if (phase == 0) {
            n->partial[item] = moments_of_run(x + first, last - first);
            continue;
        } else {
            for (int64_t i = 0; i < n->parts; i++)
                m = moments_join(m, n->partial[unit * n->parts + i]);
        }
        group_norm_write(n, &m, unit % n->op.groups * n->channels, x, y, first, last);
    }
}
