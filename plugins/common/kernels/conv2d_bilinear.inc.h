/* conv2d 1x1 as one product of pixels by channels, with fewer multiplications (bilinear.inc.h, which has the floor).
 * Any stride; layouts blocked by VEC_LANES channels, or nhwc, whose images are one matrix. */
#include "common/kernels/bilinear.inc.h"
#include "common/kernels/conv2d_image.inc.h"

static int32_t conv_bilinear_open(const bilinear *algorithm, const cake_problem *problem,
                                  const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    const cake_conv2d *op = problem->params;
    conv_image x = conv_image_of(problem->inputs[0]), y = conv_image_of(problem->outputs[0]);
    int64_t pixels = op->oh * op->ow;
    bilinear *s;

    if (y.row != op->ow * y.pixel) {
        host->explain(host, "expects the output's rows to follow each other");
        return CAKE_UNSUPPORTED;
    }
    s = host->alloc(host, sizeof *s, 64);
    if (!s)
        return CAKE_NO_MEMORY;
    *s = *algorithm;
    s->host = host;
    s->images = op->n;
    s->m = pixels;
    s->k = op->ic;
    s->n = op->oc;
    s->from = (bilinear_rows){op->ow, op->oh, x.image, op->stride_h * x.row, op->stride_w * x.pixel, x.block};
    s->to_image = y.image;
    s->to_row = y.pixel;
    s->to_step = y.block;
    if (y.image == pixels * y.pixel)
        s->images = 1, s->m = op->n * pixels;
    return bilinear_open(s, constants[0]->data, op->ic, op->bias ? constants[1]->data : NULL, problem->threads, ctx);
}

static int32_t conv_strassen_open(const cake_problem *problem, const cake_tensor *const *constants,
                                  const cake_host *host, void **ctx)
{
    return conv_bilinear_open(&by_strassen, problem, constants, host, ctx);
}

static int32_t conv_hopcroft_kerr_open(const cake_problem *problem, const cake_tensor *const *constants,
                                       const cake_host *host, void **ctx)
{
    return conv_bilinear_open(&by_hopcroft_kerr, problem, constants, host, ctx);
}
