/* The frame of reference/: names, sizes, set-up, threads. */
#include <criterion/criterion.h>
#include <string.h>

#include "reference/reference.h"

Test(reference, ops_are_complete_and_found_by_name)
{
    for (int i = 0; cake_ops[i]; i++) {
        const cake_op *op = cake_ops[i];

        cr_assert_eq(cake_op_find(op->name), op);
        cr_assert(op->family && op->summary && op->params && op->validate && op->tensors && op->flops);
        cr_assert(op->exact_on_integers && op->blocks && op->block && op->element && op->influence);
        cr_assert_eq(!op->prepare, !op->release);
        for (const cake_param *p = op->params; p->key; p++) {
            cr_assert(p->meaning, "%s %s has no meaning", op->name, p->key);
            if (p->kind != CAKE_PARAM_ALIAS)
                cr_assert(p->offset >= sizeof(uint32_t) && p->offset < op->params_size);
            for (int s = 0; p->kind == CAKE_PARAM_ALIAS && p->sets[s]; s++) {
                const cake_param *q = op->params;

                while (q->key && strcmp(q->key, p->sets[s]) != 0)
                    q++;
                cr_assert(q->key && q->kind != CAKE_PARAM_ALIAS, "%s: %s sets %s", op->name, p->key, p->sets[s]);
            }
        }
    }
    cr_assert_null(cake_op_find("nonsense"));
}

Test(reference, names_go_both_ways)
{
    cr_assert_eq(cake_dtype_find("bf16"), CAKE_BF16);
    cr_assert_str_eq(cake_dtype_name(CAKE_F32), "f32");
    cr_assert_eq(cake_dtype_size(CAKE_F16), 2);
    cr_assert_eq(cake_dtype_find("f31"), 0);
    cr_assert_eq(cake_layout_find("nchw16c"), CAKE_NCHW16C);
    cr_assert_str_eq(cake_layout_name(CAKE_PLAIN), "plain");
    cr_assert_eq(cake_layout_find("chwn"), -1);
}

Test(reference, sizes_count_the_channels_that_fill_a_block)
{
    cake_tensor_spec image = {.image = true, .rank = 4, .shape = {2, 17, 3, 5}};

    cr_assert_eq(cake_spec_elements(&image), 2 * 17 * 15);
    cr_assert_eq(cake_spec_bytes(&image, CAKE_F32, CAKE_NHWC), 4 * 2 * 17 * 15);
    cr_assert_eq(cake_spec_bytes(&image, CAKE_F32, CAKE_NCHW8C), 4 * 2 * 24 * 15);
    cr_assert_eq(cake_spec_bytes(&image, CAKE_BF16, CAKE_NCHW16C), 2 * 2 * 32 * 15);
}

Test(reference, sizes_are_checked)
{
    int64_t r;

    cr_assert(cake_size_mul(INT64_C(1) << 31, INT64_C(1) << 31, &r) && r == INT64_C(1) << 62);
    cr_assert_not(cake_size_mul(INT64_C(1) << 32, INT64_C(1) << 31, &r));
    cr_assert_not(cake_size_add(INT64_MAX, 1, &r));
}

Test(reference, any_number_of_threads_gives_the_same)
{
    cake_linear p = {.struct_size = sizeof p, .rows = 20, .in = 9, .out = 30};
    double x[20 * 9], w[30 * 9], *values[] = {x, w, NULL};
    cake_expected one[20 * 30], many[20 * 30], *one_at[] = {one}, *many_at[] = {many};
    cake_reference reference;
    cake_error error;

    for (int i = 0; i < 20 * 9; i++)
        x[i] = i % 7 - 3;
    for (int i = 0; i < 30 * 9; i++)
        w[i] = i % 5 - 2;
    cr_assert_eq(
        cake_reference_begin(&reference, cake_op_find("linear"), &p, CAKE_F32, CAKE_STANDARD, values, &error),
        CAKE_OK);
    cr_assert_eq(cake_reference_compute(&reference, 1, one_at, &error), CAKE_OK);
    cr_assert_eq(cake_reference_compute(&reference, 5, many_at, &error), CAKE_OK);
    cr_assert_arr_eq(one, many, sizeof one);
    cake_reference_end(&reference);
}

Test(reference, dtypes_that_it_cannot_judge_are_not_supported)
{
    cake_linear p = {.struct_size = sizeof p, .rows = 1, .in = 1, .out = 1};
    double one = 1, *values[] = {&one, &one, NULL};
    cake_reference reference;
    cake_error error;

    cr_assert_eq(
        cake_reference_begin(&reference, cake_op_find("linear"), &p, CAKE_F64, CAKE_STANDARD, values, &error),
        CAKE_NOT_SUPPORTED);
    cr_assert_eq(
        cake_reference_begin(&reference, cake_op_find("linear"), &p, CAKE_BF16, CAKE_STANDARD, values, &error),
        CAKE_OK);
    cr_assert_eq(reference.u_out, 0x1p-8);
    cake_reference_end(&reference);
}
