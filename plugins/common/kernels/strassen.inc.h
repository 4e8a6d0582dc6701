/* A large product with 7/8 of its multiplications: one level of Strassen's algorithm (V. Strassen, Numerische
 * Mathematik 13, 1969) in S. Winograd's form. What linear/strassen and conv2d/strassen (1x1) share.
 *
 * Include a vector header first. c = a b + bias, with a [m][k], b [k][n] cut into halves along each axis. A chain of
 * products is summed in one set of registers, and each product's sum so far is added to one block of c:
 *
 *     chain   product                                         then added to
 *     0       a11                    b11                      c11
 *             (a21 + a22 - a11)      (b11 - b12 + b22)        c12
 *             (a11 - a21)            (b22 - b12)              c22
 *             a22                    (b12 + b21 - b11 - b22)  c21
 *     1       a12                    b21                      c11
 *     2       (a21 + a22)            (b12 - b11)              c22
 *             (a11 + a12 - a21 - a22) b22                     c12
 *
 * The right matrices are added and packed in open. One phase; an item is a block of rows by a block of panels of the
 * halves. For each block of k it makes the left matrices, with zeros where a second half is shorter, which stay in L2
 * while the right ones come by.
 *
 * Floor: 7/8 m n k / VEC_LANES FMAs; beside them a is read once and written 7/4 times for each block of panels, and
 * each vector of c is loaded and stored 7/4 times for each block of k. */
#ifndef LAYERCAKE_PLUGINS_COMMON_STRASSEN_INC_H
#define LAYERCAKE_PLUGINS_COMMON_STRASSEN_INC_H

#include "common/kernels/strassen_plan.inc.h"

static int64_t strassen_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t strassen_items(const void *ctx, int64_t phase)
{
    const strassen *s = ctx;

    (void)phase;
    return s->images * s->row_blocks * s->panel_blocks;
}

static inline const float *strassen_row(const strassen *s, const float *a, int64_t row)
{
    const strassen_rows *f = &s->from;

    return a + row / (f->wide * f->high) * f->image + row / f->wide % f->high * f->row + row % f->wide * f->pixel;
}

/* Row `row` of an image's half, columns k0 .. k0+depth-1, into each left matrix. */
static void strassen_left_row(const strassen *s, const float *a, int64_t image, int64_t row, int64_t k0,
                              int64_t depth, float *to)
{
    bool pair = s->m1 + row < s->m;
    int64_t step = s->from.step, second = s->k1 / VEC_LANES * step, next = s->rows * s->lda;
    int64_t ahead = STRASSEN_ROWS_AHEAD * s->from.pixel;
    const float *top = strassen_row(s, a, image * s->m + row) + k0 / VEC_LANES * step;
    const float *low = pair ? strassen_row(s, a, image * s->m + s->m1 + row) + k0 / VEC_LANES * step : top;

    for (int64_t k = k0; k < k0 + depth; k += VEC_LANES, top += step, low += step, to += VEC_LANES) {
        int64_t left = s->k - s->k1 - k, first = s->k - k;
        vmask m1 = vec_mask(first < VEC_LANES ? (int)first : VEC_LANES);
        vmask m2 = vec_mask(left < VEC_LANES ? (left > 0 ? (int)left : 0) : VEC_LANES);
        vec a11 = vec_load_mask(top, m1), a12 = left > 0 ? vec_load_mask(top + second, m2) : vec_zero();
        vec a21 = pair ? vec_load_mask(low, m1) : vec_zero();
        vec a22 = pair && left > 0 ? vec_load_mask(low + second, m2) : vec_zero();
        vec lower = vec_add(a21, a22), most = vec_sub(lower, a11);
        if (s->far) {
            __builtin_prefetch(top + ahead);
            __builtin_prefetch(top + ahead + second);
            __builtin_prefetch(low + ahead);
            __builtin_prefetch(low + ahead + second);
        }
        vec_store(to, a11);
        vec_store(to + next, most);
        vec_store(to + 2 * next, vec_sub(a11, a21));
        vec_store(to + 3 * next, a22);
        vec_store(to + 4 * next, a12);
        vec_store(to + 5 * next, lower);
        vec_store(to + 6 * next, vec_sub(a12, most));
    }
}

/* A product of a chain, of one tile. */
typedef struct strassen_step {
    const float *a, *b;
    gemm_tile_end end; /* fetch: what a later tile reads */
    int rows;          /* that exist in the goal */
} strassen_step;

VEC_INLINE void strassen_put(int mr, const vec *acc, const strassen_step *step)
{
    const gemm_tile_end *end = &step->end;
    const float *add = end->add;
    float *c = end->c, tile[GEMM_MR * GEMM_NR];

    if (step->rows == mr && gemm_whole_tile(GEMM_NV, 0, end)) {
        VEC_UNROLL
        for (int r = 0; r < mr; r++, c += end->ldc, add += end->ldadd) {
            VEC_UNROLL
            for (int v = 0; v < GEMM_NV; v++)
                vec_store(c + v * end->step, vec_add(acc[r * GEMM_NV + v], vec_load(add + v * end->addstep)));
        }
        return;
    }
    VEC_UNROLL
    for (int i = 0; i < mr * GEMM_NV; i++)
        vec_store(tile + i * VEC_LANES, acc[i]);
    gemm_store_part(step->rows, GEMM_NV, tile, 0, end);
}

VEC_INLINE void strassen_chain(int mr, bool ahead, int64_t depth, int64_t lda, const strassen_step *step, int steps)
{
    vec acc[GEMM_MR * GEMM_NV];

    gemm_tile_zero(mr, GEMM_NV, acc);
    for (int i = 0; i < steps; i++, step++) {
        const float *fetch = step->end.fetch;
        gemm_chunks_add(mr, GEMM_NV, ahead ? GEMM_FETCH : GEMM_INNER, acc, depth, step->a, lda, step->b, &fetch);
        strassen_put(mr, acc, step);
    }
}

VEC_INLINE void strassen_chain_rows(int rows, bool ahead, int64_t depth, int64_t lda, const strassen_step *step,
                                    int steps)
{
#define TILE(mr) strassen_chain(mr, ahead, depth, lda, step, steps)
    GEMM_SWITCH_ROWS(rows, TILE)
#undef TILE
}

static __attribute__((noinline)) void strassen_f32_chain(int rows, int64_t depth, int64_t lda,
                                                         const strassen_step *step, int steps)
{
    strassen_chain_rows(rows, false, depth, lda, step, steps);
}

static __attribute__((noinline)) void strassen_f32_chain_ahead(int rows, int64_t depth, int64_t lda,
                                                               const strassen_step *step, int steps)
{
    strassen_chain_rows(rows, true, depth, lda, step, steps);
}

/* A block of rows and panels of the halves, over a block of k. */
typedef struct strassen_block {
    int64_t image, row0, row1, panel0, panel1, k0, depth;
    const float *left; /* [product][rows][lda] */
    float *c;          /* of the image */
} strassen_block;

/* What a product does for the tile of some rows and a panel. Each of the first tiles of a panel fetches its share of
 * the same product's next panel into L2. */
static inline strassen_step strassen_step_of(const strassen *s, int chain, int j, const strassen_block *block,
                                             int64_t row, int rows, int64_t panel, int64_t tile)
{
    int product = strassen_chains[chain].first + j;
    const strassen_product *p = &strassen_products[product];
    int64_t columns = s->panels * GEMM_NR, column = panel * GEMM_NR + p->goal % 2 * columns;
    int64_t to = row + p->goal / 2 * s->m1;
    strassen_step step = {
        .a = block->left + (product * s->rows + row - block->row0) * s->lda,
        .b = s->right + strassen_right_at(s, block->k0, block->depth, chain, j, panel),
        .rows = (int)(s->m - to < rows ? s->m - to : rows),
    };

    step.end.fetch = step.b + (strassen_chains[chain].count * GEMM_NR + tile * GEMM_LINE) * block->depth;
    step.end.c = block->c + to * s->to_row + column / VEC_LANES * s->to_step;
    step.end.ldc = s->to_row;
    step.end.step = s->to_step;
    step.end.columns = s->n - column;
    if (p->first && block->k0 == 0) {
        step.end.add = s->bias + column;
        step.end.addstep = VEC_LANES;
    } else {
        step.end.add = step.end.c;
        step.end.ldadd = step.end.ldc;
        step.end.addstep = step.end.step;
    }
    return step;
}

static void strassen_chain_block(const strassen *s, int chain, const strassen_block *block, int64_t panel0,
                                 int64_t panel1)
{
    int count = strassen_chains[chain].count;
    int64_t tiles = (block->row1 - block->row0 + GEMM_MR - 1) / GEMM_MR;
    strassen_step steps[STRASSEN_CHAIN];

    for (int64_t panel = panel0; panel < panel1; panel++) {
        int64_t row = block->row0;
        for (int64_t i = 0; i < tiles; i++) {
            int rows = (int)((block->row1 - row + tiles - i - 1) / (tiles - i));
            for (int j = 0; j < count; j++)
                steps[j] = strassen_step_of(s, chain, j, block, row, rows, panel, i);
            if (i * GEMM_LINE < GEMM_NR)
                strassen_f32_chain_ahead(rows, block->depth, s->lda, steps, count);
            else
                strassen_f32_chain(rows, block->depth, s->lda, steps, count);
            row += rows;
        }
    }
}

static void strassen_item(const strassen *s, int64_t item, const float *a, float *c, float *left)
{
    int64_t blocks = s->row_blocks * s->panel_blocks, r = item % s->row_blocks, p = item % blocks / s->row_blocks;
    strassen_block block = {.image = item / blocks,
                            .row0 = r * s->m1 / s->row_blocks,
                            .row1 = (r + 1) * s->m1 / s->row_blocks,
                            .panel0 = p * s->panels / s->panel_blocks,
                            .panel1 = (p + 1) * s->panels / s->panel_blocks,
                            .left = left};

    block.c = c + block.image * s->to_image;
    for (block.k0 = 0; block.k0 < s->k1; block.k0 += s->kc) {
        block.depth = s->k1 - block.k0 < s->kc ? s->k1 - block.k0 : s->kc;
        for (int64_t row = block.row0; row < block.row1; row++)
            strassen_left_row(s, a, block.image, row, block.k0, block.depth, left + (row - block.row0) * s->lda);
        for (int64_t panel = block.panel0, last; panel < block.panel1; panel = last) {
            last = (panel / STRASSEN_GROUP + 1) * STRASSEN_GROUP;
            last = last < block.panel1 ? last : block.panel1;
            for (int chain = 0; chain < STRASSEN_CHAINS; chain++)
                strassen_chain_block(s, chain, &block, panel, last);
        }
    }
}

static void strassen_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                          int64_t phase, int64_t begin, int64_t end, int thread)
{
    const strassen *s = ctx;

    (void)phase;
    for (int64_t item = begin; item < end; item++)
        strassen_item(s, item, inputs[0]->data, outputs[0]->data,
                      s->left + thread * STRASSEN_PRODUCTS * s->rows * s->lda);
}

#endif
