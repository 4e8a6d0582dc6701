/* Cutting elements or rows into items. */
#ifndef LAYERCAKE_PLUGINS_COMMON_ROWS_H
#define LAYERCAKE_PLUGINS_COMMON_ROWS_H

#include <stdint.h>

/* How many of `count` make an item: about `floats` floats of `each`, fewer where there would be less than four items
 * a thread, a multiple of `step` where it is larger than that. */
static inline int64_t rows_of_item(int64_t count, int64_t each, int64_t floats, int64_t step, int64_t threads)
{
    int64_t rows = 1 + floats / (each > 0 ? each : 1);

    if (threads > 1 && rows > count / (4 * threads))
        rows = count / (4 * threads);
    if (rows > step)
        rows = rows / step * step;
    return rows > 0 ? rows : 1;
}

static inline int64_t rows_items(int64_t count, int64_t block)
{
    return (count + block - 1) / block;
}

#endif
