/* Kernels that choose: what the model takes, that what was taken is what runs, and what is recorded. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "common/choose.h"
#include "common/kernels/kernels.h"
#include "host.h"
#include "kernel_case.h"
#include "plan/workload.h"

enum { AVX2, AVX512, PORTABLE, ISAS };

static const struct {
    uint64_t needs;
    int32_t blocked;
    const cake_phased *attention, *batch_norm, *conv2d, *conv2d_fast, *linear, *linear_fast, *pool2d;
} isas[ISAS] = {
    {CAKE_ISA_AVX2, CAKE_NCHW8C, &cake_attention_auto_avx2, &cake_batch_norm_auto_avx2, &cake_conv2d_auto_avx2,
     &cake_conv2d_auto_fast_avx2, &cake_linear_auto_avx2, &cake_linear_auto_fast_avx2, &cake_pool2d_auto_avx2},
    {CAKE_ISA_AVX512, CAKE_NCHW16C, &cake_attention_auto_avx512, &cake_batch_norm_auto_avx512,
     &cake_conv2d_auto_avx512, &cake_conv2d_auto_fast_avx512, &cake_linear_auto_avx512, &cake_linear_auto_fast_avx512,
     &cake_pool2d_auto_avx512},
    {0, CAKE_NCHW8C, &cake_attention_auto_portable, &cake_batch_norm_auto_portable, &cake_conv2d_auto_portable,
     &cake_conv2d_auto_fast_portable, &cake_linear_auto_portable, &cake_linear_auto_fast_portable,
     &cake_pool2d_auto_portable},
};

static void parse(const char *line, cake_workload *workload)
{
    const cake_source source = {.file = "test", .line = 1, .dataset = ""};
    cake_error error = {{0}};

    cr_assert_eq(cake_workload_parse(line, strlen(line), &source, workload, &error), CAKE_OK, "%s: %s", line,
                 error.text);
}

/* ---- the model, on a machine of known caches ---- */

static void explain(const cake_host *host, const char *text)
{
    (void)host, (void)text;
}

static const cake_host machine = {.struct_size = CAKE_SIZE_THROUGH(cake_host, extension),
                                  .l1d_bytes = 32 << 10,
                                  .l2_bytes = 1 << 20,
                                  .l3_bytes = 32 << 20,
                                  .explain = explain};

static const char *reckon(const cake_phased *kernel, const char *line, int32_t layout, int threads)
{
    cake_workload workload = {0};
    cake_problem problem = {.dtype = CAKE_F32, .threads = threads, .layout = layout};
    const cake_candidate *best;

    parse(line, &workload);
    problem.params = workload.params;
    best = cake_chooser_reckon(kernel->chooser, &problem, &machine);
    cake_workload_free(&workload);
    return best ? best->name : "none";
}

static void expect(const cake_phased *kernel, const char *line, int32_t layout, const char *wanted)
{
    for (int threads = 1; threads <= 4; threads += 3) {
        const char *found = reckon(kernel, line, layout, threads);

        cr_expect_eq(strncmp(found, wanted, strlen(wanted)), 0, "%s, %d threads: %s, not %s", line, threads, found,
                     wanted);
    }
}

Test(choose, the_model_takes_what_is_plainly_best)
{
    for (int i = 0; i < ISAS; i++) {
        int32_t blocked = isas[i].blocked;

        expect(isas[i].conv2d_fast, "conv2d ic=64 ih=56 iw=56 oc=64 kh=3 kw=3 pad=1", blocked, "winograd4");
        expect(isas[i].conv2d_fast, "conv2d ic=256 ih=56 iw=56 oc=256 kh=3 kw=3 pad=1", blocked, "winograd4");
        expect(isas[i].conv2d_fast, "conv2d ic=64 ih=56 iw=56 oc=64 kh=1 kw=1", blocked, "direct");
        expect(isas[i].conv2d_fast, "conv2d ic=64 ih=56 iw=56 oc=64 kh=3 kw=3 pad=1", CAKE_NHWC, "direct");
        expect(isas[i].conv2d_fast, "conv2d ic=64 ih=56 iw=56 oc=64 kh=3 kw=3 pad=1 stride=2", blocked, "direct");
        expect(isas[i].conv2d, "conv2d ic=64 ih=56 iw=56 oc=64 kh=3 kw=3 pad=1", blocked, "direct");
        expect(isas[i].conv2d, "conv2d ic=64 ih=56 iw=56 oc=64 groups=64 kh=3 kw=3 pad=1", blocked, "depthwise");
        expect(isas[i].conv2d, "conv2d ic=64 ih=56 iw=56 oc=64 groups=2 kh=3 kw=3 pad=1", blocked, "direct");
        expect(isas[i].attention, "attention heads=32 kv_heads=8 q_len=1 kv_len=4096 head_dim=128", CAKE_PLAIN,
               "decode");
        expect(isas[i].attention, "attention heads=12 q_len=384 head_dim=64", CAKE_PLAIN, "tiled");
        expect(isas[i].pool2d, "pool2d kind=max c=64 ih=56 iw=56 k=3", blocked, "lanes");
        expect(isas[i].pool2d, "pool2d kind=max c=64 ih=56 iw=56 k=3", CAKE_NCHW, "planes");
        expect(isas[i].batch_norm, "batch_norm c=64 h=56 w=56", blocked, "affine");
        expect(isas[i].batch_norm, "batch_norm c=64 h=56 w=56 training=1", blocked, "training");
        expect(isas[i].linear, "linear rows=384 in=768 out=3072", CAKE_PLAIN, "packed");
        expect(isas[i].linear_fast, "linear rows=384 in=768 out=3072", CAKE_PLAIN, "hopcroft_kerr");
        expect(isas[i].linear_fast, "linear rows=1 in=768 out=3072", CAKE_PLAIN, "packed");
        expect(isas[i].conv2d_fast, "conv2d ic=512 ih=14 iw=14 oc=512 kh=1 kw=1", blocked, "hopcroft_kerr");
    }
}

/* 16 tiles of 36 points at 7x7 save little, and read four times the weights: 2x2 does not waste so much. */
Test(choose, the_model_knows_what_small_images_waste)
{
    cr_expect_str_eq(
        reckon(isas[AVX512].conv2d_fast, "conv2d ic=512 ih=7 iw=7 oc=512 kh=3 kw=3 pad=1", CAKE_NCHW16C, 1),
        "winograd2");
    cr_expect_str_eq(
        reckon(isas[AVX512].conv2d_fast, "conv2d ic=512 ih=2 iw=2 oc=512 kh=3 kw=3 pad=1", CAKE_NCHW16C, 1),
        "direct");
}

/* Threads share the larger of the operands. */
Test(choose, the_model_splits_the_axis_that_moves_less)
{
    cr_expect_str_eq(reckon(isas[AVX512].linear, "linear rows=8192 in=512 out=128", CAKE_PLAIN, 4),
                     "packed split=rows");
    cr_expect_str_eq(reckon(isas[AVX512].linear, "linear rows=128 in=512 out=8192", CAKE_PLAIN, 4), "packed");
    cr_expect_str_eq(reckon(isas[AVX512].linear, "linear rows=8192 in=512 out=128", CAKE_PLAIN, 1), "packed");
}

/* More work costs more, and never less with more threads. */
Test(choose, costs_grow_with_the_work)
{
    for (int i = 0; i < ISAS; i++) {
        const cake_chooser *chooser = isas[i].conv2d_fast->chooser;

        for (int c = 0; c < chooser->count; c++) {
            double before = 0;

            for (int size = 8; size <= 64; size *= 2) {
                cake_workload workload = {0};
                cake_problem problem = {.dtype = CAKE_F32, .threads = 4, .layout = isas[i].blocked};
                char line[80];
                double cost;

                snprintf(line, sizeof line, "conv2d ic=%d ih=28 iw=28 oc=%d kh=3 kw=3 pad=1", 16 * size, 16 * size);
                parse(line, &workload);
                problem.params = workload.params;
                cost = chooser->candidates[c].cost(&chooser->core, &problem, &machine);
                cr_expect_gt(cost, before, "%s: %s costs %g, half of it %g", line, chooser->candidates[c].name, cost,
                             before);
                before = cost;
                problem.threads = 2;
                cr_expect_geq(chooser->candidates[c].cost(&chooser->core, &problem, &machine), cost, "%s: %s", line,
                              chooser->candidates[c].name);
                cake_workload_free(&workload);
            }
        }
    }
}

/* ---- what runs ---- */

static cake_kernel kernel_of(const cake_phased *phased, const char *op, const int32_t *layout)
{
    return (cake_kernel){.struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
                         .accuracy = CAKE_FAST,
                         .op = op,
                         .name = "auto",
                         .layouts = layout,
                         .n_layouts = 1,
                         .min_align = 64,
                         .data = phased,
                         .can_run = cake_phased_can_run,
                         .open = cake_phased_open,
                         .run = cake_phased_run,
                         .close = cake_phased_close};
}

static const cake_candidate *find(const cake_chooser *chooser, const char *name)
{
    for (int i = 0; i < chooser->count; i++)
        if (strcmp(chooser->candidates[i].name, name) == 0)
            return &chooser->candidates[i];
    cr_assert_fail("'%s' is no candidate", name);
    return NULL;
}

/* The chooser's results are those of the kernel that it says it took, to the last bit. */
static void expect_same(const cake_phased *phased, const char *line, int32_t layout)
{
    cake_workload workload = {0};
    double *values[CAKE_MAX_TENSORS] = {NULL}, *again[CAKE_MAX_TENSORS] = {NULL};
    cake_kernel_options options = {.threads = 1, .seed = 7};
    cake_kernel_result result, other;
    cake_tensor_list list = {0};
    cake_random random = {1};
    cake_kernel kernel, taken;

    parse(line, &workload);
    kernel = kernel_of(phased, workload.op->name, &layout);
    workload.op->tensors(workload.params, &list);
    for (int t = 0; t < list.count; t++) {
        size_t count = (size_t)cake_spec_elements(&list.tensor[t]);

        values[t] = calloc(count, sizeof **values);
        again[t] = calloc(count, sizeof **again);
        for (size_t e = 0; e < count; e++)
            values[t][e] = again[t][e] = (float)cake_random_real(&random, 0.1, 1);
    }
    cake_kernel_compute(&kernel, workload.op, workload.params, &options, values, &result);
    cr_expect_eq(result.verdict, CAKE_V_OK, "%s: %s", line, result.reason);
    taken = kernel_of(find(phased->chooser, cake_test_host_choice())->phased, workload.op->name, &layout);
    cake_kernel_compute(&taken, workload.op, workload.params, &options, again, &other);
    cr_expect_eq(other.verdict, CAKE_V_OK, "%s: %s", line, other.reason);
    for (int t = 0; t < list.count; t++) {
        cr_expect_eq(memcmp(values[t], again[t], (size_t)cake_spec_elements(&list.tensor[t]) * sizeof **values), 0,
                     "%s: another result", line);
        free(values[t]);
        free(again[t]);
    }
    cr_expect_eq(result.workspace_bytes, other.workspace_bytes, "%s keeps what it tried with", line);
    cake_workload_free(&workload);
}

static void expect_all_same(void)
{
    for (int i = 0; i < ISAS; i++) {
        if ((cake_test_cpu_isa() & isas[i].needs) != isas[i].needs)
            continue;
        expect_same(isas[i].conv2d_fast, "conv2d ic=32 ih=14 iw=14 oc=32 kh=3 kw=3 pad=1", isas[i].blocked);
        expect_same(isas[i].conv2d, "conv2d ic=32 ih=14 iw=14 oc=32 kh=3 kw=3 pad=1 bias=1", isas[i].blocked);
        expect_same(isas[i].conv2d, "conv2d ic=3 ih=20 iw=20 oc=18 kh=3 kw=3", CAKE_NHWC);
        expect_same(isas[i].conv2d, "conv2d ic=19 ih=9 iw=9 oc=19 groups=19 kh=3 kw=3", isas[i].blocked);
        expect_same(isas[i].attention, "attention heads=4 kv_heads=2 q_len=2 kv_len=65 head_dim=32 mask=1", 0);
        expect_same(isas[i].attention, "attention heads=2 q_len=40 kv_len=65 head_dim=32", 0);
        expect_same(isas[i].batch_norm, "batch_norm c=19 h=7 w=5", isas[i].blocked);
        expect_same(isas[i].linear, "linear rows=40 in=33 out=70 bias=1", 0);
        expect_same(isas[i].pool2d, "pool2d kind=max c=19 ih=9 iw=9 k=3", CAKE_NCHW);
    }
}

Test(choose, what_was_taken_is_what_runs)
{
    expect_all_same();
}

/* Whatever the clock says, one of the candidates is taken, and taken again. */
Test(choose, what_was_measured_is_what_runs)
{
    cake_test_host_tune(1);
    expect_all_same();
}

/* A host may have no such extension, or another's words in it. */
static const void *no_extension(const cake_host *host, const char *name)
{
    (void)host, (void)name;
    return NULL;
}

static const char *foreign_words(const cake_host *host)
{
    (void)host;
    return "winograd6";
}

static void take_note(const cake_host *host, const char *text)
{
    (void)host;
    cr_expect_str_eq(text, "decode");
}

static const void *foreign_extension(const cake_host *host, const char *name)
{
    static const cake_choice choice = {
        .struct_size = CAKE_SIZE_THROUGH(cake_choice, recall), .record = take_note, .recall = foreign_words};

    (void)host;
    return strcmp(name, CAKE_CHOICE) == 0 ? &choice : NULL;
}

Test(choose, any_host_will_do)
{
    const void *(*const extensions[])(const cake_host *, const char *) = {NULL, no_extension, foreign_extension};
    cake_workload workload = {0};
    cake_problem problem = {.dtype = CAKE_F32, .threads = 1};

    parse("attention heads=2 q_len=1 kv_len=65 head_dim=32", &workload);
    problem.params = workload.params;
    for (size_t i = 0; i < sizeof extensions / sizeof *extensions; i++) {
        cake_host host = *cake_test_host();
        cake_kernel kernel = kernel_of(&cake_attention_auto_portable, "attention", NULL);
        void *ctx = NULL;

        host.extension = extensions[i];
        cr_expect_eq(kernel.can_run(&kernel, &problem, &host), CAKE_DONE);
        cr_expect_eq(kernel.open(&kernel, &problem, NULL, &host, &ctx), CAKE_DONE);
        kernel.close(ctx);
        cr_expect_eq(cake_test_host_workspace(), 0);
    }
    cake_workload_free(&workload);
}

/* A layout in which another one is faster is refused, with the reason. */
Test(choose, few_channels_are_left_to_another_layout)
{
    cake_workload workload = {0};
    cake_problem problem = {.dtype = CAKE_F32, .threads = 1};

    parse("pool2d kind=max c=3 ih=9 iw=9 k=3", &workload);
    problem.params = workload.params;
    for (int i = 0; i < ISAS; i++) {
        problem.layout = isas[i].blocked;
        cr_expect_eq(cake_chooser_can_run(isas[i].pool2d->chooser, &problem, cake_test_host()), CAKE_UNSUPPORTED);
        cr_expect_str_eq(cake_test_host_reason(), "few channels: faster in nchw");
        problem.layout = CAKE_NCHW;
        cr_expect_eq(cake_chooser_can_run(isas[i].pool2d->chooser, &problem, cake_test_host()), CAKE_DONE);
    }
    cake_workload_free(&workload);
}
