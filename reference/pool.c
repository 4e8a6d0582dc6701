/* The largest or the mean value of windows.
 *
 * A maximum leaves the padding out. A mean divides by the number of the window's places inside the image; with
 * count_pad by the number inside the padded image, where padding has the value 0. Places beyond the padding, which
 * ceil_mode can reach, never count.
 *
 * Error: a maximum is one of the inputs, exactly. A mean of k values is c(k) u times the mean of the absolute values
 * for the sum (bounds.c), and the division's roundings. */
#include "reference/pool.h"

enum { INDICES = 2 }; /* tensor of the op */

/* Places of a channel. */
static double places(const cake_pooling *p)
{
    return (double)p->window[0].in * (double)p->window[1].in * (double)p->window[2].in;
}

cake_status cake_pooling_validate(cake_pooling *pooling, cake_error *error)
{
    cake_status status = CAKE_OK;

    if (pooling->kind == CAKE_POOL_MAX && pooling->count_pad)
        return cake_fail(error, CAKE_E_USAGE, "expected count_pad=0 with kind=max, found count_pad=1");
    if (pooling->kind == CAKE_POOL_AVG && pooling->indices)
        return cake_fail(error, CAKE_E_USAGE, "expected indices=0 with kind=avg, found indices=1");
    if (pooling->indices && places(pooling) > INT32_MAX)
        return cake_fail(error, CAKE_E_USAGE, "expected channels of less than 2^31 places with indices=1");
    for (int a = 0; status == CAKE_OK && a < 3; a++)
        status = cake_window_count_pooled(&pooling->window[a], pooling->ceil_mode != 0, &pooling->out[a], error);
    return status;
}

double cake_pooling_flops(const cake_pooling *pooling)
{
    double outputs = (double)pooling->channels, window = 1;

    for (int a = 0; a < 3; a++) {
        outputs *= (double)pooling->out[a];
        window *= (double)pooling->window[a].kernel;
    }
    return outputs * (window - (pooling->kind == CAKE_POOL_MAX));
}

/* Where place (t, r, s) of a window lies in its channel. */
static int64_t place_of(const cake_pooling *p, const cake_span at[3], int64_t t, int64_t r, int64_t s)
{
    const cake_window *w = p->window;
    const int64_t plane = at[0].offset + t * w[0].dilation, row = at[1].offset + r * w[1].dilation;

    return (plane * w[1].in + row) * w[2].in + at[2].offset + s * w[2].dilation;
}

static const double *channel_of(const cake_reference *reference, const cake_pooling *p, int64_t channel)
{
    return reference->values[0] + channel * p->window[0].in * p->window[1].in * p->window[2].in;
}

/* The largest value of the window, or the sum of its values; and its place in the channel, or the sum's magnitude. */
typedef struct pooled {
    double value, magnitude;
    int64_t place;
} pooled;

static pooled pool(const cake_pooling *p, const double *x, const cake_span at[3])
{
    pooled result = {.value = p->kind == CAKE_POOL_MAX ? -INFINITY : 0, .place = -1};

    for (int64_t t = at[0].inside.begin; t < at[0].inside.end; t++)
        for (int64_t r = at[1].inside.begin; r < at[1].inside.end; r++)
            for (int64_t s = at[2].inside.begin; s < at[2].inside.end; s++) {
                const int64_t place = place_of(p, at, t, r, s);

                if (p->kind == CAKE_POOL_AVG) {
                    result.value += x[place];
                    result.magnitude += fabs(x[place]);
                } else if (x[place] > result.value || result.place < 0 || isnan(x[place])) {
                    result.value = x[place];
                    result.place = place;
                }
            }
    return result;
}

static cake_expected mean(const cake_reference *reference, const pooled *result, const cake_span at[3])
{
    const double count = (double)at[0].counted * (double)at[1].counted * (double)at[2].counted;

    return cake_expect(reference, result->value / count,
                       (cake_bound_sum(count, reference->u) + CAKE_ROUNDINGS_DIVIDE * reference->u) *
                           result->magnitude / count);
}

/* The windows' value; of a maximum the index, where it is wanted (not NULL). */
static cake_expected output(const cake_reference *reference, const cake_pooling *p, const double *x,
                            const cake_span at[3], cake_expected *index)
{
    const pooled result = pool(p, x, at);

    if (index)
        *index = (cake_expected){.value = (double)result.place};
    return p->kind == CAKE_POOL_MAX ? (cake_expected){.value = result.value} : mean(reference, &result, at);
}

/* The windows at an output element; returns the number of its channel. */
static int64_t windows_at(const cake_pooling *p, int64_t element, cake_span at[3])
{
    for (int a = 2; a >= 0; a--) {
        at[a] = cake_window_at(&p->window[a], element % p->out[a], p->count_pad != 0);
        element /= p->out[a];
    }
    return element;
}

void cake_pooling_block(const cake_reference *reference, const cake_pooling *p, int64_t plane,
                        cake_expected *const *expected)
{
    const double *x = channel_of(reference, p, plane / p->out[0]);
    int64_t to = plane * p->out[1] * p->out[2];
    cake_span at[3] = {cake_window_at(&p->window[0], plane % p->out[0], p->count_pad != 0)};

    for (int64_t row = 0; row < p->out[1]; row++) {
        at[1] = cake_window_at(&p->window[1], row, p->count_pad != 0);
        for (int64_t column = 0; column < p->out[2]; column++, to++) {
            at[2] = cake_window_at(&p->window[2], column, p->count_pad != 0);
            expected[0][to] = output(reference, p, x, at, p->indices ? &expected[1][to] : NULL);
        }
    }
}

cake_expected cake_pooling_element(const cake_reference *reference, const cake_pooling *p, cake_place place)
{
    cake_span at[3];
    const int64_t channel = windows_at(p, place.element, at);
    cake_expected index, value = output(reference, p, channel_of(reference, p, channel), at, &index);

    return place.tensor == INDICES ? index : value;
}

/* Of a maximum's window the place of the maximum, the one word on whose every change the output depends. Its index may
 * stay where it is, whatever changes. */
cake_place cake_pooling_influence(const cake_reference *reference, const cake_pooling *p, cake_place place,
                                  cake_random *random)
{
    cake_span at[3];
    const double *x = channel_of(reference, p, windows_at(p, place.element, at));
    const int64_t first = x - reference->values[0];
    int64_t t, r, s;

    if (place.tensor == INDICES)
        return (cake_place){.tensor = -1};
    if (p->kind == CAKE_POOL_MAX)
        return (cake_place){0, first + pool(p, x, at).place};
    t = cake_pick(at[0].inside, random);
    r = cake_pick(at[1].inside, random);
    s = cake_pick(at[2].inside, random);
    return (cake_place){0, first + place_of(p, at, t, r, s)};
}
