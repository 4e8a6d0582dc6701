#include "reference/window.h"

#include <inttypes.h>

cake_status cake_validate_groups(int64_t groups, int64_t ic, int64_t oc, cake_error *error)
{
    if (ic % groups == 0 && oc % groups == 0)
        return CAKE_OK;
    return cake_fail(error, CAKE_E_USAGE,
                     "expected groups that divide ic and oc, found groups=%" PRId64 " with ic=%" PRId64
                     " oc=%" PRId64,
                     groups, ic, oc);
}

cake_status cake_window_count(const cake_window *window, bool ceil_mode, int64_t *count, cake_error *error)
{
    const int64_t span = cake_window_span(window);
    const int64_t padded = window->in + window->pad_begin + window->pad_end;
    const int64_t room = padded - span;

    if (room < 0)
        return cake_fail(error, CAKE_E_USAGE,
                         "expected a window that fits into the padded image, found a window of %" PRId64
                         " (k%c=%" PRId64 " dil_%c=%" PRId64 ") over %" PRId64 " (i%c=%" PRId64
                         " and padding %" PRId64 " + %" PRId64 ")",
                         span, window->axis, window->kernel, window->axis, window->dilation, padded, window->axis,
                         window->in, window->pad_begin, window->pad_end);
    *count = room / window->stride + 1;
    if (ceil_mode && room % window->stride != 0 && *count * window->stride < window->in + window->pad_begin)
        ++*count;
    return CAKE_OK;
}

cake_status cake_window_count_pooled(const cake_window *window, bool ceil_mode, int64_t *count, cake_error *error)
{
    const int64_t span = cake_window_span(window);
    cake_status status;

    if (window->pad_begin >= span || window->pad_end >= span)
        return cake_fail(error, CAKE_E_USAGE,
                         "expected padding smaller than the window, found padding %" PRId64 " + %" PRId64
                         " with a window of %" PRId64 " (k%c=%" PRId64 " dil_%c=%" PRId64 ")",
                         window->pad_begin, window->pad_end, span, window->axis, window->kernel, window->axis,
                         window->dilation);
    status = cake_window_count(window, ceil_mode, count, error);
    if (status != CAKE_OK)
        return status;
    /* A dilated window that begins in the padding can step over the whole image; others begin inside of it. */
    for (int64_t at = 0; at < *count && at * window->stride < window->pad_begin; at++) {
        const int64_t offset = at * window->stride - window->pad_begin;
        const cake_range inside = cake_inside(offset, window->dilation, window->in, window->kernel);

        if (inside.begin >= inside.end)
            return cake_fail(error, CAKE_E_USAGE,
                             "expected windows with places inside the image, found one that steps over it "
                             "(i%c=%" PRId64 " k%c=%" PRId64 " dil_%c=%" PRId64 " and padding %" PRId64 ")",
                             window->axis, window->in, window->axis, window->kernel, window->axis, window->dilation,
                             window->pad_begin);
    }
    return CAKE_OK;
}

cake_span cake_window_at(const cake_window *window, int64_t at, bool count_pad)
{
    cake_span s = {.offset = at * window->stride - window->pad_begin};
    cake_range padded;

    s.inside = cake_inside(s.offset, window->dilation, window->in, window->kernel);
    padded = cake_inside(s.offset, window->dilation, window->in + window->pad_end, window->kernel);
    s.counted = count_pad ? padded.end : s.inside.end - s.inside.begin;
    return s;
}

double cake_window_places(const cake_window *window, int64_t count)
{
    double places = 0;

    for (int64_t at = 0; at < count; at++) {
        cake_range inside = cake_window_at(window, at, false).inside;

        places += inside.end > inside.begin ? (double)(inside.end - inside.begin) : 0;
    }
    return places;
}
