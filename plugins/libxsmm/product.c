#include "libxsmm/product.h"

#include <string.h>

/* A tile of y is at most ROWS x OUT: OUT columns are four vectors of AVX-512, and a block of w fills half the first-level
 * cache. */
enum { ROWS = 32, IN = 64, OUT = 64 };

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void pack(xsmm_product *p, const float *w)
{
    for (int64_t o = 0; o < p->out; o++) {
        int64_t block = o / p->out_block, width = smaller(p->out_block, p->out - block * p->out_block);
        float *to = p->packed + block * p->out_block * p->in + o % p->out_block;

        for (int64_t i = 0; i < p->in; i++)
            to[i * width] = w[o * p->in + i];
    }
}

/* LIBXSMM is column-major: its c [n][m] is our tile of y, its a the packed w, its b the rows of x. */
static int dispatch(xsmm_product *p, int at_last_row, int at_last_out)
{
    int64_t rows = at_last_row ? p->rows % p->row_block : p->row_block;
    int64_t out = at_last_out ? p->out % p->out_block : p->out_block, rest = p->in % p->in_block;
    libxsmm_blasint m = (libxsmm_blasint)out, n = (libxsmm_blasint)rows, k = (libxsmm_blasint)p->in_block;
    libxsmm_blasint ldb = (libxsmm_blasint)p->in, ldc = (libxsmm_blasint)p->ldy;
    const float one = 1, zero = 0, *first = p->bias ? &one : &zero;
    int flags = LIBXSMM_GEMM_FLAG_NONE;

    if (rows == 0 || out == 0)
        return 1;
    p->whole[at_last_row][at_last_out] = libxsmm_smmdispatch_reducebatch_strd(
        m, n, k, k * m * (libxsmm_blasint)sizeof(float), k * (libxsmm_blasint)sizeof(float), &m, &ldb, &ldc, &one,
        first, &flags, NULL);
    if (rest)
        p->rest[at_last_row][at_last_out] =
            libxsmm_smmdispatch(m, n, (libxsmm_blasint)rest, &m, &ldb, &ldc, &one, &one, &flags, NULL);
    return p->whole[at_last_row][at_last_out] && (!rest || p->rest[at_last_row][at_last_out]);
}

int32_t xsmm_product_open(xsmm_product *p, const float *w, const cake_host *host)
{
    p->row_block = smaller(p->rows, ROWS);
    p->in_block = smaller(p->in, IN);
    p->out_block = smaller(p->out, OUT);
    p->packed = host->alloc(host, (uint64_t)(p->in * p->out) * sizeof *p->packed, 64);
    if (!p->packed)
        return CAKE_NO_MEMORY;
    pack(p, w);
    for (int i = 0; i < 4; i++)
        if (!dispatch(p, i / 2, i % 2)) {
            host->explain(host, "LIBXSMM makes no code for this CPU");
            return CAKE_UNSUPPORTED;
        }
    return CAKE_DONE;
}

static void tile(const xsmm_product *p, const float *x, float *y, int64_t row, int64_t out)
{
    int at_last_row = row + p->row_block > p->rows, at_last_out = out + p->out_block > p->out;
    int64_t width = at_last_out ? p->out - out : p->out_block, blocks = p->in / p->in_block;
    const float *w = p->packed + out * p->in, *from = x + row * p->in;
    float *to = y + row * p->ldy + out;
    int64_t rows = at_last_row ? p->rows - row : p->row_block;
    unsigned long long count = (unsigned long long)blocks;

    for (int64_t r = 0; p->bias && r < rows; r++)
        memcpy(to + r * p->ldy, p->bias + out, (size_t)width * sizeof *to);
    p->whole[at_last_row][at_last_out](w, from, to, &count);
    if (p->rest[at_last_row][at_last_out])
        p->rest[at_last_row][at_last_out](w + blocks * p->in_block * width, from + blocks * p->in_block, to);
}

void xsmm_product_run(const xsmm_product *p, const float *x, float *y, int thread, int threads)
{
    int64_t row_blocks = (p->rows + p->row_block - 1) / p->row_block;
    int64_t out_blocks = (p->out + p->out_block - 1) / p->out_block, tiles = row_blocks * out_blocks;

    /* A thread keeps to neighbouring columns, so to its own part of w. */
    for (int64_t i = tiles * thread / threads; i < tiles * (thread + 1) / threads; i++)
        tile(p, x, y, i % row_blocks * p->row_block, i / row_blocks * p->out_block);
}
