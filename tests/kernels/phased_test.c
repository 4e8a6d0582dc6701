/* The vector kernels of every ISA against the reference, as openmp runs them: the items of a phase in any order, in
 * ranges of any size, on any thread. Here one thread plays all of them, in an order drawn anew for each call, so that
 * an item that leans on another one's result, or on another thread's scratch, is wrong. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "common/kernels/kernels.h"
#include "host.h"
#include "kernel_case.h"
#include "plan/workload.h"

enum { MAX_RANGES = 64 };

typedef struct dealt {
    const cake_phased *phased;
    void *ctx;
    int threads;
    cake_random random;
} dealt;

static int32_t dealt_can_run(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host)
{
    const cake_phased *phased = kernel->data;

    return phased->can_run(problem, host);
}

static int32_t dealt_open(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                          const cake_host *host, void **ctx)
{
    dealt *d = calloc(1, sizeof *d);
    int32_t status;

    cr_assert(d);
    *d = (dealt){.phased = kernel->data, .threads = problem->threads, .random = {(uint64_t)problem->threads}};
    status = d->phased->open(problem, constants, host, &d->ctx);
    if (status == CAKE_DONE)
        *ctx = d;
    else
        free(d);
    return status;
}

/* Cut 0 .. items-1 at random and deal the ranges out. */
static void deal(dealt *d, int64_t phase, int64_t items, const cake_tensor *const *inputs,
                 const cake_tensor *const *outputs)
{
    int64_t ranges = items < MAX_RANGES ? items : MAX_RANGES, order[MAX_RANGES];

    for (int64_t i = 0; i < ranges; i++)
        order[i] = i;
    for (int64_t i = ranges - 1; i > 0; i--) {
        int64_t j = (int64_t)cake_random_below(&d->random, (uint64_t)i + 1), swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    for (int64_t i = 0; i < ranges; i++) {
        int thread = (int)cake_random_below(&d->random, (uint64_t)d->threads);
        d->phased->work(d->ctx, inputs, outputs, phase, order[i] * items / ranges, (order[i] + 1) * items / ranges,
                        thread);
    }
}

static int32_t dealt_run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    dealt *d = ctx;
    int64_t phases = d->phased->phases(d->ctx);

    for (int64_t phase = 0; phase < phases; phase++)
        deal(d, phase, d->phased->items(d->ctx, phase), inputs, outputs);
    return CAKE_DONE;
}

static void dealt_close(void *ctx)
{
    dealt *d = ctx;

    d->phased->close(d->ctx);
    free(d);
}

/* Where the kernels run, and which layouts they take. */
typedef struct isa {
    const char *name;
    uint64_t needs;
    int32_t blocked;
} isa;

enum { AVX2, AVX512, PORTABLE, ISAS };

static const isa isas[ISAS] = {
    {"avx2", CAKE_ISA_AVX2, CAKE_NCHW8C},
    {"avx512", CAKE_ISA_AVX512, CAKE_NCHW16C},
    {"portable", 0, CAKE_NCHW8C},
};

enum { BLOCKED = 1, NCHW = 2, NHWC = 4 };

/* Hold the kernel of each ISA to the reference on each workload, in each layout, for some numbers of threads. */
static void check(const cake_phased *const phased[ISAS], int32_t accuracy, int layouts, const char *const *workloads,
                  size_t count)
{
    static const int32_t threads[] = {1, 2, 5, 64};
    const cake_source source = {.file = "test", .line = 1, .dataset = ""};

    for (size_t w = 0; w < count; w++) {
        cake_workload workload = {0};
        cake_error error = {{0}};
        cr_assert_eq(cake_workload_parse(workloads[w], strlen(workloads[w]), &source, &workload, &error), CAKE_OK,
                     "%s: %s", workloads[w], error.text);
        for (int i = 0; i < ISAS; i++) {
            int32_t choices[] = {isas[i].blocked, CAKE_NCHW, CAKE_NHWC};
            if ((cake_test_cpu_isa() & isas[i].needs) != isas[i].needs)
                continue;
            for (int bit = 0; bit < 3; bit++)
                for (size_t t = 0; (layouts & 1 << bit) && t < sizeof threads / sizeof *threads; t++) {
                    cake_kernel kernel = {.struct_size = CAKE_SIZE_THROUGH(cake_kernel, close),
                                          .accuracy = accuracy,
                                          .op = workload.op->name,
                                          .name = isas[i].name,
                                          .layouts = &choices[bit],
                                          .n_layouts = 1,
                                          .min_align = 64,
                                          .data = phased[i],
                                          .can_run = dealt_can_run,
                                          .open = dealt_open,
                                          .run = dealt_run,
                                          .close = dealt_close};
                    cake_kernel_options options = {.threads = threads[t], .seed = 7};
                    cake_kernel_result result;
                    cake_kernel_check(&kernel, workload.op, workload.params, &options, &result);
                    cr_expect_eq(result.verdict, CAKE_V_OK, "%s, %s, layout %d, %d threads: %s  %s", isas[i].name,
                                 workloads[w], choices[bit], threads[t], cake_verdicts[result.verdict].word,
                                 result.reason);
                    cr_expect_eq(cake_test_host_workspace(), 0, "%s, %s keeps workspace", isas[i].name, workloads[w]);
                }
        }
        cake_workload_free(&workload);
    }
}

#define KERNELS(name)                                                                                                \
    {                                                                                                                \
        &name##_avx2, &name##_avx512, &name##_portable                                                               \
    }
#define CHECK(kernels, layouts, workloads)                                                                           \
    check(kernels, CAKE_STANDARD, layouts, workloads, sizeof workloads / sizeof *workloads)
#define CHECK_FAST(kernels, layouts, workloads)                                                                      \
    check(kernels, CAKE_FAST, layouts, workloads, sizeof workloads / sizeof *workloads)

static const char *const pools[] = {
    "pool2d kind=max c=16 ih=13 iw=15 k=3 stride=2 pad=1",
    "pool2d kind=max c=37 ih=13 iw=17 k=3 stride=2",
    "pool2d kind=avg c=37 n=2 ih=13 iw=17 k=3 stride=1 pad=1",
    "pool2d kind=avg c=37 ih=13 iw=17 k=3 stride=1 pad=1 count_pad=1",
    "pool2d kind=avg c=20 ih=7 iw=7 k=0",
    "pool2d kind=max c=20 ih=7 iw=7 k=0",
    "pool2d kind=max c=5 n=2 ih=9 iw=33 kh=2 kw=5 stride_h=1 stride_w=3 dil=2 pad=1 ceil_mode=1",
    "pool2d kind=avg c=5 n=2 ih=9 iw=33 kh=2 kw=5 stride_h=1 stride_w=2 dil=2 pad=1 ceil_mode=1 count_pad=1",
    "pool2d kind=avg c=18 n=2 ih=10 iw=10 k=3 stride=2 pad_r=1 pad_b=1 ceil_mode=1",
    "pool2d kind=max c=1 ih=1 iw=1 k=1",
    "pool2d kind=avg c=18 ih=6 iw=200 k=2 stride=2",
    "pool2d kind=max c=3 ih=30 iw=41 k=3 stride=2 dil=3 pad=3",
};

Test(phased, pool2d_lanes)
{
    static const cake_phased *const kernels[] = KERNELS(cake_pool2d_lanes);

    CHECK(kernels, BLOCKED | NHWC, pools);
}

Test(phased, pool2d_planes)
{
    static const cake_phased *const kernels[] = KERNELS(cake_pool2d_planes);

    CHECK(kernels, NCHW, pools);
}

static const char *const rows[] = {
    "layer_norm rows=9 hidden=64",   "layer_norm rows=31 hidden=301", "layer_norm rows=5 hidden=17 affine=0",
    "layer_norm rows=2 hidden=9999", "layer_norm rows=3 hidden=1",    "layer_norm rows=70 hidden=768",
};

Test(phased, layer_norm_rows)
{
    static const cake_phased *const kernels[] = KERNELS(cake_layer_norm_rows);

    CHECK(kernels, NCHW, rows);
}

static const char *const squares[] = {
    "rms_norm rows=9 hidden=64", "rms_norm rows=33 hidden=129 affine=0", "rms_norm rows=1 hidden=9999",
    "rms_norm rows=3 hidden=1",  "rms_norm rows=70 hidden=512",
};

Test(phased, rms_norm_rows)
{
    static const cake_phased *const kernels[] = KERNELS(cake_rms_norm_rows);

    CHECK(kernels, NCHW, squares);
}

static const char *const inference[] = {
    "batch_norm c=64 h=12 w=13",
    "batch_norm n=3 c=37 h=7 w=7",
    "batch_norm c=3 h=50 w=40",
    "batch_norm n=2 c=1 h=1 w=1",
};

Test(phased, batch_norm_affine)
{
    static const cake_phased *const kernels[] = KERNELS(cake_batch_norm_affine);

    CHECK(kernels, BLOCKED | NCHW | NHWC, inference);
}

static const char *const training[] = {
    "batch_norm training=1 n=4 c=37 h=9 w=9",
    "batch_norm training=1 n=1 c=16 h=70 w=71",
    "batch_norm training=1 n=20 c=3 h=5 w=1",
};

Test(phased, batch_norm_training)
{
    static const cake_phased *const kernels[] = KERNELS(cake_batch_norm_training);

    CHECK(kernels, BLOCKED | NCHW, training);
}

static const char *const groups[] = {
    "group_norm c=20 groups=5 n=2 h=7 w=7",
    "group_norm c=20 groups=20 n=2 h=7 w=7 affine=0",
    "group_norm c=8 groups=2 h=120 w=130",
    "group_norm c=4 groups=1 n=3 h=1 w=1",
};

Test(phased, group_norm_runs)
{
    static const cake_phased *const kernels[] = KERNELS(cake_group_norm_runs);

    CHECK(kernels, NCHW, groups);
}

static const char *const attentions[] = {
    "attention heads=2 q_len=64 head_dim=64",
    "attention heads=4 kv_heads=2 q_len=37 kv_len=301 head_dim=40 v_dim=24 causal=lower_right",
    "attention heads=1 batch=2 q_len=70 kv_len=50 head_dim=33 v_dim=65 causal=upper_left mask=1",
    "attention heads=2 q_len=90 kv_len=470 head_dim=16 mask=1",
    "attention heads=3 q_len=1 kv_len=1 head_dim=7 v_dim=1",
    "attention heads=3 kv_heads=1 q_len=3 kv_len=600 head_dim=128 causal=lower_right scale=0.3",
    "attention heads=8 kv_heads=2 q_len=1 kv_len=777 head_dim=72 v_dim=100",
};

Test(phased, attention_tiled)
{
    static const cake_phased *const kernels[] = KERNELS(cake_attention_tiled);

    CHECK(kernels, NCHW, attentions);
}

static const char *const decodes[] = {
    "attention heads=4 kv_heads=2 q_len=3 kv_len=301 head_dim=40 v_dim=24 causal=lower_right",
    "attention heads=1 batch=2 q_len=5 kv_len=250 head_dim=33 v_dim=65 causal=upper_left mask=1",
    "attention heads=8 kv_heads=2 q_len=1 kv_len=777 head_dim=72 v_dim=100",
    "attention heads=2 q_len=1 kv_len=1500 head_dim=64",
    "attention heads=2 q_len=2 kv_len=3 head_dim=64",
    "attention heads=16 kv_heads=1 q_len=1 kv_len=600 head_dim=128 mask=1",
};

Test(phased, attention_decode)
{
    static const cake_phased *const kernels[] = KERNELS(cake_attention_decode);

    CHECK(kernels, NCHW, decodes);
}

static const char *const products[] = {
    "linear rows=1 in=1 out=1",      "linear rows=1 in=301 out=70 bias=1", "linear rows=29 in=17 out=65 bias=1",
    "linear rows=130 in=400 out=33", "linear rows=3 in=800 out=40 bias=1",
};

Test(phased, linear_packed)
{
    static const cake_phased *const kernels[] = KERNELS(cake_linear_packed);
    static const cake_phased *const by_rows[] = KERNELS(cake_linear_packed_rows);

    CHECK(kernels, NCHW, products);
    CHECK(by_rows, NCHW, products);
}

/* Each path of direct: in place, flat, padded copy, gather; groups that the blocks keep together and that they do
 * not; blocks of k; taps beyond every side; one image and more. */
static const char *const convolutions[] = {
    "conv2d n=2 ic=513 ih=33 iw=32 oc=17 kh=1 kw=1 bias=1", /* beyond L2 */
    "conv2d n=2 ic=17 ih=9 iw=40 oc=35 kh=3 kw=3 bias=1",
    "conv2d n=1 ic=40 ih=13 iw=15 oc=33 kh=1 kw=1 bias=1",
    "conv2d n=1 ic=24 ih=9 iw=28 oc=20 kh=1 kw=1 stride=2",
    "conv2d n=1 ic=20 ih=12 iw=28 oc=40 kh=3 kw=3 pad=1 bias=1",
    "conv2d n=1 ic=20 ih=12 iw=29 oc=40 kh=3 kw=3 pad=1 stride=2",
    "conv2d n=2 ic=60 ih=5 iw=5 oc=17 kh=3 kw=3 pad=1",
    "conv2d n=1 ic=20 ih=7 iw=7 oc=40 kh=3 kw=3 pad=1 bias=1",
    "conv2d n=1 ic=20 ih=9 iw=11 oc=40 kh=2 kw=2 pad_l=2 pad_r=1 stride=2",
    "conv2d n=1 ic=20 ih=9 iw=33 oc=40 kh=2 kw=2 pad_l=2 pad_r=1 stride=2 dil_w=3",
    "conv2d n=1 ic=32 ih=6 iw=16 oc=64 kh=3 kw=3 pad=1 groups=2 bias=1",
    "conv2d n=1 ic=12 ih=8 iw=14 oc=36 kh=3 kw=2 pad_r=1 groups=3 bias=1",
    "conv2d n=1 ic=3 ih=20 iw=37 oc=18 kh=7 kw=7 stride=2 pad=3 bias=1",
    "conv2d n=1 ic=5 ih=9 iw=31 oc=8 kh=3 kw=4 pad_t=4 pad_b=5 pad_l=6 pad_r=1 dil_h=2 dil_w=3",
};

Test(phased, conv2d_direct)
{
    static const cake_phased *const kernels[] = KERNELS(cake_conv2d_direct);
    static const cake_phased *const by_pixels[] = KERNELS(cake_conv2d_direct_pixels);

    CHECK(kernels, BLOCKED | NHWC, convolutions);
    CHECK(by_pixels, BLOCKED | NHWC, convolutions);
}

static const char *const few_channels[] = {
    "conv2d n=2 ic=3 ih=20 iw=37 oc=18 kh=7 kw=7 stride=2 pad=3 bias=1",
    "conv2d n=2 ic=3 ih=9 iw=37 oc=40 kh=3 kw=3 pad=1 bias=1",
    "conv2d n=1 ic=4 ih=9 iw=28 oc=18 kh=3 kw=3 pad=1 stride=2",
    "conv2d n=1 ic=3 ih=9 iw=7 oc=34 kh=3 kw=3 pad=1",
    "conv2d n=1 ic=1 ih=28 iw=28 oc=6 kh=5 kw=5",
    "conv2d n=1 ic=3 ih=32 iw=32 oc=40 kh=16 kw=16 stride=16 bias=1",
};

Test(phased, conv2d_first)
{
    static const cake_phased *const kernels[] = KERNELS(cake_conv2d_first);

    CHECK(kernels, NHWC, few_channels);
}

static const char *const channels_alone[] = {
    "conv2d n=2 ic=19 ih=13 iw=11 oc=19 kh=3 kw=3 pad=1 groups=19 bias=1",
    "conv2d n=1 ic=9 ih=15 iw=30 oc=9 kh=3 kw=3 pad=1 stride=2 groups=9",
    "conv2d n=1 ic=9 ih=12 iw=17 oc=9 kh=5 kw=5 pad=2 groups=9",
    "conv2d n=1 ic=9 ih=12 iw=17 oc=9 kh=5 kw=5 pad=3 stride=2 groups=9 bias=1",
    "conv2d n=1 ic=7 ih=11 iw=11 oc=7 kh=3 kw=3 pad=5 dil=2 groups=7",
    "conv2d n=1 ic=7 ih=4 iw=2 oc=7 kh=4 kw=7 pad=3 stride_h=2 groups=7",
};

Test(phased, conv2d_depthwise)
{
    static const cake_phased *const kernels[] = KERNELS(cake_conv2d_depthwise);

    CHECK(kernels, BLOCKED, channels_alone);
}

static const char *const squares_of_three[] = {
    "conv2d n=2 ic=17 ih=9 iw=7 oc=35 kh=3 kw=3 pad=1 bias=1",
    "conv2d n=1 ic=9 ih=30 iw=33 oc=13 kh=3 kw=3",
    "conv2d n=1 ic=3 ih=2 iw=1 oc=3 kh=3 kw=3 pad_t=3 pad_b=2 pad_l=1 pad_r=4",
    "conv2d n=1 ic=260 ih=9 iw=10 oc=70 kh=3 kw=3 pad=1", /* weights beyond L2 */
    "conv2d n=1 ic=30 ih=18 iw=17 oc=250 kh=3 kw=3",
};

Test(phased, conv2d_winograd)
{
    static const cake_phased *const two[] = KERNELS(cake_conv2d_winograd2);
    static const cake_phased *const four[] = KERNELS(cake_conv2d_winograd4);

    CHECK_FAST(two, BLOCKED, squares_of_three);
    CHECK_FAST(four, BLOCKED, squares_of_three);
}

static const char *const large_products[] = {
    "linear rows=16 in=64 out=64",
    "linear rows=61 in=801 out=130 bias=1",
    "linear rows=17 in=70 out=333 bias=1",
    "linear rows=130 in=97 out=300",
};

static const char *const large_1x1[] = {
    "conv2d n=3 ic=64 ih=4 iw=4 oc=64 kh=1 kw=1",
    "conv2d n=2 ic=83 ih=9 iw=11 oc=150 kh=1 kw=1 stride=2 bias=1",
    "conv2d n=1 ic=200 ih=15 iw=15 oc=72 kh=1 kw=1 bias=1",
};

Test(phased, strassen)
{
    static const cake_phased *const linear[] = KERNELS(cake_linear_strassen);
    static const cake_phased *const conv2d[] = KERNELS(cake_conv2d_strassen);

    CHECK_FAST(linear, BLOCKED, large_products);
    CHECK_FAST(conv2d, BLOCKED | NHWC, large_1x1);
}

static const char *const larger_products[] = {
    "linear rows=17 in=130 out=129 bias=1",
    "linear rows=16 in=192 out=384",
    "linear rows=131 in=1601 out=150 bias=1",
    "linear rows=40 in=140 out=1100 bias=1",
};

static const char *const larger_1x1[] = {
    "conv2d n=2 ic=144 ih=9 iw=11 oc=150 kh=1 kw=1 stride=2 bias=1",
    "conv2d n=3 ic=200 ih=5 iw=4 oc=264 kh=1 kw=1 bias=1",
};

Test(phased, hopcroft_kerr)
{
    static const cake_phased *const linear[] = KERNELS(cake_linear_hopcroft_kerr);
    static const cake_phased *const conv2d[] = KERNELS(cake_conv2d_hopcroft_kerr);

    CHECK_FAST(linear, BLOCKED, larger_products);
    CHECK_FAST(conv2d, BLOCKED | NHWC, larger_1x1);
}

static const char *const beyond_caches[] = {"linear rows=455 in=390 out=130"};

/* Right matrices from memory are read for as many rows as may be, whose left ones then lie beyond L2. */
Test(phased, products_beyond_the_caches)
{
    static const cake_phased *const strassen[] = KERNELS(cake_linear_strassen);
    static const cake_phased *const hopcroft_kerr[] = KERNELS(cake_linear_hopcroft_kerr);

    cake_test_host_caches(1 << 15, 1 << 16);
    CHECK_FAST(strassen, BLOCKED, beyond_caches);
    CHECK_FAST(hopcroft_kerr, BLOCKED, beyond_caches);
}

static const char *const recurrences[] = {
    "rnn cell=lstm steps=5 batch=3 input=17 hidden=37 initial_state=1",
    "rnn cell=lstm steps=4 batch=33 input=40 hidden=64 direction=bidirectional",
    "rnn cell=lstm steps=3 batch=1 input=40 hidden=400 direction=reverse bias=0",
    "rnn cell=gru steps=5 batch=3 input=17 hidden=37 initial_state=1 direction=bidirectional",
    "rnn cell=gru steps=5 batch=3 input=17 hidden=37 initial_state=1 linear_before_reset=1",
    "rnn cell=gru steps=3 batch=70 input=5 hidden=18 linear_before_reset=1 direction=bidirectional",
    "rnn cell=tanh steps=300 batch=2 input=8 hidden=16 direction=bidirectional",
    "rnn cell=relu steps=1 batch=20 input=33 hidden=70 initial_state=1 direction=reverse",
    "rnn cell=lstm steps=6 batch=9 input=17 hidden=37 initial_state=1 bias=1 peepholes=1 clip=0.5",
    "rnn cell=lstm steps=6 batch=9 input=17 hidden=37 initial_state=1 sequence_lens=1 direction=bidirectional",
    "rnn cell=gru steps=6 batch=9 input=17 hidden=20 bias=1 sequence_lens=1 direction=reverse batchwise=1",
    ("rnn cell=gru steps=6 batch=3 input=4 hidden=20 bias=1 batchwise=1 linear_before_reset=1 initial_state=1 "
     "clip=0.3"),
    "rnn cell=tanh steps=600 batch=1 input=3 hidden=5 bias=1 direction=bidirectional sequence_lens=1",
};

Test(phased, rnn_steps)
{
    static const cake_phased *const kernels[] = KERNELS(cake_rnn_steps);

    CHECK(kernels, NCHW, recurrences);
}

static const char *const activations[] = {
    "activation kind=relu elements=1000",    "activation kind=gelu elements=70003",
    "activation kind=gelu_tanh elements=17", "activation kind=silu elements=555",
    "activation kind=sigmoid elements=64",   "activation kind=tanh elements=1",
};

Test(phased, activation_run)
{
    static const cake_phased *const kernels[] = KERNELS(cake_activation_run);

    CHECK(kernels, NCHW, activations);
}

static const char *const dropouts[] = {
    "dropout training=1 elements=1003 p=0.3 seed=12345678901",
    "dropout training=1 elements=70001 p=0.999 seed=1",
    "dropout training=1 elements=64 p=0 seed=3",
    "dropout training=0 elements=99",
};

Test(phased, dropout_philox)
{
    static const cake_phased *const kernels[] = KERNELS(cake_dropout_philox);

    CHECK(kernels, NCHW, dropouts);
}

static const char *const lookups[] = {
    "embedding rows=13 vocab=7 dim=33",
    "embedding rows=1 vocab=1 dim=1",
};

Test(phased, embedding_rows)
{
    static const cake_phased *const kernels[] = KERNELS(cake_embedding_rows);

    CHECK(kernels, NCHW, lookups);
}

static const char *const encodings[] = {
    "positional_encoding batch=2 len=9 dim=37",
    "positional_encoding len=30 dim=64 start=1000 combine=multiply",
};

Test(phased, positional_encoding_table)
{
    static const cake_phased *const kernels[] = KERNELS(cake_positional_encoding_table);

    CHECK(kernels, NCHW, encodings);
}

static const char *const rotations[] = {
    "rope heads=3 len=7 head_dim=64 style=half",
    "rope batch=2 heads=2 len=5 head_dim=40 rotary_dim=18 style=half start=77",
    "rope heads=2 len=9 head_dim=37 rotary_dim=22 style=interleaved",
};

Test(phased, rope_table)
{
    static const cake_phased *const kernels[] = KERNELS(cake_rope_table);

    CHECK(kernels, NCHW, rotations);
}

static const char *const distributions[] = {
    "softmax outer=9 axis=64",         "softmax outer=3 axis=1001 log=1",
    "softmax outer=2 axis=5 inner=37", "softmax outer=2 axis=50 inner=19 log=1",
    "softmax outer=4 axis=1 inner=1",  "softmax outer=1 axis=9999",
};

Test(phased, softmax_passes)
{
    static const cake_phased *const kernels[] = KERNELS(cake_softmax_passes);

    CHECK(kernels, NCHW, distributions);
}

static const char *const heads[] = {
    "mha batch=2 q_len=19 model=40 heads=5 head_dim=17 bias=1",
    "mha batch=3 q_len=5 kv_len=70 model=33 heads=4 kv_heads=2 head_dim=64 cross=1 bias=1",
    "mha q_len=1 kv_len=240 model=48 heads=3 head_dim=16 cross=1",
    "mha batch=2 q_len=37 model=64 heads=2 head_dim=32 causal=upper_left",
};

Test(phased, mha_composed)
{
    static const cake_phased *const kernels[] = KERNELS(cake_mha_composed);

    CHECK(kernels, NCHW, heads);
}

static const char *const transformers[] = {
    "transformer_block batch=2 len=21 model=70 heads=5 ffn=90 bias=1",
    "transformer_block len=150 model=24 heads=2 ffn=400 norm=pre ffn_kind=gelu causal=upper_left bias=1",
    ("transformer_block batch=3 len=9 model=64 heads=4 kv_heads=2 ffn=45 norm=pre norm_kind=rms ffn_kind=swiglu "
     "causal=upper_left rotary=half"),
    ("transformer_block batch=2 len=13 model=36 heads=2 ffn=50 norm=post norm_kind=rms ffn_kind=swiglu bias=1 "
     "rotary=interleaved"),
    "transformer_block len=3 model=16 heads=2 ffn=40 norm=pre ffn_kind=gelu_tanh",
};

Test(phased, transformer_block_composed)
{
    static const cake_phased *const kernels[] = KERNELS(cake_transformer_block_composed);

    CHECK(kernels, NCHW, transformers);
}

/* More rows of an expert than an item holds; no row of some experts; all experts chosen. */
static const char *const mixtures[] = {
    "moe rows=300 model=20 ffn=37 experts=3 top_k=2",
    "moe rows=2 model=70 ffn=33 experts=40 top_k=5 shared=2 scoring=sigmoid route_scale=2.5",
    "moe rows=33 model=16 ffn=70 experts=6 top_k=6 normalize=0",
    "moe rows=5 model=9 ffn=4 experts=3 top_k=1 shared=1 scoring=sigmoid normalize=0",
};

Test(phased, moe_composed)
{
    static const cake_phased *const kernels[] = KERNELS(cake_moe_composed);

    CHECK(kernels, NCHW, mixtures);
}

/* Keys and values expanded for each head, then all heads on the latents. */
static const char *const latents[] = {
    "mla batch=2 len=37 model=40 heads=3 q_lora=24 kv_lora=33 nope_dim=20 rope_dim=6 v_dim=17",
    "mla batch=2 len=3 past=4 model=24 heads=2 kv_lora=16 nope_dim=8 rope_dim=4 v_dim=33",
    "mla batch=2 len=1 past=300 model=24 heads=5 q_lora=17 kv_lora=40 nope_dim=9 rope_dim=8 v_dim=35",
    "mla batch=3 len=4 past=90 model=16 heads=20 kv_lora=32 nope_dim=32 rope_dim=2 v_dim=16",
};

Test(phased, mla_composed)
{
    static const cake_phased *const kernels[] = KERNELS(cake_mla_composed);

    CHECK(kernels, NCHW, latents);
}

static const char *const deepseeks[] = {
    ("deepseek_block batch=2 len=9 model=40 heads=3 q_lora=20 kv_lora=24 nope_dim=16 rope_dim=6 v_dim=17 ffn=21 "
     "experts=9 top_k=4 route_scale=2.5"),
    ("deepseek_block len=40 model=32 heads=2 kv_lora=8 nope_dim=8 rope_dim=4 v_dim=8 ffn=35 experts=3 top_k=2 "
     "shared=0 scoring=softmax normalize=0"),
};

Test(phased, deepseek_block_composed)
{
    static const cake_phased *const kernels[] = KERNELS(cake_deepseek_block_composed);

    CHECK(kernels, NCHW, deepseeks);
}
