/* y = x wT by LIBXSMM's batch-reduce GEMM: w packed in blocks, so that a tile of y is one call that walks along a row of
 * blocks of w and the same columns of x. */
#ifndef LAYERCAKE_PLUGINS_LIBXSMM_PRODUCT_H
#define LAYERCAKE_PLUGINS_LIBXSMM_PRODUCT_H

#include <stdint.h>

#include <libxsmm.h>

#include "layercake/plugin.h"

/* Row-major x [rows][in], w [out][in], y [rows][out] with rows of y `ldy` apart. */
typedef struct xsmm_product {
    int64_t rows, in, out, ldy;
    const float *bias; /* [out], added to every row of y; NULL: none */
    /* From here on it is made by xsmm_product_open. */
    int64_t row_block, in_block, out_block;
    float *packed; /* [out / out_block][in][out_block], the last block narrower */
    /* By whether the tile is at the end of rows and of out. `whole` reduces the whole blocks of in, `rest` adds what is
     * left of it; NULL where there is nothing. */
    libxsmm_smmfunction_reducebatch_strd whole[2][2];
    libxsmm_smmfunction rest[2][2];
} xsmm_product;

/* Pack w and have the code made; the caller has set what it wants. The workspace is the host's.
 * CAKE_NO_MEMORY; CAKE_UNSUPPORTED if LIBXSMM makes no code for this CPU. */
int32_t xsmm_product_open(xsmm_product *p, const float *w, const cake_host *host);

/* Do the share of one of `threads` threads. Timed. */
void xsmm_product_run(const xsmm_product *p, const float *x, float *y, int thread, int threads);

#endif
