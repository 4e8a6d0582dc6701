/* Growth is a leak only where it goes on and on. */
#include <criterion/criterion.h>
#include <unistd.h>

#include "run/usage.h"

Test(usage, a_heap_that_grows_each_time_is_a_leak)
{
    cake_usage usage = {0};
    cake_finding finding = {CAKE_V_OK, ""};

    for (uint64_t i = 0; i < CAKE_USAGE_STEPS; i++)
        cr_expect(cake_usage_look(&usage, getpid(), 100000 * i, &finding));
    cr_expect(!cake_usage_look(&usage, getpid(), UINT64_C(100000) * CAKE_USAGE_STEPS, &finding));
    cr_expect_eq(finding.verdict, CAKE_V_LEAK, "%s", finding.reason);
}

/* Allocators fill caches of their own for a while; what goes on growing is a leak though it is small. */
Test(usage, slow_growth_is_a_leak_if_it_goes_on)
{
    cake_usage usage = {0};
    cake_finding finding = {CAKE_V_OK, ""};

    for (uint64_t i = 0; i < CAKE_USAGE_SLOW_STEPS; i++)
        cr_expect(cake_usage_look(&usage, getpid(), 1000 * i, &finding), "%s", finding.reason);
    cr_expect(!cake_usage_look(&usage, getpid(), UINT64_C(1000) * CAKE_USAGE_SLOW_STEPS, &finding));
    cr_expect_eq(finding.verdict, CAKE_V_LEAK, "%s", finding.reason);
}

/* A batch may have had no time for the call that leaks. */
Test(usage, a_leak_may_rest_for_a_batch)
{
    cake_usage usage = {0};
    cake_finding finding = {CAKE_V_OK, ""};
    bool good = true;

    for (uint64_t i = 0; good && i < 4 * CAKE_USAGE_STEPS; i++)
        good = cake_usage_look(&usage, getpid(), 100000 * (i / 2), &finding);
    cr_expect(!good);
    cr_expect_eq(finding.verdict, CAKE_V_LEAK, "%s", finding.reason);
}

Test(usage, what_shrinks_in_between_is_none)
{
    cake_usage usage = {0};
    cake_finding finding = {CAKE_V_OK, ""};

    for (uint64_t i = 0; i < 20; i++)
        cr_expect(cake_usage_look(&usage, getpid(), 100000 * (i % 4 == 3 ? i - 3 : i), &finding), "%s",
                  finding.reason);
}

Test(usage, a_heap_that_rests_for_long_is_not)
{
    cake_usage usage = {0};
    cake_finding finding = {CAKE_V_OK, ""};

    for (uint64_t i = 0; i < 20; i++)
        cr_expect(cake_usage_look(&usage, getpid(), 100000 * (i - i % CAKE_USAGE_STEPS), &finding), "%s",
                  finding.reason);
}

Test(usage, a_little_growth_is_none)
{
    cake_usage usage = {0};
    cake_finding finding = {CAKE_V_OK, ""};

    for (uint64_t i = 0; i < 20; i++)
        cr_expect(cake_usage_look(&usage, getpid(), 16 * i, &finding), "%s", finding.reason);
}

/* Up to the limit of a process at once, then no more. */
Test(usage, many_descriptors_at_once_are_a_leak)
{
    cake_usage usage = {0};
    cake_finding finding = {CAKE_V_OK, ""};

    cr_expect(cake_usage_look(&usage, getpid(), 0, &finding));
    for (int i = 0; i < 16; i++)
        cr_assert_geq(dup(0), 0);
    cr_expect(!cake_usage_look(&usage, getpid(), 0, &finding));
    cr_expect_eq(finding.verdict, CAKE_V_LEAK, "%s", finding.reason);
}

Test(usage, open_descriptors_are_counted)
{
    cake_usage usage = {0};
    cake_finding finding = {CAKE_V_OK, ""};
    bool good = true;

    for (int i = 0; good && i < 20; i++) {
        good = cake_usage_look(&usage, getpid(), 0, &finding);
        cr_assert_geq(dup(0), 0);
    }
    cr_expect(!good);
    cr_expect_eq(finding.verdict, CAKE_V_LEAK, "%s", finding.reason);
}
