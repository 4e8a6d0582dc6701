/* Of conv2d's kernels, and what the layouts of images cost. */
#include <math.h>

#include "common/kernels/costs.h"

static double pixels_of(const cake_conv2d *p)
{
    return (double)p->n * (double)p->oh * (double)p->ow;
}

/* ---- direct ---- */

/* FMAs of whole vectors of a group's output channels. Tiles that are narrower than half of their rows, and groups that
 * the layout does not keep together, are gathered: each value is loaded and stored once more for each block of panels.
 */
static double direct_work(const cake_core *core, const cake_problem *problem)
{
    const cake_conv2d *p = problem->params;
    double group_in = (double)p->ic / (double)p->groups, group_out = (double)p->oc / (double)p->groups;
    double values = pixels_of(p) * (double)p->groups * group_in * (double)(p->kh * p->kw);
    double tiles = ceil((double)p->ow / core->tile_rows);
    double fmas = values * ceil(group_out / core->lanes) / CAKE_FMAS_A_CYCLE;

    if (p->groups > 1 && problem->layout != CAKE_NHWC &&
        (fmod(group_in, core->lanes) != 0 || fmod(group_out, core->lanes) != 0))
        return fmas + values + pixels_of(p) * (double)p->oc; /* one by one */
    if ((double)p->ow < tiles * core->tile_rows / 2 && p->kh * p->kw > 1)
        return fmas + 2 * values / core->lanes;
    return fmas;
}

static double input_bytes(const cake_conv2d *p)
{
    return sizeof(float) * (double)p->n * (double)p->ic * (double)(p->ih * p->iw);
}

static double weight_bytes(const cake_conv2d *p)
{
    return sizeof(float) * (double)p->oc * (double)(p->ic / p->groups) * (double)(p->kh * p->kw);
}

double cake_cost_conv2d_direct(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    const cake_conv2d *p = problem->params;
    double x = input_bytes(p), w = weight_bytes(p);

    return direct_work(core, problem) / problem->threads + cake_cost_of_reading(x, x, host) +
           cake_cost_of_reading(w / problem->threads, w, host);
}

double cake_cost_conv2d_direct_pixels(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    const cake_conv2d *p = problem->params;
    double x = input_bytes(p), w = weight_bytes(p);

    if (problem->threads == 1 || p->n * p->groups >= problem->threads)
        return INFINITY;
    return direct_work(core, problem) / problem->threads + cake_cost_of_reading(x / problem->threads, x, host) +
           cake_cost_of_reading(w, w, host);
}

/* ---- depthwise ---- */

/* An FMA and a load for each tap. */
double cake_cost_conv2d_depthwise(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    const cake_conv2d *p = problem->params;
    double x = input_bytes(p);

    return (pixels_of(p) * ceil((double)p->oc / core->lanes) * (double)(p->kh * p->kw) +
            cake_cost_of_reading(x, x, host)) /
           problem->threads;
}

/* ---- Winograd ---- */

/* Of F(m x m, 3x3): each tile has (m+2)^2 products of ic with ic x oc and transforms in and out, whose cycles for a
 * vector of channels are given; what they hand each other passes through L2. The weights have (m+2)^2 / 9 times their
 * size, and are read for each block of as many tiles as half of L2 holds. */
static double winograd_cost(int m, double transform, const cake_core *core, const cake_problem *problem,
                            const cake_host *host)
{
    const cake_conv2d *p = problem->params;
    double points = (m + 2) * (m + 2), l2 = host->l2_bytes > 0 ? (double)host->l2_bytes : 1 << 20;
    double tiles = (double)p->n * ceil((double)p->oh / m) * ceil((double)p->ow / m);
    double in = ceil((double)p->ic / core->lanes), out = ceil((double)p->oc / core->lanes);
    double between = points * (in + out) * core->lanes * sizeof(float); /* bytes of a tile */
    double block = fmax(l2 / 2 / between, 2 * core->tile_rows), blocks = ceil(tiles / block);
    double weights = points * in * core->lanes * out * core->lanes * sizeof(float);
    double of_tile = points * in * core->lanes * out / CAKE_FMAS_A_CYCLE + (in + out) * transform +
                     cake_cost_of_reading(2 * between, 0, host);

    return (tiles * of_tile + cake_cost_of_reading(blocks * weights, weights, host) +
            cake_cost_of_reading(input_bytes(p), input_bytes(p), host)) /
           problem->threads;
}

double cake_cost_conv2d_winograd2(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    return winograd_cost(2, 25, core, problem, host);
}

double cake_cost_conv2d_winograd4(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    return winograd_cost(4, 60, core, problem, host);
}

/* ---- fewer multiplications ---- */

static double conv2d_bilinear(const cake_bilinear_cost *algorithm, const cake_core *core, const cake_problem *problem,
                              const cake_host *host)
{
    const cake_conv2d *p = problem->params;

    return cake_cost_of_bilinear(algorithm, pixels_of(p), (double)p->ic, (double)p->oc, core, problem, host);
}

double cake_cost_conv2d_strassen(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    return conv2d_bilinear(&cake_strassen_cost, core, problem, host);
}

double cake_cost_conv2d_hopcroft_kerr(const cake_core *core, const cake_problem *problem, const cake_host *host)
{
    return conv2d_bilinear(&cake_hopcroft_kerr_cost, core, problem, host);
}

/* ---- layouts ---- */

const char *cake_refuse_few_channels_conv2d(const cake_core *core, const cake_problem *problem)
{
    const cake_conv2d *p = problem->params;

    (void)core;
    return p->ic <= 4 && p->groups == 1 && problem->layout != CAKE_NHWC ? "few channels: faster in nhwc" : NULL;
}

const char *cake_refuse_few_channels_pool2d(const cake_core *core, const cake_problem *problem)
{
    const cake_pool2d *p = problem->params;
    int64_t padded = (p->c + core->lanes - 1) / core->lanes * core->lanes;

    /* Vectors along a row do two or three times less in a cycle than vectors of channels. */
    return problem->layout != CAKE_NCHW && 5 * p->c < 2 * padded ? "few channels: faster in nchw" : NULL;
}
