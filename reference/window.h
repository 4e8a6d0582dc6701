/* Windows that slide over one axis of an image: shared by convolution and pooling. */
#ifndef LAYERCAKE_REFERENCE_WINDOW_H
#define LAYERCAKE_REFERENCE_WINDOW_H

#include "reference/internal.h"

/* One axis: `kernel` places, `dilation` apart, over `in` places of the image with padding before and after; the
 * first window begins at -pad_begin, the next ones `stride` further each. `axis` is 'd', 'h' or 'w', for messages. */
typedef struct cake_window {
    char axis;
    int64_t in, kernel, stride, pad_begin, pad_end, dilation;
} cake_window;

/* Rows of a table of parameters: strides, paddings and dilations of windows over images, and over volumes. */
#define CAKE_WINDOW_ROWS_2D(type)                                                                                    \
    CAKE_ALIAS_ROW("stride", "both strides", "stride_h", "stride_w"), CAKE_STRIDE_ROWS(type),                        \
        CAKE_ALIAS_ROW("pad", "padding on all four sides", "pad_t", "pad_b", "pad_l", "pad_r"), CAKE_PAD_ALIAS_ROWS, \
        CAKE_PAD_ROWS(type), CAKE_ALIAS_ROW("dil", "both dilations", "dil_h", "dil_w"), CAKE_DILATION_ROWS(type)
#define CAKE_WINDOW_ROWS_3D(type)                                                                                    \
    CAKE_ALIAS_ROW("stride", "all three strides", "stride_d", "stride_h", "stride_w"),                               \
        CAKE_SIZE_ROW(type, stride_d, "1", 1, CAKE_WINDOW_MAX, "planes from window to window"),                      \
        CAKE_STRIDE_ROWS(type),                                                                                      \
        CAKE_ALIAS_ROW("pad", "padding on all six sides", "pad_f", "pad_k", "pad_t", "pad_b", "pad_l", "pad_r"),     \
        CAKE_ALIAS_ROW("pad_d", "padding in front and behind", "pad_f", "pad_k"), CAKE_PAD_ALIAS_ROWS,               \
        CAKE_SIZE_ROW(type, pad_f, "0", 0, CAKE_WINDOW_MAX, "planes of padding in front"),                           \
        CAKE_SIZE_ROW(type, pad_k, "0", 0, CAKE_WINDOW_MAX, "planes of padding behind"), CAKE_PAD_ROWS(type),        \
        CAKE_ALIAS_ROW("dil", "all three dilations", "dil_d", "dil_h", "dil_w"),                                     \
        CAKE_SIZE_ROW(type, dil_d, "1", 1, CAKE_WINDOW_MAX, "planes between neighbours in the window; 1 = none"),    \
        CAKE_DILATION_ROWS(type)

#define CAKE_STRIDE_ROWS(type)                                                                                       \
    CAKE_SIZE_ROW(type, stride_h, "1", 1, CAKE_WINDOW_MAX, "rows from window to window"),                            \
        CAKE_SIZE_ROW(type, stride_w, "1", 1, CAKE_WINDOW_MAX, "columns from window to window")
#define CAKE_PAD_ALIAS_ROWS                                                                                          \
    CAKE_ALIAS_ROW("pad_h", "padding above and below", "pad_t", "pad_b"),                                            \
        CAKE_ALIAS_ROW("pad_w", "padding left and right", "pad_l", "pad_r")
#define CAKE_PAD_ROWS(type)                                                                                          \
    CAKE_SIZE_ROW(type, pad_t, "0", 0, CAKE_WINDOW_MAX, "rows of padding above"),                                    \
        CAKE_SIZE_ROW(type, pad_b, "0", 0, CAKE_WINDOW_MAX, "rows of padding below"),                                \
        CAKE_SIZE_ROW(type, pad_l, "0", 0, CAKE_WINDOW_MAX, "columns of padding on the left"),                       \
        CAKE_SIZE_ROW(type, pad_r, "0", 0, CAKE_WINDOW_MAX, "columns of padding on the right")
#define CAKE_DILATION_ROWS(type)                                                                                     \
    CAKE_SIZE_ROW(type, dil_h, "1", 1, CAKE_WINDOW_MAX, "rows between neighbours in the window; 1 = none left out"), \
        CAKE_SIZE_ROW(type, dil_w, "1", 1, CAKE_WINDOW_MAX, "columns between neighbours in the window")

/* A convolution's groups of channels must divide its channels. */
cake_status cake_validate_groups(int64_t groups, int64_t ic, int64_t oc, cake_error *error);

/* How many places a window spans. */
static inline int64_t cake_window_span(const cake_window *window)
{
    return (window->kernel - 1) * window->dilation + 1;
}

/* Number of windows inside the padded image; a message if there is none. With ceil_mode the last window may stick
 * out, but must begin inside the image or the padding before it. */
cake_status cake_window_count(const cake_window *window, bool ceil_mode, int64_t *count, cake_error *error);

/* Likewise for pooling, whose padding is smaller than the window, and whose windows each have a place inside the image. */
cake_status cake_window_count_pooled(const cake_window *window, bool ceil_mode, int64_t *count, cake_error *error);

/* The range of i in 0 .. count-1 for which 0 <= offset + i step < limit; step > 0. Empty: end <= begin. */
typedef struct cake_range {
    int64_t begin, end;
} cake_range;

static inline cake_range cake_inside(int64_t offset, int64_t step, int64_t limit, int64_t count)
{
    cake_range range = {0, 0};

    if (offset < 0)
        range.begin = cake_ceil_div(-offset, step);
    if (offset < limit)
        range.end = cake_ceil_div(limit - offset, step);
    if (range.end > count)
        range.end = count;
    return range;
}

/* Window number `at` of an axis: where it begins, its places inside the image, and how many of its places a mean
 * counts: those inside the image or, with count_pad, inside the image and its padding. */
typedef struct cake_span {
    int64_t offset, counted;
    cake_range inside;
} cake_span;

cake_span cake_window_at(const cake_window *window, int64_t at, bool count_pad);

/* Places of the first `count` windows together that are inside the image. */
double cake_window_places(const cake_window *window, int64_t count);

/* A random place of a range that is not empty. */
static inline int64_t cake_pick(cake_range range, cake_random *random)
{
    return range.begin + (int64_t)cake_random_below(random, (uint64_t)(range.end - range.begin));
}

#endif
