/* A kernel with one wrong index is caught, for every op. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#include "kernel_case.h"
#include "plan/workload.h"

/* For each op, workloads in which every place of every tensor matters. */
typedef struct spoiled_case {
    char text[120]; /* not a pointer: Criterion copies it into another process */
} spoiled_case;

static spoiled_case cases[] = {
    {"linear rows=3 in=33 out=17 bias=1"},
    {"linear in=301 out=5"},
    {"conv2d n=2 ic=3 ih=9 iw=8 oc=5 kh=3 kw=3 pad=1"},
    {"conv2d n=1 ic=8 ih=7 iw=7 oc=8 kh=3 kw=3 stride=2 pad=1 groups=8 bias=1"},
    {"conv3d n=2 ic=3 id=5 ih=4 iw=6 oc=4 k=3 pad=1 bias=1"},
    {"conv_transpose2d n=2 ic=3 ih=5 iw=4 oc=4 k=3 stride=2 bias=1"},
    {"pool3d kind=max c=3 id=4 ih=5 iw=6 k=1"},
    {"pool3d kind=avg c=3 id=4 ih=6 iw=6 k=2 stride=2"},
    {"pool2d kind=max n=1 c=3 ih=8 iw=8 kh=1 kw=1"},
    {"pool2d kind=avg n=1 c=3 ih=8 iw=8 kh=2 kw=2 stride=2"},
    {"batch_norm n=2 c=7 h=5 w=5"},
    {"batch_norm training=1 n=2 c=7 h=5 w=5"},
    {"layer_norm rows=5 hidden=65 affine=1"},
    {"rms_norm rows=5 hidden=65 affine=1"},
    {"group_norm n=2 c=6 h=5 w=3 groups=3 affine=1"},
    {"attention heads=2 kv_heads=1 q_len=7 kv_len=9 head_dim=16"},
    {"attention heads=2 q_len=7 head_dim=16 causal=upper_left mask=1"},
    {"attention heads=2 q_len=7 head_dim=16 mask=1 softcap=2 scores=step2"},
    {"rnn cell=tanh steps=3 batch=2 input=9 hidden=11 bias=1"},
    {"rnn cell=relu steps=3 batch=2 input=9 hidden=11"},
    {"rnn cell=lstm direction=bidirectional steps=3 batch=2 input=9 hidden=11 bias=1 initial_state=1"},
    {"rnn cell=gru steps=3 batch=2 input=9 hidden=11 bias=1"},
    {"softmax outer=3 axis=17 inner=2"},
    {"activation kind=gelu elements=101"},
    {"embedding rows=400 vocab=40 dim=5"},
    {"positional_encoding batch=2 len=5 dim=16"},
    {"rope heads=2 len=7 head_dim=16"},
    {"rope batch=2 heads=2 len=7 head_dim=16 tables=1"},
    {"dropout elements=101 training=0"},
    {"mha q_len=5 model=24 heads=3 head_dim=8 bias=1"},
    {"transformer_block len=5 model=24 heads=3 ffn=32"},
    {"mla len=5 model=24 heads=2 kv_lora=16 nope_dim=8 rope_dim=4 v_dim=8"},
    {"tokenize kind=character len=77"},
    {"deepseek_block len=5 model=24 heads=2 kv_lora=16 nope_dim=8 rope_dim=4 v_dim=8 ffn=16 experts=4 top_k=2"},
    {"moe rows=7 model=16 ffn=12 experts=5 top_k=2 shared=1"},
};

enum { N_CASES = sizeof cases / sizeof *cases };

static void parse(const char *text, cake_workload *workload)
{
    const cake_source source = {.file = "spoiled_test.c", .line = 1, .dataset = ""};
    cake_error error = {{0}};

    cr_assert_eq(cake_workload_parse(text, strlen(text), &source, workload, &error), CAKE_OK, "%s", error.text);
}

/* Check the plugin's kernels of the workload's op. Returns how many got the verdict; the others must be unsupported.
 */
static int check_all(const char *path, const cake_workload *workload, cake_verdict verdict)
{
    const cake_plugin *plugin = NULL;
    cake_error error = {{0}};
    int right = 0;

    cr_assert_eq(cake_plugin_load(path, &plugin, &error), CAKE_OK, "%s", error.text);
    for (uint32_t i = 0; i < plugin->n_kernels; i++) {
        const cake_kernel *kernel = plugin->kernels[i];
        cake_kernel_result result;

        if (strcmp(kernel->op, workload->op->name) != 0)
            continue;
        cake_kernel_check(kernel, workload->op, workload->params, &(cake_kernel_options){.seed = 42}, &result);
        cr_expect(result.verdict == verdict || result.verdict == CAKE_V_UNSUPPORTED,
                  "%s %s/%s: expected %s, found %s: %s", plugin->name, kernel->op, kernel->name,
                  cake_verdicts[verdict].word, cake_verdicts[result.verdict].word, result.reason);
        right += result.verdict == verdict;
    }
    return right;
}

ParameterizedTestParameters(spoiled, wrong_index_is_a_mismatch)
{
    return cr_make_param_array(spoiled_case, cases, N_CASES);
}

ParameterizedTest(spoiled_case *c, spoiled, wrong_index_is_a_mismatch)
{
    cake_workload workload = {0};

    parse(c->text, &workload);
    cr_expect_eq(check_all(NAIVE_PLUGIN, &workload, CAKE_V_OK), 1, "%s: naive has one kernel", c->text);
    cr_expect_geq(check_all(SPOILED_PLUGIN, &workload, CAKE_V_MISMATCH), 3, "%s: too few mistakes", c->text);
    cake_workload_free(&workload);
}

Test(spoiled, every_op_is_spoiled)
{
    for (const cake_op *const *op = cake_ops; *op; op++) {
        bool found = false;

        for (int i = 0; i < N_CASES && !found; i++) {
            cake_workload workload = {0};

            parse(cases[i].text, &workload);
            found = workload.op == *op;
            cake_workload_free(&workload);
        }
        cr_expect(found, "no workload of %s", (*op)->name);
    }
}
