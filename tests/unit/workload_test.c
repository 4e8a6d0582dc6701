#include "plan/workload.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/random.h"

static const cake_source source = {"t.txt", 7, "t"};

static cake_status parse(const char *text, cake_workload *workload, cake_error *error)
{
    return cake_workload_parse(text, strlen(text), &source, workload, error);
}

/* The line must be refused with that message at that column. */
static void refuse(const char *text, const char *message)
{
    cake_workload workload = {0};
    cake_error error = {""};
    cake_status st = parse(text, &workload, &error);

    cr_expect_eq(st, CAKE_E_USAGE, "'%s' was taken", text);
    cr_expect(strstr(error.text, message), "'%s' gave: %s", text, error.text);
    cr_expect_null(workload.params);
}

static void formats_as(const char *text, const char *expected)
{
    cake_workload workload = {0};
    cake_error error = {""};
    char buffer[CAKE_WORKLOAD_TEXT];

    cr_assert_eq(parse(text, &workload, &error), CAKE_OK, "%s", error.text);
    cake_workload_format_line(&workload, buffer, sizeof buffer);
    cr_expect_str_eq(buffer, expected);
    cake_workload_free(&workload);
}

Test(nearest, distance_counts_slips)
{
    cr_expect_eq(cake_word_distance("conv2d", "conv2d"), 0);
    cr_expect_eq(cake_word_distance("", "abc"), 3);
    cr_expect_eq(cake_word_distance("conv2", "conv2d"), 1);
    cr_expect_eq(cake_word_distance("cnov2d", "conv2d"), 1);
    cr_expect_eq(cake_word_distance("LINEAR", "linear"), 0);
    cr_expect_eq(cake_word_distance("kitten", "sitting"), 3);
}

Test(workload, reads_keys_in_any_order_and_aliases)
{
    cake_workload workload = {0};
    cake_error error = {""};
    const cake_conv2d *p;

    cr_assert_eq(parse("\tconv2d pad=1 kw=3 oc=64 name=res2a_branch2b iw=56 count=3 ih=57 kh=3 ic=64 # why\r",
                       &workload, &error),
                 CAKE_OK, "%s", error.text);
    p = workload.params;
    cr_expect_str_eq(workload.op->name, "conv2d");
    cr_expect_str_eq(workload.name, "res2a_branch2b");
    cr_expect_str_eq(workload.dataset, "t");
    cr_expect_str_eq(workload.file, "t.txt");
    cr_expect_eq(workload.line, 7);
    cr_expect_eq(workload.count, 3);
    cr_expect_eq(p->struct_size, workload.op->params_size);
    cr_expect(p->n == 1 && p->ic == 64 && p->ih == 57 && p->iw == 56 && p->oc == 64);
    cr_expect(p->pad_t == 1 && p->pad_b == 1 && p->pad_l == 1 && p->pad_r == 1 && p->stride_h == 1 && p->dil_w == 1);
    cr_expect(p->oh == 57 && p->ow == 56);
    cake_workload_free(&workload);
    cr_expect_null(workload.params);
}

Test(workload, shorthands_are_images_of_one_row)
{
    formats_as("conv1d name=a ic=80 iw=3000 oc=768 k=3 stride=2 pad=1 dil=2",
               "conv2d name=a ic=80 ih=1 iw=3000 oc=768 kh=1 kw=3 stride_w=2 pad_w=1 dil_w=2");
    formats_as("pool1d kind=max c=8 iw=9 kw=3 pad_l=1", "pool2d kind=max c=8 ih=1 iw=9 kh=1 kw=3 pad_l=1");
    formats_as("pool1d kind=avg c=8 iw=9 k=0", "pool2d kind=avg c=8 ih=1 iw=9 kh=1 kw=9");
    refuse("conv1d ic=8 ih=3 iw=9 oc=8 k=3",
           "t.txt:7:13: expected each key once, found 'ih' again (column 1 sets it)");
    refuse("conv1d ic=8 iw=9 oc=8", "expected kw=...");
    refuse("conv1f ic=8 iw=9 oc=8 k=3", "expected an op, found 'conv1f'; did you mean 'conv1d'?");
}

Test(workload, blank_lines_and_comments_are_none)
{
    cake_workload workload = {0};

    cr_expect_eq(parse("", &workload, NULL), CAKE_NOT_FOUND);
    cr_expect_eq(parse(" \t ", &workload, NULL), CAKE_NOT_FOUND);
    cr_expect_eq(parse("  # linear in=1 \x01\xff", &workload, NULL), CAKE_NOT_FOUND);
}

Test(workload, says_where_and_what_was_expected)
{
    refuse("conv2 ic=1", "t.txt:7:1: expected an op, found 'conv2'; did you mean 'conv2d'?");
    refuse("  frobnicate", "t.txt:7:3: expected an op ('layercake list ops' names them), found 'frobnicate'");
    refuse("linear in=3 outt=4", "t.txt:7:13: expected a key of linear, found 'outt'; did you mean 'out'?");
    refuse("linear in=3 zzzzzz=4", "expected a key of linear (name count");
    refuse("linear in=3", "t.txt:7:12: expected out=... (output features), found the end of the workload");
    refuse("linear in", "t.txt:7:8: expected key=value, found 'in'");
    refuse("linear =3", "t.txt:7:8: expected key=value, found '=3'");
    refuse("linear in= out=3", "t.txt:7:11: expected a whole number from 1 to");
    refuse("linear in= out=3", "found nothing");
    refuse("linear in=3 in=3 out=1", "t.txt:7:13: expected each key once, found 'in' again (column 8 sets it)");
    refuse("linear name=a name=b in=3 out=1", "t.txt:7:15: expected each key once, found 'name' again");
    refuse("linear count=1 in=3 out=1 count=1", "t.txt:7:27: expected each key once, found 'count' again");
    refuse("conv2d pad_l=1 ic=1 ih=8 iw=8 oc=1 k=1 pad=1", "t.txt:7:40: expected each key once, found 'pad_l' again");
    refuse("linear name= in=3 out=1", "t.txt:7:13: expected a name of 1 to 63 bytes, found nothing");
    refuse("linear name=a,b in=3 out=1", "t.txt:7:14: expected a name of letters, digits and");
    refuse("linear count=0 in=3 out=1", "expected a whole number from 1 to 1000000000 for count");
    refuse("rnn cell=lstn steps=1 input=1 hidden=1", "expected one of tanh, relu, lstm, gru for cell");
    refuse("linear bias=2 in=3 out=1", "expected 0 or 1 for bias");
}

Test(workload, refuses_sizes_that_are_none)
{
    static const char *const values[] = {"0",
                                         "-1",
                                         "+1",
                                         "1.5",
                                         "1e3",
                                         "0x10",
                                         "nan",
                                         "99999999999",
                                         "9223372036854775808",
                                         "99999999999999999999999999999999999999999999",
                                         "1,2",
                                         "=",
                                         "12x",
                                         "''"};
    char line[256];

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(line, sizeof line, "linear in=%s out=4", values[i]);
        refuse(line, "t.txt:7:11: expected a whole number from 1 to");
    }
}

Test(workload, refuses_reals_that_are_none)
{
    static const char *const values[] = {"nan",   "inf", "-inf", "1e308", "1e999", "-1",
                                         "0x1p3", "1e",  "e1",   "1e-5x", ""};
    char line[256];

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        snprintf(line, sizeof line, "attention heads=1 q_len=1 head_dim=1 scale=%s", values[i]);
        refuse(line, "t.txt:7:44: expected a number from");
    }
}

Test(workload, refuses_contradictions_with_the_place)
{
    refuse(" conv2d ic=3 ih=8 iw=8 oc=4 k=3 groups=2", "t.txt:7:2: conv2d: ");
    refuse("conv2d ic=1 ih=2 iw=2 oc=1 k=5", "t.txt:7:1: conv2d: ");
    refuse("linear rows=2147483647 in=2147483647 out=2147483647", "t.txt:7:1: linear: ");
}

Test(workload, refuses_bytes_that_are_no_text)
{
    cake_workload workload = {0};
    cake_error error = {""};
    static const char with_nul[] = "linear in=3\0 out=4";
    char *line = malloc(5 << 20);

    cr_assert_not_null(line);
    cr_expect_eq(cake_workload_parse(with_nul, sizeof with_nul - 1, &source, &workload, &error), CAKE_E_USAGE);
    cr_expect_str_eq(error.text, "t.txt:7:12: expected printable ASCII, found the byte 0x00");
    refuse("linear in=3\x80 out=4", "t.txt:7:12: expected printable ASCII, found the byte 0x80");
    memset(line, 'a', 5 << 20);
    cr_expect_eq(cake_workload_parse(line, 5 << 20, &source, &workload, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "t.txt:7:4097: expected a line of at most 4096 bytes, found 5242880"), "%s",
              error.text);
    memcpy(line, "linear ", 7);
    cr_expect_eq(cake_workload_parse(line, 4000, &source, &workload, &error), CAKE_E_USAGE);
    memset(line + 7, '=', 4000);
    cr_expect_eq(cake_workload_parse(line, 4000, &source, &workload, &error), CAKE_E_USAGE);
    free(line);
}

Test(workload, canonical_text_is_short)
{
    formats_as("conv2d pad=1 kw=3 kh=3 n=1 ic=64 iw=56 ih=56 oc=64 count=1 bias=0 groups=1",
               "conv2d ic=64 ih=56 iw=56 oc=64 k=3 pad=1");
    formats_as("conv2d name=x count=2 kw=1 kh=3 n=2 ic=6 iw=5 ih=5 oc=4 pad_t=1 pad_b=1 stride=1 dil_h=2 groups=2",
               "conv2d name=x count=2 n=2 ic=6 ih=5 iw=5 oc=4 kh=3 kw=1 pad_h=1 dil_h=2 groups=2");
    formats_as("attention heads=8 kv_heads=8 q_len=5 kv_len=5 head_dim=64 v_dim=64 scale=0.125",
               "attention heads=8 q_len=5 head_dim=64");
    formats_as("attention heads=8 kv_heads=2 q_len=5 kv_len=6 head_dim=64 v_dim=32 scale=0.1 causal=lower_right",
               "attention heads=8 kv_heads=2 q_len=5 kv_len=6 head_dim=64 v_dim=32 causal=lower_right scale=0.1");
    formats_as("rnn cell=gru steps=2 batch=1 input=3 hidden=4 direction=forward",
               "rnn cell=gru steps=2 input=3 hidden=4");
}

Test(workload, formats_into_small_buffers)
{
    cake_workload workload = {0};
    char buffer[8];

    cr_assert_eq(parse("linear in=33 out=44", &workload, NULL), CAKE_OK);
    cr_expect_eq(cake_workload_format(&workload, buffer, sizeof buffer), strlen("linear in=33 out=44"));
    cr_expect_str_eq(buffer, "linear ");
    cr_expect_eq(cake_params_format(workload.op, workload.params, buffer, 1), strlen("in=33 out=44"));
    cr_expect_str_eq(buffer, "");
    cake_workload_free(&workload);
}

/* parse(format(x)) == x for every op, with values drawn within the tables' ranges. */
Test(workload, format_and_parse_are_inverse)
{
    cake_random random = {1};
    int valid = 0;

    for (int i = 0; i < 4000; i++) {
        const cake_op *op;
        size_t count = 0, used;
        char line[2048], again[CAKE_WORKLOAD_TEXT];
        cake_workload a = {0}, b = {0};
        cake_error error = {""};

        while (cake_ops[count])
            count++;
        op = cake_ops[(size_t)i % count];
        used = (size_t)snprintf(line, sizeof line, "%s", op->name);
        for (const cake_param *param = op->params; param->key; param++) {
            int choices = 0;

            if (param->kind == CAKE_PARAM_ALIAS || (param->value && cake_random_below(&random, 2)))
                continue;
            while (param->kind == CAKE_PARAM_CHOICE && param->choices[choices])
                choices++;
            used += (size_t)snprintf(line + used, sizeof line - used, " %s=", param->key);
            if (param->kind == CAKE_PARAM_SIZE)
                used += (size_t)snprintf(line + used, sizeof line - used, "%d",
                                         (int)param->min + (int)cake_random_below(&random, 4));
            else if (param->kind == CAKE_PARAM_CHOICE)
                used += (size_t)snprintf(line + used, sizeof line - used, "%s",
                                         param->choices[cake_random_below(&random, (uint64_t)choices)]);
            else if (param->kind == CAKE_PARAM_FLAG)
                used += (size_t)snprintf(line + used, sizeof line - used, "%d", (int)cake_random_below(&random, 2));
            else
                used += (size_t)snprintf(line + used, sizeof line - used, "%.17g", cake_random_real(&random, 0, 1));
        }
        if (parse(line, &a, &error) != CAKE_OK)
            continue;
        valid++;
        cake_workload_format(&a, again, sizeof again);
        cr_assert_eq(parse(again, &b, &error), CAKE_OK, "%s -> %s: %s", line, again, error.text);
        cr_assert_eq(memcmp(a.params, b.params, op->params_size), 0, "%s -> %s", line, again);
        cr_assert(strlen(again) <= used);
        cake_workload_free(&a);
        cake_workload_free(&b);
    }
    cr_expect(valid > 500, "only %d valid workloads were drawn", valid);
}

/* Any bytes are refused or taken, never more. */
Test(workload, survives_noise)
{
    static const char good[] =
        "conv2d name=a count=2 n=1 ic=8 ih=9 iw=9 oc=8 kh=3 kw=3 stride=1 pad=1 groups=2 bias=1";
    cake_random random = {2};
    int taken = 0;

    for (int i = 0; i < 20000; i++) {
        char line[sizeof good];
        size_t length = sizeof good - 1;
        cake_workload workload = {0};
        cake_error error = {""};
        cake_status st;

        memcpy(line, good, sizeof good);
        for (uint64_t n = cake_random_below(&random, 4); n > 0; n--)
            line[cake_random_below(&random, length)] = cake_random_below(&random, 4)
                                                           ? "= #0123456789abce.-"[cake_random_below(&random, 19)]
                                                           : (char)cake_random_below(&random, 256);
        if (cake_random_below(&random, 8) == 0)
            length = cake_random_below(&random, length);
        st = cake_workload_parse(line, length, &source, &workload, &error);
        cr_assert(st == CAKE_OK || st == CAKE_NOT_FOUND || (st == CAKE_E_USAGE && error.text[0]));
        if (st == CAKE_OK)
            taken++;
        cake_workload_free(&workload);
    }
    cr_expect(taken > 1000);
}

Test(workload, memory_counts_every_tensor)
{
    cake_workload workload = {0};
    cake_error error = {""};

    cr_assert_eq(parse("linear rows=10 in=20 out=30 bias=1", &workload, NULL), CAKE_OK);
    cr_expect_eq(cake_workload_memory(&workload, CAKE_F32), (10 * 20 + 20 * 30 + 30) * 12 + 10 * 30 * 20);
    cr_expect_eq(cake_workload_fits(&workload, CAKE_F32, 15960, &error), CAKE_OK);
    cr_expect_eq(cake_workload_fits(&workload, CAKE_F32, 15959, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "needs 16.0 kB of memory"), "%s", error.text);
    cake_workload_free(&workload);

    cr_assert_eq(parse("linear rows=1000000 in=1000000 out=1000000", &workload, NULL), CAKE_OK);
    cr_expect_eq(cake_workload_fits(&workload, CAKE_F32, 0, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "t.txt:7: linear needs 44.0 TB of memory"), "%s", error.text);
    cr_expect_gt(cake_memory_available(), 1000000);
    cake_workload_free(&workload);
}
