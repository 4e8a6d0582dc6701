/* A large product with fewer multiplications, by one level of a bilinear algorithm (bilinear_algorithms.inc.h). What
 * linear/strassen, linear/hopcroft_kerr and conv2d/strassen, conv2d/hopcroft_kerr (1x1) share.
 *
 * Include a vector header first. c = a b + bias, with a [m][k], b [k][n] cut into blocks. Each product multiplies a sum
 * of blocks of a by a sum of blocks of b. A chain of products is summed in one set of registers, and what the sum is
 * after a product is added to a block of c, or to none. So Strassen's algorithm is
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
 * blocks of c. For each block of k and each round of chains it makes the round's left matrices, with zeros where a last
 * block is shorter, which stay in L2 while the right ones come by.
 *
 * Floor: (products / blocks of plain multiplication) m n k / VEC_LANES FMAs; beside them, for each block of panels, a is
 * read once in a round and written products / blocks times, and each vector of c is loaded and stored goals / blocks
 * times for each block of k. */
#ifndef LAYERCAKE_PLUGINS_COMMON_BILINEAR_INC_H
#define LAYERCAKE_PLUGINS_COMMON_BILINEAR_INC_H

#include "common/kernels/bilinear_plan.inc.h"
#include "common/vec/vec_tail.h"

static int64_t bilinear_phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t bilinear_items(const void *ctx, int64_t phase)
{
    const bilinear *s = ctx;

    (void)phase;
    return s->images * s->row_blocks * s->panel_blocks;
}

static inline const float *bilinear_row(const bilinear *s, const float *a, int64_t row)
{
    const bilinear_rows *f = &s->from;

    return a + row / (f->wide * f->high) * f->image + row / f->wide % f->high * f->row + row % f->wide * f->pixel;
}

/* The sum of a product's blocks of a. */
VEC_INLINE vec bilinear_sum(const bilinear_product *product, int blocks, const vec *a)
{
    int start = 0;
    vec sum;

    VEC_UNROLL
    for (int i = blocks - 1; i >= 0; i--)
        if (product->a[i] > 0)
            start = i;
    sum = a[start];
    VEC_UNROLL
    for (int i = 0; i < blocks; i++)
        if (i != start && product->a[i])
            sum = product->a[i] > 0 ? vec_add(sum, a[i]) : vec_sub(sum, a[i]);
    return sum;
}

/* Where the vectors of a row's blocks lie, of the upper and the lower half. */
typedef struct bilinear_pair {
    const float *top, *low;
    int64_t block; /* from a block's vector to the next block's */
    int64_t ahead; /* to the rows to fetch */
    bool pair;     /* there is a lower row */
} bilinear_pair;

/* Load a vector of each block, `left` values before the end of a's first one, and store it in each left matrix. */
VEC_INLINE void bilinear_left_vector(const bilinear_algorithm *algorithm, int first, int last, bool whole,
                                     const bilinear *s, const bilinear_pair *rows, int64_t left, float *to,
                                     int64_t next)
{
    vec blocks[2 * BILINEAR_K];

    VEC_UNROLL
    for (int i = 0; i < algorithm->k; i++, left -= s->k1) {
        const float *top = rows->top + i * rows->block, *low = rows->low + i * rows->block;
        if (whole) {
            blocks[i] = vec_load(top);
            blocks[algorithm->k + i] = vec_load(low);
        } else {
            blocks[i] = left > 0 ? vec_load_left(top, left) : vec_zero();
            blocks[algorithm->k + i] = rows->pair && left > 0 ? vec_load_left(low, left) : vec_zero();
        }
        if (s->far) {
            __builtin_prefetch(top + rows->ahead);
            __builtin_prefetch(low + rows->ahead);
        }
    }
    VEC_UNROLL
    for (int p = first; p < last; p++, to += next)
        vec_store(to, bilinear_sum(algorithm->product + p, 2 * algorithm->k, blocks));
}

/* A bilinear_left_row for products first .. last-1 of an algorithm: all three constants. */
VEC_INLINE void bilinear_left_products(const bilinear_algorithm *algorithm, int first, int last, const bilinear *s,
                                       const float *a, int64_t image, int64_t row, int64_t k0, int64_t depth,
                                       float *to)
{
    int64_t step = s->from.step, next = s->rows * s->lda, left = s->k - k0;
    int64_t whole = left - (algorithm->k - 1) * s->k1; /* values in the last block, the shortest */
    bilinear_pair rows = {
        .block = s->k1 / VEC_LANES * step, .ahead = BILINEAR_ROWS_AHEAD * s->from.pixel, .pair = s->m1 + row < s->m};
    const float *end;

    rows.top = bilinear_row(s, a, image * s->m + row) + k0 / VEC_LANES * step;
    rows.low = rows.pair ? bilinear_row(s, a, image * s->m + s->m1 + row) + k0 / VEC_LANES * step : rows.top;
    whole = !rows.pair || whole < 0 ? 0 : (whole < depth ? whole : depth) / VEC_LANES * VEC_LANES;
    for (end = to + whole; to < end; to += VEC_LANES, rows.top += step, rows.low += step)
        bilinear_left_vector(algorithm, first, last, true, s, &rows, left, to, next);
    left -= whole;
    for (end = to + depth - whole; to < end; to += VEC_LANES, left -= VEC_LANES, rows.top += step, rows.low += step)
        bilinear_left_vector(algorithm, first, last, false, s, &rows, left, to, next);
}

static void strassen_left_row(const bilinear *s, const float *a, int64_t image, int64_t row, int round, int64_t k0,
                              int64_t depth, float *to)
{
    (void)round;
    bilinear_left_products(&bilinear_strassen, 0, STRASSEN_PRODUCTS, s, a, image, row, k0, depth, to);
}

static void hopcroft_kerr_left_row(const bilinear *s, const float *a, int64_t image, int64_t row, int round,
                                   int64_t k0, int64_t depth, float *to)
{
    if (round == 0)
        bilinear_left_products(&bilinear_hopcroft_kerr, 0, HOPCROFT_KERR_ROUND, s, a, image, row, k0, depth, to);
    else
        bilinear_left_products(&bilinear_hopcroft_kerr, HOPCROFT_KERR_ROUND, HOPCROFT_KERR_PRODUCTS, s, a, image, row,
                               k0, depth, to);
}

static const bilinear by_strassen = {.algorithm = &bilinear_strassen, .left_row = strassen_left_row};
static const bilinear by_hopcroft_kerr = {.algorithm = &bilinear_hopcroft_kerr, .left_row = hopcroft_kerr_left_row};

/* A product of a chain, of one tile. */
typedef struct bilinear_step {
    const float *a, *b;
    gemm_tile_end end; /* the goal; fetch: what a later tile reads */
    int64_t rows;      /* from the tile's first to the goal's last; 0: no goal */
    float sign;
} bilinear_step;

/* Fetch a tile of c, to be changed. */
VEC_INLINE void bilinear_bring(int mr, const gemm_tile_end *end)
{
    const float *c = end->c;

    VEC_UNROLL
    for (int r = 0; r < mr; r++, c += end->ldc) {
        VEC_UNROLL
        for (int v = 0; v < GEMM_NV; v++)
            __builtin_prefetch(c + v * end->step, 1);
    }
}

VEC_INLINE void bilinear_put(int mr, const vec *acc, const bilinear_step *step)
{
    const gemm_tile_end *end = &step->end;
    const float *add = end->add;
    float *c = end->c, tile[GEMM_MR * GEMM_NR];
    int64_t ldc = end->ldc, ldadd = end->ldadd, to = end->step, from = end->addstep;
    vec sign = vec_set1(step->sign);

    if (step->rows >= mr && gemm_whole_tile(GEMM_NV, 0, end)) {
        VEC_UNROLL
        for (int r = 0; r < mr; r++, c += ldc, add += ldadd) {
            VEC_UNROLL
            for (int v = 0; v < GEMM_NV; v++)
                vec_store(c + v * to, vec_fma(acc[r * GEMM_NV + v], sign, vec_load(add + v * from)));
        }
        return;
    }
    VEC_UNROLL
    for (int i = 0; i < mr * GEMM_NV; i++)
        vec_store(tile + i * VEC_LANES, vec_mul(acc[i], sign));
    gemm_store_part(step->rows < mr ? (int)step->rows : mr, GEMM_NV, tile, 0, end);
}

VEC_INLINE void bilinear_chain(int mr, bool ahead, int64_t depth, int64_t lda, const bilinear_step *step, int steps)
{
    vec acc[GEMM_MR * GEMM_NV];

    gemm_tile_zero(mr, GEMM_NV, acc);
    for (int i = 0; i < steps; i++, step++) {
        const float *fetch = step->end.fetch;
        if (step->rows > 0)
            bilinear_bring(mr, &step->end);
        gemm_chunks_add(mr, GEMM_NV, ahead ? GEMM_FETCH : GEMM_INNER, acc, depth, step->a, lda, step->b, &fetch);
        if (step->rows > 0)
            bilinear_put(mr, acc, step);
    }
}

VEC_INLINE void bilinear_chain_rows(int rows, bool ahead, int64_t depth, int64_t lda, const bilinear_step *step,
                                    int steps)
{
#define TILE(mr) bilinear_chain(mr, ahead, depth, lda, step, steps)
    GEMM_SWITCH_ROWS(rows, TILE)
#undef TILE
}

static __attribute__((noinline)) void bilinear_f32_chain(int rows, int64_t depth, int64_t lda,
                                                         const bilinear_step *step, int steps)
{
    bilinear_chain_rows(rows, false, depth, lda, step, steps);
}

static __attribute__((noinline)) void bilinear_f32_chain_ahead(int rows, int64_t depth, int64_t lda,
                                                               const bilinear_step *step, int steps)
{
    bilinear_chain_rows(rows, true, depth, lda, step, steps);
}

/* A block of rows and panels of the blocks of c, over a block of k. */
typedef struct bilinear_block {
    int64_t image, row0, row1, panel0, panel1, k0, depth;
    int round;
    const float *left; /* [product of the round][rows][lda] */
    float *c;          /* of the image */
} bilinear_block;

/* A product's goal for the block's first rows and a panel; none where c has ended. */
static void bilinear_set_goal(const bilinear *s, bilinear_step *step, int product, const bilinear_block *block,
                              int64_t panel)
{
    int number = s->algorithm->product[product].goal, goal = (number < 0 ? -number : number) - 1;
    int64_t column = (panel + goal % s->algorithm->n * s->panels) * GEMM_NR;
    int64_t row = block->row0 + goal / s->algorithm->n * s->m1;
    gemm_tile_end *end = &step->end;

    step->rows = number && column < s->n ? s->m - row : 0;
    if (step->rows <= 0)
        return;
    step->sign = number < 0 ? -1 : 1;
    end->c = block->c + row * s->to_row + column / VEC_LANES * s->to_step;
    end->ldc = s->to_row;
    end->step = s->to_step;
    end->columns = s->n - column;
    if (s->first >> product & 1 && block->k0 == 0) {
        end->add = s->bias + column;
        end->ldadd = 0;
        end->addstep = VEC_LANES;
    } else {
        end->add = end->c;
        end->ldadd = end->ldc;
        end->addstep = end->step;
    }
}

/* What a chain's products do for the tile of the block's first rows and a panel. */
static void bilinear_set_steps(const bilinear *s, bilinear_step *steps, int chain, const bilinear_block *block,
                               int64_t panel)
{
    const bilinear_algorithm *algorithm = s->algorithm;
    int first = algorithm->chain[chain], last = algorithm->chain[chain + 1];
    const float *left = block->left + (first - bilinear_round(algorithm, block->round)) * s->rows * s->lda;
    const float *right = s->right + bilinear_right_at(s, block->k0, block->depth, block->round, chain, 0, panel);

    for (int product = first; product < last; product++, steps++) {
        steps->a = left;
        steps->b = right;
        bilinear_set_goal(s, steps, product, block, panel);
        left += s->rows * s->lda;
        right += block->depth * GEMM_NR;
    }
}

/* What the products of tile number `tile` fetch: the first tiles their share of each product's next panel; the others,
 * where they lie beyond L2, the left matrices `to_next` rows on. False: nothing. */
static bool bilinear_set_fetch(const bilinear *s, bilinear_step *steps, int count, int64_t depth, int64_t tile,
                               int64_t to_next)
{
    for (int j = 0; j < count; j++) {
        const float *right = gemm_fetch_next(steps[j].b + count * depth * GEMM_NR, tile, depth);
        steps[j].end.fetch = right || !s->left_far ? right : steps[j].a + to_next * s->lda;
    }
    return steps->end.fetch != NULL;
}

/* On to the tile that follows one of `rows` rows. */
static inline void bilinear_next_tile(bilinear_step *step, int rows, int64_t lda)
{
    step->a += rows * lda;
    step->rows -= rows;
    if (step->rows > 0) {
        step->end.c += rows * step->end.ldc;
        step->end.add += rows * step->end.ldadd;
    }
}

static void bilinear_chain_block(const bilinear *s, int chain, const bilinear_block *block, int64_t panel0,
                                 int64_t panel1)
{
    int count = s->algorithm->chain[chain + 1] - s->algorithm->chain[chain];
    int64_t tiles = (block->row1 - block->row0 + GEMM_MR - 1) / GEMM_MR;
    bilinear_step steps[BILINEAR_CHAIN];

    for (int64_t panel = panel0; panel < panel1; panel++) {
        int64_t done = 0;
        bilinear_set_steps(s, steps, chain, block, panel);
        for (int64_t i = 0; i < tiles; i++) {
            int rows = (int)((block->row1 - block->row0 - done + tiles - i - 1) / (tiles - i));
            if (bilinear_set_fetch(s, steps, count, block->depth, i, i + 1 < tiles ? rows : -done))
                bilinear_f32_chain_ahead(rows, block->depth, s->lda, steps, count);
            else
                bilinear_f32_chain(rows, block->depth, s->lda, steps, count);
            for (int j = 0; j < count; j++)
                bilinear_next_tile(&steps[j], rows, s->lda);
            done += rows;
        }
    }
}

static void bilinear_round_block(const bilinear *s, const bilinear_block *block)
{
    const int *chains = s->algorithm->round + block->round;

    for (int64_t panel = block->panel0, last; panel < block->panel1; panel = last) {
        last = (panel / BILINEAR_GROUP + 1) * BILINEAR_GROUP;
        last = last < block->panel1 ? last : block->panel1;
        for (int chain = chains[0]; chain < chains[1]; chain++)
            bilinear_chain_block(s, chain, block, panel, last);
    }
}

static void bilinear_item(const bilinear *s, int64_t item, const float *a, float *c, float *left)
{
    int64_t blocks = s->row_blocks * s->panel_blocks, r = item % s->row_blocks, p = item % blocks / s->row_blocks;
    bilinear_block block = {.image = item / blocks,
                            .row0 = r * s->m1 / s->row_blocks,
                            .row1 = (r + 1) * s->m1 / s->row_blocks,
                            .panel0 = p * s->panels / s->panel_blocks,
                            .panel1 = (p + 1) * s->panels / s->panel_blocks,
                            .left = left};

    block.c = c + block.image * s->to_image;
    for (block.k0 = 0; block.k0 < s->k1; block.k0 += s->kc) {
        block.depth = s->k1 - block.k0 < s->kc ? s->k1 - block.k0 : s->kc;
        for (block.round = 0; block.round < s->algorithm->rounds; block.round++) {
            for (int64_t row = block.row0; row < block.row1; row++)
                s->left_row(s, a, block.image, row, block.round, block.k0, block.depth,
                            left + (row - block.row0) * s->lda);
            bilinear_round_block(s, &block);
        }
    }
}

static void bilinear_work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs,
                          int64_t phase, int64_t begin, int64_t end, int thread)
{
    const bilinear *s = ctx;

    (void)phase;
    for (int64_t item = begin; item < end; item++)
        bilinear_item(s, item, inputs[0]->data, outputs[0]->data, s->left + thread * s->left_floats);
}

/* A kernel: who may run it, and what opens it with its algorithm. */
#define BILINEAR_KERNEL(can_run_, open_)                                                                             \
    {                                                                                                                \
        .can_run = (can_run_), .open = (open_), .phases = bilinear_phases, .items = bilinear_items,                  \
        .work = bilinear_work, .close = bilinear_close                                                               \
    }

#endif
