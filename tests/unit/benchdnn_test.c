#include "plan/benchdnn.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/layercake-test-XXXXXX";

static void set_up(void)
{
    strcpy(folder, "/tmp/layercake-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static void tear_down(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_expect_eq(system(command), 0);
}

TestSuite(benchdnn, .init = set_up, .fini = tear_down);

static const char *write_file(const char *name, const char *text)
{
    static char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static cake_benchdnn read_text(const char *driver, const char *text)
{
    cake_benchdnn all = {0};
    cake_error error = {""};

    cr_assert_eq(cake_benchdnn_read(driver, write_file("main", text), UINT64_C(1) << 40, &all, &error), CAKE_OK, "%s",
                 error.text);
    return all;
}

/* The text gives these workloads, in this order; NULL-terminated. Returns what was read. */
static cake_benchdnn expect(const char *driver, const char *text, const char *const *lines)
{
    cake_benchdnn all = read_text(driver, text);
    size_t i = 0;

    for (; lines[i]; i++) {
        char line[CAKE_WORKLOAD_TEXT] = "nothing";

        if (i < all.count)
            cake_workload_format_line(&all.workloads[i], line, sizeof line);
        cr_expect_str_eq(line, lines[i]);
    }
    cr_expect_eq(all.count, i, "'%s' gives %zu", text, all.count);
    return all;
}

static void expect_one(const char *driver, const char *text, const char *line)
{
    cake_benchdnn all = expect(driver, text, (const char *const[]){line, NULL});

    cake_benchdnn_free(&all);
}

static void expect_skipped(const char *driver, const char *text, size_t count, const char *reason)
{
    cake_benchdnn all = read_text(driver, text);

    cr_assert_eq(all.n_skips, 1, "%s: %zu reasons", text, all.n_skips);
    cr_expect_str_eq(all.skips[0].reason, reason);
    cr_expect_eq(all.skips[0].count, count);
    cr_expect_eq(all.count, 0);
    cr_expect_eq(all.problems, count);
    cake_benchdnn_free(&all);
}

static void refuse(const char *driver, const char *text, const char *message)
{
    cake_benchdnn all = {0};
    cake_error error = {""};

    cr_expect_eq(cake_benchdnn_read(driver, write_file("main", text), 0, &all, &error), CAKE_E_USAGE, "taken: %s",
                 text);
    cr_expect(strstr(error.text, message), "'%s' gave: %s", text, error.text);
    cake_benchdnn_free(&all);
}

Test(benchdnn, sizes_follow_from_each_other)
{
    /* 55 = (227 - 11) / 4 + 1; a square, two images, with bias: the defaults. */
    expect_one("conv", "ic3ih227oc96_kh11sh4ph0", "conv2d n=2 ic=3 ih=227 iw=227 oc=96 k=11 stride=4 bias=1");
    /* (5 - 1) 2 + 3 - 8 = 3 rows of padding, the smaller half before; dilation counts what is left out. */
    expect_one("conv", "ic4ih8oc8_oh5kh3sh2",
               "conv2d n=2 ic=4 ih=8 iw=8 oc=8 k=3 stride=2 pad_t=1 pad_b=2 pad_l=1 pad_r=2 bias=1");
    expect_one("conv", "ic4ih9oc8_oh9kh3dh1", "conv2d n=2 ic=4 ih=9 iw=9 oc=8 k=3 pad=2 dil=2 bias=1");
    /* Given padding is that before; what is missing to the output comes after; a rest that no window reaches goes. */
    expect_one("conv", "ic4ih8oc8_oh4kh3sh2ph1",
               "conv2d n=2 ic=4 ih=8 iw=8 oc=8 k=3 stride=2 pad_t=1 pad_l=1 bias=1");
    expect_one("conv", "mb1ic4ih5iw9oc8_kh1kw3ph0pw1", "conv2d ic=4 ih=5 iw=9 oc=8 kh=1 kw=3 pad_w=1 bias=1");
    /* One dimension is an image of one row. */
    expect_one("conv", "g2mb1_ic8iw27oc4_kw2sw3", "conv2d ic=8 ih=1 iw=27 oc=4 kh=1 kw=2 stride_w=3 groups=2 bias=1");
    expect_one("conv", "mb1ic8id1ih7oc4_kd1kh3pd0", "conv2d ic=8 ih=7 iw=7 oc=4 k=3 bias=1");
    /* Three are a cube. */
    expect_one("conv", "mb1ic8id7oc4_kd3sd2pd1", "conv3d ic=8 id=7 ih=7 iw=7 oc=4 k=3 stride=2 pad=1 bias=1");
    expect_one("conv", "mb1ic8id7ih8oc4_kd1kh3dd1", "conv3d ic=8 id=7 ih=8 iw=8 oc=4 kd=1 kh=3 kw=3 dil=2 bias=1");
    expect_one("pool", "mb1ic8id6_od3kd2sd2", "pool3d kind=max c=8 id=6 ih=6 iw=6 k=2 stride=2");
    expect_skipped("conv", "ic8ih7oc4_oh5kh1", 1, "negative padding");
}

Test(benchdnn, names_have_letters_of_ours_and_counts)
{
    expect_one("ip", "mb1ic9oc8_n\"net:fc6\"", "linear name=net/fc6 in=9 out=8 bias=1");
    expect_one("ip", "mb1ic9oc8n\"net:fc(6)*20\"", "linear name=net/fc_6_ count=20 in=9 out=8 bias=1");
    expect_one("ip", "mb1ic9oc8n", "linear in=9 out=8 bias=1");
}

Test(benchdnn, every_driver_has_its_words)
{
    expect_one("pool", "--alg=avg_p mb1ic8ih6_kh3sh3", "pool2d kind=avg c=8 ih=6 iw=6 k=3 stride=3 count_pad=1");
    expect_one("pool", "mb1ic8ih6_kh2", "pool2d kind=max c=8 ih=6 iw=6 k=2");
    expect_one("bnorm", "ic8ih6iw5", "batch_norm n=2 c=8 h=6 w=5 training=1 eps=0.0625");
    expect_one("bnorm", "--flags=GCH ic8id2eps1e-3", "batch_norm n=2 c=8 h=4 w=2 eps=0.001");
    expect_one("gnorm", "--flags=CH g4ic8iw6", "group_norm n=2 c=8 h=1 w=6 groups=4 eps=0.0625");
    expect_one("lnorm", "8x3x64", "layer_norm rows=24 hidden=64 eps=0.0625 affine=0");
    expect_one("lnorm", "--flags=S 64", "layer_norm hidden=64 eps=0.0625");
    expect_one("ip", "--dir=FWD_I ic8ih3oc5", "linear rows=2 in=72 out=5");
    expect_one("softmax", "--axis=2 --alg=LOGSOFTMAX 4x5x6x7", "softmax outer=20 axis=6 inner=7 log=1");
    expect_one("softmax", "256x1000_n\"last\"", "softmax name=last outer=256 axis=1000");
    expect_one("matmul", "--bia_dt=f32 --bia_mask=2 7x5:5x3n\"a*2\"",
               "linear name=a count=2 rows=7 in=5 out=3 bias=1");
    expect_one("matmul", "4x7x5:4x5x3", "linear count=4 rows=7 in=5 out=3");
    expect_one("matmul", "4x7x5:1x5x3", "linear rows=28 in=5 out=3");
    expect_one("rnn", "l1t3mb1sic8", "rnn cell=relu steps=3 input=8 hidden=8 bias=1 initial_state=1");
    expect_one("rnn", "--alg=VANILLA_RNN --activation=TANH --mb=4 --t=5 t3sic8slc6",
               "rnn cell=tanh steps=5 batch=4 input=6 hidden=8 bias=1 initial_state=1");
    expect_one("rnn", "--activation=LOGISTIC sic8",
               "rnn cell=tanh steps=1 batch=2 input=8 hidden=8 bias=1 initial_state=1 f=sigmoid");
    expect_one("rnn", "--alg=VANILLA_LSTM --with-peephole=true --direction=right2left l3sic8",
               "rnn count=3 cell=lstm direction=reverse steps=1 batch=2 input=8 hidden=8 bias=1 initial_state=1 "
               "peepholes=1");
}

Test(benchdnn, layers_after_the_first_have_its_features)
{
    static const char *const lines[] = {
        "rnn cell=gru direction=bidirectional steps=2 batch=2 input=8 hidden=8 bias=1 initial_state=1 "
        "linear_before_reset=1",
        "rnn count=2 cell=gru direction=bidirectional steps=2 batch=2 input=16 hidden=8 bias=1 initial_state=1 "
        "linear_before_reset=1",
        NULL};
    cake_benchdnn all = expect("rnn", "--alg=LBR_GRU --direction=concat l3t2sic8", lines);

    cake_benchdnn_free(&all);
}

Test(benchdnn, options_hold_until_they_change_and_combine)
{
    static const char *const lines[] = {"linear in=8 out=4 bias=1",        "linear in=8 out=4",
                                        "linear rows=3 in=8 out=4",        "linear rows=3 in=8 out=4 bias=1",
                                        "linear rows=2 in=5 out=4 bias=1", NULL};
    cake_benchdnn all = expect("ip",
                               "# a comment\n"
                               "--dir=FWD_B,FWD_D,FWD_I --mb=1 mb7ic8oc4 # FWD_D and FWD_I are the same\n"
                               "--mb=3 --dir=FWD_D ic8oc4\n"
                               "--attr-post-ops=, \\\n    relu,\\\n  sum:0.5 --dir=FWD_B,BWD_D ic8oc4\n"
                               "--reset --stag=ab,ba -v1 ic5oc4\n",
                               lines);

    /* 3 + 1 + 3 * 2 + 1 */
    cr_expect_eq(all.problems, 11);
    cr_expect_eq(all.repeated, 1);
    cr_assert_eq(all.n_skips, 2);
    for (size_t i = 0; i < 2; i++)
        cr_expect_eq(all.skips[i].count, strcmp(all.skips[i].reason, "backward") == 0 ? 1 : 4);
    cake_benchdnn_free(&all);
    expect_one("ip", "\\\n ic8oc4 \\\n", "linear rows=2 in=8 out=4 bias=1");
    expect_one("conv", "--match=.*kh3[^0-9].* ic8ih5oc4_kh3ph1 ic8ih5oc4_kh1ph0",
               "conv2d n=2 ic=8 ih=5 iw=5 oc=4 k=3 pad=1 bias=1");
}

Test(benchdnn, files_name_files_beside_them)
{
    cake_benchdnn all;

    write_file("shapes", "ic8oc4\n--mb=5\n");
    all = expect("ip", "--dir=FWD_D --batch=shapes ic9oc4",
                 (const char *const[]){"linear rows=2 in=8 out=4", "linear rows=5 in=9 out=4", NULL});
    cr_expect_str_eq(all.workloads[0].dataset, "shapes");
    cr_expect_str_eq(all.workloads[1].dataset, "main");
    cake_benchdnn_free(&all);
    refuse("ip", "\n --batch=other", "/main:2:2: expected a file beside this one, found none named 'other'");
    refuse("ip", "--batch=main", "/main:1:1: expected files nested at most 16 deep, found more");
}

Test(benchdnn, out_of_scope_is_counted_by_reason)
{
    expect_skipped("conv", "--dir=BWD_D,BWD_W ic8ih5oc4_kh3", 2, "backward");
    expect_skipped("conv", "--dt=bf16,s8:s8:f32 ic8ih5oc4_kh3", 2, "elements that are not f32");
    expect_skipped("conv", "--attr-scales=src:common:2 ic8ih5oc4_kh3", 1, "--attr-scales");
    expect_skipped("conv", "g3ic8ih5oc4_kh3", 1, "sizes that the op does not take");
    expect_skipped("pool", "--alg=min ic8ih5kh3", 1, "neither the largest nor the mean value (--alg)");
    expect_skipped("lnorm", "--flags=C,H 8x16", 2, "scale or shift alone (--flags)");
    expect_skipped("rnn", "--alg=VANILLA_AUGRU sic8", 1,
                   "a cell that is not tanh, relu, logistic, LSTM or GRU (--alg, --activation)");
    expect_skipped("rnn", "sic8dhc9", 1, "a projection of the state");
    expect_skipped("rnn", "--direction=sum sic8", 1, "sum of both directions (--direction)");
    expect_skipped("softmax", "--axis=4 8x16", 1, "no such axis (--axis)");
    expect_skipped("matmul", "4x2x7x5:4x1x5x3", 1, "weights repeated over part of a batch");
    expect_skipped("matmul", "--bia_dt=f32 --bia_mask=3 7x5:5x3", 1, "a bias that is no row (--bia_mask)");
    expect_skipped("ip", "mb1000000ic1000000oc1000000", 1, "more memory than there is");
}

Test(benchdnn, says_where_and_what_was_expected)
{
    refuse("convolution", "",
           "expected one of conv, bnorm, lnorm, gnorm, pool, ip, matmul, rnn, softmax, found 'convolution'");
    refuse("conv", "--dir=FWD_D\nic8ih5oc4_kg3", "/main:2:11: expected a key of conv ( g mb ic");
    refuse("conv", "ic8ih5oc4_kh", "/main:1:11: expected a key of conv");
    refuse("conv", "  ic8ih5oc4_kh99999999999",
           "/main:1:15: expected a whole number below 2^31 for kh, found '99999999999'");
    refuse("conv", "ih5oc4_kh3", "/main:1:1: expected ic with a number of channels, found 'ih5oc4_kh3'");
    refuse("conv", "ic8ih5oc4", "/main:1:1: expected sizes of the image and the window");
    refuse("conv", "ic8oc4_kh3", "/main:1:1: expected sizes of the image and the window");
    refuse("conv", "ic8ih5oc4_kh3sh0", "/main:1:1: expected sizes of the image and the window");
    refuse("conv", "--drt=FWD_D ic8",
           "/main:1:1: expected an option of benchdnn, found '--drt=FWD_D'; did you mean '--dt'?");
    refuse("conv", "--dir ic8", "/main:1:1: expected --dir=..., found '--dir'");
    refuse("conv", "-x", "/main:1:1: expected an option, found '-x'");
    refuse("conv", "--match=( ic8", "/main:1:1: expected a regular expression, found '('");
    refuse("conv", "ic8\x01", "/main:1:4: expected printable ASCII, found the byte 0x01");
    refuse("bnorm", "ic8ih5epsx", "/main:1:7: expected a key of bnorm");
    refuse("lnorm", "8x", "/main:1:3: expected a size, found nothing");
    refuse("lnorm", "8*4", "/main:1:2: expected 'x' or ':', found '*4'");
    refuse("matmul", "8x4", "/main:1:1: expected two matrices MxK:KxN");
    refuse("matmul", "8x4:5x6", "/main:1:1: expected two matrices MxK:KxN");
    refuse("matmul", "1x1:1x1:1x1:1x1", "/main:1:13: expected a size below 2^31");
    refuse("rnn", "t3", "/main:1:1: expected sic with the size of the state");
    refuse("ip",
           "--mb=1,2,3,4,5,6,7,8,9,1 --dir=a,a,a,a,a,a,a,a,a,a --dt=a,a,a,a,a,a,a,a,a,a --alg=a,a,a,a,a,a,a,a,a,a "
           "--l=1,1,1,1,1,1,1,1,1,1 --t=1,2 ic1oc1",
           "expected options of at most 100000 combinations, found more");
}
