#include "kernel_case.h"

#include <dlfcn.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check/compare.h"
#include "check/fill.h"
#include "check/layout.h"
#include "guarded.h"
#include "host.h"

/* A case while it is worked on. Arrays are indexed as the op's tensor list. */
typedef struct trial {
    const cake_kernel *kernel;
    const cake_op *op;
    const cake_kernel_options *options;
    cake_kernel_result *result;
    cake_problem problem;
    cake_tensor_list list;
    cake_tensor description[CAKE_MAX_TENSORS]; /* without data */
    cake_guarded guarded[CAKE_MAX_TENSORS];
    const cake_tensor *described[CAKE_MAX_TENSORS], *view[CAKE_MAX_TENSORS];
    double *values[CAKE_MAX_TENSORS];          /* of inputs and constants */
    cake_expected *expected[CAKE_MAX_TENSORS]; /* of outputs */
    void *first[CAKE_MAX_TENSORS];             /* outputs of the first of two equal calls */
    void *ctx;
    bool open;
} trial;

cake_status cake_plugin_load(const char *path, const cake_plugin **plugin, cake_error *error)
{
    char *real = realpath(path, NULL); /* a name without '/' would be looked for in the system's folders */
    void *handle = real ? dlopen(real, RTLD_NOW | RTLD_LOCAL) : NULL, *symbol;
    const cake_plugin *(*entry)(const cake_host *);
    const cake_plugin *found;

    if (!handle)
        cake_fail(error, CAKE_E_IO, "%s: %s", path, real ? dlerror() : strerror(errno));
    free(real);
    if (!handle)
        return CAKE_E_IO;
    if (!(symbol = dlsym(handle, "cake_plugin_v1")))
        return cake_fail(error, CAKE_E_IO, "%s: no function cake_plugin_v1", path);
    memcpy(&entry, &symbol, sizeof entry);
    if (!(found = entry(cake_test_host())))
        return cake_fail(error, CAKE_NOT_SUPPORTED, "%s: refused: %s", path, cake_test_host_reason());
    if (found->abi_major != CAKE_ABI_MAJOR)
        return cake_fail(error, CAKE_E_IO, "%s: ABI %u, expected %u", path, found->abi_major, CAKE_ABI_MAJOR);
    if (found->isa & ~cake_test_cpu_isa())
        return cake_fail(error, CAKE_NOT_SUPPORTED, "%s: needs an instruction set that this CPU lacks", path);
    *plugin = found;
    return CAKE_OK;
}

/* Set the verdict with its reason; the first one stays. */
static void conclude(trial *t, cake_verdict verdict, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void conclude(trial *t, cake_verdict verdict, const char *format, ...)
{
    va_list args;

    if (t->result->verdict != CAKE_V_OK)
        return;
    t->result->verdict = verdict;
    va_start(args, format);
    vsnprintf(t->result->reason, sizeof t->result->reason, format, args);
    va_end(args);
}

static bool fine(const trial *t)
{
    return t->result->verdict == CAKE_V_OK;
}

/* The layout to run in; -1: the kernel does not take the one wanted. */
static int32_t choose_layout(const cake_kernel *kernel, const cake_tensor_list *list, int32_t wanted)
{
    static const int32_t default_layout = CAKE_NCHW;
    const int32_t *layouts = kernel->n_layouts ? kernel->layouts : &default_layout;
    uint32_t n_layouts = kernel->n_layouts ? kernel->n_layouts : 1;
    bool images = false;

    for (int i = 0; i < list->count; i++)
        images = images || list->tensor[i].image;
    if (!images)
        return CAKE_PLAIN;
    if (!wanted)
        return layouts[0];
    for (uint32_t i = 0; i < n_layouts; i++)
        if (layouts[i] == wanted)
            return wanted;
    return -1;
}

static void set_problem(trial *t, const void *params)
{
    uint32_t count[3] = {0};

    for (int i = 0; i < t->list.count; i++) {
        count[t->list.tensor[i].role]++;
        t->description[i] = cake_tensor_describe(&t->list.tensor[i], CAKE_F32, t->result->layout);
        t->described[i] = &t->description[i];
        t->view[i] = &t->guarded[i].tensor;
    }
    t->problem = (cake_problem){
        .dtype = CAKE_F32,
        .op = t->op->name,
        .params = params,
        .threads = t->options->threads ? t->options->threads : 1,
        .layout = t->result->layout,
        .n_inputs = count[CAKE_ROLE_INPUT],
        .n_constants = count[CAKE_ROLE_CONSTANT],
        .n_outputs = count[CAKE_ROLE_OUTPUT],
        .inputs = t->described,
        .constants = t->described + count[CAKE_ROLE_INPUT],
        .outputs = t->described + count[CAKE_ROLE_INPUT] + count[CAKE_ROLE_CONSTANT],
    };
    t->problem.struct_size = CAKE_SIZE_THROUGH(cake_problem, outputs);
}

static int first_output(const trial *t)
{
    return (int)(t->problem.n_inputs + t->problem.n_constants);
}

static bool ask_kernel(trial *t)
{
    int32_t code;

    if (t->kernel->max_threads && (uint32_t)t->problem.threads > t->kernel->max_threads) {
        conclude(t, CAKE_V_UNSUPPORTED, "at most %u threads", t->kernel->max_threads);
        return false;
    }
    code = t->kernel->can_run(t->kernel, &t->problem, cake_test_host());
    if (code != CAKE_DONE)
        conclude(t, code == CAKE_UNSUPPORTED ? CAKE_V_UNSUPPORTED : CAKE_V_ERROR, "can_run: %s",
                 cake_test_host_reason());
    return code == CAKE_DONE;
}

static void close_kernel(trial *t)
{
    if (t->open)
        t->kernel->close(t->ctx);
    t->open = false;
    cake_test_host_release();
    for (int i = 0; i < t->list.count; i++)
        cake_guarded_free(&t->guarded[i]);
}

/* Make tensors, of which the inputs and constants hold the present values, and open the kernel on them. */
static bool open_kernel(trial *t, cake_flush flush)
{
    uint32_t align = t->kernel->min_align ? t->kernel->min_align : 64;
    cake_error error;
    int32_t code;

    for (int i = 0; i < t->list.count; i++) {
        uint32_t overread = i < first_output(t) ? t->kernel->overread : 0;

        if (cake_guarded_new(&t->description[i], align, overread, flush, &t->guarded[i], &error) != CAKE_OK) {
            conclude(t, CAKE_V_HARNESS_ERROR, "%s", error.text);
            return false;
        }
        if (i < first_output(t)) {
            cake_tensor_store(&t->guarded[i].tensor, t->values[i]);
            cake_guarded_protect(&t->guarded[i], true);
        }
    }
    code = t->kernel->open(t->kernel, &t->problem, t->view + t->problem.n_inputs, cake_test_host(), &t->ctx);
    t->open = code == CAKE_DONE;
    t->result->workspace_bytes = cake_test_host_workspace();
    if (!t->open)
        conclude(t, code == CAKE_UNSUPPORTED ? CAKE_V_UNSUPPORTED : CAKE_V_ERROR, "open returned %d: %s", code,
                 cake_test_host_reason());
    return t->open;
}

static bool call(trial *t)
{
    int32_t code = t->kernel->run(t->ctx, t->view, t->view + first_output(t));

    if (code != CAKE_DONE)
        conclude(t, CAKE_V_ERROR, "run returned %d", code);
    return code == CAKE_DONE;
}

static void compare(trial *t, bool exact, const char *fill)
{
    for (int i = first_output(t); i < t->list.count; i++) {
        cake_comparison found;

        cake_compare(t->list.tensor[i].name, &t->guarded[i].tensor, t->expected[i], exact, &found);
        if (found.error_in_bounds > t->result->error_in_bounds)
            t->result->error_in_bounds = found.error_in_bounds;
        if (found.verdict != CAKE_V_OK)
            conclude(t, found.verdict, "%s (%s)", found.text, fill);
    }
}

/* One call on poisoned outputs. */
static bool poisoned_call(trial *t)
{
    for (int i = first_output(t); i < t->list.count; i++)
        cake_tensor_poison(&t->guarded[i].tensor);
    if (!call(t))
        return false;
    for (int i = 0; i < t->list.count; i++)
        if (!cake_guarded_intact(&t->guarded[i]))
            conclude(t, CAKE_V_OOB_WRITE, "wrote beside tensor %s", t->list.tensor[i].name);
    return fine(t);
}

/* The same inputs again must give the same bits, padding channels aside. */
static void repeat(trial *t)
{
    for (int i = first_output(t); i < t->list.count; i++)
        memcpy(t->first[i], t->guarded[i].tensor.data, t->description[i].size_bytes);
    if (!poisoned_call(t))
        return;
    for (int i = first_output(t); i < t->list.count; i++) {
        int64_t size = cake_dtype_size(t->description[i].dtype);

        for (int64_t e = 0; e < cake_tensor_elements(&t->description[i]); e++) {
            int64_t at = cake_tensor_offset(&t->description[i], e) * size;

            if (memcmp((char *)t->first[i] + at, (char *)t->guarded[i].tensor.data + at, (size_t)size) != 0) {
                char place[128];

                cake_place_text(&t->description[i], e, place, sizeof place);
                conclude(t, CAKE_V_NONDETERMINISTIC, "%s%s differs when repeated", t->list.tensor[i].name, place);
                return;
            }
        }
    }
}

/* One fill: the reference's result against the kernel's. */
static void check_fill(trial *t, cake_fill_set set, cake_flush flush)
{
    bool exact =
        set == CAKE_FILL_INTEGERS && t->kernel->accuracy != CAKE_FAST && t->op->exact_on_integers(t->problem.params);
    cake_reference reference = {0};
    cake_error error;
    cake_status status;

    status = cake_values_make(&t->list, CAKE_F32, set, t->options->seed + (uint64_t)set, t->values, &error);
    if (status == CAKE_OK)
        status = cake_reference_begin(&reference, t->op, t->problem.params, CAKE_F32, t->kernel->accuracy, t->values,
                                      &error);
    if (status == CAKE_OK) {
        status = cake_reference_compute(&reference, 2, t->expected + first_output(t), &error);
        cake_reference_end(&reference);
    }
    if (status != CAKE_OK) {
        conclude(t, CAKE_V_HARNESS_ERROR, "reference: %s", error.text);
    } else if (open_kernel(t, flush) && poisoned_call(t)) {
        compare(t, exact, set == CAKE_FILL_INTEGERS ? "whole numbers" : "random reals");
        if (fine(t))
            repeat(t);
    }
    close_kernel(t);
    cake_values_free(t->values);
}

static double now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* The best of many batches of about a millisecond: on a busy machine some of them run undisturbed. */
static void time_kernel(trial *t)
{
    const double batch_ns = 1e6;
    double total_ns = 0, best = HUGE_VAL;
    int64_t calls = 1;
    cake_error error;

    if (cake_values_make(&t->list, CAKE_F32, CAKE_FILL_REALS, t->options->seed, t->values, &error) != CAKE_OK) {
        conclude(t, CAKE_V_HARNESS_ERROR, "%s", error.text);
        return;
    }
    if (!open_kernel(t, CAKE_FLUSH_LEFT))
        goto out;
    while (total_ns < t->options->min_time * 1e9) {
        double start = now_ns(), elapsed;

        for (int64_t i = 0; i < calls; i++)
            if (!call(t))
                goto out;
        elapsed = now_ns() - start;
        total_ns += elapsed;
        best = fmin(best, elapsed / (double)calls);
        if (elapsed < batch_ns / 2)
            calls *= 2;
    }
    t->result->time_ns = best;
out:
    close_kernel(t);
    cake_values_free(t->values);
}

static bool allocate(trial *t)
{
    for (int i = first_output(t); i < t->list.count; i++) {
        t->expected[i] = calloc((size_t)cake_spec_elements(&t->list.tensor[i]), sizeof *t->expected[i]);
        t->first[i] = malloc(t->description[i].size_bytes);
        if (!t->expected[i] || !t->first[i])
            return false;
    }
    return true;
}

/* Everything up to `open`. False if the kernel does not take the problem. */
static bool begin(trial *t, const void *params)
{
    *t->result = (cake_kernel_result){.verdict = CAKE_V_OK};
    cake_test_host_forget_choice();
    t->op->tensors(params, &t->list);
    t->result->layout = choose_layout(t->kernel, &t->list, t->options->layout);
    if (t->result->layout < 0) {
        conclude(t, CAKE_V_UNSUPPORTED, "layout %s", cake_layout_name(t->options->layout));
        return false;
    }
    set_problem(t, params);
    return ask_kernel(t);
}

void cake_kernel_check(const cake_kernel *kernel, const cake_op *op, const void *params,
                       const cake_kernel_options *options, cake_kernel_result *result)
{
    trial t = {.kernel = kernel, .op = op, .options = options, .result = result};

    if (!begin(&t, params))
        return;
    if (!allocate(&t))
        conclude(&t, CAKE_V_HARNESS_ERROR, "no memory for the tensors");
    if (fine(&t) && op->exact_on_integers(params))
        check_fill(&t, CAKE_FILL_INTEGERS, CAKE_FLUSH_RIGHT);
    if (fine(&t))
        check_fill(&t, CAKE_FILL_REALS, CAKE_FLUSH_RIGHT);
    if (fine(&t))
        check_fill(&t, CAKE_FILL_WIDE, CAKE_FLUSH_LEFT);
    if (fine(&t) && options->min_time > 0)
        time_kernel(&t);
    for (int i = 0; i < CAKE_MAX_TENSORS; i++) {
        free(t.expected[i]);
        free(t.first[i]);
    }
}

void cake_kernel_compute(const cake_kernel *kernel, const cake_op *op, const void *params,
                         const cake_kernel_options *options, double *const *values, cake_kernel_result *result)
{
    trial t = {.kernel = kernel, .op = op, .options = options, .result = result};

    if (!begin(&t, params))
        return;
    for (int i = 0; i < first_output(&t); i++)
        t.values[i] = values[i];
    if (open_kernel(&t, CAKE_FLUSH_RIGHT) && poisoned_call(&t))
        for (int i = first_output(&t); i < t.list.count; i++) {
            const cake_tensor *tensor = &t.guarded[i].tensor;
            const char *data = tensor->data;

            for (int64_t e = 0; e < cake_tensor_elements(tensor); e++)
                values[i][e] = cake_element_load(tensor->dtype, data + cake_tensor_offset(tensor, e) *
                                                                           cake_dtype_size(tensor->dtype));
        }
    close_kernel(&t);
}
