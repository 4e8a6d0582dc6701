/* Normalisations. Scales and shifts that ONNX lets be smaller are repeated; what an operator lacks is 1 or 0. */
#include "onnx/node.h"

#define AFFINE(n, scale, shift)                                                                                      \
    do {                                                                                                             \
        cake_onnx_put(n, "scale", scale);                                                                            \
        cake_onnx_put(n, "shift", shift);                                                                            \
    } while (0)

/* n, c, h, w of an image of any rank: what is beyond the third dimension counts as width. */
typedef struct image {
    long long n, c, h, w;
} image;

static image image_of(const cake_onnx_tensor *x)
{
    return (image){x->rank > 0 ? x->shape[0] : 1, x->rank > 1 ? x->shape[1] : 1, x->rank > 2 ? x->shape[2] : 1,
                   x->rank > 3 ? cake_onnx_product(x, 3, x->rank) : 1};
}

static void batch_norm(cake_onnx_node *n)
{
    image x = image_of(n->input[0]);
    bool training = n->opset < 14 ? n->proto->n_output > 1 : cake_onnx_int(n, "training_mode", 0) != 0;

    if (!cake_onnx_int(n, "spatial", 1)) {
        cake_onnx_skip(n, "statistics of each place (spatial = 0)");
        return;
    }
    if (training && n->opset < 14) {
        cake_onnx_skip(n, "training before version 14 does not say which variance it keeps");
        return;
    }
    cake_onnx_case(n, "batch_norm n=%lld c=%lld h=%lld w=%lld training=%d eps=%.17g momentum=%.17g", x.n, x.c, x.h,
                   x.w, training, cake_onnx_float(n, "epsilon", 1e-5), cake_onnx_float(n, "momentum", 0.9));
    cake_onnx_put(n, "x", n->input[0]);
    AFFINE(n, n->input[1], n->input[2]);
    cake_onnx_put(n, "mean", n->input[3]);
    cake_onnx_put(n, "var", n->input[4]);
    cake_onnx_put(n, "y", n->output[0]);
    if (training) {
        cake_onnx_put(n, "new_mean", n->output[1]);
        cake_onnx_put(n, "new_var", n->output[2]);
    }
}

/* Rows before `axis`, their elements from it on. */
typedef struct rows {
    int axis;
    long long rows, hidden;
} rows;

static rows rows_of(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0];
    int axis = cake_onnx_axis(n, cake_onnx_int(n, "axis", -1), x->rank);

    return (rows){axis, cake_onnx_product(x, 0, axis), cake_onnx_product(x, axis, x->rank)};
}

/* A scale or shift as large as a row. */
static const cake_onnx_tensor *as_row(cake_onnx_node *n, const cake_onnx_tensor *t, int axis)
{
    const cake_onnx_tensor *x = n->input[0];

    return cake_onnx_broadcast(n->pool, t, x->rank - axis, x->shape + axis);
}

/* The mean of each row is a layer too: the rows' pooling. */
static void row_means(cake_onnx_node *n, rows r)
{
    if (!n->output[1])
        return;
    cake_onnx_case(n, "pool2d kind=avg n=1 c=%lld ih=1 iw=%lld kh=0 kw=0", r.rows, r.hidden);
    cake_onnx_put(n, "x", n->input[0]);
    cake_onnx_put(n, "y", n->output[1]);
}

static void norm_of_rows(cake_onnx_node *n, rows r, int affine)
{
    cake_onnx_case(n, "layer_norm rows=%lld hidden=%lld affine=%d eps=%.17g", r.rows, r.hidden, affine,
                   cake_onnx_float(n, "epsilon", 1e-5));
    cake_onnx_put(n, "x", n->input[0]);
}

static double mean_of(const double *x, long long count)
{
    double sum = 0;

    for (long long i = 0; i < count; i++)
        sum += x[i];
    return sum / (double)count;
}

/* Each row's deviation, and its mean, if it is published too, are right if (x - mean) / deviation is the row's norm
 * without scale and shift. */
static void row_deviations(cake_onnx_node *n, rows r)
{
    const cake_onnx_tensor *x = n->input[0], *mean = n->output[1], *inverse = n->output[2];
    cake_onnx_tensor *y = cake_onnx_alloc(n->pool, 1, sizeof *y);
    double *values;

    if (!inverse)
        return;
    if ((mean && mean->count != r.rows) || inverse->count != r.rows) {
        cake_onnx_broken(n, "expected a mean and a deviation of each of %lld rows, found others", r.rows);
        return;
    }
    values = cake_onnx_alloc(n->pool, (size_t)x->count, sizeof *values);
    if (!y || !values)
        return;
    for (long long row = 0; row < r.rows; row++) {
        const double *from = x->values + row * r.hidden;
        double middle = mean ? mean->values[row] : mean_of(from, r.hidden);

        for (long long i = 0; i < r.hidden; i++)
            values[row * r.hidden + i] = (from[i] - middle) * inverse->values[row];
    }
    *y = *x;
    y->values = values;
    norm_of_rows(n, r, 0);
    cake_onnx_put(n, "y", y);
}

static void layer_norm(cake_onnx_node *n)
{
    rows r = rows_of(n);
    const cake_onnx_tensor *shift = n->input[2];

    if (n->status != CAKE_OK)
        return;
    norm_of_rows(n, r, 1);
    AFFINE(n, as_row(n, n->input[1], r.axis),
           shift ? as_row(n, shift, r.axis) : cake_onnx_full(n->pool, 1, &(int64_t){r.hidden}, 0));
    cake_onnx_put(n, "y", n->output[0]);
    row_means(n, r);
    row_deviations(n, r);
}

static void rms_norm(cake_onnx_node *n)
{
    rows r = rows_of(n);

    if (n->status != CAKE_OK)
        return;
    cake_onnx_case(n, "rms_norm rows=%lld hidden=%lld affine=1 eps=%.17g", r.rows, r.hidden,
                   cake_onnx_float(n, "epsilon", 1e-5));
    cake_onnx_put(n, "x", n->input[0]);
    cake_onnx_put(n, "scale", as_row(n, n->input[1], r.axis));
    cake_onnx_put(n, "y", n->output[0]);
}

static void group_case(cake_onnx_node *n, long long groups, const cake_onnx_tensor *scale,
                       const cake_onnx_tensor *shift)
{
    image x = image_of(n->input[0]);

    cake_onnx_case(n, "group_norm n=%lld c=%lld h=%lld w=%lld groups=%lld affine=1 eps=%.17g", x.n, x.c, x.h, x.w,
                   groups, cake_onnx_float(n, "epsilon", 1e-5));
    cake_onnx_put(n, "x", n->input[0]);
    AFFINE(n, scale, shift);
    cake_onnx_put(n, "y", n->output[0]);
}

static void instance_norm(cake_onnx_node *n)
{
    group_case(n, image_of(n->input[0]).c, n->input[1], n->input[2]);
}

/* Of each group, for each of its channels. */
static const cake_onnx_tensor *per_channel(cake_onnx_node *n, const cake_onnx_tensor *t, int64_t groups,
                                           int64_t channels)
{
    const cake_onnx_tensor *column;

    if (t->rank != 1 || t->count != groups || channels % groups != 0)
        return t;
    column = cake_onnx_reshape(n->pool, t, 2, (int64_t[]){groups, 1});
    return cake_onnx_broadcast(n->pool, column, 2, (int64_t[]){groups, channels / groups});
}

/* Version 18 had a scale and a shift for each group, later ones for each channel. */
static void group_norm(cake_onnx_node *n)
{
    int64_t groups = cake_onnx_int(n, "num_groups", 0), channels = image_of(n->input[0]).c;
    bool of_group = n->opset < 21 && groups > 0;

    group_case(n, groups, of_group ? per_channel(n, n->input[1], groups, channels) : n->input[1],
               of_group ? per_channel(n, n->input[2], groups, channels) : n->input[2]);
}

/* (x - mean) / (deviation + 1e-9) over some axes: rows of those, after the others. */
static void mean_variance(cake_onnx_node *n)
{
    const cake_onnx_tensor *x = n->input[0], *y = n->output[0];
    int64_t axes[CAKE_ONNX_RANK] = {0, 2, 3};
    int count = cake_onnx_has(n, "axes") ? cake_onnx_length(n, "axes") : 3, order[CAKE_ONNX_RANK], at = 0;
    bool over[CAKE_ONNX_RANK] = {false};
    long long extent[2] = {1, 1};

    if (count > CAKE_ONNX_RANK || !y || y->rank != x->rank) {
        cake_onnx_broken(n, "expected axes and an output that fit, found others");
        return;
    }
    if (cake_onnx_has(n, "axes"))
        cake_onnx_ints(n, "axes", count, 0, axes);
    for (int i = 0; i < count; i++)
        over[cake_onnx_axis(n, axes[i], x->rank)] = true;
    for (int pass = 0; pass < 2; pass++)
        for (int d = 0; d < x->rank; d++)
            if (over[d] == (pass == 1)) {
                order[at++] = d;
                extent[pass] *= x->shape[d];
            }
    if (n->status != CAKE_OK)
        return;
    cake_onnx_case(n, "layer_norm rows=%lld hidden=%lld affine=0 eps=1e-18", extent[0], extent[1]);
    cake_onnx_put(n, "x", cake_onnx_permute(n->pool, x, order));
    cake_onnx_put(n, "y", cake_onnx_permute(n->pool, y, order));
}

const cake_onnx_mapping cake_onnx_norms[] = {
    {"BatchNormalization", 5, 5, 6, batch_norm},
    {"LayerNormalization", 2, 3, 17, layer_norm},
    {"RMSNormalization", 2, 2, 23, rms_norm},
    {"InstanceNormalization", 3, 3, 6, instance_norm},
    {"GroupNormalization", 3, 3, 18, group_norm},
    {"MeanVarianceNormalization", 1, 1, 9, mean_variance},
    {.op_type = NULL},
};
