#include <criterion/criterion.h>
#include <string.h>

#include "base/random.h"
#include "base/status.h"

Test(status, message_is_cut_to_fit_and_status_returned)
{
    cake_error error;

    cr_assert_eq(cake_fail(&error, CAKE_E_IO, "%02000d", 7), CAKE_E_IO);
    cr_assert_eq(strlen(error.text), sizeof error.text - 1);
    cr_assert_eq(cake_fail(NULL, CAKE_E_USAGE, "dropped"), CAKE_E_USAGE);
}

Test(status, context_goes_in_front)
{
    cake_error error;

    cake_fail(&error, CAKE_E_USAGE, "expected a size, found '%s'", "x");
    cake_fail_within(&error, CAKE_E_USAGE, "%s:%d", "a.txt", 3);
    cr_assert_str_eq(error.text, "a.txt:3: expected a size, found 'x'");
}

Test(random, first_numbers_of_splitmix64)
{
    cake_random random = {1234567};

    /* The values that the algorithm's published test prints for this seed. */
    cr_assert_eq(cake_random_next(&random), UINT64_C(6457827717110365317));
    cr_assert_eq(cake_random_next(&random), UINT64_C(3203168211198807973));
}

Test(random, ranges_hold)
{
    cake_random random = {1};
    int seen[3] = {0};

    for (int i = 0; i < 1000; i++) {
        double r = cake_random_real(&random, -2, 3);

        cr_assert(r >= -2 && r < 3);
        seen[cake_random_below(&random, 3)]++;
    }
    cr_assert(seen[0] > 200 && seen[1] > 200 && seen[2] > 200);
}
