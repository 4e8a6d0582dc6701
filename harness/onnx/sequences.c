/* Gather (an embedding's rows) and RotaryEmbedding; attention has a file of its own. */
#include "onnx/attention.h"

/* Rows of any axis: it is moved to the front, in the table and in what comes out. */
static void gather(cake_onnx_node *n)
{
    const cake_onnx_tensor *table = n->input[0], *ids = n->input[1], *y = n->output[0];
    int axis = cake_onnx_axis(n, cake_onnx_int(n, "axis", 0), table->rank);
    int64_t vocab, before, after;
    double *values;
    cake_onnx_tensor rows = *ids;

    if (n->status != CAKE_OK)
        return;
    vocab = table->shape[axis];
    before = cake_onnx_product(table, 0, axis);
    after = cake_onnx_product(table, axis + 1, table->rank);
    values = cake_onnx_alloc(n->pool, (size_t)ids->count, sizeof *values);
    for (int64_t i = 0; values && i < ids->count; i++) {
        int64_t id = cake_onnx_whole(ids, i);

        if (id < -vocab || id >= vocab)
            cake_onnx_broken(n, "expected indices of %lld rows, found %lld", (long long)vocab, (long long)id);
        values[i] = (double)(id < 0 ? id + vocab : id);
    }
    if (!values)
        return;
    rows.values = values;
    cake_onnx_case(n, "embedding rows=%lld vocab=%lld dim=%lld", (long long)ids->count, (long long)vocab,
                   (long long)before * after);
    cake_onnx_put(n, "ids", &rows);
    cake_onnx_put(n, "table", cake_onnx_move(n->pool, table, axis, 0));
    if (y) {
        y = cake_onnx_reshape(n->pool, y, 3, (int64_t[]){before, ids->count, after});
        cake_onnx_put(n, "y", cake_onnx_permute(n->pool, y, (int[]){1, 0, 2}));
    }
}

/* The rows of cosines or sines that the positions name, or one for each row of each sequence already. */
static const cake_onnx_tensor *angles(cake_onnx_node *n, const cake_onnx_tensor *cache, int64_t batch, int64_t len,
                                      int64_t half)
{
    const cake_onnx_tensor *positions = n->input[3];
    cake_onnx_tensor *made = cake_onnx_alloc(n->pool, 1, sizeof *made);
    double *values;

    if (!positions)
        return cache;
    values = cake_onnx_alloc(n->pool, (size_t)(batch * len * half), sizeof *values);
    if (!made || !values)
        return cache;
    if (cache->rank != 2 || cache->shape[1] != half || positions->count != batch * len) {
        cake_onnx_broken(n, "expected caches of rank 2 and a position for each row, found others");
        return cache;
    }
    for (int64_t i = 0; i < batch * len; i++) {
        int64_t position = cake_onnx_whole(positions, i);

        if (position < 0 || position >= cache->shape[0]) {
            cake_onnx_broken(n, "expected positions below %lld, found %lld", (long long)cache->shape[0],
                             (long long)position);
            return cache;
        }
        for (int64_t k = 0; k < half; k++)
            values[i * half + k] = cache->values[position * half + k];
    }
    *made = (cake_onnx_tensor){
        .name = cache->name, .rank = 3, .shape = {batch, len, half}, .count = batch * len * half, .values = values};
    return made;
}

static void rotary(cake_onnx_node *n)
{
    int64_t wanted = cake_onnx_int(n, "num_heads", 0);
    const cake_onnx_tensor *x = cake_onnx_heads_first(n, n->input[0], wanted);
    int64_t turned = cake_onnx_int(n, "rotary_embedding_dim", 0);

    if (n->status != CAKE_OK)
        return;
    turned = turned ? turned : x->shape[3];
    if (turned < 0 || turned > x->shape[3]) {
        cake_onnx_broken(n, "expected rotary_embedding_dim up to %lld, found %lld", (long long)x->shape[3],
                         (long long)turned);
        return;
    }
    cake_onnx_case(n, "rope style=%s batch=%lld heads=%lld len=%lld head_dim=%lld rotary_dim=%lld tables=1",
                   cake_onnx_int(n, "interleaved", 0) ? "interleaved" : "half", (long long)x->shape[0],
                   (long long)x->shape[1], (long long)x->shape[2], (long long)x->shape[3], (long long)turned);
    cake_onnx_put(n, "x", x);
    cake_onnx_put(n, "cos", angles(n, n->input[1], x->shape[0], x->shape[2], turned / 2));
    cake_onnx_put(n, "sin", angles(n, n->input[2], x->shape[0], x->shape[2], turned / 2));
    if (n->output[0])
        cake_onnx_put(n, "y", cake_onnx_heads_first(n, n->output[0], wanted));
}

const cake_onnx_mapping cake_onnx_sequences[] = {
    {"Gather", 2, 2, 1, gather},
    {"Attention", 3, 7, 23, cake_onnx_attention},
    {"RotaryEmbedding", 3, 4, 23, rotary},
    {.op_type = NULL},
};
