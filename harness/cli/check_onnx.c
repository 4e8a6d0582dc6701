#include "cli/check_onnx.h"

#include <stdio.h>
#include <string.h>

static const char *name_of(const cake_onnx_model *model)
{
    const char *slash = strrchr(model->path, '/');

    return slash ? slash + 1 : model->path;
}

static size_t count(const cake_onnx_suite *suite, cake_onnx_state state)
{
    size_t n = 0;

    for (size_t i = 0; i < suite->count; i++)
        n += suite->models[i].state == state;
    return n;
}

/* One line a reason, with the models that have it, at the first of them. */
static void print_reasons(const cake_onnx_suite *suite, cake_onnx_state state, const char *word)
{
    for (size_t i = 0; i < suite->count; i++) {
        const cake_onnx_model *model = &suite->models[i];
        size_t first = 0;

        if (model->state != state)
            continue;
        while (suite->models[first].state != state || strcmp(suite->models[first].reason, model->reason) != 0)
            first++;
        if (first < i)
            continue;
        printf("%s, %s:", word, model->reason);
        for (size_t k = i; k < suite->count; k++)
            if (suite->models[k].state == state && strcmp(suite->models[k].reason, model->reason) == 0)
                printf(" %s", name_of(&suite->models[k]));
        putchar('\n');
    }
}

typedef enum outcome { NOTHING, UNSUPPORTED, PASSED, FAILED } outcome;

/* What a plugin makes of a model: fails if one of its kernels does, passes if each workload has one that is right. */
static outcome outcome_of(const cake_bench *bench, const cake_verdict *verdicts, const cake_onnx_model *model,
                          const cake_plugin_info *plugin)
{
    const cake_workload *first = bench->workloads.workloads + bench->onnx_workloads + model->first;
    outcome worst = PASSED;

    for (size_t w = 0; w < model->n_cases; w++) {
        outcome best = NOTHING;

        for (size_t i = 0; i < bench->plan.count; i++) {
            outcome this = verdicts[i] == CAKE_V_OK           ? PASSED
                           : cake_verdicts[verdicts[i]].fails ? FAILED
                                                              : UNSUPPORTED;

            if (bench->plan.cases[i].workload == &first[w] && bench->plan.cases[i].plugin == plugin && this > best)
                best = this;
        }
        if (best == FAILED)
            return FAILED;
        worst = best < worst ? best : worst;
    }
    return worst;
}

static void print_plugin(const cake_bench *bench, const cake_verdict *verdicts, const cake_plugin_info *plugin)
{
    size_t counts[FAILED + 1] = {0};

    for (size_t i = 0; i < bench->onnx.count; i++)
        if (bench->onnx.models[i].state == CAKE_ONNX_MAPPED)
            counts[outcome_of(bench, verdicts, &bench->onnx.models[i], plugin)]++;
    printf(
        "%s: %zu passed, %zu failed, %zu skipped because it has no kernel, %zu because its kernels cannot run them\n",
        plugin->name, counts[PASSED], counts[FAILED], counts[NOTHING], counts[UNSUPPORTED]);
}

int cake_check_onnx(const cake_bench *bench, const cake_verdict *verdicts, bool quiet, int code)
{
    const cake_onnx_suite *suite = &bench->onnx;
    size_t differs = count(suite, CAKE_ONNX_DIFFERS), broken = count(suite, CAKE_ONNX_BROKEN);

    if (!quiet)
        print_reasons(suite, CAKE_ONNX_SKIPPED, "skipped");
    print_reasons(suite, CAKE_ONNX_DIFFERS, "FAIL reference");
    print_reasons(suite, CAKE_ONNX_BROKEN, "broken");
    if (!quiet) {
        printf("ONNX: %zu models, %zu of them broken\nreference: %zu passed, %zu failed, %zu skipped\n", suite->count,
               broken, count(suite, CAKE_ONNX_MAPPED), differs, count(suite, CAKE_ONNX_SKIPPED));
        for (size_t p = 0; p < bench->plugins.count; p++)
            if (!bench->plugins.infos[p].problem)
                print_plugin(bench, verdicts, &bench->plugins.infos[p]);
    }
    if (broken && (code == CAKE_EXIT_OK || code == CAKE_EXIT_VERDICT))
        return CAKE_EXIT_USAGE;
    return differs && code == CAKE_EXIT_OK ? CAKE_EXIT_VERDICT : code;
}
