#include "plan/draw.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cake_workload draw(const cake_op *op, cake_random *random)
{
    cake_workload workload = {0};
    cake_error error = {""};

    cr_assert_eq(cake_workload_draw(op, random, &workload, &error), CAKE_OK, "%s", error.text);
    return workload;
}

/* Its text means the same workload, which is what a repeat line promises. */
static void expect_repeatable(const cake_workload *workload)
{
    char text[CAKE_WORKLOAD_TEXT];
    cake_workload again = {0};
    cake_error error = {""};

    cr_assert_lt(cake_workload_format(workload, text, sizeof text), sizeof text);
    cr_assert_eq(cake_workload_parse(text, strlen(text), &(cake_source){"t", 1, ""}, &again, &error), CAKE_OK, "%s",
                 error.text);
    cr_expect_eq(memcmp(again.params, workload->params, workload->op->params_size), 0, "'%s' is another", text);
    cake_workload_free(&again);
}

Test(draw, workloads_of_every_op_are_valid_cheap_and_repeatable, .timeout = 60)
{
    for (int o = 0; cake_ops[o]; o++) {
        cake_random random = {42}, again = {42};

        for (int i = 0; i < 100; i++) {
            cake_workload a = draw(cake_ops[o], &random), b = draw(cake_ops[o], &again);

            cr_expect_eq(memcmp(a.params, b.params, cake_ops[o]->params_size), 0, "%s: not by the seed",
                         cake_ops[o]->name);
            cr_expect_leq(cake_ops[o]->flops(a.params), 3e6);
            cr_expect_leq(cake_workload_memory(&a, CAKE_F32), UINT64_C(1) << 22);
            expect_repeatable(&a);
            cake_workload_free(&a);
            cake_workload_free(&b);
        }
    }
}

/* How many of 300 convolutions have what kernels go wrong at. */
Test(draw, convolutions_have_tails_groups_and_gaps)
{
    enum { DRAWS = 300 };
    cake_random random = {1};
    int tails = 0, groups = 0, odd_groups = 0, depthwise = 0, gaps = 0, dilated = 0, uneven = 0, square = 0,
        long_axis = 0;

    for (int i = 0; i < DRAWS; i++) {
        cake_workload workload = draw(cake_op_find("conv2d"), &random);
        const cake_conv2d *p = workload.params;

        tails += p->ic % 8 != 0 && p->ic > 8;
        groups += p->groups > 1;
        odd_groups += p->groups > 1 && p->groups % 2 == 1;
        depthwise += p->groups > 1 && p->groups == p->ic;
        gaps += p->stride_h > p->kh || p->stride_w > p->kw;
        dilated += (p->dil_h > 1 && p->kh > 1) || (p->dil_w > 1 && p->kw > 1);
        uneven += p->pad_t != p->pad_b || p->pad_l != p->pad_r;
        square += p->kh == p->kw && p->kh > 1;
        long_axis += p->iw > 200 || p->ih > 200 || p->ic > 200 || p->oc > 200;
        cake_workload_free(&workload);
    }
    cr_expect(tails > 10 && groups > 20 && odd_groups > 10 && depthwise > 5 && gaps > 20 && dilated > 10 &&
                  uneven > 20 && square > 10 && long_axis > 3,
              "tails %d groups %d odd %d depthwise %d gaps %d dilated %d uneven %d square %d long %d", tails, groups,
              odd_groups, depthwise, gaps, dilated, uneven, square, long_axis);
}

/* Recurrent layers with other functions are there, but do not crowd out the ones that every kernel has. */
Test(draw, few_recurrent_layers_have_other_functions)
{
    cake_random random = {1};
    int other = 0, parameters = 0, coupled = 0;

    for (int i = 0; i < 400; i++) {
        cake_workload workload = draw(cake_op_find("rnn"), &random);
        const cake_rnn *p = workload.params;

        other += p->f || p->g || p->h;
        parameters += p->f_alpha != 0 || p->g_alpha != 0 || p->h_alpha != 0;
        coupled += p->input_forget;
        cr_expect(!(p->f || p->g || p->h) || p->steps <= 2);
        cake_workload_free(&workload);
    }
    cr_expect(other > 20 && other < 120 && parameters > 5 && coupled > 3, "other %d parameters %d coupled %d", other,
              parameters, coupled);
}

/* Simplifying as long as it can ends at the least workload; each step is valid and can be repeated. */
Test(draw, simplifying_ends_at_the_least_workload, .timeout = 60)
{
    for (int o = 0; cake_ops[o]; o++) {
        cake_random random = {7};
        cake_workload workload = draw(cake_ops[o], &random);
        int steps = 0;
        cake_status st = CAKE_OK;
        char text[CAKE_WORKLOAD_TEXT];

        for (int step = 0; st != CAKE_NOT_FOUND; step++) {
            cake_workload simpler = {0};

            st = cake_workload_simplify(&workload, step, &simpler, NULL);
            cr_assert(st == CAKE_OK || st == CAKE_NOT_FOUND || st == CAKE_NOT_SUPPORTED);
            if (st != CAKE_OK)
                continue;
            cake_workload_free(&workload);
            workload = simpler;
            expect_repeatable(&workload);
            cr_assert_lt(++steps, 500, "%s does not end", cake_ops[o]->name);
            step = -1;
        }
        cake_workload_format(&workload, text, sizeof text);
        cr_expect_leq(cake_workload_memory(&workload, CAKE_F32), 1024, "%s", text);
        cake_workload_free(&workload);
    }
}

Test(draw, simplifying_keeps_groups_that_divide)
{
    static const char text[] = "conv2d ic=12 ih=1 iw=1 oc=30 k=1 groups=6";
    cake_workload workload = {0};
    bool found = false;
    cake_status st = CAKE_OK;

    cr_assert_eq(cake_workload_parse(text, sizeof text - 1, &(cake_source){"t", 1, ""}, &workload, NULL), CAKE_OK);
    for (int step = 0; st != CAKE_NOT_FOUND; step++) {
        cake_workload simpler = {0};
        const cake_conv2d *p;

        st = cake_workload_simplify(&workload, step, &simpler, NULL);
        p = simpler.params;
        found = found || (st == CAKE_OK && p->groups == 3 && p->ic == 6 && p->oc == 15);
        cake_workload_free(&simpler);
    }
    cr_expect(found);
    cake_workload_free(&workload);
}
