/* Files of strangers: whatever they hold, reading ends, in bounded memory, and says why. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "onnx/onnx.h"
#include "onnx_model.h"

static void conv(void)
{
    onnx_begin("Conv", 11);
    onnx_ints("pads", DIMS(1, 1, 1, 1));
    onnx_text("auto_pad", "NOTSET");
    onnx_input(FLOAT, DIMS(1, 1, 2, 3), VALUES(1, 2, 3, 4, 5, 6));
    onnx_weight(FLOAT, DIMS(1, 1, 2, 2), VALUES(1, 1, 1, 1));
    onnx_output(FLOAT, DIMS(1, 1, 3, 4), VALUES(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
}

/* Read and map bytes as a model; only that it ends well is asked. */
static cake_status attempt(cake_onnx_bytes bytes)
{
    cake_onnx_pool pool = {.limit = 16 << 20};
    cake_onnx_node node = {.file = "test", .name = "test"};
    cake_error error = {""};
    cake_onnx_graph graph;
    cake_status st = cake_onnx_graph_read(&pool, bytes, NULL, &graph, &error);

    if (st == CAKE_OK)
        st = cake_onnx_graph_map(&graph, onnx_set(), &node);
    cr_expect_leq(pool.used, pool.limit);
    cr_expect(st == CAKE_OK || *error.text || *node.error.text, "no reason");
    cake_onnx_node_free(&node);
    cake_onnx_pool_free(&pool);
    return st;
}

/* Every cut, and every byte changed; each in memory of its own size, for AddressSanitizer. */
Test(onnx_hostile, cut_and_spoilt_models)
{
    cake_onnx_bytes whole;
    cake_random random = {7};
    size_t whole_ones = 0;

    conv();
    whole = onnx_pack();
    for (size_t size = 0; size < whole.size; size++) {
        uint8_t *part = malloc(size ? size : 1);

        memcpy(part, whole.at, size);
        whole_ones += attempt((cake_onnx_bytes){part, size}) == CAKE_OK;
        free(part);
    }
    /* Cut between graph and version it is a model of version 1. */
    cr_expect_eq(whole_ones, 1);
    for (size_t i = 0; i < 20 * whole.size; i++) {
        uint8_t *other = malloc(whole.size);

        memcpy(other, whole.at, whole.size);
        other[i % whole.size] = (uint8_t)cake_random_below(&random, 256);
        attempt((cake_onnx_bytes){other, whole.size});
        free(other);
    }
    free((void *)whole.at);
}

/* Field 7 of a model is its graph, field 1 of that a node, field 5 an attribute, field 6 a graph again: messages in
 * messages, until the library's stack would end. */
Test(onnx_hostile, nested_too_deep)
{
    static const uint8_t path[] = {1, 5, 6};
    enum { DEEP = 30000 };
    uint8_t *bytes = malloc(8 * DEEP);
    size_t begin = 8 * DEEP;

    for (int level = DEEP; level-- > 0;) {
        size_t size = 8 * DEEP - begin;
        uint8_t field = level == 0 ? 7 : path[(level - 1) % 3], head[6] = {(uint8_t)(field << 3 | 2)};
        size_t length = 1;

        for (size_t left = size;; left >>= 7) {
            head[length++] = (uint8_t)(left & 0x7f) | (left > 0x7f ? 0x80 : 0);
            if (left <= 0x7f)
                break;
        }
        begin -= length;
        memcpy(bytes + begin, head, length);
    }
    onnx_begin("Relu", 14);
    cr_expect_eq(attempt((cake_onnx_bytes){bytes + begin, 8 * DEEP - begin}), CAKE_E_USAGE);
    free(bytes);
}

/* Two bytes on disk become a message of a hundred in memory. */
Test(onnx_hostile, many_empty_messages)
{
    enum { SIZE = 4 << 20 };
    uint8_t *bytes = malloc(SIZE);

    for (size_t i = 0; i < SIZE; i += 2) {
        bytes[i] = 8 << 3 | 2;
        bytes[i + 1] = 0;
    }
    onnx_begin("Relu", 14);
    cr_expect_eq(attempt((cake_onnx_bytes){bytes, SIZE}), CAKE_NOT_SUPPORTED);
    free(bytes);
}

static void spoilt(void (*spoil)(Onnx__TensorProto *), const char *text, bool broken)
{
    onnx_begin("Relu", 14);
    onnx_weight(FLOAT, DIMS(2), VALUES(1, 2));
    spoil(onnx_last());
    onnx_output(FLOAT, DIMS(2), VALUES(1, 2));
    (broken ? onnx_broken : onnx_skipped)(text);
}

static void huge(Onnx__TensorProto *t)
{
    t->n_dims = 3;
    t->dims[0] = 0;
    t->dims[1] = t->dims[2] = INT64_C(1) << 40;
}

static void negative(Onnx__TensorProto *t)
{
    t->dims[0] = -2;
}

static void longer(Onnx__TensorProto *t)
{
    t->dims[0] = 3;
}

static void strings(Onnx__TensorProto *t)
{
    t->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__STRING;
}

static void future(Onnx__TensorProto *t)
{
    t->data_type = 999;
}

static void many_dims(Onnx__TensorProto *t)
{
    t->n_dims = 9;
}

Test(onnx_hostile, tensors_that_are_none)
{
    spoilt(huge, "a tensor of more than 67108864 elements", false);
    spoilt(negative, "expected extents of 0 and more, found -2", true);
    spoilt(longer, "expected 3 elements of type float, found 8 bytes", true);
    spoilt(strings, "element type string", false);
    spoilt(future, "element type unknown", false);
    spoilt(many_dims, "a tensor of 9 dimensions", false);
}

Test(onnx_hostile, attributes_and_shapes_that_do_not_fit)
{
    conv();
    onnx_float("group", 1);
    onnx_broken("attribute group: expected type 2, found 1");

    conv();
    onnx_ints("strides", DIMS(1));
    onnx_broken("attribute strides: expected 2 numbers, found 1");

    conv();
    onnx_ints("strides", DIMS(0, 1));
    onnx_broken("expected strides, dilations and a window of 1 to 2^20");

    onnx_begin("Softmax", 13);
    onnx_int("axis", 7);
    onnx_input(FLOAT, DIMS(1), VALUES(1));
    onnx_output(FLOAT, DIMS(1), VALUES(1));
    onnx_broken("expected an axis of 1 dimensions, found 7");

    onnx_begin("Relu", 14);
    onnx_input(FLOAT, DIMS(2), VALUES(1, 2));
    onnx_output(FLOAT, DIMS(3), VALUES(1, 2, 3));
    onnx_broken("shapes do not fit together: expected 2 values for y of this activation, found 3");

    onnx_begin("Gemm", 13);
    onnx_input(FLOAT, DIMS(2), VALUES(1, 2));
    onnx_absent();
    onnx_output(FLOAT, DIMS(1), VALUES(1));
    onnx_broken("expected input 1 of Gemm, found none");
}

/* A million products of the same matrices would take terabytes. */
Test(onnx_hostile, memory_of_all_cases_together)
{
    static double ones[4096];

    onnx_begin("MatMul", 13);
    onnx_input(FLOAT, DIMS(4096, 1, 1), ones);
    onnx_input(FLOAT, DIMS(1, 1, 4096), ones);
    onnx_output(FLOAT, DIMS(4096, 1, 1), ones);
    onnx_skipped("needs more than 64 MB of memory");
}

/* ---- files ---- */

static void write_bytes(const char *folder, const char *name, cake_onnx_bytes bytes)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes.at, 1, bytes.size, file), bytes.size);
    fclose(file);
}

static Onnx__StringStringEntryProto entry;
static Onnx__StringStringEntryProto *entries[] = {&entry};

/* A model whose weight lies at `location`, in a folder with good data `w.bin` and a link out of it. */
static cake_onnx_state external(const char *location, const char *expected)
{
    static const float data[] = {1, 2};
    char folder[] = "/tmp/layercake-onnx-XXXXXX", path[128], inside[64];
    cake_onnx_suite suite = {0};
    cake_error error = {""};
    cake_onnx_bytes model;
    cake_onnx_state state;
    Onnx__TensorProto *t;

    cr_assert_not_null(mkdtemp(folder));
    onnx_begin("Relu", 14);
    onnx_weight(FLOAT, DIMS(2), VALUES(1, 2));
    t = onnx_last();
    t->has_raw_data = 0;
    t->has_data_location = 1;
    t->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    entry = (Onnx__StringStringEntryProto)ONNX__STRING_STRING_ENTRY_PROTO__INIT;
    entry.key = "location";
    entry.value = (char *)location;
    t->n_external_data = 1;
    t->external_data = entries;
    onnx_output(FLOAT, DIMS(2), VALUES(1, 2));
    model = onnx_pack();
    write_bytes(folder, "model.onnx", model);
    free((void *)model.at);
    write_bytes(folder, "w.bin", (cake_onnx_bytes){(const uint8_t *)data, sizeof data});
    snprintf(path, sizeof path, "%s/link", folder);
    cr_assert_eq(symlink("/etc/hostname", path), 0);
    snprintf(inside, sizeof inside, "%s/test_data_set_0", folder);
    cr_assert_eq(mkdir(inside, 0700), 0);
    write_bytes(inside, "output_0.pb", onnx_set()->outputs[0]);

    cr_expect_eq(cake_onnx_load(folder, 1, &suite, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(suite.count, 1);
    state = suite.models[0].state;
    cr_expect(!expected == !suite.models[0].reason, "%s", suite.models[0].reason);
    cr_expect(!expected || strstr(suite.models[0].reason, expected), "%s", suite.models[0].reason);
    cake_onnx_suite_free(&suite);
    snprintf(path, sizeof path, "rm -r %s", folder);
    cr_assert_eq(system(path), 0);
    return state;
}

Test(onnx_hostile, external_data_stay_in_the_folder)
{
    cr_expect_eq(external("w.bin", NULL), CAKE_ONNX_MAPPED);
    cr_expect_eq(external("./test_data_set_0/../w.bin", NULL), CAKE_ONNX_MAPPED);
    cr_expect_eq(external("../w.bin", "external data '../w.bin'"), CAKE_ONNX_BROKEN);
    cr_expect_eq(external("../../etc/hostname", "expected external data in the model's folder"), CAKE_ONNX_BROKEN);
    cr_expect_eq(external("/etc/hostname", "expected external data in the model's folder"), CAKE_ONNX_BROKEN);
    cr_expect_eq(external("link", "expected external data in the model's folder"), CAKE_ONNX_BROKEN);
    cr_expect_eq(external("test_data_set_0", "expected a plain file"), CAKE_ONNX_BROKEN);
    cr_expect_eq(external("none.bin", "external data 'none.bin': No such file"), CAKE_ONNX_BROKEN);
}
