#include "onnx/tensor.h"

#include <stdlib.h>
#include <string.h>

typedef struct block {
    struct block *next;
    max_align_t data[];
} block;

static const cake_onnx_tensor empty = {.name = ""};

bool cake_onnx_reserve(cake_onnx_pool *pool, size_t count, size_t size)
{
    size_t bytes;
    bool fits = !__builtin_mul_overflow(count, size, &bytes) && bytes <= pool->limit - pool->used;

    if (fits)
        pool->used += bytes;
    pool->failed |= !fits;
    return fits;
}

void *cake_onnx_alloc(cake_onnx_pool *pool, size_t count, size_t size)
{
    block *made = NULL;
    size_t bytes;

    if (!__builtin_mul_overflow(count, size, &bytes) && !__builtin_add_overflow(bytes, sizeof(block), &bytes) &&
        cake_onnx_reserve(pool, bytes, 1))
        made = calloc(1, bytes);
    if (!made) {
        pool->failed = true;
        return NULL;
    }
    made->next = pool->last;
    pool->last = made;
    return made->data;
}

void cake_onnx_pool_free(cake_onnx_pool *pool)
{
    for (block *b = pool->last, *next; b; b = next) {
        next = b->next;
        free(b);
    }
    *pool = (cake_onnx_pool){.limit = pool->limit};
}

/* A tensor of that shape with room for its values, or NULL. */
static cake_onnx_tensor *make(cake_onnx_pool *pool, const cake_onnx_tensor *like, int rank, const int64_t *shape,
                              double **values)
{
    cake_onnx_tensor *t = cake_onnx_alloc(pool, 1, sizeof *t);
    int64_t count = 1;

    for (int i = 0; i < rank; i++)
        if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count)) {
            pool->failed = true;
            return NULL;
        }
    *values = t ? cake_onnx_alloc(pool, (size_t)count, sizeof **values) : NULL;
    if (!*values)
        return NULL;
    *t = (cake_onnx_tensor){.name = like->name, .type = like->type, .rank = rank, .count = count, .values = *values};
    memcpy(t->shape, shape, (size_t)rank * sizeof *shape);
    return t;
}

const cake_onnx_tensor *cake_onnx_reshape(cake_onnx_pool *pool, const cake_onnx_tensor *t, int rank,
                                          const int64_t *shape)
{
    cake_onnx_tensor *view = cake_onnx_alloc(pool, 1, sizeof *view);
    int64_t count = 1;

    for (int i = 0; i < rank; i++)
        if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count))
            return &empty;
    if (!view || count != t->count)
        return &empty;
    *view = (cake_onnx_tensor){.name = t->name, .type = t->type, .rank = rank, .count = count, .values = t->values};
    memcpy(view->shape, shape, (size_t)rank * sizeof *shape);
    return view;
}

/* Element index of `t` for each element of the result in turn: strides of t by the result's dimensions. */
static void gather(const cake_onnx_tensor *t, const cake_onnx_tensor *to, const int64_t *stride, double *values)
{
    int64_t at[CAKE_ONNX_RANK] = {0}, from = 0;

    for (int64_t i = 0; i < to->count; i++) {
        values[i] = t->values[from];
        for (int d = to->rank - 1; d >= 0; d--) {
            from += stride[d];
            if (++at[d] < to->shape[d])
                break;
            from -= at[d] * stride[d];
            at[d] = 0;
        }
    }
}

static void strides_of(const cake_onnx_tensor *t, int64_t *stride)
{
    int64_t step = 1;

    for (int d = t->rank - 1; d >= 0; d--) {
        stride[d] = step;
        step *= t->shape[d];
    }
}

const cake_onnx_tensor *cake_onnx_permute(cake_onnx_pool *pool, const cake_onnx_tensor *t, const int *order)
{
    int64_t shape[CAKE_ONNX_RANK], own[CAKE_ONNX_RANK], stride[CAKE_ONNX_RANK];
    cake_onnx_tensor *made;
    double *values;

    if (t->count == 0)
        return &empty;
    strides_of(t, own);
    for (int d = 0; d < t->rank; d++) {
        shape[d] = t->shape[order[d]];
        stride[d] = own[order[d]];
    }
    made = make(pool, t, t->rank, shape, &values);
    if (!made)
        return &empty;
    gather(t, made, stride, values);
    return made;
}

const cake_onnx_tensor *cake_onnx_move(cake_onnx_pool *pool, const cake_onnx_tensor *t, int axis, int to)
{
    int order[CAKE_ONNX_RANK], next = 0;

    if (axis == to)
        return t;
    for (int d = 0; d < t->rank; d++) {
        next += next == axis;
        order[d] = d == to ? axis : next++;
    }
    return cake_onnx_permute(pool, t, order);
}

const cake_onnx_tensor *cake_onnx_broadcast(cake_onnx_pool *pool, const cake_onnx_tensor *t, int rank,
                                            const int64_t *shape)
{
    int64_t own[CAKE_ONNX_RANK], stride[CAKE_ONNX_RANK] = {0};
    cake_onnx_tensor *made;
    double *values;
    int lead = rank - t->rank;

    if (lead < 0 || t->count == 0)
        return &empty;
    strides_of(t, own);
    for (int d = 0; d < t->rank; d++) {
        if (t->shape[d] != shape[lead + d] && t->shape[d] != 1)
            return &empty;
        stride[lead + d] = t->shape[d] == 1 ? 0 : own[d];
    }
    made = make(pool, t, rank, shape, &values);
    if (!made)
        return &empty;
    gather(t, made, stride, values);
    return made;
}

const cake_onnx_tensor *cake_onnx_concat(cake_onnx_pool *pool, const cake_onnx_tensor *a, const cake_onnx_tensor *b,
                                         int axis)
{
    int64_t shape[CAKE_ONNX_RANK] = {0}, of_a, of_b, outer = 1;
    cake_onnx_tensor *made;
    double *values;

    if (a->rank != b->rank || axis >= a->rank || a->count == 0 || b->count == 0)
        return &empty;
    for (int d = 0; d < a->rank; d++) {
        if (d != axis && a->shape[d] != b->shape[d])
            return &empty;
        outer *= d < axis ? a->shape[d] : 1;
        shape[d] = a->shape[d] + (d == axis ? b->shape[d] : 0);
    }
    made = make(pool, a, a->rank, shape, &values);
    if (!made)
        return &empty;
    of_a = a->count / outer;
    of_b = b->count / outer;
    for (int64_t i = 0; i < outer; i++, values += of_a + of_b) {
        memcpy(values, a->values + i * of_a, (size_t)of_a * sizeof *values);
        memcpy(values + of_a, b->values + i * of_b, (size_t)of_b * sizeof *values);
    }
    return made;
}

/* Element i of an axis of t becomes element first + i step of `extent`, the others are 0. */
static const cake_onnx_tensor *place(cake_onnx_pool *pool, const cake_onnx_tensor *t, int axis, int64_t extent,
                                     int64_t first, int64_t step)
{
    int64_t shape[CAKE_ONNX_RANK], inner, outer;
    cake_onnx_tensor *made;
    double *values;

    if (axis >= t->rank || t->count == 0)
        return &empty;
    memcpy(shape, t->shape, sizeof shape);
    shape[axis] = extent;
    made = make(pool, t, t->rank, shape, &values);
    if (!made)
        return &empty;
    inner = cake_onnx_product(t, axis + 1, t->rank);
    outer = cake_onnx_product(t, 0, axis);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < t->shape[axis]; i++)
            memcpy(values + (o * extent + first + i * step) * inner, t->values + (o * t->shape[axis] + i) * inner,
                   (size_t)inner * sizeof *values);
    return made;
}

const cake_onnx_tensor *cake_onnx_spread(cake_onnx_pool *pool, const cake_onnx_tensor *t, int axis, int64_t step)
{
    return step == 1 ? t : place(pool, t, axis, (t->shape[axis] - 1) * step + 1, 0, step);
}

const cake_onnx_tensor *cake_onnx_flip(cake_onnx_pool *pool, const cake_onnx_tensor *t, int axis)
{
    return place(pool, t, axis, t->shape[axis], t->shape[axis] - 1, -1);
}

const cake_onnx_tensor *cake_onnx_scale(cake_onnx_pool *pool, const cake_onnx_tensor *t, double factor, double shift)
{
    double *values;
    cake_onnx_tensor *made = t->count ? make(pool, t, t->rank, t->shape, &values) : NULL;

    if (!made)
        return &empty;
    for (int64_t i = 0; i < t->count; i++)
        values[i] = factor * t->values[i] + shift;
    return made;
}

const cake_onnx_tensor *cake_onnx_at(cake_onnx_pool *pool, const cake_onnx_tensor *t, int64_t index)
{
    cake_onnx_tensor *view = cake_onnx_alloc(pool, 1, sizeof *view);

    if (!view || t->rank == 0 || t->count == 0 || index < 0 || index >= t->shape[0])
        return &empty;
    *view = *t;
    view->rank--;
    view->count = t->count / t->shape[0];
    view->values = t->values + index * view->count;
    memmove(view->shape, t->shape + 1, sizeof view->shape - sizeof *view->shape);
    view->shape[CAKE_ONNX_RANK - 1] = 0;
    return view;
}

const cake_onnx_tensor *cake_onnx_full(cake_onnx_pool *pool, int rank, const int64_t *shape, double value)
{
    double *values;
    cake_onnx_tensor *made = make(pool, &empty, rank, shape, &values);

    if (!made)
        return &empty;
    for (int64_t i = 0; i < made->count; i++)
        values[i] = value;
    return made;
}

const cake_onnx_tensor *cake_onnx_identity(cake_onnx_pool *pool, int64_t n)
{
    double *values;
    cake_onnx_tensor *made = make(pool, &empty, 2, (int64_t[]){n, n}, &values);

    if (!made)
        return &empty;
    for (int64_t i = 0; i < n; i++)
        values[i * n + i] = 1;
    return made;
}

int64_t cake_onnx_product(const cake_onnx_tensor *t, int begin, int end)
{
    int64_t product = 1;

    for (int d = begin; d < end; d++)
        product *= t->shape[d];
    return product;
}

bool cake_onnx_equal(const cake_onnx_tensor *a, const cake_onnx_tensor *b)
{
    return a->rank == b->rank && memcmp(a->shape, b->shape, sizeof a->shape) == 0 &&
           memcmp(a->values, b->values, (size_t)a->count * sizeof *a->values) == 0;
}
