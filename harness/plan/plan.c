#include "plan/plan.h"

#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"

static const char *const cache_names[] = {
    [CAKE_CACHE_WARM] = "warm", [CAKE_CACHE_COLD] = "cold", [CAKE_CACHE_WEIGHTS] = "weights"};

enum { N_CACHES = sizeof cache_names / sizeof cache_names[0] };

const char *cake_cache_name(int cache)
{
    return cache >= 0 && cache < N_CACHES ? cache_names[cache] : "?";
}

int cake_cache_find(const char *name)
{
    for (int i = 0; i < N_CACHES; i++)
        if (strcmp(cache_names[i], name) == 0)
            return i;
    return -1;
}

size_t cake_case_format(const cake_case *item, char *buffer, size_t size)
{
    char params[CAKE_WORKLOAD_TEXT];

    cake_params_format(item->workload->op, item->workload->params, params, sizeof params);
    return (size_t)snprintf(buffer, size, "%s/%s/%s/%s/%s", item->workload->op->name, item->workload->name, params,
                            item->plugin->name, item->kernel->name);
}

/* "direct" or "conv2d/direct". */
static bool is_kernel(const char *wanted, const cake_kernel_info *kernel)
{
    size_t op_length = strlen(kernel->op);

    if (strcmp(wanted, kernel->name) == 0)
        return true;
    return strncmp(wanted, kernel->op, op_length) == 0 && wanted[op_length] == '/' &&
           strcmp(wanted + op_length + 1, kernel->name) == 0;
}

static bool wants_op(const cake_plan_request *request, const cake_op *op)
{
    for (size_t i = 0; i < request->n_ops; i++)
        if (strcmp(request->ops[i], op->name) == 0)
            return true;
    return request->n_ops == 0;
}

static bool is_chooser(const cake_kernel_info *kernel)
{
    return strcmp(kernel->name, "auto") == 0 || strncmp(kernel->name, "auto-", 5) == 0;
}

static bool wants_kernel(const cake_plan_request *request, const cake_kernel_info *kernel)
{
    for (size_t i = 0; i < request->n_kernels; i++)
        if (is_kernel(request->kernels[i], kernel))
            return true;
    return request->n_kernels == 0 && (request->choosers || !is_chooser(kernel));
}

static cake_status check_ops(const cake_plan_request *request, cake_error *error)
{
    for (size_t i = 0; i < request->n_ops; i++) {
        cake_nearest nearest = {.word = request->ops[i]};
        const char *meant;

        if (cake_op_find(request->ops[i]))
            continue;
        for (int j = 0; cake_ops[j]; j++)
            cake_nearest_offer(&nearest, cake_ops[j]->name);
        meant = cake_nearest_get(&nearest);
        return cake_fail(error, CAKE_E_USAGE, "expected an op ('layercake list ops' names them), found '%s'%s%s%s",
                         request->ops[i], meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    }
    return CAKE_OK;
}

static cake_status check_kernels(const cake_plan_request *request, cake_error *error)
{
    for (size_t i = 0; i < request->n_kernels; i++) {
        cake_nearest nearest = {.word = request->kernels[i]};
        bool found = false;
        const char *meant;

        for (size_t p = 0; p < request->n_plugins; p++)
            for (size_t k = 0; k < request->plugins[p].n_kernels; k++) {
                found = found || is_kernel(request->kernels[i], &request->plugins[p].kernels[k]);
                cake_nearest_offer(&nearest, request->plugins[p].kernels[k].name);
            }
        if (found)
            continue;
        meant = cake_nearest_get(&nearest);
        return cake_fail(error, CAKE_E_USAGE,
                         "expected a kernel of these plugins ('layercake list kernels' names them), found '%s'%s%s%s",
                         request->kernels[i], meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    }
    return CAKE_OK;
}

static cake_status add(cake_plan *plan, size_t *room, const cake_case *item, cake_error *error)
{
    if (plan->count == *room) {
        size_t wanted = *room ? 2 * *room : 256;
        cake_case *more = realloc(plan->cases, wanted * sizeof *more);

        if (!more)
            return cake_fail(error, CAKE_E_MEMORY, "out of memory");
        plan->cases = more;
        *room = wanted;
    }
    plan->cases[plan->count++] = *item;
    return CAKE_OK;
}

/* Every wanted kernel for `item`'s workload, dtype, threads and cache. */
static cake_status add_kernels(const cake_plan_request *request, const regex_t *filter, cake_case item,
                               cake_plan *plan, size_t *room, cake_error *error)
{
    cake_status st = CAKE_OK;

    for (size_t p = 0; p < request->n_plugins; p++) {
        item.plugin = &request->plugins[p];
        for (size_t k = 0; st == CAKE_OK && k < item.plugin->n_kernels; k++) {
            char text[2 * CAKE_WORKLOAD_TEXT];

            item.kernel = &item.plugin->kernels[k];
            if (strcmp(item.kernel->op, item.workload->op->name) != 0 || !wants_kernel(request, item.kernel))
                continue;
            cake_case_format(&item, text, sizeof text);
            if (!filter || regexec(filter, text, 0, NULL, 0) == 0)
                st = add(plan, room, &item, error);
        }
    }
    return st;
}

static cake_status add_workload(const cake_plan_request *request, const regex_t *filter,
                                const cake_workload *workload, cake_plan *plan, size_t *room, cake_error *error)
{
    cake_case item = {.workload = workload, .layout = request->layout};
    cake_status st = CAKE_OK;

    for (size_t d = 0; d < request->n_dtypes; d++) {
        size_t before = plan->count;

        for (size_t t = 0; t < request->n_threads; t++)
            for (size_t c = 0; st == CAKE_OK && c < request->n_caches; c++) {
                item.dtype = request->dtypes[d];
                item.threads = request->threads[t];
                item.cache = request->caches[c];
                st = add_kernels(request, filter, item, plan, room, error);
            }
        if (st == CAKE_OK && plan->count > before)
            st = cake_workload_fits(workload, request->dtypes[d], request->memory_bytes, error);
    }
    return st;
}

cake_status cake_plan_make(const cake_plan_request *request, cake_plan *plan, cake_error *error)
{
    cake_plan made = {0};
    size_t room = 0;
    regex_t filter;
    cake_status st = check_ops(request, error);

    if (st == CAKE_OK)
        st = check_kernels(request, error);
    if (st != CAKE_OK)
        return st;
    if (request->filter) {
        int wrong = regcomp(&filter, request->filter, REG_EXTENDED | REG_NOSUB);

        if (wrong) {
            char why[256];

            regerror(wrong, &filter, why, sizeof why);
            return cake_fail(error, CAKE_E_USAGE,
                             "expected a POSIX extended regular expression for --filter, found '%s': %s",
                             request->filter, why);
        }
    }
    for (size_t i = 0; st == CAKE_OK && i < request->n_workloads; i++)
        if (wants_op(request, request->workloads[i].op))
            st = add_workload(request, request->filter ? &filter : NULL, &request->workloads[i], &made, &room, error);
    if (request->filter)
        regfree(&filter);
    if (st == CAKE_OK && made.count == 0)
        st = cake_fail(error, CAKE_E_USAGE,
                       "expected at least one case, found none: no kernel of these plugins is for any of these "
                       "workloads and passes --op, --kernel and --filter");
    if (st == CAKE_OK)
        *plan = made;
    else
        cake_plan_free(&made);
    return st;
}

void cake_plan_free(cake_plan *plan)
{
    free(plan->cases);
    *plan = (cake_plan){0};
}
