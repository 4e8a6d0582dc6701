/* ONNX's own test vectors (Debian's libonnx-testdata): the reference and every plugin of the build are held to them. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_case.h"
#include "onnx/onnx.h"
#include "plan/golden.h"

/* Models of libonnx-testdata 1.12, and how many of them are one of our layers. */
enum { MODELS = 1072, MAPPED = 213 };

/* Cases (a workload by a kernel) that each plugin of ours must pass at least. */
static const struct {
    const char *plugin;
    size_t passes;
} floors[] = {{"naive", 255}, {"avx2", 317}, {"avx512", 317}, {"openmp", 317}, {"blas-openblas", 49}};

typedef struct plugin_file {
    char path[512];
} plugin_file;

static cake_onnx_suite load_vectors(void)
{
    cake_onnx_suite suite = {0};
    cake_error error = {""};

    cr_assert_eq(cake_onnx_load(LAYERCAKE_ONNX_DATA, 2, &suite, &error), CAKE_OK, "%s", error.text);
    return suite;
}

Test(onnx, reference_gives_the_published_outputs, .timeout = 120)
{
    cake_onnx_suite suite = load_vectors();
    size_t mapped = 0;

    for (size_t i = 0; i < suite.count; i++) {
        const cake_onnx_model *model = &suite.models[i];

        mapped += model->state == CAKE_ONNX_MAPPED;
        cr_expect(model->state == CAKE_ONNX_MAPPED || model->state == CAKE_ONNX_SKIPPED, "%s: %s", model->path,
                  model->reason);
        cr_expect(model->state == CAKE_ONNX_MAPPED ? model->n_cases > 0 && !model->reason : model->reason != NULL);
    }
    cr_expect_geq(suite.count, MODELS);
    cr_expect_geq(mapped, MAPPED);
    cake_onnx_suite_free(&suite);
}

/* Skipped for what they are, not for want of an op: no operator of a layer is among the reasons, but for these. */
Test(onnx, no_layer_is_skipped, .timeout = 120)
{
    static const char *const good[] = {"is none of the layers", "that is not one layer",
                                       "a generator says that ONNX does not define"};
    static const char *const layers[] = {"Conv",
                                         "ConvTranspose",
                                         "MaxPool",
                                         "AveragePool",
                                         "BatchNormalization",
                                         "LSTM",
                                         "GRU",
                                         "RNN",
                                         "Softmax",
                                         "LogSoftmax",
                                         "LayerNormalization",
                                         "Gather",
                                         "Gemm",
                                         "MatMul",
                                         "Dropout",
                                         "Relu",
                                         "Sigmoid",
                                         "Tanh",
                                         "MeanVarianceNormalization",
                                         "InstanceNormalization"};
    cake_onnx_suite suite = load_vectors();

    for (size_t i = 0; i < suite.count; i++) {
        const char *reason = suite.models[i].reason;
        char text[128];
        bool known = !reason;

        for (size_t g = 0; reason && g < sizeof good / sizeof *good; g++)
            known |= strstr(reason, good[g]) != NULL;
        cr_expect(known, "%s: %s", suite.models[i].path, reason);
        for (size_t l = 0; reason && l < sizeof layers / sizeof *layers; l++) {
            snprintf(text, sizeof text, "operator %s is none", layers[l]);
            cr_expect(!strstr(reason, text), "%s: %s", suite.models[i].path, reason);
        }
    }
    cake_onnx_suite_free(&suite);
}

ParameterizedTestParameters(onnx, plugins_give_the_published_outputs)
{
    static plugin_file plugins[64];
    size_t count = 0;
    glob_t found;

    if (glob(LAYERCAKE_PLUGINS "/*.so", 0, NULL, &found) == 0)
        for (; count < found.gl_pathc && count < 64; count++)
            snprintf(plugins[count].path, sizeof plugins[count].path, "%s", found.gl_pathv[count]);
    globfree(&found);
    return cr_make_param_array(plugin_file, plugins, count);
}

/* One kernel on what is given. True if it ran. */
static bool hold(const cake_plugin *plugin, const cake_kernel *kernel, const cake_workload *workload)
{
    double *values[CAKE_MAX_TENSORS] = {NULL};
    cake_tensor_list list = {0};
    cake_kernel_result result;
    cake_error error = {""};

    workload->op->tensors(workload->params, &list);
    for (int i = 0; i < list.count; i++) {
        size_t size = (size_t)cake_spec_elements(&list.tensor[i]) * sizeof **values;

        cr_assert_not_null(values[i] = calloc(1, size));
        if (list.tensor[i].role != CAKE_ROLE_OUTPUT)
            memcpy(values[i], cake_golden_find(workload->golden, i)->low, size);
    }
    cake_kernel_compute(kernel, workload->op, workload->params, &(cake_kernel_options){0}, values, &result);
    cr_expect(result.verdict == CAKE_V_OK || result.verdict == CAKE_V_UNSUPPORTED, "%s %s/%s %s: %s", plugin->name,
              kernel->op, kernel->name, workload->name, result.reason);
    for (int i = 0; i < list.count && result.verdict == CAKE_V_OK; i++)
        if (list.tensor[i].role == CAKE_ROLE_OUTPUT)
            cr_expect_eq(cake_golden_compare(workload, i, values[i], &error), CAKE_OK, "%s %s/%s: %s", plugin->name,
                         kernel->op, kernel->name, error.text);
    for (int i = 0; i < list.count; i++)
        free(values[i]);
    return result.verdict == CAKE_V_OK;
}

ParameterizedTest(plugin_file *file, onnx, plugins_give_the_published_outputs, .timeout = 300)
{
    const cake_plugin *plugin = NULL;
    cake_onnx_suite suite = load_vectors();
    cake_error error = {""};
    size_t held = 0, floor = 0;
    cake_status status = cake_plugin_load(file->path, &plugin, &error);

    cr_assert(status == CAKE_OK || status == CAKE_NOT_SUPPORTED, "%s", error.text);
    for (size_t w = 0; w < suite.n_workloads; w++)
        for (uint32_t i = 0; plugin && i < plugin->n_kernels; i++)
            if (strcmp(plugin->kernels[i]->op, suite.workloads[w].op->name) == 0)
                held += hold(plugin, plugin->kernels[i], &suite.workloads[w]);
    for (size_t i = 0; plugin && i < sizeof floors / sizeof *floors; i++)
        if (strcmp(plugin->name, floors[i].plugin) == 0)
            floor = floors[i].passes;
    cr_expect_geq(held, floor, "%s: %zu cases passed", file->path, held);
    cake_onnx_suite_free(&suite);
}
