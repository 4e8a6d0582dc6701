/* What the harness itself costs:
 *     bench_harness
 * (a) a timed call of a function that does nothing, spot check and all; (b) starting a worker and loading `naive`;
 * (c) a kernel through the whole machinery against a bare loop over the same plugin, in turn. */
#include <dlfcn.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check/layout.h"
#include "host.h"
#include "measure/statistics.h"
#include "run/interrupt.h"
#include "run/layers.h"
#include "run/plugins.h"
#include "run/session.h"
#include "run/timer.h"

enum { STARTS = 20, ROUNDS = 100 };

static const char text[] = "linear rows=24 in=64 out=128"; /* tens of microseconds */
static const double round_s = 0.02;

static void fail(const char *what)
{
    fprintf(stderr, "bench_harness: %s\n", what);
    exit(3);
}

static void print_line(const char *what, double *values, size_t count, const char *unit, double goal)
{
    cake_statistics s;

    if (cake_statistics_of(values, count, 0.95, &s) != CAKE_OK)
        fail("no memory");
    printf("%-58s %9.4g %s   [%.4g, %.4g]   goal: at most %g\n", what, s.median, unit, s.ci_low, s.ci_high, goal);
}

static void measure_start(const cake_worker_settings *settings, const cake_placement *placement,
                          const cake_plugin_file_image *image, const char *path)
{
    double ms[STARTS];

    for (int i = 0; i < STARTS; i++) {
        cake_finding finding = {CAKE_V_OK, ""};
        cake_process process;
        int64_t began = cake_clock_ns();

        if (!cake_process_launch(&process, settings, placement, image, &finding) ||
            !cake_process_load(&process, placement, path, &finding))
            fail(finding.reason);
        ms[i] = (double)(cake_clock_ns() - began) * 1e-6;
        cake_process_end(&process);
    }
    print_line("(b) start a worker, close its sandbox, load naive", ms, STARTS, "ms", 30);
}

/* The plugin in this process, called over and over. */
typedef struct bare {
    const cake_kernel *kernel;
    void *ctx;
    cake_tensor tensors[CAKE_MAX_TENSORS];
    const cake_tensor *inputs[CAKE_MAX_TENSORS], *constants[CAKE_MAX_TENSORS], *outputs[CAKE_MAX_TENSORS];
} bare;

static void open_bare(bare *b, const char *path, const cake_subject *subject)
{
    const cake_tensor_list *list = &subject->list;
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    const cake_plugin *(*entry)(const cake_host *) = NULL;
    cake_problem problem = {.struct_size = CAKE_SIZE_THROUGH(cake_problem, outputs),
                            .dtype = subject->dtype,
                            .op = subject->workload->op->name,
                            .params = subject->workload->params,
                            .threads = 1,
                            .inputs = b->inputs,
                            .constants = b->constants,
                            .outputs = b->outputs};

    if (library)
        *(void **)&entry = dlsym(library, "cake_plugin_v1");
    if (!entry || !entry(cake_test_host()))
        fail("the plugin cannot be loaded");
    for (int i = 0; i < list->count; i++) {
        cake_tensor *t = &b->tensors[i];

        /* As the harness lays a timed tensor: off the page by a little, so that none aliases another. */
        *t = cake_tensor_describe(&list->tensor[i], subject->dtype, CAKE_PLAIN);
        t->data = (char *)aligned_alloc(4096, (t->size_bytes / 4096 + 2) * 4096) + i * 320;
        if (list->tensor[i].role == CAKE_ROLE_OUTPUT)
            b->outputs[problem.n_outputs++] = t;
        else if (list->tensor[i].role == CAKE_ROLE_CONSTANT)
            b->constants[problem.n_constants++] = t;
        else
            b->inputs[problem.n_inputs++] = t;
        if (list->tensor[i].role != CAKE_ROLE_OUTPUT)
            cake_tensor_store(t, subject->trials[CAKE_TRIALS - 1].values[i]);
    }
    b->kernel = entry(cake_test_host())->kernels[0];
    if (b->kernel->open(b->kernel, &problem, b->constants, cake_test_host(), &b->ctx) != CAKE_DONE)
        fail("the kernel cannot be opened");
}

static double bare_ns(const bare *b, const cake_placement *placement)
{
    cpu_set_t own;
    int64_t calls = 0, began, now;

    if (sched_getaffinity(0, sizeof own, &own) != 0 || cake_placement_bind(placement, 0, NULL) != CAKE_OK)
        fail("cannot bind");
    began = cake_clock_ns();
    do {
        for (int i = 0; i < 16; i++)
            b->kernel->run(b->ctx, b->inputs, b->outputs);
        calls += 16;
        now = cake_clock_ns();
    } while ((double)(now - began) < round_s * 1e9);
    sched_setaffinity(0, sizeof own, &own);
    return (double)(now - began) / (double)calls;
}

static void measure_ratio(const cake_case *item, cake_subject *subject, const cake_worker_settings *settings,
                          const cake_placement *placement, const cake_plugin_file_image *image, bool spare_core)
{
    cake_random random = {1};
    cake_session session;
    cake_timer timer;
    bare b = {0};
    double whole[ROUNDS], bared[ROUNDS];
    cake_statistics s;
    double loop[1];
    cake_affinity own;
    bool moved = spare_core && cake_placement_avoid(placement, &own);

    if (!cake_session_open(&session, item, subject, settings, placement, image, NULL, 0) ||
        !cake_session_check(&session) ||
        !cake_timer_begin(&timer, &session, CAKE_EVICT_NOTHING, spare_core, round_s, &random))
        fail(session.finding.reason);
    loop[0] = timer.loop_ns;
    print_line("(a) a no-op in the timed loop, every call spot-checked", loop, 1, "ns", 60);
    cake_process_hold(&session.process);
    open_bare(&b, item->plugin->path, subject);
    for (int i = 0; i < ROUNDS; i++) {
        bared[i] = bare_ns(&b, placement); /* which binds itself meanwhile */
        cake_process_release(&session.process);
        if (!cake_timer_repeat(&timer, i))
            fail(session.finding.reason);
        cake_process_hold(&session.process);
        whole[i] = timer.samples[i].ns / (double)timer.samples[i].iterations;
    }
    if (cake_statistics_of_ratios(whole, bared, ROUNDS, 0.95, &s) != CAKE_OK)
        fail("no memory");
    printf("%-58s %9.4f      [%.4f, %.4f]   goal: at most 1.01\n",
           "(c) whole machinery over a bare loop, the same kernel", s.median, s.ci_low, s.ci_high);
    cake_statistics_of(bared, ROUNDS, 0.95, &s);
    printf("    %s: %.4g ns a call in the bare loop\n", text, s.median);
    if (moved)
        cake_affinity_restore(&own);
    cake_process_release(&session.process);
    cake_session_close(&session);
    cake_timer_free(&timer);
}

int main(void)
{
    char program[4096], *slash, naive[4200], template[4200], worker[4200];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    const char *wanted[] = {naive, template};
    cake_topology *topology = NULL;
    cake_placement placement;
    cake_plugins plugins = {0};
    cake_workload workload = {0};
    cake_source source = {"bench_harness", 1, ""};
    cake_subject subject;
    cake_error error = {""};
    cake_worker_settings settings;
    cake_case item;

    program[length > 0 ? length : 0] = '\0';
    slash = strrchr(program, '/');
    if (!slash)
        fail("cannot tell where it lies");
    *slash = '\0';
    snprintf(naive, sizeof naive, "%s/plugins/naive.so", program);
    snprintf(template, sizeof template, "%s/plugins/template.so", program);
    snprintf(worker, sizeof worker, "%s/layercake-worker", program);
    if (cake_topology_load(NULL, &topology, &error) != CAKE_OK ||
        cake_topology_place(topology, 1, &placement, &error) != CAKE_OK)
        fail(error.text);
    settings = (cake_worker_settings){.program = worker,
                                      .timeout_ns = INT64_C(60000000000),
                                      .patience_ms = 200,
                                      .huge_pages = true,
                                      .layers = CAKE_LAYERS_ALL,
                                      .processes = cake_layers_process_limit(1),
                                      .isa = cake_topology_machine(topology)->isa};
    if (cake_plugins_load(&plugins, wanted, 2, &settings, &placement, &error) != CAKE_OK ||
        cake_workload_parse(text, strlen(text), &source, &workload, &error) != CAKE_OK ||
        cake_subject_make(&subject, &workload, CAKE_F32, 1, 1, &error) != CAKE_OK)
        fail(error.text);
    for (size_t i = 0; i < plugins.count; i++)
        if (plugins.infos[i].problem)
            fail(plugins.infos[i].problem);
    item = (cake_case){.workload = &workload,
                       .plugin = &plugins.infos[1],
                       .kernel = &plugins.infos[1].kernels[0],
                       .threads = 1,
                       .layout = -1,
                       .dtype = CAKE_F32};
    measure_start(&settings, &placement, &plugins.images[0], naive);
    measure_ratio(&item, &subject, &settings, &placement, &plugins.images[1],
                  cake_topology_machine(topology)->cpus_allowed > 1);
    cake_subject_free(&subject);
    cake_workload_free(&workload);
    cake_plugins_free(&plugins);
    cake_topology_free(topology);
    return 0;
}
