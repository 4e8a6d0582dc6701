/* CAKE_DATASETS: the datasets, in the build tree. */
#include "plan/dataset.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plan/golden.h"

static void use_source_datasets(void)
{
    setenv("LAYERCAKE_DATASET_PATH", CAKE_DATASETS, 1);
}

static cake_dataset load(const char *name)
{
    cake_dataset dataset = {0};
    cake_error error = {""};

    cr_assert_eq(cake_dataset_load(name, &dataset, &error), CAKE_OK, "%s", error.text);
    return dataset;
}

/* A dataset with that text in a new file; its path. */
static const char *write_file(const char *text, size_t length)
{
    static char path[] = "/tmp/layercake-test-XXXXXX.txt";
    int fd;

    strcpy(path, "/tmp/layercake-test-XXXXXX.txt");
    fd = mkstemps(path, 4);
    cr_assert(fd >= 0 && write(fd, text, length) == (ssize_t)length);
    close(fd);
    return path;
}

static void refuse(const char *text, const char *message)
{
    const char *path = write_file(text, strlen(text));
    cake_dataset dataset = {0};
    cake_error error = {""};

    cr_expect_eq(cake_dataset_load(path, &dataset, &error), CAKE_E_USAGE, "taken: %s", text);
    cr_expect(strstr(error.text, message), "'%s' gave: %s", text, error.text);
    cr_expect_null(dataset.workloads);
    unlink(path);
}

static int64_t count_of(const cake_dataset *dataset, const char *op)
{
    int64_t count = 0;

    for (size_t i = 0; i < dataset->count; i++)
        if (strcmp(dataset->workloads[i].op->name, op) == 0)
            count += dataset->workloads[i].count;
    return count;
}

/* Multiply-adds of all layers of the op, without biases. */
static double macs_of(const cake_dataset *dataset, const char *op)
{
    double sum = 0;

    for (size_t i = 0; i < dataset->count; i++) {
        const cake_workload *workload = &dataset->workloads[i];
        double macs = 0;

        if (strcmp(workload->op->name, op) != 0)
            continue;
        if (strcmp(op, "conv2d") == 0) {
            const cake_conv2d *p = workload->params;

            macs = (double)(p->n * p->oc * p->oh * p->ow) * (double)(p->ic / p->groups * p->kh * p->kw);
        } else if (strcmp(op, "linear") == 0) {
            const cake_linear *p = workload->params;

            macs = (double)(p->rows * p->in * p->out);
        } else {
            cr_assert_fail("no count of multiply-adds for %s", op);
        }
        sum += (double)workload->count * macs;
    }
    return sum;
}

static void expect_macs(const char *name, const char *op, double expected)
{
    cake_dataset dataset = load(name);
    double found = macs_of(&dataset, op);

    cr_expect(fabs(found - expected) <= 0.005 * expected, "%s %s: %.4g multiply-adds, expected %.4g", name, op, found,
              expected);
    cake_dataset_free(&dataset);
}

static void expect_count(const char *name, const char *op, int64_t expected)
{
    cake_dataset dataset = load(name);

    cr_expect_eq(count_of(&dataset, op), expected, "%s: %lld of %s", name, (long long)count_of(&dataset, op), op);
    cake_dataset_free(&dataset);
}

Test(dataset, every_one_is_valid_described_and_without_doubles, .init = use_source_datasets)
{
    static const char *const wanted[] = {"resnet50",  "vgg16",   "mobilenet_v1", "bert_base",     "gpt2_small",
                                         "llama3_8b", "vit_b16", "deepspeech",   "whisper_small", "gnmt",
                                         "lecture",   "edge",    "smoke",        "default",       "golden/lecture"};
    cake_dataset_list list = {0};

    cr_assert_eq(cake_dataset_find_all(&list, NULL), CAKE_OK);
    for (size_t i = 0; i < list.count; i++) {
        cake_dataset dataset = load(list.entries[i].name);

        cr_expect_str_eq(dataset.name, list.entries[i].name);
        cr_expect_neq(list.entries[i].description[0], '\0', "%s has no description", dataset.name);
        cr_expect_str_eq(dataset.description, list.entries[i].description);
        for (size_t a = 0; a < dataset.count; a++)
            for (size_t b = a + 1; b < dataset.count; b++) {
                const cake_workload *x = &dataset.workloads[a], *y = &dataset.workloads[b];

                cr_expect(x->op != y->op || strcmp(x->name, y->name) != 0, "%s: '%s' twice", dataset.path, x->name);
            }
        cake_dataset_free(&dataset);
    }
    for (size_t w = 0; w < sizeof wanted / sizeof *wanted; w++) {
        bool found = false;

        for (size_t i = 0; i < list.count; i++)
            found = found || strcmp(list.entries[i].name, wanted[w]) == 0;
        cr_expect(found, "no dataset %s", wanted[w]);
    }
    cake_dataset_list_free(&list);
}

/* The published numbers of layers and multiply-adds. */
Test(dataset, networks_add_up, .init = use_source_datasets)
{
    expect_count("resnet50", "conv2d", 53);
    expect_count("resnet50", "batch_norm", 53);
    expect_count("resnet50", "pool2d", 2);
    expect_macs("resnet50", "conv2d", 4.087e9);
    expect_macs("resnet50", "linear", 2.048e6);
    expect_count("vgg16", "conv2d", 13);
    expect_count("vgg16", "pool2d", 5);
    expect_macs("vgg16", "conv2d", 15.347e9);
    expect_macs("vgg16", "linear", 123.6e6);
    expect_count("mobilenet_v1", "conv2d", 27);
    expect_count("mobilenet_v1", "batch_norm", 27);
    expect_macs("mobilenet_v1", "conv2d", 0.5677e9);
    expect_count("bert_base", "linear", 4 * 12 + 1);
    expect_count("bert_base", "attention", 12);
    expect_count("bert_base", "layer_norm", 25);
    /* 12 blocks x 7,077,888 weights x 384 tokens, and the pooler. */
    expect_macs("bert_base", "linear", 12 * 7077888.0 * 384 + 768 * 768);
    expect_macs("bert_base_128", "linear", 12 * 7077888.0 * 128 + 768 * 768);
    expect_macs("gpt2_small", "linear", 12 * 7077888.0 * 1024 + 768 * 50257);
    expect_macs("vit_b16", "linear", 12 * 7077888.0 * 197 + 768 * 1000);
    expect_macs("vit_b16", "conv2d", 14 * 14 * 768 * 768.0);
    expect_macs("whisper_small", "linear", 12 * 7077888.0 * 1500);
    expect_macs("whisper_small", "conv2d", 3000 * 768 * 240.0 + 1500 * 768 * 2304.0);
    /* A block's 218,103,808 weights, for 512 tokens and for one. */
    expect_macs("llama3_8b", "linear", 218103808.0 * 513);
    expect_macs("llama3_8b_prefill", "linear", 218103808.0 * 512);
    expect_macs("llama3_8b_decode", "linear", 218103808.0);
    expect_macs("resnet50_batch16", "conv2d", 16 * 4.087e9);
    expect_macs("resnet50_batch16", "linear", 16 * 2.048e6);
    expect_macs("vgg16_batch16", "conv2d", 16 * 15.347e9);
    expect_macs("vgg16_batch16", "linear", 16 * 123.6e6);
    expect_macs("mobilenet_v1_batch16", "conv2d", 16 * 0.5677e9);
}

Test(dataset, default_bears_plain_loops_and_has_every_family, .init = use_source_datasets)
{
    static const char *const ops[] = {"linear",   "conv2d",     "pool2d",    "batch_norm", "layer_norm",
                                      "rms_norm", "group_norm", "attention", "rnn"};
    cake_dataset dataset = load("default");

    cr_expect(dataset.count >= 20 && dataset.count <= 30, "%zu workloads", dataset.count);
    for (size_t i = 0; i < dataset.count; i++) {
        const cake_workload *workload = &dataset.workloads[i];

        cr_expect_leq(workload->op->flops(workload->params), 0.3e9, "%s", workload->name);
    }
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++)
        cr_expect_gt(count_of(&dataset, ops[i]), 0, "no %s", ops[i]);
    cake_dataset_free(&dataset);
}

/* The reference on the given tensors, held to the expected ones. */
static void hold_reference(const cake_workload *workload)
{
    cake_tensor_list list = {0};
    double *values[CAKE_MAX_TENSORS] = {NULL};
    cake_expected *expected[CAKE_MAX_TENSORS] = {NULL};
    cake_reference reference = {0};
    cake_error error = {""};
    int outputs = 0;

    workload->op->tensors(workload->params, &list);
    for (int i = 0; i < list.count; i++) {
        if (list.tensor[i].role == CAKE_ROLE_OUTPUT)
            expected[outputs++] = calloc((size_t)cake_spec_elements(&list.tensor[i]), sizeof(cake_expected));
        else
            values[i] = cake_golden_find(workload->golden, i)->low;
    }
    cr_assert_eq(
        cake_reference_begin(&reference, workload->op, workload->params, CAKE_F32, CAKE_STANDARD, values, &error),
        CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_reference_compute(&reference, 1, expected, &error), CAKE_OK, "%s", error.text);
    cake_reference_end(&reference);
    outputs = 0;
    for (int i = 0; i < list.count; i++) {
        int64_t elements = cake_spec_elements(&list.tensor[i]);
        double *found;

        if (list.tensor[i].role != CAKE_ROLE_OUTPUT)
            continue;
        found = calloc((size_t)elements, sizeof *found);
        cr_assert_not_null(found);
        for (int64_t e = 0; e < elements; e++)
            found[e] = expected[outputs][e].value;
        cr_expect_eq(cake_golden_compare(workload, i, found, &error), CAKE_OK, "%s", error.text);
        if (cake_golden_find(workload->golden, i)) {
            found[0] += 1.1 + found[0] * 0.1;
            cr_expect_eq(cake_golden_compare(workload, i, found, &error), CAKE_NOT_FOUND);
            found[0] = NAN;
            cr_expect_eq(cake_golden_compare(workload, i, found, &error), CAKE_NOT_FOUND);
        }
        free(found);
        free(expected[outputs++]);
    }
}

Test(golden, reference_gives_the_published_numbers, .init = use_source_datasets)
{
    cake_dataset_list list = {0};
    int held = 0;

    cr_assert_eq(cake_dataset_find_all(&list, NULL), CAKE_OK);
    for (size_t i = 0; i < list.count; i++) {
        cake_dataset dataset = {0};

        if (strncmp(list.entries[i].name, "golden/", 7) != 0)
            continue;
        dataset = load(list.entries[i].name);
        for (size_t w = 0; w < dataset.count; w++) {
            cr_assert_not_null(dataset.workloads[w].golden, "%s: no numbers", dataset.workloads[w].name);
            hold_reference(&dataset.workloads[w]);
            held++;
        }
        cake_dataset_free(&dataset);
    }
    cake_dataset_list_free(&list);
    cr_expect_geq(held, 3);
}

#define GIVEN_X "linear in=2 out=1 rows=2\n given x = 1 2\n 3 4\n"

Test(golden, reads_values_with_the_unit_of_their_last_digit)
{
    static const char text[] = GIVEN_X "given w = 10 0.5\nexpect y = 11.00 # why\n  -3.2^2\n";
    const char *path = write_file(text, sizeof text - 1);
    cake_dataset dataset = load(path);
    const cake_golden *golden = dataset.workloads[0].golden;

    cr_assert_not_null(golden);
    cr_expect_eq(golden->count, 3);
    cr_expect(golden->tensor[0].low[3] == 4 && golden->tensor[0].high[3] == 4);
    cr_expect_float_eq(golden->tensor[2].low[0], 10.99, 1e-9);
    cr_expect_float_eq(golden->tensor[2].high[0], 11.01, 1e-9);
    cr_expect_float_eq(golden->tensor[2].low[1], 3.1 * 3.1, 1e-9);
    cr_expect_float_eq(golden->tensor[2].high[1], 3.3 * 3.3, 1e-9);
    cake_dataset_free(&dataset);
    unlink(path);
}

Test(golden, says_where_and_what_was_expected)
{
    refuse(GIVEN_X "given v = 1",
           ":4:7: expected the name of an input or constant of this linear ( x w ), found 'v'");
    refuse(GIVEN_X "expect w = 1", ":4:8: expected the name of an output of this linear ( y ), found 'w'");
    refuse(GIVEN_X "expect", ":4:7: expected the name of an output of this linear ( y ), found nothing");
    refuse(GIVEN_X "given w 1", ":4:9: expected '=' between blanks, found '1'");
    refuse(GIVEN_X "given x = 1", ":4:7: expected each tensor once, found 'x' again");
    refuse(GIVEN_X "5", ":4:1: expected 4 values for x, found more");
    refuse(GIVEN_X "given w = 1 ?", ":4:13: expected a number, found '?'");
    refuse(GIVEN_X "given w = 1 nan", ":4:13: expected a number, found 'nan'");
    refuse(GIVEN_X "given w = 1 2\nexpect y = 1^3", ":5:12: expected a number, number^2 or ?, found '1^3'");
    refuse(GIVEN_X "given w = 1\nexpect y = 1 2", ":4:1: expected 2 values for w, found 1");
    refuse(GIVEN_X "expect y = 1 2", ":1:1: expected 'given w = ...' after this workload, found none");
    refuse(GIVEN_X "given w = 1 2", ":1:1: expected 'expect ...' after the given tensors, found none");
    refuse(GIVEN_X "given w = 1 2\nlinear in=1 out=1", ":1:1: expected 'expect ...' after the given tensors");
    refuse("linear in=1 out=1\n7", ":2:1: expected an op, found '7'");
    refuse("given x = 1", ":1:1: expected an op ('layercake list ops' names them), found 'given'");
    refuse("linear in=100000 out=100000\ngiven w = 1", ":2:7: expected a tensor of at most 1048576 elements");
}

Test(dataset, keeps_the_comment_right_above_a_workload)
{
    static const char text[] = "# A file\n\n# far\n\n# One: \n#  two\nlinear in=1 out=1\ngiven x = 1\n# between\n"
                               "given w = 2\nexpect y = 2.0\nlinear name=b in=2 out=1 # after\n";
    const char *path = write_file(text, sizeof text - 1);
    cake_dataset dataset = load(path);

    cr_assert_eq(dataset.count, 2);
    cr_assert_not_null(dataset.workloads[0].comment);
    cr_expect_str_eq(dataset.workloads[0].comment, "One:\ntwo\n");
    cr_expect_str_eq(dataset.workloads[0].golden->tensor[2].text[0].text, "2.0");
    cr_expect_str_eq(dataset.workloads[1].comment, "between\n");
    cake_dataset_free(&dataset);
    unlink(path);
}

/* Time and memory do not grow with the square of a comment's length. */
Test(dataset, bears_a_long_comment, .timeout = 20)
{
    enum { LINES = 1000000 };
    char *text = malloc(3 * LINES + 64);
    cake_dataset dataset;
    const char *path;

    cr_assert_not_null(text);
    for (int i = 0; i < LINES; i++)
        memcpy(text + 3 * (size_t)i, "#x\n", 3);
    strcpy(text + 3 * (size_t)LINES, "linear in=1 out=1\n");
    path = write_file(text, strlen(text));
    dataset = load(path);
    cr_expect_eq(dataset.count, 1);
    cr_expect_leq(strlen(dataset.workloads[0].comment), 5000);
    cake_dataset_free(&dataset);
    unlink(path);
    free(text);
}

Test(dataset, says_what_is_wrong_with_a_file)
{
    cake_dataset dataset = {0};
    cake_error error = {""};
    const char *path = write_file("linear in=1\0out=1\n", 18);

    cr_expect_eq(cake_dataset_load(path, &dataset, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, ":1:12: expected printable ASCII, found the byte 0x00"), "%s", error.text);
    unlink(path);
    refuse("", "expected at least one workload, found none");
    refuse("# only this\n", "expected at least one workload, found none");
    refuse("linear in=1 out=1\n\n  lineal in=1 out=1\n",
           ":3:3: expected an op, found 'lineal'; did you mean 'linear'?");
    cr_expect_eq(cake_dataset_load("/nonexistent/x.txt", &dataset, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "/nonexistent/x.txt: expected a readable dataset file"), "%s", error.text);
    cr_expect_eq(cake_dataset_load("/tmp/", &dataset, &error), CAKE_E_USAGE);
    cr_expect_eq(cake_dataset_load("", &dataset, &error), CAKE_E_USAGE);
    cr_expect_null(dataset.workloads);
}

Test(dataset, a_pipe_does_not_block)
{
    cake_dataset dataset = {0};
    cake_error error = {""};
    char path[64];

    snprintf(path, sizeof path, "/tmp/layercake-test-%d.txt", (int)getpid());
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_expect_eq(cake_dataset_load(path, &dataset, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "expected a regular file"), "%s", error.text);
    unlink(path);
}

Test(dataset, is_found_by_name_and_the_nearest_is_told, .init = use_source_datasets)
{
    cake_dataset dataset = {0};
    cake_error error = {""};

    cr_expect_eq(cake_dataset_load("resnet5", &dataset, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "found 'resnet5'; did you mean 'resnet50'?"), "%s", error.text);
    cr_expect_eq(cake_dataset_load("zzz", &dataset, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "expected a dataset's name"), "%s", error.text);
}

Test(dataset, the_first_folder_of_the_path_wins)
{
    char folder[] = "/tmp/layercake-test-XXXXXX", path[128], variable[512];
    cake_dataset dataset;
    FILE *file;

    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/resnet50.txt", folder);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs("#  Mine  \nlinear in=2 out=3", file);
    fclose(file);
    snprintf(variable, sizeof variable, ":/nonexistent:%s:%s:", folder, CAKE_DATASETS);
    setenv("LAYERCAKE_DATASET_PATH", variable, 1);
    dataset = load("resnet50");
    cr_expect_eq(dataset.count, 1);
    cr_expect_str_eq(dataset.description, "Mine");
    cr_expect_str_eq(dataset.path, path);
    cr_expect_eq(dataset.workloads[0].line, 2);
    cake_dataset_free(&dataset);
    unlink(path);
    rmdir(folder);
}
