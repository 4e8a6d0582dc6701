#include "reference/window.h"

#include <inttypes.h>

cake_status cake_window_count(const cake_window *window, bool ceil_mode, const char *op, int64_t *count,
                              cake_error *error)
{
    const int64_t span = cake_window_span(window);
    const int64_t padded = window->in + window->pad_begin + window->pad_end;
    const int64_t room = padded - span;

    if (room < 0)
        return cake_fail(error, CAKE_E_USAGE,
                         "%s: expected a window that fits into the padded image, found a window of %" PRId64
                         " (k%c=%" PRId64 " dil_%c=%" PRId64 ") over %" PRId64 " (i%c=%" PRId64
                         " and padding %" PRId64 " + %" PRId64 ")",
                         op, span, window->axis, window->kernel, window->axis, window->dilation, padded, window->axis,
                         window->in, window->pad_begin, window->pad_end);
    *count = room / window->stride + 1;
    if (ceil_mode && room % window->stride != 0 && *count * window->stride < window->in + window->pad_begin)
        ++*count;
    return CAKE_OK;
}
