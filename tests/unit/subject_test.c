#include "run/subject.h"

#include <criterion/criterion.h>
#include <string.h>

#include "plan/golden.h"

static void add(cake_workload *workload, const char *line)
{
    cake_error error = {""};

    cr_assert_eq(cake_golden_add(workload, line, strlen(line), &(cake_source){"t", 2, ""}, &error), CAKE_OK, "%s",
                 error.text);
}

Test(subject, tries_published_numbers)
{
    static const char text[] = "linear in=2 out=1";
    cake_workload workload = {0};
    cake_subject subject;

    cr_assert_eq(cake_workload_parse(text, sizeof text - 1, &(cake_source){"t", 1, ""}, &workload, NULL), CAKE_OK);
    add(&workload, "given x = 1 0.1");
    add(&workload, "given w = 10 20");
    add(&workload, "expect y = 12.0");
    cr_assert_eq(cake_golden_complete(&workload, NULL), CAKE_OK);
    cr_assert_eq(cake_subject_make(&subject, &workload, CAKE_F32, 1, 1, NULL), CAKE_OK);
    cr_expect_eq(subject.trials[0].values[0][0], 1);
    cr_expect_eq(subject.trials[0].values[0][1], (double)0.1f);
    cr_expect_eq(subject.trials[0].values[1][1], 20);
    cr_expect(!cake_subject_exact(&subject, 0, CAKE_STANDARD));
    cr_expect_neq(subject.trials[1].values[1][1], 20);
    cake_subject_free(&subject);
    cake_workload_free(&workload);
}

Test(subject, draws_whole_numbers_without_them)
{
    static const char text[] = "linear in=2 out=1";
    cake_workload workload = {0};
    cake_subject subject;

    cr_assert_eq(cake_workload_parse(text, sizeof text - 1, &(cake_source){"t", 1, ""}, &workload, NULL), CAKE_OK);
    cr_assert_eq(cake_subject_make(&subject, &workload, CAKE_F32, 1, 1, NULL), CAKE_OK);
    cr_expect(cake_subject_exact(&subject, 0, CAKE_STANDARD));
    cake_subject_free(&subject);
    cake_workload_free(&workload);
}
