#include "cli/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "check/verdict.h"
#include "plan/folders.h"
#include "run/layers.h"
#include "run/valgrind.h"

static cake_status find_worker(char **path, cake_error *error)
{
    static const char *const beside[] = {".", "../libexec/layercake", "../lib*/layercake", NULL};
    cake_folders folders = {0};
    cake_status status = cake_folders_make("LAYERCAKE_WORKER_PATH", beside, &folders, error);

    *path = NULL;
    for (size_t i = 0; status == CAKE_OK && !*path && i < folders.count; i++) {
        if (asprintf(path, "%s/layercake-worker", folders.paths[i]) < 0) {
            *path = NULL;
            status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
        } else if (access(*path, X_OK) != 0) {
            free(*path);
            *path = NULL;
        }
    }
    cake_folders_free(&folders);
    if (status == CAKE_OK && !*path)
        status = cake_fail(error, CAKE_E_WORKER,
                           "layercake-worker is not beside the program; LAYERCAKE_WORKER_PATH "
                           "names its folder");
    return status;
}

/* What a worker's address space may hold: the memory allowed (or the machine's), and room for libraries, guard pages
 * and the reserves of threads' heaps, which are large but never touched. */
static uint64_t address_space(uint64_t memory_bytes)
{
    struct sysinfo info;

    if (memory_bytes)
        return memory_bytes + (UINT64_C(8) << 30);
    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit + (UINT64_C(32) << 30) : 0;
}

/* A backstop behind the coordinator's own watch: what a case can use when all goes well, many times over. */
static uint64_t cpu_seconds(const cake_run_options *options)
{
    double repetitions = options->repetitions > 50 ? (double)options->repetitions : 50;

    return 3600 + (uint64_t)(16 * options->timeout_s + 8 * (repetitions * options->min_time_s + options->max_time_s));
}

cake_status cake_bench_open(cake_bench *bench, const cake_run_options *options, cake_error *error)
{
    cake_status status = cake_topology_load(NULL, &bench->topology, error);

    if (status == CAKE_OK)
        status = find_worker(&bench->worker, error);
    if (status != CAKE_OK)
        return status;
    bench->settings = (cake_worker_settings){
        .program = bench->worker,
        .patience_ms = 200,
        .timeout_ns = (int64_t)(options->timeout_s * 1e9),
        .memory_bytes = address_space(options->memory_bytes),
        .cpu_seconds = cpu_seconds(options),
        .layers = CAKE_LAYERS_ALL,
        .processes = cake_layers_process_limit(cake_topology_machine(bench->topology)->cpus_allowed),
        .isa = cake_topology_machine(bench->topology)->isa,
        /* A debugger wants the file's own name. */
        .load_in_place = options->load_in_place || options->in_process,
        .in_process = options->in_process,
        .paranoid = options->paranoid,
        .huge_pages = options->huge_pages,
        .tune = options->tune,
    };
    return CAKE_OK;
}

cake_status cake_bench_load(cake_bench *bench, const cake_run_options *options, cake_error *error)
{
    cake_placement placement;
    cake_status status = cake_topology_place(bench->topology, 1, &placement, error);

    if (status != CAKE_OK)
        return status;
    return cake_plugins_load(&bench->plugins, (const char *const *)options->plugins.items, options->plugins.count,
                             &bench->settings, &placement, error);
}

static bool any_usable(const cake_plugins *plugins)
{
    for (size_t i = 0; i < plugins->count; i++)
        if (!plugins->infos[i].problem)
            return true;
    return false;
}

/* Tell of plugins that cannot be used. The others go on without them; a run that was asked for one has failed. */
static cake_status report_problems(cake_bench *bench, const cake_run_options *options, cake_error *error)
{
    bool usable = any_usable(&bench->plugins);

    for (size_t i = 0; i < bench->plugins.count; i++) {
        const cake_plugin_info *info = &bench->plugins.infos[i];

        if (!info->problem)
            continue;
        if (!usable && options->plugins.count && info->problem_status != CAKE_V_UNSUPPORTED)
            return cake_fail(error, CAKE_E_USAGE, "%s: %s", cake_verdicts[info->problem_status].word, info->problem);
        bench->left_out |= options->plugins.count && cake_verdicts[info->problem_status].fails;
        if (!options->quiet || options->plugins.count)
            fprintf(stderr, "layercake: plugin %s is left out: %s: %s\n", info->name,
                    cake_verdicts[info->problem_status].word, info->problem);
    }
    return CAKE_OK;
}

/* The plugin that speed-ups are over must be there if it was asked for; without naive, the default, there are none. */
static cake_status find_baseline(const cake_plugins *plugins, const char *name, cake_error *error)
{
    for (size_t i = 0; i < plugins->count; i++)
        if (strcmp(plugins->infos[i].name, name) == 0)
            return CAKE_OK;
    if (strcmp(name, CAKE_BASELINE) == 0)
        return CAKE_OK;
    return cake_fail(error, CAKE_E_USAGE, "expected one of the run's plugins for --baseline, found '%s'", name);
}

/* Models and the workloads that they are. */
static cake_status load_models(cake_bench *bench, const cake_run_options *options, cake_error *error)
{
    const cake_machine *machine = cake_topology_machine(bench->topology);
    cake_status status = CAKE_OK;

    for (size_t i = 0; status == CAKE_OK && i < options->onnx.count; i++)
        status = cake_onnx_load(options->onnx.items[i], machine->cores_allowed, &bench->onnx, error);
    bench->onnx_workloads = bench->workloads.count;
    if (status == CAKE_OK)
        status = cake_workload_list_take(&bench->workloads, bench->onnx.workloads, bench->onnx.n_workloads, error);
    return status;
}

cake_status cake_bench_plan(cake_bench *bench, const cake_run_options *options, cake_error *error)
{
    cake_plan_request request;
    cake_placement placement;
    cake_status status = report_problems(bench, options, error);

    if (status == CAKE_OK)
        status = find_baseline(&bench->plugins, options->baseline, error);
    for (size_t i = 0; status == CAKE_OK && i < options->threads.count; i++)
        status = cake_topology_place(bench->topology, options->threads.items[i], &placement, error);
    if (status == CAKE_OK)
        status = cake_run_options_workloads(options, &bench->workloads, error);
    if (status == CAKE_OK)
        status = load_models(bench, options, error);
    if (status != CAKE_OK || (bench->onnx.count && bench->workloads.count == 0))
        return status;
    request = cake_run_options_request(options, &bench->workloads, bench->plugins.infos, bench->plugins.count);
    return cake_plan_make(&request, &bench->plan, error);
}

void cake_bench_measure(cake_bench *bench, const cake_run_options *options)
{
    cake_error error = {""};
    bool measured = false;

    if (cake_peaks_get(bench->topology, &bench->peaks, &measured, &error) != CAKE_OK)
        fprintf(stderr, "layercake: no roofline: %s\n", error.text);
    else if (measured && !options->quiet)
        fprintf(stderr, "layercake: measured the machine's peaks ('layercake peaks' shows them)%s\n",
                bench->peaks.disturbed ? "; other programs disturbed it, so no time is called impossible" : "");
}

static cake_status add_counter(cake_bench *bench, const char *name, cake_error *error)
{
    if (bench->n_counters == CAKE_MAX_COUNTERS)
        return cake_fail(error, CAKE_E_USAGE, "expected at most %d counters beside the columns', found '%s'",
                         CAKE_MAX_COUNTERS - CAKE_COUNTER_COLUMNS - 1, name);
    bench->counters[bench->n_counters++] = name;
    return CAKE_OK;
}

cake_status cake_bench_counters(cake_bench *bench, const cake_run_options *options, cake_error *error)
{
    cake_status status = CAKE_OK;

    for (size_t i = 0; i < CAKE_COUNTER_COLUMNS; i++)
        bench->counters[bench->n_counters++] = cake_counter_columns[i];
    bench->counters[bench->n_counters++] = "energy_nj";
    for (size_t i = 0; status == CAKE_OK && i < options->counters.count; i++) {
        const char *name = options->counters.items[i];
        cake_error why = {""};

        if (strcmp(name, "valgrind") == 0) {
            bench->valgrind = true;
            if (!cake_valgrind_program())
                status = cake_fail(error, CAKE_E_USAGE, "--counters valgrind: Valgrind is not installed");
            continue;
        }
        status = cake_counters_check(name, &why, error);
        if (status != CAKE_OK)
            break;
        if (why.text[0] && !options->quiet)
            fprintf(stderr, "layercake: nothing counts %s here, its cells stay empty: %s\n", name, why.text);
        status = add_counter(bench, name, error);
    }
    return status;
}

cake_run cake_bench_run(const cake_bench *bench, const cake_run_options *options, bool timed)
{
    return (cake_run){
        .plan = &bench->plan,
        .plugins = &bench->plugins,
        .topology = bench->topology,
        .settings = bench->settings,
        .counters = bench->counters,
        .n_counters = bench->n_counters,
        .valgrind = bench->valgrind,
        .seed = (uint64_t)options->seed,
        .timed = timed,
        .repetitions = options->repetitions,
        .precision = options->precision,
        .min_time_s = options->min_time_s,
        .max_time_s = options->max_time_s,
        .random_order = options->random_order,
        .baseline = options->baseline,
    };
}

void cake_bench_close(cake_bench *bench)
{
    if (bench->peaks.raises && bench->peaks.disturbed == 0)
        cake_peaks_save(bench->topology, &bench->peaks, NULL);
    cake_peaks_free(&bench->peaks);
    cake_plan_free(&bench->plan);
    cake_workload_list_free(&bench->workloads);
    cake_onnx_suite_free(&bench->onnx);
    cake_plugins_free(&bench->plugins);
    free(bench->worker);
    cake_topology_free(bench->topology);
    *bench = (cake_bench){0};
}
