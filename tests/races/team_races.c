/* team_races DATASET...: every kernel of the openmp plugin on every workload, by teams of 2, 3 and 5 threads, more than
 * this machine may have cores. Each must be right, and give the same bits twice; under ThreadSanitizer, whose report fails
 * the program, no two threads may touch the same place without an order between them. */
#include <stdio.h>
#include <string.h>

#include "common/phased.h"
#include "host.h"
#include "kernel_case.h"
#include "openmp/choose.h"
#include "openmp/team.h"
#include "plan/dataset.h"

/* Larger ones would take minutes under the sanitizer, and cut their work no differently. */
static const double most_flops = 1e6;

static int bad, checked;

static void check(const cake_kernel *kernel, const cake_workload *workload, int32_t threads)
{
    cake_kernel_options options = {.threads = threads, .seed = 7};
    cake_kernel_result result;

    cake_kernel_check(kernel, workload->op, workload->params, &options, &result);
    checked += result.verdict == CAKE_V_OK;
    if (result.verdict == CAKE_V_OK || result.verdict == CAKE_V_UNSUPPORTED)
        return;
    printf("%s/%s, %s, %d threads: %s: %s\n", kernel->op, kernel->name, workload->name, (int)threads,
           cake_verdicts[result.verdict].word, result.reason);
    bad++;
}

static void check_kernels(const cake_workload *workload)
{
    const cake_kernel_table *table = cake_openmp_choose(cake_test_cpu_isa());

    if (workload->op->flops(workload->params) > most_flops)
        return;
    for (uint32_t k = 0; k < table->count; k++) {
        cake_kernel kernel = *table->kernels[k];

        if (strcmp(kernel.op, workload->op->name) != 0)
            continue;
        kernel.max_threads = 0;
        kernel.can_run = cake_phased_can_run;
        kernel.open = cake_team_open;
        kernel.run = cake_team_run;
        kernel.close = cake_team_close;
        for (int32_t threads = 2; threads <= 5; threads += threads == 3 ? 2 : 1)
            check(&kernel, workload, threads);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        cake_dataset dataset = {0};
        cake_error error = {""};

        if (cake_dataset_load(argv[i], &dataset, &error) != CAKE_OK) {
            fprintf(stderr, "team_races: %s\n", error.text);
            return 3;
        }
        for (size_t w = 0; w < dataset.count; w++)
            check_kernels(&dataset.workloads[w]);
        cake_dataset_free(&dataset);
    }
    printf("%d checked, %d wrong\n", checked, bad);
    return bad > 0 || checked == 0;
}
