/* Matrix products: Gemm, MatMul (with the Add behind it, which is a bias). The op's weight is [out][in], so ONNX's second operand is transposed; weights are
 * constants, so factors go into them. */
#include "onnx/node.h"

static const int swapped[] = {1, 0}, swapped_of_many[] = {0, 2, 1};

static void gemm(cake_onnx_node *n)
{
    const cake_onnx_tensor *a = n->input[0], *b = n->input[1], *c = n->input[2], *rows = NULL;
    double alpha = cake_onnx_float(n, "alpha", 1), beta = cake_onnx_float(n, "beta", 1);
    int64_t m;

    if (a->rank != 2 || b->rank != 2 || (c && c->rank > 2)) {
        cake_onnx_broken(n, "expected matrices, found ranks %d, %d, %d", a->rank, b->rank, c ? c->rank : 0);
        return;
    }
    a = cake_onnx_int(n, "transA", 0) ? cake_onnx_permute(n->pool, a, swapped) : a;
    b = cake_onnx_int(n, "transB", 0) ? b : cake_onnx_permute(n->pool, b, swapped);
    b = alpha == 1 ? b : cake_onnx_scale(n->pool, b, alpha, 0);
    c = c && beta != 1 ? cake_onnx_scale(n->pool, c, beta, 0) : c;
    m = a->shape[0];
    if (c && c->rank == 2 && c->shape[0] > 1) {
        /* Each row has a bias of its own: it is chosen from them by the row of an identity matrix. */
        rows = cake_onnx_broadcast(n->pool, c, 2, (int64_t[]){m, b->shape[0]});
        a = cake_onnx_concat(n->pool, a, cake_onnx_identity(n->pool, m), 1);
        b = cake_onnx_concat(n->pool, b, cake_onnx_permute(n->pool, rows, swapped), 1);
    } else if (c && c->rank == 2) {
        c = cake_onnx_at(n->pool, c, 0);
    }
    cake_onnx_case(n, "linear rows=%lld in=%lld out=%lld bias=%d", (long long)m, (long long)a->shape[1],
                   (long long)b->shape[0], c && !rows);
    cake_onnx_put(n, "x", a);
    cake_onnx_put(n, "w", b);
    if (c && !rows)
        cake_onnx_put(n, "b", cake_onnx_broadcast(n->pool, c, 1, b->shape));
    cake_onnx_put(n, "y", n->output[0]);
}

/* What is added to each row of a product, as one of it; NULL: nothing is. */
static const cake_onnx_tensor *bias_of_rows(cake_onnx_node *n, int64_t out)
{
    const cake_onnx_tensor *bias = n->joined;

    if (!bias)
        return NULL;
    if ((bias->count != out || (bias->rank > 0 && bias->shape[bias->rank - 1] != out)) && bias->count != 1) {
        cake_onnx_skip(n, "adds to a product what is not the same for each row");
        return NULL;
    }
    bias = cake_onnx_reshape(n->pool, bias, 1, &bias->count);
    return cake_onnx_broadcast(n->pool, bias, 1, &out);
}

static void product(cake_onnx_node *n, int64_t rows, const cake_onnx_tensor *x, const cake_onnx_tensor *w,
                    const cake_onnx_tensor *y)
{
    const cake_onnx_tensor *bias = bias_of_rows(n, w->shape[0]);

    cake_onnx_case(n, "linear rows=%lld in=%lld out=%lld bias=%d", (long long)rows, (long long)w->shape[1],
                   (long long)w->shape[0], bias != NULL);
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "w", w);
    cake_onnx_put(n, "b", bias);
    cake_onnx_put(n, "y", y);
}

/* A stack of matrices: one product each. */
static void products(cake_onnx_node *n, const cake_onnx_tensor *a, const cake_onnx_tensor *b)
{
    int rank = a->rank > b->rank ? a->rank : b->rank;
    int64_t shape_a[CAKE_ONNX_RANK], shape_b[CAKE_ONNX_RANK], count = 1, m = a->shape[a->rank - 2];
    int64_t k = b->shape[b->rank - 2], out = b->shape[b->rank - 1];
    const cake_onnx_tensor *y = n->output[0];

    for (int d = 0; d < rank - 2; d++) {
        int64_t of_a = d >= rank - a->rank ? a->shape[d - (rank - a->rank)] : 1;
        int64_t of_b = d >= rank - b->rank ? b->shape[d - (rank - b->rank)] : 1;

        shape_a[d] = shape_b[d] = of_a > of_b ? of_a : of_b;
        if (__builtin_mul_overflow(count, shape_a[d], &count)) {
            cake_onnx_skip(n, "too many products");
            return;
        }
    }
    shape_a[rank - 2] = m;
    shape_a[rank - 1] = a->shape[a->rank - 1];
    shape_b[rank - 2] = k;
    shape_b[rank - 1] = out;
    a = cake_onnx_broadcast(n->pool, a, rank, shape_a);
    b = cake_onnx_broadcast(n->pool, b, rank, shape_b);
    a = cake_onnx_reshape(n->pool, a, 3, (int64_t[]){count, m, shape_a[rank - 1]});
    b = cake_onnx_reshape(n->pool, b, 3, (int64_t[]){count, k, out});
    b = cake_onnx_permute(n->pool, b, swapped_of_many);
    y = y ? cake_onnx_reshape(n->pool, y, 3, (int64_t[]){count, m, out}) : y;
    if (a->rank != 3 || b->rank != 3) {
        cake_onnx_broken(n, "expected matrices that go together, found others");
        return;
    }
    for (int64_t i = 0; i < count && n->status == CAKE_OK; i++)
        product(n, m, cake_onnx_at(n->pool, a, i), cake_onnx_at(n->pool, b, i), y ? cake_onnx_at(n->pool, y, i) : y);
}

static void matmul(cake_onnx_node *n)
{
    const cake_onnx_tensor *a = n->input[0], *b = n->input[1];

    if (a->rank == 0 || b->rank == 0) {
        cake_onnx_broken(n, "expected vectors or matrices, found a number");
        return;
    }
    if (a->rank == 1)
        a = cake_onnx_reshape(n->pool, a, 2, (int64_t[]){1, a->count});
    if (b->rank == 1)
        b = cake_onnx_reshape(n->pool, b, 2, (int64_t[]){b->count, 1});
    if (a->rank < 2 || b->rank < 2)
        return;
    if (b->rank == 2)
        product(n, cake_onnx_product(a, 0, a->rank - 1), a, cake_onnx_permute(n->pool, b, swapped), n->output[0]);
    else
        products(n, a, b);
}

const cake_onnx_mapping cake_onnx_products[] = {
    {"Gemm", 2, 3, 1, gemm},
    {"MatMul", 2, 2, 1, matmul},
    {.op_type = NULL},
};
