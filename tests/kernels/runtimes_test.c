#include <criterion/criterion.h>
#include <dlfcn.h>
#include <string.h>

#include "common/runtimes.h"

Test(runtimes, none_is_fine)
{
    cr_expect_null(cake_mixed_runtimes());
}

Test(runtimes, one_is_fine)
{
    if (!dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL))
        cr_skip_test("no libgomp here");
    cr_expect_null(cake_mixed_runtimes());
}

Test(runtimes, two_are_named)
{
    const char *why;

    if (!dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL) || !dlopen("libomp.so.5", RTLD_NOW | RTLD_LOCAL))
        cr_skip_test("GCC's and LLVM's runtimes are not both here");
    why = cake_mixed_runtimes();
    cr_assert_not_null(why);
    cr_expect(strstr(why, "libgomp.so.1") && strstr(why, "libomp"), "%s", why);
    cr_expect_eq(cake_mixed_runtimes(), why, "asked again");
}
