#include "report_fixture.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/random.h"
#include "report/context.h"
#include "report/journal.h"

char fixture_folder[64];

void make_fixture(void)
{
    strcpy(fixture_folder, "/tmp/cake-report-XXXXXX");
    cr_assert_not_null(mkdtemp(fixture_folder));
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

void remove_fixture(void)
{
    nftw(fixture_folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const struct {
    const char *op, *name, *params;
    int64_t count;
    double naive_ns, flops, bytes;
} workloads[] = {
    {"conv2d", "res2a", "n=1 ic=64 ih=56 iw=56 oc=64 kh=1 kw=1", 3, 2e6, 25.7e6, 1.6e6},
    {"conv2d", "res3a", "n=1 ic=128 ih=28 iw=28 oc=128 kh=3 kw=3 pad=1", 4, 5e7, 231e6, 1.4e6},
    {"linear", "fc", "rows=1 in=2048 out=1000", 1, 1.5e6, 4.1e6, 8.2e6},
    {"attention", "a_<b>&\"c\"", "batch=1 heads=8 q_len=128 kv_len=128 head_dim=64", 12, 9e6, 33e6, 1e6},
    {"batch_norm", "bn1", "n=1 c=64 h=112 w=112", 1, 8e5, 3.2e6, 6.4e6},
};

static const struct {
    const char *plugin, *kernel;
    double factor;
} kernels[] = {{"naive", "direct", 1}, {"blas", "im2col", 0.2}, {"avx2", "tiled", 0.08}};

static void write_row(cake_journal *journal, size_t w, size_t k, fixture_options options)
{
    cake_random random = {options.noise * 1000003 + w * 1009 + k * 10007};
    double factor = kernels[k].factor * (k == 2 && options.factor > 0 ? options.factor : 1);
    bool mismatch = k == 1 && strcmp(workloads[w].op, "linear") == 0;
    bool unsupported = k == 1 && strcmp(workloads[w].op, "batch_norm") == 0;
    cake_sample samples[FIXTURE_ROUNDS];
    size_t rounds = options.rounds ? (size_t)options.rounds : FIXTURE_ROUNDS;
    cake_error error = {0};
    cake_row row;

    cake_row_init(&row);
    cake_row_text(&row.op, workloads[w].op);
    cake_row_text(&row.dataset, options.dataset ? options.dataset : "net");
    cake_row_text(&row.workload, workloads[w].name);
    cake_row_text(&row.params, workloads[w].params);
    cake_row_text(&row.dtype, "f32");
    cake_row_text(&row.baseline, "naive/direct");
    cake_row_text(&row.cache, "warm");
    cake_row_text(&row.plugin, k == 2 && options.plugin ? options.plugin : kernels[k].plugin);
    cake_row_text(&row.kernel, kernels[k].kernel);
    cake_row_text(&row.verdict, mismatch ? "mismatch" : unsupported ? "unsupported" : "ok");
    cake_row_text(&row.reason, mismatch      ? "max error 12.4 bounds at [0,<script>alert(1)</script>]"
                               : unsupported ? "no such kernel"
                                             : NULL);
    row.count = workloads[w].count;
    row.threads = 1;
    row.seed = options.seed ? options.seed : 42;
    for (int i = 0; i < FIXTURE_ROUNDS; i++) {
        double drift = 1 + 0.2 * i / FIXTURE_ROUNDS; /* of the machine: the same in all kernels of a round */

        samples[i] = (cake_sample){.round = i, .iterations = 10};
        samples[i].ns = 10 * workloads[w].naive_ns * factor * drift * cake_random_real(&random, 1, 1.05);
    }
    if (!mismatch && !unsupported) {
        row.rounds = row.repetitions = (int64_t)rounds;
        row.iterations = 10 * (int64_t)rounds;
        row.time_ns_median = row.time_ns_mean = workloads[w].naive_ns * factor * 1.12;
        row.time_ns_min = workloads[w].naive_ns * factor;
        row.time_ns_stddev = 0.06 * row.time_ns_mean;
        row.time_ns_ci_low = 0.97 * row.time_ns_median;
        row.time_ns_ci_high = 1.04 * row.time_ns_median;
        row.flops = workloads[w].flops;
        row.bytes = workloads[w].bytes;
        row.intensity = row.flops / row.bytes;
        row.gflops = row.flops / row.time_ns_median;
        row.gb_per_s = row.bytes / row.time_ns_median;
        row.speedup = 1 / factor;
        row.page_faults = 0;
    }
    cr_assert_eq(cake_journal_append(journal, &row, samples, mismatch || unsupported ? 0 : rounds, &error), CAKE_OK,
                 "%s", error.text);
    cake_row_free(&row);
}

const char *write_run(const char *name, fixture_options options)
{
    static char paths[2][128];
    static int turn;
    char *path = paths[turn++ % 2];
    cake_context *context = cake_context_new();
    cake_journal *journal = NULL;
    cake_error error = {0};

    snprintf(path, sizeof paths[0], "%s/%s", fixture_folder, name);
    cr_assert_eq(cake_journal_open(&journal, &(cake_journal_options){.out = path}, &error), CAKE_OK, "%s",
                 error.text);
    cake_context_text(context, "machine", "cpu", options.cpu ? options.cpu : "Test CPU");
    cake_context_text(context, "machine", "host", "test");
    cake_context_integer(context, "machine", "cpus", 2);
    cake_context_note(context, "counters", "no PMU <here>");
    cr_assert_eq(cake_context_write(context, path, &error), CAKE_OK, "%s", error.text);
    cake_context_free(context);
    for (size_t w = 0; w < sizeof workloads / sizeof workloads[0]; w++)
        for (size_t k = 0; k < sizeof kernels / sizeof kernels[0]; k++)
            write_row(journal, w, k, options);
    cake_journal_close(journal);
    return path;
}
