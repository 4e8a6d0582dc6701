/* batch_norm: per channel, y = scale (x - mean) / sqrt(var + eps) + shift.
 * S. Ioffe, C. Szegedy, "Batch Normalization", 2015. ONNX: BatchNormalization, with its momentum and with the
 * population's variance in the running average too.
 *
 * Inference: mean and var are given. Training: they are those of the batch, over n, h and w, and
 *     new_mean = momentum mean + (1 - momentum) batch mean,    new_var likewise.
 *
 * Error: of y normalize.c tells, with exact moments in inference. Of the running averages: that of the batch's moment
 * times 1 - momentum, which itself may be rounded by u; a product each and the sum: 4 u (|old| + |batch|). */
#include <stdlib.h>

#include "reference/normalize.h"

static const cake_param keys[] = {
    CAKE_SIZE_ROW(cake_batch_norm, n, "1", 1, CAKE_EXTENT_MAX, "images"),
    CAKE_SIZE_ROW(cake_batch_norm, c, NULL, 1, CAKE_EXTENT_MAX, "channels"),
    CAKE_SIZE_ROW(cake_batch_norm, h, NULL, 1, CAKE_EXTENT_MAX, "height"),
    CAKE_SIZE_ROW(cake_batch_norm, w, NULL, 1, CAKE_EXTENT_MAX, "width"),
    CAKE_FLAG_ROW(cake_batch_norm, training, "0", "1: statistics of the batch, and their running averages"),
    CAKE_REAL_ROW(cake_batch_norm, eps, "1e-5", 1e-30, 1, "added to the variance"),
    CAKE_REAL_ROW(cake_batch_norm, momentum, "0.9", 0, 1, "what the running averages keep of their old value"),
    {.key = NULL},
};

/* Places in the list of tensors. */
enum { X = 0, TRAIN_MEAN = 1, TRAIN_VAR = 2, TRAIN_SCALE = 3, TRAIN_SHIFT = 4, TRAIN_Y = 5 };
enum { SCALE = 1, SHIFT = 2, MEAN = 3, VAR = 4 };
enum { OUT_Y = 0, OUT_MEAN = 1, OUT_VAR = 2 };

static cake_status validate(void *params, cake_error *error)
{
    return cake_validate_tensors(&cake_op_batch_norm, params, error);
}

static void add_moments(const cake_batch_norm *p, cake_tensor_list *list, cake_role role)
{
    cake_tensor_add(list, "mean", role, 1, &p->c);
    cake_tensor_add(list, "var", role, 1, &p->c)->fill = CAKE_FILL_POSITIVE;
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_batch_norm *p = params;
    const int64_t image[] = {p->n, p->c, p->h, p->w};

    cake_tensor_add(list, "x", CAKE_ROLE_INPUT, 4, image)->image = true;
    if (p->training)
        add_moments(p, list, CAKE_ROLE_INPUT);
    cake_tensor_add(list, "scale", CAKE_ROLE_CONSTANT, 1, &p->c)->fill = CAKE_FILL_POSITIVE;
    cake_tensor_add(list, "shift", CAKE_ROLE_CONSTANT, 1, &p->c);
    if (!p->training)
        add_moments(p, list, CAKE_ROLE_CONSTANT);
    cake_tensor_add(list, "y", CAKE_ROLE_OUTPUT, 4, image)->image = true;
    if (p->training) {
        cake_tensor_add(list, "new_mean", CAKE_ROLE_OUTPUT, 1, &p->c);
        cake_tensor_add(list, "new_var", CAKE_ROLE_OUTPUT, 1, &p->c);
    }
}

/* A value: 2 in inference, where the constants fold into x a + b; in training 1 for the mean, 3 for the variance, 2
 * to normalise, 2 to scale and shift. */
static double flops(const void *params)
{
    const cake_batch_norm *p = params;

    return (double)p->n * (double)p->c * (double)p->h * (double)p->w * (p->training ? 8 : 2);
}

static bool exact_on_integers(const void *params)
{
    (void)params;
    return false;
}

/* Set c is channel c of all images. */
static cake_sets sets_of(const cake_batch_norm *p)
{
    const int64_t plane = p->h * p->w;

    return (cake_sets){
        .count = p->c, .set_stride = plane, .runs = p->n, .run_length = plane, .run_stride = p->c * plane};
}

static cake_status prepare(cake_reference *reference, cake_error *error)
{
    const cake_batch_norm *p = reference->params;
    const cake_sets sets = sets_of(p);

    if (!p->training)
        return CAKE_OK;
    reference->memo = cake_sets_prepare(&sets, reference->values[X]);
    return reference->memo ? CAKE_OK : cake_fail(error, CAKE_E_MEMORY, "batch_norm: no memory for the moments");
}

static void release(cake_reference *reference)
{
    free(reference->memo);
    reference->memo = NULL;
}

/* The moments that a channel is normalised with. */
static cake_moments moments_of(const cake_reference *reference, int64_t channel, const cake_place *changed)
{
    const cake_batch_norm *p = reference->params;
    const cake_sets sets = sets_of(p);
    const int64_t word = changed && changed->tensor == X ? changed->element : -1;

    if (p->training)
        return cake_sets_moments(&sets, reference->memo, reference->values[X], channel, word, reference->u);
    return (cake_moments){.mean = reference->values[MEAN][channel], .variance = reference->values[VAR][channel]};
}

static cake_expected normalized(const cake_reference *reference, const cake_moments *moments, int64_t channel,
                                int64_t at)
{
    const cake_batch_norm *p = reference->params;
    const double scale = reference->values[p->training ? TRAIN_SCALE : SCALE][channel];
    const double shift = reference->values[p->training ? TRAIN_SHIFT : SHIFT][channel];

    return cake_normalized(reference, moments, p->eps, reference->values[X][at], scale, shift);
}

/* new_mean, new_var. */
static cake_expected running(const cake_reference *reference, double old, double batch, double batch_error)
{
    const cake_batch_norm *p = reference->params;
    const double m = p->momentum;

    return cake_expect(reference, m * old + (1 - m) * batch,
                       (1 - m) * batch_error + 4 * reference->u * (fabs(old) + fabs(batch)));
}

static cake_expected running_mean(const cake_reference *reference, const cake_moments *moments, int64_t channel)
{
    return running(reference, reference->values[TRAIN_MEAN][channel], moments->mean, moments->mean_error);
}

static cake_expected running_var(const cake_reference *reference, const cake_moments *moments, int64_t channel)
{
    return running(reference, reference->values[TRAIN_VAR][channel], moments->variance, moments->variance_error);
}

static int64_t blocks(const void *params)
{
    return ((const cake_batch_norm *)params)->c;
}

static void block(const cake_reference *reference, int64_t channel, cake_expected *const *expected)
{
    const cake_batch_norm *p = reference->params;
    const int64_t plane = p->h * p->w;
    const cake_moments moments = moments_of(reference, channel, NULL);

    for (int64_t n = 0; n < p->n; n++) {
        const int64_t first = (n * p->c + channel) * plane;

        for (int64_t at = first; at < first + plane; at++)
            expected[OUT_Y][at] = normalized(reference, &moments, channel, at);
    }
    if (p->training) {
        expected[OUT_MEAN][channel] = running_mean(reference, &moments, channel);
        expected[OUT_VAR][channel] = running_var(reference, &moments, channel);
    }
}

static int64_t channel_of(const cake_batch_norm *p, int64_t at)
{
    return at / (p->h * p->w) % p->c;
}

/* Which output a place is in. */
static int output_of(const cake_batch_norm *p, cake_place place)
{
    return p->training ? place.tensor - TRAIN_Y : OUT_Y;
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place place)
{
    const cake_batch_norm *p = reference->params;
    const int output = output_of(p, place);
    const int64_t channel = output == OUT_Y ? channel_of(p, place.element) : place.element;
    const cake_moments moments = moments_of(reference, channel, changed);

    if (output == OUT_Y)
        return normalized(reference, &moments, channel, place.element);
    return output == OUT_MEAN ? running_mean(reference, &moments, channel)
                              : running_var(reference, &moments, channel);
}

/* A running average depends on its old value, and on each word of the batch. */
static cake_place influence_on_average(const cake_reference *reference, int output, int64_t channel,
                                       cake_random *random)
{
    const cake_batch_norm *p = reference->params;
    const cake_sets sets = sets_of(p);
    const bool varies = output == OUT_MEAN || cake_sets_size(&sets) > 1; /* the batch's moment, with its values */

    if (p->momentum > 0 && (p->momentum == 1 || !varies || cake_random_below(random, 2) == 0))
        return (cake_place){.tensor = output == OUT_MEAN ? TRAIN_MEAN : TRAIN_VAR, .element = channel};
    return (cake_place){.tensor = varies ? X : -1, .element = cake_sets_any(&sets, channel, random)};
}

static cake_place influence(const cake_reference *reference, cake_place place, cake_random *random)
{
    const cake_batch_norm *p = reference->params;
    const cake_sets sets = sets_of(p);
    const int output = output_of(p, place);
    int64_t word = place.element;

    if (output != OUT_Y)
        return influence_on_average(reference, output, place.element, random);
    if (p->training)
        word = cake_sets_influence(&sets, channel_of(p, place.element), place.element, random);
    return (cake_place){.tensor = word < 0 ? -1 : X, .element = word};
}

const cake_op cake_op_batch_norm = {
    .name = "batch_norm",
    .family = "normalization",
    .summary = "each channel by given statistics, or by those of the batch",
    .params_size = sizeof(cake_batch_norm),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .exact_on_integers = exact_on_integers,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
    .prepare = prepare,
    .release = release,
};
