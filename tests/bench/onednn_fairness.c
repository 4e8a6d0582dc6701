/* Is the onednn plugin as fast as oneDNN itself? For each shape the plugin's `run` and the primitive made directly
 * (onednn_direct.h), in turn in one process, so on the same pool of threads:
 *     onednn_fairness PLUGIN
 * The plugin's kernel whose layout oneDNN chooses, on the same memory for input and output (where two tensors lie makes
 * some per cent), gives the ratio of the times, plugin's over direct: the median of batches in turn with its 95 %
 * interval, and that of the best batches. What the plugin's fastest kernel for the shape makes of it, as for a user who
 * looks at the table of results, is told beside. */
#include <math.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check/layout.h"
#include "host.h"
#include "kernel_case.h"
#include "measure/statistics.h"
#include "onednn_direct.h"
#include "plan/workload.h"

enum { ROUNDS = 128, CALLS_MAX = 4096 };

static const double batch_ns = 1e6, tolerance = 0.05;

/* A workload, and the plugin's kernel for it where the layout does not tell. */
typedef struct candidate {
    const char *text, *kernel;
} candidate;

static const candidate shapes[] = {
    {"conv2d name=1x1 ic=512 ih=28 iw=28 oc=128 k=1", NULL},
    {"conv2d name=3x3 ic=256 ih=14 iw=14 oc=256 k=3 pad=1", NULL},
    {"conv2d name=3x3_large ic=64 ih=56 iw=56 oc=64 k=3 pad=1", NULL},
    {"conv2d name=3x3_stride_2 ic=128 ih=56 iw=56 oc=128 k=3 stride=2 pad=1", NULL},
    {"conv2d name=3x3_dilated ic=64 ih=28 iw=28 oc=64 k=3 pad=2 dil=2", NULL},
    {"conv2d name=7x7_stride_2 ic=3 ih=224 iw=224 oc=64 k=7 stride=2 pad=3", NULL},
    {"conv2d name=grouped ic=256 ih=28 iw=28 oc=256 k=3 pad=1 groups=8", NULL},
    {"conv2d name=depthwise ic=128 ih=56 iw=56 oc=128 k=3 pad=1 groups=128", NULL},
    {"pool2d name=max_pool kind=max c=64 ih=112 iw=112 k=3 stride=2 pad=1", NULL},
    {"pool2d name=avg_pool kind=avg c=256 ih=28 iw=28 k=3 stride=2 pad=1", NULL},
    {"batch_norm name=batch_norm c=256 h=28 w=28", NULL},
    {"layer_norm name=layer_norm rows=512 hidden=768", "rows"},
    {"softmax name=softmax outer=512 axis=512", "softmax"},
    {"activation name=gelu_tanh kind=gelu_tanh elements=262144", "eltwise"},
    {"linear name=inner_product rows=128 in=768 out=768 bias=1", "inner_product"},
    {"linear name=matmul rows=128 in=768 out=768 bias=0", "matmul"},
    {"rnn name=lstm cell=lstm steps=50 batch=4 input=256 hidden=256 bias=1", "primitive"},
    {"rnn name=gru cell=gru linear_before_reset=1 steps=50 batch=4 input=256 hidden=256 bias=1", "primitive"},
};

static void fail(const char *what, const char *why)
{
    fprintf(stderr, "onednn_fairness: %s: %s\n", what, why);
    exit(3);
}

/* A kernel of the plugin, open. */
typedef struct subject {
    const cake_kernel *kernel;
    void *ctx;
    cake_tensor tensor[CAKE_MAX_TENSORS];
    const cake_tensor *view[CAKE_MAX_TENSORS];
    uint32_t first_output;
} subject;

/* False: not for this problem. */
static bool subject_open(subject *s, const cake_kernel *kernel, int32_t layout, const cake_workload *w, int threads)
{
    cake_tensor_list list = {0};
    uint32_t count[3] = {0};
    cake_problem problem;

    *s = (subject){.kernel = kernel};
    w->op->tensors(w->params, &list);
    for (int i = 0; i < list.count; i++) {
        s->tensor[i] = cake_tensor_describe(&list.tensor[i], CAKE_F32, layout);
        s->view[i] = &s->tensor[i];
        count[list.tensor[i].role]++;
    }
    s->first_output = count[CAKE_ROLE_INPUT] + count[CAKE_ROLE_CONSTANT];
    problem = (cake_problem){.struct_size = CAKE_SIZE_THROUGH(cake_problem, outputs),
                             .dtype = CAKE_F32,
                             .op = w->op->name,
                             .params = w->params,
                             .threads = threads,
                             .layout = s->tensor[0].layout,
                             .n_inputs = count[CAKE_ROLE_INPUT],
                             .n_constants = count[CAKE_ROLE_CONSTANT],
                             .n_outputs = count[CAKE_ROLE_OUTPUT],
                             .inputs = s->view,
                             .constants = s->view + count[CAKE_ROLE_INPUT],
                             .outputs = s->view + s->first_output};
    if (kernel->can_run(kernel, &problem, cake_test_host()) != CAKE_DONE)
        return false;
    for (int i = 0; i < list.count; i++) {
        size_t size = (s->tensor[i].size_bytes + 4095) / 4096 * 4096;

        if (!(s->tensor[i].data = aligned_alloc(4096, size)))
            fail(w->name, "no memory");
        for (size_t e = 0; e < size / sizeof(float); e++)
            ((float *)s->tensor[i].data)[e] = 0.25f;
    }
    return kernel->open(kernel, &problem, s->view + count[CAKE_ROLE_INPUT], cake_test_host(), &s->ctx) == CAKE_DONE;
}

static void subject_close(subject *s)
{
    if (s->ctx)
        s->kernel->close(s->ctx);
    for (int i = 0; i < CAKE_MAX_TENSORS; i++)
        free(s->tensor[i].data);
}

static double now_ns(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* Nanoseconds of `calls` calls of the plugin, or of oneDNN itself, with the stack moved by so many times 16 bytes:
 * kernels that spill 64-byte vectors take 15 % longer at some places (softmax of 2.6). */
static double time_plugin(const subject *s, int calls, int shift)
{
    volatile char *room = __builtin_alloca((size_t)shift * 16 + 16);
    double start = now_ns();

    *room = 0;
    for (int i = 0; i < calls; i++)
        s->kernel->run(s->ctx, s->view, s->view + s->first_output);
    return now_ns() - start;
}

static double time_direct(onednn_direct *d, int calls, int shift)
{
    volatile char *room = __builtin_alloca((size_t)shift * 16 + 16);
    double start = now_ns();

    *room = 0;
    for (int i = 0; i < calls; i++)
        onednn_direct_run(d);
    return now_ns() - start;
}

/* A kernel that takes several times as long is not the one that anyone would choose. The best of a few calls tells. */
static bool comparable(const subject *s, onednn_direct *d)
{
    double plugin = HUGE_VAL, direct = HUGE_VAL;

    for (int i = 0; i < 5; i++) {
        plugin = fmin(plugin, time_plugin(s, 1, 0));
        direct = fmin(direct, time_direct(d, 1, 0));
    }
    return plugin < 4 * direct;
}

/* Times of a call at their best, and the ratio batch by batch. */
typedef struct comparison {
    double plugin_ns, direct_ns;
    cake_statistics ratio;
} comparison;

static comparison compare(const subject *s, onednn_direct *d)
{
    comparison c = {.plugin_ns = HUGE_VAL, .direct_ns = HUGE_VAL};
    double ratios[ROUNDS];
    int calls = 1;

    if (!comparable(s, d))
        return c;
    while (calls < CALLS_MAX && time_direct(d, calls, 0) < batch_ns)
        calls *= 2;
    for (int i = 0; i < ROUNDS; i++) {
        bool plugin_first = i % 2 == 0;
        int plugin_shift = i / 2 % 4, direct_shift = i / 8 % 4;
        double before = plugin_first ? time_plugin(s, calls, plugin_shift) : 0;
        double direct = time_direct(d, calls, direct_shift);
        double plugin = plugin_first ? before : time_plugin(s, calls, plugin_shift);

        ratios[i] = plugin / direct;
        c.plugin_ns = fmin(c.plugin_ns, plugin / calls);
        c.direct_ns = fmin(c.direct_ns, direct / calls);
    }
    if (cake_statistics_of(ratios, ROUNDS, 0.95, &c.ratio) != CAKE_OK)
        fail("statistics", "no memory");
    return c;
}

/* The plugin's kernel, in that layout, and oneDNN, which are told apart by nothing else if `same`. False: it cannot. */
static bool compare_kernel(const cake_kernel *kernel, int32_t layout, const cake_workload *w, const candidate *shape,
                           int threads, bool same, comparison *found)
{
    onednn_direct *d = onednn_direct_open(w->op->name, shape->kernel, w->params);
    subject s;
    bool able = subject_open(&s, kernel, layout, w, threads);

    if (able) {
        if (same)
            onednn_direct_share(d, s.view[0]->data, s.view[s.first_output]->data);
        *found = compare(&s, d);
    }
    subject_close(&s);
    onednn_direct_close(d);
    cake_test_host_release();
    return able;
}

/* Is it the primitive that is made directly, in the layout that oneDNN chose? */
static bool is_same(const cake_kernel *kernel, int32_t layout, const candidate *shape, const onednn_direct *d)
{
    if (shape->kernel)
        return strcmp(kernel->name, shape->kernel) == 0;
    return strcmp(cake_layout_name(layout), onednn_direct_layout(d)) == 0;
}

/* What was found for a shape. */
typedef struct finding {
    comparison same, best;
    const cake_kernel *same_kernel, *best_kernel;
} finding;

static void try_kernel(const cake_kernel *kernel, const cake_workload *w, const candidate *shape, int threads,
                       const onednn_direct *d, finding *f)
{
    const int32_t plain[] = {CAKE_NCHW}, *layouts = kernel->n_layouts ? kernel->layouts : plain;

    for (uint32_t i = 0; i < (kernel->n_layouts ? kernel->n_layouts : 1); i++) {
        bool same = is_same(kernel, layouts[i], shape, d);
        comparison found;

        if (!compare_kernel(kernel, layouts[i], w, shape, threads, same, &found))
            continue;
        if (same) {
            f->same = found;
            f->same_kernel = kernel;
        }
        if (found.plugin_ns / found.direct_ns < f->best.plugin_ns / f->best.direct_ns) {
            f->best = found;
            f->best_kernel = kernel;
        }
    }
}

/* One line. True: within the tolerance. */
static bool compare_shape(const cake_plugin *plugin, const candidate *shape, int threads)
{
    const cake_source source = {.file = "onednn_fairness", .line = 1, .dataset = ""};
    finding f = {.best = {.plugin_ns = HUGE_VAL, .direct_ns = 1}};
    cake_workload w = {0};
    cake_error error;
    onednn_direct *d;
    bool within;

    if (cake_workload_parse(shape->text, strlen(shape->text), &source, &w, &error) != CAKE_OK)
        fail(shape->text, error.text);
    if (!(d = onednn_direct_open(w.op->name, shape->kernel, w.params)))
        fail(shape->text, "oneDNN has no such primitive");
    /* Winograd is another algorithm than the direct primitive. */
    for (uint32_t i = 0; i < plugin->n_kernels; i++)
        if (strcmp(plugin->kernels[i]->op, w.op->name) == 0 && plugin->kernels[i]->accuracy != CAKE_FAST)
            try_kernel(plugin->kernels[i], &w, shape, threads, d, &f);
    if (!f.best_kernel)
        fail(shape->text, "the plugin has no kernel for it");
    if (!f.same_kernel) {
        f.same = f.best;
        f.same_kernel = f.best_kernel;
    }
    within = fabs(f.same.ratio.median - 1) <= tolerance;
    printf("%-13s %7d %9.1f %7.3f [%.3f, %.3f] %6.3f  %-14s %6.3f %-14s %-12s %s\n", w.name, threads,
           f.same.direct_ns * 1e-3, f.same.ratio.median, f.same.ratio.ci_low, f.same.ratio.ci_high,
           f.same.plugin_ns / f.same.direct_ns, f.same_kernel->name, f.best.plugin_ns / f.best.direct_ns,
           f.best_kernel->name, onednn_direct_layout(d), onednn_direct_name(d));
    onednn_direct_close(d);
    cake_workload_free(&w);
    return within;
}

int main(int argc, char **argv)
{
    enum { SHAPES = sizeof shapes / sizeof *shapes };
    const char *path = argc > 1 ? argv[1] : ONEDNN_PLUGIN;
    const cake_plugin *plugin = NULL;
    cake_error error = {{0}};

    if (cake_plugin_load(path, &plugin, &error) != CAKE_OK)
        fail(path, error.text);
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("%s %s: times over those of oneDNN itself\n", plugin->name, plugin->version);
    printf("%-13s %7s %9s %7s %-16s %6s  %-14s %6s %-14s %-12s %s\n", "shape", "threads", "oneDNN us", "median",
           "95 % interval", "best", "of", "best", "of fastest", "layout", "oneDNN's implementation");
    for (int threads = 1; threads <= 2; threads++) {
        int within = 0;

        omp_set_num_threads(threads);
        for (size_t i = 0; i < SHAPES; i++)
            within += compare_shape(plugin, &shapes[i], threads);
        printf("%d of %d shapes within %g %% on %d thread%s\n", within, SHAPES, tolerance * 100, threads,
               threads > 1 ? "s" : "");
    }
    return 0;
}
