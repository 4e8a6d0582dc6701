#include "cli/run_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "plan/benchdnn.h"
#include "plan/dataset.h"
#include "plan/draw.h"

#define MEMBER(name) .offset = offsetof(cake_run_options, name)

/* The numbers of threads that a command may ask for, and the length of a repetition. */
#define THREADS_MAX 4096
#define SEED_MAX 9007199254740992.0 /* 2^53: every whole number up to it is a double */

static const char *const dtype_names[] = {"f32", "bf16", "f16", "i8", NULL};
static const char *const layout_names[] = {"nchw", "nhwc", "nchw8c", "nchw16c", NULL};
static const char *const cache_names[] = {"warm", "cold", "weights", NULL};
static const char *const switch_names[] = {"off", "on", NULL};
static const char *const format_names[] = {"csv", "json", NULL};

static bool listed(const char *const *names, const char *name)
{
    for (; *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

static int find_dtype(const char *name)
{
    return listed(dtype_names, name) ? cake_dtype_find(name) : -1;
}

static int find_layout(const char *name)
{
    return listed(layout_names, name) ? cake_layout_find(name) : -1;
}

static int find_format(const char *name)
{
    for (int i = 0; format_names[i]; i++)
        if (strcmp(format_names[i], name) == 0)
            return i;
    return -1;
}

static int find_switch(const char *name)
{
    return strcmp(name, "on") == 0 ? 1 : strcmp(name, "off") == 0 ? 0 : -1;
}

static const cake_option what[] = {
    {"dataset", NULL, "NAME",
     "Workloads of this dataset: a name of 'layercake list datasets', or a file. Default: "
     "'default', unless workloads are on the command line.",
     CAKE_OPTION_TEXTS, MEMBER(datasets)},
    {"op", NULL, "OP", "Only workloads of this op.", CAKE_OPTION_TEXTS, MEMBER(ops)},
    {"plugin", NULL, "PLUGIN", "Only this plugin: a name of 'layercake list plugins', or a file. Default: all.",
     CAKE_OPTION_TEXTS, MEMBER(plugins)},
    {"kernel", NULL, "KERNEL",
     "Only this kernel: 'direct', or 'conv2d/direct'. Default: all but 'auto' ones, which only choose among others.",
     CAKE_OPTION_TEXTS, MEMBER(kernels)},
    {"filter", "benchmark_filter", "REGEX",
     "Only cases that match the POSIX extended regular expression somewhere in 'op/name/parameters/plugin/kernel'.",
     CAKE_OPTION_TEXT, MEMBER(filter)},
    {.name = NULL},
};

static const cake_option benchdnn[] = {
    {"benchdnn", NULL, "DRIVER",
     "Workloads of input files of oneDNN's benchdnn: conv, bnorm, lnorm, gnorm, pool, ip, matmul, rnn, softmax.",
     CAKE_OPTION_TEXT, MEMBER(benchdnn)},
    {"batch", NULL, "FILE", "Such a file, with its options; what in it is no layer here is counted.",
     CAKE_OPTION_TEXTS, MEMBER(batches)},
    {.name = NULL},
};

static const cake_option drawing[] = {
    {"random", NULL, "N",
     "Draw N small workloads of each op (of those that --op names) by the seed: odd sizes, tails, large strides. "
     "Those "
     "that fail are made smaller until they just fail.",
     CAKE_OPTION_WHOLE, MEMBER(random), 1, 1e6},
    {.name = NULL},
};

static const cake_option models[] = {
    {"onnx", NULL, "DIR",
     "Models of one layer with published inputs and outputs: a folder with model.onnx and test_data_set_0 (1, ...), "
     "or one with such folders below it. The reference and every plugin are held to the outputs.",
     CAKE_OPTION_TEXTS, MEMBER(onnx)},
    {.name = NULL},
};

static const cake_option how[] = {
    {"threads", NULL, "N", "Run with so many threads, each on a core of its own. Default: 1.", CAKE_OPTION_WHOLES,
     MEMBER(threads), 1, THREADS_MAX},
    {"dtype", NULL, "DTYPE", "Type of the elements. Default: f32.", CAKE_OPTION_NAMES, MEMBER(dtypes),
     .find = find_dtype, .names = dtype_names},
    {"layout", NULL, "LAYOUT", "Layout of images. Default: the one that each kernel likes best.", CAKE_OPTION_NAME,
     MEMBER(layout), .find = find_layout, .names = layout_names},
    {"seed", NULL, "N", "Seed of the tensors' values. Default: drawn at random, and told in each row.",
     CAKE_OPTION_WHOLE, MEMBER(seed), 0, SEED_MAX},
    {"timeout", NULL, "TIME", "End a case that takes longer. Default: 60s.", CAKE_OPTION_TIME, MEMBER(timeout_s),
     0.001, 86400},
    {"memory", NULL, "SIZE",
     "Refuse workloads that need more memory, and limit what plugins take. Default: what is available.",
     CAKE_OPTION_BYTES, MEMBER(memory_bytes)},
    {"in-process", NULL, NULL,
     "Load plugins into this process, for a debugger or profiler. Nothing protects the run from them then.",
     CAKE_OPTION_FLAG, MEMBER(in_process)},
    {"load-in-place", NULL, NULL,
     "Load plugins from their files, not from a sealed copy: for trusted ones that find their libraries by $ORIGIN.",
     CAKE_OPTION_FLAG, MEMBER(load_in_place)},
    {.name = NULL},
};

static const cake_option timing[] = {
    {"cache", NULL, "STATE",
     "State of the caches before each call: warm, cold, or weights (those cold, activations warm). Default: warm.",
     CAKE_OPTION_NAMES, MEMBER(caches), .find = cake_cache_find, .names = cache_names},
    {"precision", NULL, "SHARE",
     "Measure until half the width of the median's 95 % confidence interval is within this share of it. Default: 2%.",
     CAKE_OPTION_SHARE, MEMBER(precision), 1e-6, 1},
    {"max-time", NULL, "TIME",
     "Let all repetitions of a case last at most about so long; one that is not precise by then says so. Default: "
     "200ms.",
     CAKE_OPTION_TIME, MEMBER(max_time_s), 0, 86400},
    {"repetitions", "benchmark_repetitions", "N",
     "Measure each case so many times, however precise. Default: 5 to 50, by --precision and --max-time.",
     CAKE_OPTION_WHOLE, MEMBER(repetitions), 1, 1e6},
    {"min-time", "benchmark_min_time", "TIME", "Let each repetition last at least so long. Default: 5ms.",
     CAKE_OPTION_TIME, MEMBER(min_time_s), 0, 3600},
    {"huge-pages", NULL, "SWITCH",
     "Large tensors and workspace on huge pages, on or off: without them streams are slower. Default: on.",
     CAKE_OPTION_NAME, MEMBER(huge_pages), .find = find_switch, .names = switch_names},
    {"counters", NULL, "NAME",
     "Count this too, beside the columns' own: a name of 'layercake list counters'; or 'valgrind', which simulates "
     "one "
     "call and fills instructions, cache and branch misses on a machine that cannot count them.",
     CAKE_OPTION_TEXTS, MEMBER(counters)},
    {"random-order", "benchmark_enable_random_interleaving", NULL,
     "Mix the repetitions of a workload's kernels at random.", CAKE_OPTION_FLAG, MEMBER(random_order)},
    {"tune", NULL, NULL,
     "Run the kernels 'auto' too, which open what is fastest: they measure it when they are opened, instead of "
     "reckoning it. The column 'choice' says what they took.",
     CAKE_OPTION_FLAG, MEMBER(tune)},
    {"paranoid", NULL, NULL,
     "Time single calls, each on fresh inputs, and check every element of each. Slow, and nothing that a plugin does "
     "to its worker helps it.",
     CAKE_OPTION_FLAG, MEMBER(paranoid)},
    {"baseline", NULL, "PLUGIN", "Give speed-ups over this plugin. Default: naive.", CAKE_OPTION_TEXT,
     MEMBER(baseline)},
    {.name = NULL},
};

static const cake_option output[] = {
    {"out", NULL, "DIR", "Write results into this folder. Default: results/<UTC time>-<host>.", CAKE_OPTION_TEXT,
     MEMBER(out)},
    {"resume", NULL, "DIR",
     "Go on with the run in this folder, with the command that it was begun with. What it has is not run again. Only "
     "--format, --benchmark-out, --benchmark-out-format and --quiet may be beside it: they replace what was said.",
     CAKE_OPTION_TEXT, MEMBER(resume)},
    {"format", "benchmark_format", "FORMAT",
     "What is printed in the end, as by 'layercake report': table, text, csv, json, markdown, html. Default: table.",
     CAKE_OPTION_TEXT, MEMBER(format), .with_resume = true},
    {"benchmark-out", "benchmark_out", "FILE", "Write a report in Google Benchmark's format too.", CAKE_OPTION_TEXT,
     MEMBER(benchmark_out), .with_resume = true},
    {"benchmark-out-format", "benchmark_out_format", "FORMAT", "Its format: json or csv. Default: json.",
     CAKE_OPTION_NAME, MEMBER(benchmark_out_json), .find = find_format, .names = format_names, .with_resume = true},
    {.name = NULL},
};

static const cake_option telling[] = {
    {"quiet", NULL, NULL, "Print nothing but errors.", CAKE_OPTION_FLAG, MEMBER(quiet), .with_resume = true},
    {.name = NULL},
};

const cake_option_group cake_run_option_groups[] = {
    {"What to run", what}, {"benchdnn's files", benchdnn}, {"How", how}, {"Timing", timing},
    {"Results", output},   {"Messages", telling},          {NULL, NULL}};

const cake_option_group cake_check_option_groups[] = {{"What to check", what},
                                                      {"benchdnn's files", benchdnn},
                                                      {"ONNX models", models},
                                                      {"Random workloads", drawing},
                                                      {"How", how},
                                                      {"Messages", telling},
                                                      {NULL, NULL}};

static cake_status fill_defaults(cake_run_options *options, cake_error *error)
{
    cake_status st = CAKE_OK;

    if (options->datasets.count == 0 && options->workloads.count == 0 && options->random == 0 && !options->benchdnn &&
        options->onnx.count == 0)
        st = cake_text_list_add(&options->datasets, "default", strlen("default"), error);
    if (st == CAKE_OK && !options->benchdnn != (options->batches.count == 0))
        st = cake_fail(error, CAKE_E_USAGE, "expected --benchdnn and --batch together, found --%s alone",
                       options->benchdnn ? "benchdnn" : "batch");
    if (st == CAKE_OK && options->threads.count == 0)
        st = cake_int_list_add(&options->threads, 1, error);
    if (st == CAKE_OK && options->dtypes.count == 0)
        st = cake_int_list_add(&options->dtypes, CAKE_F32, error);
    if (st == CAKE_OK && options->caches.count == 0)
        st = cake_int_list_add(&options->caches, CAKE_CACHE_WARM, error);
    if (st == CAKE_OK && !options->baseline && !(options->baseline = strdup(CAKE_BASELINE)))
        st = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    for (size_t i = 0; st == CAKE_OK && options->onnx.count && i < options->dtypes.count; i++)
        if (options->dtypes.items[i] != CAKE_F32)
            st = cake_fail(error, CAKE_E_USAGE, "expected --dtype f32 with --onnx, found %s",
                           cake_dtype_name(options->dtypes.items[i]));
    if (st == CAKE_OK && options->seed < 0) {
        uint64_t drawn = 0;

        if (getrandom(&drawn, sizeof drawn, 0) != (ssize_t)sizeof drawn)
            return cake_fail(error, CAKE_E_IO, "cannot draw a seed from the system; --seed gives one");
        options->seed = (int64_t)(drawn >> 11);
    }
    return st;
}

cake_status cake_run_options_parse(const cake_option_group *groups, int argc, char *const *argv,
                                   cake_run_options *options, cake_error *error)
{
    cake_run_options read = {
        .layout = -1,
        .seed = -1,
        .timeout_s = 60,
        .precision = 0.02,
        .max_time_s = 0.2,
        .min_time_s = 0.005,
        .huge_pages = 1,
        .benchmark_out_json = 1,
    };
    cake_status st = cake_options_parse(groups, argc, argv, &read, &read.workloads, error);

    if (st == CAKE_OK)
        st = fill_defaults(&read, error);
    if (st == CAKE_OK)
        *options = read;
    else
        cake_run_options_free(&read);
    return st;
}

void cake_run_options_free(cake_run_options *options)
{
    cake_options_free(cake_run_option_groups, options);
    cake_options_free((const cake_option_group[]){{"ONNX", models}, {NULL, NULL}}, options);
    cake_text_list_free(&options->workloads);
}

cake_status cake_workload_list_take(cake_workload_list *list, cake_workload *workloads, size_t count,
                                    cake_error *error)
{
    cake_workload *more;

    if (count == 0)
        return CAKE_OK;
    more = realloc(list->workloads, (list->count + count) * sizeof *more);
    if (!more)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++) {
        more[list->count++] = workloads[i];
        workloads[i] = (cake_workload){0};
    }
    list->workloads = more;
    return CAKE_OK;
}

void cake_benchdnn_tell(const cake_benchdnn *all, const char *before, FILE *out)
{
    fprintf(out, "%sbenchdnn: %zu problems, %zu workloads", before, all->problems, all->count);
    if (all->repeated > 0)
        fprintf(out, ", %zu repeat another (in other layouts, say)", all->repeated);
    fputc('\n', out);
    for (size_t i = 0; i < all->n_skips; i++)
        fprintf(out, "%s  %zu out of scope: %s, such as %s\n", before, all->skips[i].count, all->skips[i].reason,
                all->skips[i].example);
}

static cake_status append_benchdnn(const cake_run_options *options, cake_workload_list *list, cake_error *error)
{
    cake_benchdnn all = {0};
    cake_status st = CAKE_OK;

    for (size_t i = 0; st == CAKE_OK && i < options->batches.count; i++)
        st = cake_benchdnn_read(options->benchdnn, options->batches.items[i], options->memory_bytes, &all, error);
    if (st == CAKE_OK && all.count == 0)
        st = cake_fail(error, CAKE_E_USAGE, "%s: expected problems that are layers here, found none of %zu%s%s",
                       options->batches.items[0], all.problems, all.n_skips > 0 ? "; out of scope: " : "",
                       all.n_skips > 0 ? all.skips[0].reason : "");
    if (st == CAKE_OK && !options->quiet)
        cake_benchdnn_tell(&all, "layercake: ", stderr);
    if (st == CAKE_OK)
        st = cake_workload_list_take(list, all.workloads, all.count, error);
    cake_benchdnn_free(&all);
    return st;
}

static bool wants_op(const cake_run_options *options, const cake_op *op)
{
    for (size_t i = 0; i < options->ops.count; i++)
        if (strcmp(options->ops.items[i], op->name) == 0)
            return true;
    return options->ops.count == 0;
}

/* An op's workloads depend on the seed and on nothing else of the command. */
static cake_status append_random(const cake_run_options *options, const cake_op *op, cake_workload_list *list,
                                 cake_error *error)
{
    cake_random random = {(uint64_t)options->seed};
    cake_status st = CAKE_OK;

    for (const char *c = op->name; *c; c++)
        random.state = cake_random_next(&random) ^ (uint64_t)(unsigned char)*c;
    for (int64_t i = 0; st == CAKE_OK && i < options->random; i++) {
        cake_workload workload = {0};

        st = cake_workload_draw(op, &random, &workload, error);
        if (st != CAKE_OK)
            break;
        snprintf(workload.name, sizeof workload.name, "random_%lld", (long long)i + 1);
        st = cake_workload_list_take(list, &workload, 1, error);
        cake_workload_free(&workload);
    }
    return st;
}

static bool names_dataset(const char *text)
{
    cake_dataset dataset = {0};
    cake_error error;
    bool found = !strchr(text, ' ') && cake_dataset_load(text, &dataset, &error) == CAKE_OK;

    cake_dataset_free(&dataset);
    return found;
}

cake_status cake_run_options_workloads(const cake_run_options *options, cake_workload_list *list, cake_error *error)
{
    cake_workload_list made = {0};
    cake_status st = CAKE_OK;

    for (size_t i = 0; st == CAKE_OK && i < options->datasets.count; i++) {
        cake_dataset dataset = {0};

        st = cake_dataset_load(options->datasets.items[i], &dataset, error);
        if (st == CAKE_OK)
            st = cake_workload_list_take(&made, dataset.workloads, dataset.count, error);
        cake_dataset_free(&dataset);
    }
    if (st == CAKE_OK && options->benchdnn)
        st = append_benchdnn(options, &made, error);
    for (size_t i = 0; st == CAKE_OK && i < options->workloads.count; i++) {
        const char *text = options->workloads.items[i];
        cake_source source = {"command line", (int)i + 1, ""};
        cake_workload workload = {0};

        st = cake_workload_parse(text, strlen(text), &source, &workload, error);
        if (st == CAKE_E_USAGE && names_dataset(text))
            st = cake_fail(error, st, "expected a workload, found '%s'; did you mean '--dataset %s'?", text, text);
        if (st == CAKE_NOT_FOUND)
            st = cake_fail(error, CAKE_E_USAGE, "command line:%d:1: expected a workload, found nothing", (int)i + 1);
        if (st == CAKE_OK)
            st = cake_workload_list_take(&made, &workload, 1, error);
        cake_workload_free(&workload);
    }
    for (int i = 0; st == CAKE_OK && options->random > 0 && cake_ops[i]; i++)
        if (wants_op(options, cake_ops[i]))
            st = append_random(options, cake_ops[i], &made, error);
    if (st == CAKE_OK)
        *list = made;
    else
        cake_workload_list_free(&made);
    return st;
}

void cake_workload_list_free(cake_workload_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        cake_workload_free(&list->workloads[i]);
    free(list->workloads);
    *list = (cake_workload_list){0};
}

cake_plan_request cake_run_options_request(const cake_run_options *options, const cake_workload_list *workloads,
                                           const cake_plugin_info *plugins, size_t n_plugins)
{
    return (cake_plan_request){
        .workloads = workloads->workloads,
        .n_workloads = workloads->count,
        .plugins = plugins,
        .n_plugins = n_plugins,
        .ops = (const char *const *)options->ops.items,
        .n_ops = options->ops.count,
        .kernels = (const char *const *)options->kernels.items,
        .n_kernels = options->kernels.count,
        .choosers = options->tune,
        .filter = options->filter,
        .threads = options->threads.items,
        .n_threads = options->threads.count,
        .caches = options->caches.items,
        .n_caches = options->caches.count,
        .dtypes = options->dtypes.items,
        .n_dtypes = options->dtypes.count,
        .layout = options->layout,
        .memory_bytes = options->memory_bytes,
    };
}
