/* The elementary functions over a vector header, held to the errors that they promise. */
#include <criterion/criterion.h>

#include "vec_math_sweep.inc.h"

#define CHECK_ISA()                                                                                                  \
    if (!VEC_SUPPORTED)                                                                                              \
    cr_skip_test("this CPU lacks the instructions")

Test(vec_math, keeps_its_error_bounds)
{
    CHECK_ISA();
    for (int i = 0; i < MATH_FUNCTIONS; i++) {
        float where;
        double worst = sweep(&math_functions[i], 4999, &where);
        cr_expect_leq(worst, math_functions[i].max_ulp, "%s(%a) is %.3f ulp off", math_functions[i].name,
                      (double)where, worst);
    }
}

Test(vec_math, is_exact_on_special_values)
{
    static const float special[] = {
        0.0F,        -0.0F,        1.0F,       -1.0F,           INFINITY,         -INFINITY,  NAN,        0x1p-149F,
        -0x1p-149F,  0x1p-126F,    -0x1p-126F, 0x1.fffffep127F, -0x1.fffffep127F, 88.722839F, 88.722847F, -87.336544F,
        -103.97208F, -103.972084F, -104.0F,    0x1p17F,         0x1p18F,          131071.0F,  1e9F,       1e30F};

    CHECK_ISA();
    for (int i = 0; i < MATH_FUNCTIONS; i++)
        for (size_t j = 0; j < sizeof special / sizeof *special; j++) {
            const struct math_function *f = &math_functions[i];
            float y[VEC_LANES];
            vec_store(y, f->call(vec_set1(special[j])));
            for (int lane = 0; lane < VEC_LANES; lane++)
                cr_expect_leq(ulps(y[lane], f->exact((double)special[j]), f->flush), f->max_ulp, "%s(%a) = %a",
                              f->name, (double)special[j], (double)y[lane]);
        }
}

/* A lane must not see what its neighbours hold: a far angle takes another way than a near one. */
Test(vec_math, lanes_are_independent)
{
    CHECK_ISA();
    for (int i = 0; i < MATH_FUNCTIONS; i++) {
        const struct math_function *f = &math_functions[i];
        float x[VEC_LANES], y[VEC_LANES];
        for (int lane = 0; lane < VEC_LANES; lane++)
            x[lane] = lane % 3 == 0 ? 1e20F : lane % 3 == 1 ? 0.7F : NAN;
        vec_store(y, f->call(vec_load(x)));
        for (int lane = 0; lane < VEC_LANES; lane++)
            cr_expect_leq(ulps(y[lane], f->exact((double)x[lane]), f->flush), f->max_ulp, "%s, lane %d", f->name,
                          lane);
    }
}
