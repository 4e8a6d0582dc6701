/* Every plugin of the build, every kernel, every workload of the edge and smoke datasets, every layout that the
 * kernel takes, one thread and two: right or unsupported. Every kernel is right somewhere. And every kernel gives the
 * numbers that others published. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glob.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel_case.h"
#include "plan/dataset.h"
#include "plan/golden.h"

enum { MAX_CASES = 1024, SEED = 42 };

/* Plain memory: Criterion copies it into the process of the test. */
typedef struct plugin_file {
    char path[512];
} plugin_file;

/* All of an op's workloads with a plugin: in one process, since a framework takes a third of a second to load. */
typedef struct plugin_case {
    plugin_file plugin;
    char op[64];
} plugin_case;

static const char *const datasets[] = {LAYERCAKE_DATASETS "/smoke.txt", LAYERCAKE_DATASETS "/edge.txt"};

static int find_plugins(plugin_file *files, int max)
{
    glob_t found;
    int count = 0;

    if (glob(LAYERCAKE_PLUGINS "/*.so", 0, NULL, &found) == 0)
        for (; count < (int)found.gl_pathc && count < max; count++)
            snprintf(files[count].path, sizeof files[count].path, "%s", found.gl_pathv[count]);
    globfree(&found);
    return count;
}

/* The plugin, or NULL where this CPU cannot run it: its tests pass. */
static const cake_plugin *load(const plugin_file *file)
{
    const cake_plugin *plugin = NULL;
    cake_error error = {{0}};
    cake_status status = cake_plugin_load(file->path, &plugin, &error);

    cr_assert(status == CAKE_OK || status == CAKE_NOT_SUPPORTED, "%s", error.text);
    return plugin;
}

/* Vendors' kernels that truly deviate from the op here and there: their rows say so, and plugins/README.md says why. No
 * bound is loosened for them. */
static const struct {
    const char *plugin, *op, *kernel;
} deviating[] = {{"onednn", "softmax", "log"}};

static bool may_deviate(const cake_plugin *plugin, const cake_kernel *kernel)
{
    for (size_t i = 0; i < sizeof deviating / sizeof *deviating; i++)
        if (strcmp(plugin->name, deviating[i].plugin) == 0 && strcmp(kernel->op, deviating[i].op) == 0 &&
            strcmp(kernel->name, deviating[i].kernel) == 0)
            return true;
    return false;
}

/* What runs now, and how to repeat it. A kernel that dies takes the test's process along: then this is told first. */
static char running[CAKE_WORKLOAD_TEXT + 512];
static struct sigaction before[NSIG];

static void tell(int number)
{
    ssize_t written = write(STDERR_FILENO, running, strlen(running));

    (void)written;
    sigaction(number, &before[number], NULL);
    raise(number);
}

static void tell_at_death(void)
{
    const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
        sigaction(deadly[i], &(struct sigaction){.sa_handler = tell}, &before[deadly[i]]);
}

/* One kernel in one layout (0: of an op without images, or the default) with one number of threads. */
static cake_verdict check(const cake_plugin *plugin, const cake_kernel *kernel, const cake_workload *workload,
                          int32_t layout, int32_t threads)
{
    char text[CAKE_WORKLOAD_TEXT];
    cake_kernel_result result;

    cake_workload_format(workload, text, sizeof text);
    snprintf(running, sizeof running,
             "%s %s/%s\n    repeat: layercake check --plugin %s --kernel %s/%s%s%s --threads %d --seed %d '%s'\n",
             plugin->name, kernel->op, kernel->name, plugin->name, kernel->op, kernel->name,
             layout ? " --layout " : "", layout ? cake_layout_name(layout) : "", threads, SEED, text);
    cake_kernel_check(kernel, workload->op, workload->params,
                      &(cake_kernel_options){.layout = layout, .threads = threads, .seed = SEED}, &result);
    cr_expect(result.verdict == CAKE_V_OK || result.verdict == CAKE_V_UNSUPPORTED ||
                  (result.verdict == CAKE_V_MISMATCH && may_deviate(plugin, kernel)),
              "%s: %s: %s", cake_verdicts[result.verdict].word, result.reason, running);
    return result.verdict;
}

static bool serves(const cake_kernel *kernel, const cake_workload *workload)
{
    return strcmp(kernel->op, workload->op->name) == 0;
}

ParameterizedTestParameters(conformance, right_or_unsupported)
{
    static plugin_case cases[MAX_CASES];
    plugin_file plugins[64];
    int n_plugins = find_plugins(plugins, 64);
    size_t count = 0;

    for (int p = 0; p < n_plugins; p++)
        for (size_t i = 0; cake_ops[i] && count < MAX_CASES; i++, count++) {
            cases[count].plugin = plugins[p];
            snprintf(cases[count].op, sizeof cases[count].op, "%s", cake_ops[i]->name);
        }
    return cr_make_param_array(plugin_case, cases, count);
}

/* The kernel in every layout that it takes, with one thread and with two; of our own that divides its work also with
 * numbers that divide nothing evenly, and that are more than the cores. */
static void check_everywhere(const cake_plugin *plugin, const cake_kernel *kernel, const cake_workload *workload)
{
    static const int32_t threads[] = {1, 2, 3, 5};
    size_t counts = kernel->max_threads == 1 ? 1 : strcmp(plugin->name, "openmp") == 0 ? 4 : 2;

    for (size_t t = 0; t < counts; t++) {
        check(plugin, kernel, workload, 0, threads[t]);
        for (uint32_t l = 1; l < kernel->n_layouts; l++)
            check(plugin, kernel, workload, kernel->layouts[l], threads[t]);
    }
}

ParameterizedTest(plugin_case *c, conformance, right_or_unsupported)
{
    const cake_plugin *plugin = load(&c->plugin);

    tell_at_death();
    for (size_t d = 0; plugin && d < sizeof datasets / sizeof *datasets; d++) {
        cake_dataset dataset = {0};
        cake_error error = {{0}};

        cr_assert_eq(cake_dataset_load(datasets[d], &dataset, &error), CAKE_OK, "%s", error.text);
        for (size_t w = 0; w < dataset.count; w++)
            for (uint32_t i = 0; i < plugin->n_kernels; i++)
                if (strcmp(plugin->kernels[i]->op, c->op) == 0 && serves(plugin->kernels[i], &dataset.workloads[w]))
                    check_everywhere(plugin, plugin->kernels[i], &dataset.workloads[w]);
        cake_dataset_free(&dataset);
    }
}

ParameterizedTestParameters(conformance, every_kernel_is_right_somewhere)
{
    static plugin_file plugins[64];

    return cr_make_param_array(plugin_file, plugins, (size_t)find_plugins(plugins, 64));
}

ParameterizedTest(plugin_file *file, conformance, every_kernel_is_right_somewhere)
{
    const cake_plugin *plugin = load(file);

    tell_at_death();
    for (uint32_t i = 0; plugin && i < plugin->n_kernels; i++) {
        const cake_kernel *kernel = plugin->kernels[i];
        bool right = false;

        for (size_t d = 0; d < sizeof datasets / sizeof *datasets && !right; d++) {
            cake_dataset dataset = {0};
            cake_error error = {{0}};

            cr_assert_eq(cake_dataset_load(datasets[d], &dataset, &error), CAKE_OK, "%s", error.text);
            for (size_t w = 0; w < dataset.count && !right; w++)
                right = serves(kernel, &dataset.workloads[w]) &&
                        check(plugin, kernel, &dataset.workloads[w], 0, 1) == CAKE_V_OK;
            cake_dataset_free(&dataset);
        }
        cr_expect(right, "%s %s/%s: unsupported for every workload", plugin->name, kernel->op, kernel->name);
    }
}

ParameterizedTestParameters(conformance, published_numbers)
{
    static plugin_file plugins[64];

    return cr_make_param_array(plugin_file, plugins, (size_t)find_plugins(plugins, 64));
}

/* The kernel on a workload's given values, held to the expected ones. */
static void hold(const cake_plugin *plugin, const cake_kernel *kernel, const cake_workload *workload)
{
    double *values[CAKE_MAX_TENSORS] = {NULL};
    cake_tensor_list list = {0};
    cake_kernel_result result;
    cake_error error = {{0}};

    workload->op->tensors(workload->params, &list);
    for (int i = 0; i < list.count; i++) {
        size_t size = (size_t)cake_spec_elements(&list.tensor[i]) * sizeof **values;

        cr_assert_not_null(values[i] = calloc(1, size));
        if (list.tensor[i].role != CAKE_ROLE_OUTPUT)
            memcpy(values[i], cake_golden_find(workload->golden, i)->low, size);
    }
    cake_kernel_compute(kernel, workload->op, workload->params, &(cake_kernel_options){0}, values, &result);
    cr_expect(result.verdict == CAKE_V_OK || result.verdict == CAKE_V_UNSUPPORTED, "%s %s/%s: %s", plugin->name,
              kernel->op, kernel->name, result.reason);
    for (int i = 0; i < list.count && result.verdict == CAKE_V_OK; i++)
        if (list.tensor[i].role == CAKE_ROLE_OUTPUT)
            cr_expect_eq(cake_golden_compare(workload, i, values[i], &error), CAKE_OK, "%s %s/%s %s: %s",
                         plugin->name, kernel->op, kernel->name, workload->name, error.text);
    for (int i = 0; i < list.count; i++)
        free(values[i]);
}

ParameterizedTest(plugin_file *file, conformance, published_numbers)
{
    const cake_plugin *plugin = load(file);
    glob_t found;

    tell_at_death();
    cr_assert_eq(glob(LAYERCAKE_DATASETS "/golden/*.txt", 0, NULL, &found), 0);
    for (size_t d = 0; d < found.gl_pathc; d++) {
        cake_dataset dataset = {0};
        cake_error error = {{0}};

        cr_assert_eq(cake_dataset_load(found.gl_pathv[d], &dataset, &error), CAKE_OK, "%s", error.text);
        for (size_t w = 0; w < dataset.count; w++)
            for (uint32_t i = 0; plugin && i < plugin->n_kernels; i++)
                if (dataset.workloads[w].golden && serves(plugin->kernels[i], &dataset.workloads[w]))
                    hold(plugin, plugin->kernels[i], &dataset.workloads[w]);
        cake_dataset_free(&dataset);
    }
    globfree(&found);
}

Test(conformance, there_are_plugins)
{
    plugin_file plugins[64];

    cr_expect_geq(find_plugins(plugins, 64), 2, "naive and template are always built");
}
