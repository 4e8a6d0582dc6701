#include "plan/plan.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plan/plugin_files.h"

static cake_kernel_info first_kernels[] = {{.op = "linear", .name = "direct"}, {.op = "attention", .name = "direct"}};
static cake_kernel_info second_kernels[] = {{.op = "linear", .name = "packed"}, {.op = "linear", .name = "direct"}};
static const cake_plugin_info plugins[] = {
    {.name = "first", .kernels = first_kernels, .n_kernels = 2},
    {.name = "second", .kernels = second_kernels, .n_kernels = 2},
    {.name = "broken", .problem = "truncated"},
};

static cake_workload workloads[2];
static const int one_thread[] = {1}, f32[] = {CAKE_F32}, warm[] = {CAKE_CACHE_WARM};
static cake_plan_request request;

static void set_up(void)
{
    static const char *const lines[] = {"linear name=fc in=8 out=8",
                                        "attention name=self heads=1 q_len=4 head_dim=4"};

    for (int i = 0; i < 2; i++)
        cr_assert_eq(
            cake_workload_parse(lines[i], strlen(lines[i]), &(cake_source){"t", i + 1, ""}, &workloads[i], NULL),
            CAKE_OK);
    request = (cake_plan_request){
        .workloads = workloads,
        .n_workloads = 2,
        .plugins = plugins,
        .n_plugins = 3,
        .threads = one_thread,
        .n_threads = 1,
        .caches = warm,
        .n_caches = 1,
        .dtypes = f32,
        .n_dtypes = 1,
        .layout = -1,
    };
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++)
        cake_workload_free(&workloads[i]);
}

TestSuite(plan, .init = set_up, .fini = tear_down);

/* "fc first/direct 1, ..." */
static void expect_cases(const char *expected)
{
    cake_plan plan = {0};
    cake_error error = {""};
    char text[1024] = "";
    size_t used = 0;

    cr_assert_eq(cake_plan_make(&request, &plan, &error), CAKE_OK, "%s", error.text);
    for (size_t i = 0; i < plan.count && used < sizeof text; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s %s/%s %d", i ? ", " : "",
                                 plan.cases[i].workload->name, plan.cases[i].plugin->name, plan.cases[i].kernel->name,
                                 plan.cases[i].threads);
    cr_expect_str_eq(text, expected);
    cake_plan_free(&plan);
}

static void refuse(const char *message)
{
    cake_plan plan = {0};
    cake_error error = {""};

    cr_expect_eq(cake_plan_make(&request, &plan, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, message), "%s", error.text);
    cr_expect_null(plan.cases);
}

Test(plan, is_workloads_by_kernels_of_their_op)
{
    expect_cases("fc first/direct 1, fc second/packed 1, fc second/direct 1, self first/direct 1");
}

Test(plan, filters_by_op_and_kernel)
{
    static const char *const linear[] = {"linear"}, *const kernels[] = {"packed", "attention/direct"};

    request.ops = linear;
    request.n_ops = 1;
    expect_cases("fc first/direct 1, fc second/packed 1, fc second/direct 1");
    request.ops = NULL;
    request.n_ops = 0;
    request.kernels = kernels;
    request.n_kernels = 2;
    expect_cases("fc second/packed 1, self first/direct 1");
}

/* Kernels that choose among others run only if they are asked for. */
Test(plan, leaves_out_choosers)
{
    static cake_kernel_info kernels[] = {{.op = "linear", .name = "auto"},
                                         {.op = "linear", .name = "auto-fast"},
                                         {.op = "linear", .name = "automatic"}};
    static const cake_plugin_info chooser = {.name = "third", .kernels = kernels, .n_kernels = 3};
    static const char *const by_name[] = {"auto", "linear/auto-fast"};

    request.plugins = &chooser;
    request.n_plugins = 1;
    expect_cases("fc third/automatic 1");
    request.choosers = true;
    expect_cases("fc third/auto 1, fc third/auto-fast 1, fc third/automatic 1");
    request.choosers = false;
    request.kernels = by_name;
    request.n_kernels = 2;
    expect_cases("fc third/auto 1, fc third/auto-fast 1");
}

Test(plan, filters_by_expression_over_the_whole_case)
{
    request.filter = "^linear/fc/in=8 out=8/second/(packed|none)$";
    expect_cases("fc second/packed 1");
    request.filter = "q_len=4";
    expect_cases("self first/direct 1");
}

Test(plan, multiplies_threads)
{
    static const int threads[] = {1, 2};

    request.threads = threads;
    request.n_threads = 2;
    request.filter = "packed";
    expect_cases("fc second/packed 1, fc second/packed 2");
}

Test(plan, refuses_what_it_cannot_find)
{
    static const char *const op[] = {"lineer"}, *const kernel[] = {"pakced"};

    request.ops = op;
    request.n_ops = 1;
    refuse("expected an op ('layercake list ops' names them), found 'lineer'; did you mean 'linear'?");
    request.n_ops = 0;
    request.kernels = kernel;
    request.n_kernels = 1;
    refuse("found 'pakced'; did you mean 'packed'?");
    request.n_kernels = 0;
    request.filter = "a(b";
    refuse("expected a POSIX extended regular expression for --filter, found 'a(b': ");
    request.filter = "nothing like this";
    refuse("expected at least one case, found none");
    request.filter = NULL;
    request.memory_bytes = 1000;
    refuse("t:1: linear fc needs ");
    /* A workload that is left out anyway may need what it likes. */
    request.filter = "self";
    expect_cases("self first/direct 1");
}

static void touch(const char *folder, const char *name)
{
    char path[256];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    fclose(file);
}

static void remove_folder(const char *folder)
{
    char command[300];

    snprintf(command, sizeof command, "rm -r '%s'", folder);
    cr_expect_eq(system(command), 0);
}

Test(plugin_files, are_found_by_name_and_path_and_the_first_wins)
{
    char a[] = "/tmp/layercake-test-XXXXXX", b[] = "/tmp/layercake-test-XXXXXX", variable[128], path[128];
    cake_plugin_files found = {0}, chosen = {0};
    cake_error error = {""};

    cr_assert(mkdtemp(a) && mkdtemp(b));
    touch(a, "zeta.so");
    touch(a, "alpha.so");
    touch(a, "notes.txt");
    touch(b, "alpha.so");
    touch(b, "odd");
    snprintf(variable, sizeof variable, "%s:%s", a, b);
    setenv("LAYERCAKE_PLUGIN_PATH", variable, 1);

    cr_assert_eq(cake_plugin_files_find(&found, &error), CAKE_OK, "%s", error.text);
    cr_assert_geq(found.count, 3);
    cr_expect_str_eq(found.files[0].name, "alpha");
    cr_expect_null(found.files[0].shadowed_by);
    cr_expect_str_eq(found.files[1].name, "zeta");
    cr_expect_str_eq(found.files[2].name, "alpha");
    cr_expect_str_eq(found.files[2].shadowed_by, found.files[0].path);
    cake_plugin_files_free(&found);

    snprintf(path, sizeof path, "%s/odd", b);
    cr_assert_eq(cake_plugin_files_choose((const char *const[]){"zeta", path, "zeta", "alpha"}, 4, &chosen, &error),
                 CAKE_OK, "%s", error.text);
    cr_assert_eq(chosen.count, 3);
    cr_expect_str_eq(chosen.files[0].name, "zeta");
    cr_expect_str_eq(chosen.files[1].name, "odd");
    cr_expect_str_eq(chosen.files[1].path, path);
    cr_expect(strncmp(chosen.files[2].path, a, strlen(a)) == 0);
    cake_plugin_files_free(&chosen);

    cr_assert_eq(cake_plugin_files_choose(NULL, 0, &chosen, &error), CAKE_OK, "%s", error.text);
    cr_expect_geq(chosen.count, 2);
    for (size_t i = 0; i < chosen.count; i++)
        cr_expect(strncmp(chosen.files[i].path, b, strlen(b)) != 0);
    cake_plugin_files_free(&chosen);

    cr_expect_eq(cake_plugin_files_choose((const char *const[]){"alhpa"}, 1, &chosen, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "expected a plugin, found 'alhpa'; did you mean 'alpha'?"), "%s", error.text);
    cr_expect_eq(cake_plugin_files_choose((const char *const[]){"./none.so"}, 1, &chosen, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "expected the path of a plugin, found './none.so': No such file"), "%s", error.text);
    cr_expect_null(chosen.files);
    remove_folder(a);
    remove_folder(b);
}
