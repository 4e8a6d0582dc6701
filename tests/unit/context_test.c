#include "report/context.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/files.h"
#include "report/identity.h"

static char folder[64];

static void make_folder(void)
{
    strcpy(folder, "/tmp/cake-context-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
    (void)info, (void)kind, (void)walk;
    return remove(path);
}

static void remove_folder(void)
{
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

TestSuite(context, .init = make_folder, .fini = remove_folder);

static void count_value(void *user, const char *section, const char *key, const char *text)
{
    int *counts = user;

    counts[0]++;
    if (strcmp(section, "notes") == 0 && strcmp(key, "counters") == 0) {
        counts[1]++;
        cr_assert_str_eq(text, "no PMU");
    }
}

Test(context, survives_the_file)
{
    char *argv[] = {(char[]){"layercake"}, (char[]){"run"}, (char[]){"--out=\xff"}};
    cake_context *context = cake_context_new(), *back = NULL;
    cake_error error = {0};
    int counts[2] = {0, 0};

    cake_context_add_system(context);
    cake_context_text(context, "machine", "topology", "a \"quoted\"\nline");
    cake_context_integer(context, "run", "seed", INT64_MAX);
    cake_context_real(context, "run", "bound", INFINITY);
    cake_context_real(context, "run", "min_time", 0.25);
    cake_context_command(context, 3, argv);
    cake_context_note(context, "counters", "no PMU");
    cake_context_note(context, "counters", "no PMU");
    cake_context_library(context, "/proc/self/exe", "naive");
    cake_context_library(context, "/proc/self/exe", "blas");
    cake_context_library(context, "/does/not/exist.so", "blas");
    cr_assert_eq(cake_context_write(context, folder, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_context_write(context, folder, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_context_read(&back, folder, &error), CAKE_OK, "%s", error.text);
    cr_assert_str_eq(cake_context_get_text(back, "machine", "topology"), "a \"quoted\"\nline");
    cr_assert_eq(cake_context_get_number(back, "run", "min_time"), 0.25);
    cr_assert(isnan(cake_context_get_number(back, "run", "bound")));
    cr_assert_null(cake_context_get_text(back, "machine", "nothing"));
    cr_assert_not_null(cake_context_get_text(back, "layercake", "compiler"));
    cr_assert_not_null(cake_context_get_text(back, "system", "kernel"));
    cake_context_walk(back, count_value, counts);
    cr_assert_eq(counts[1], 1);
    cr_assert_gt(counts[0], 10);
    cake_context_free(context);
    cake_context_free(back);
}

Test(context, bad_files_are_refused)
{
    cake_context *context = NULL;
    cake_error error = {0};
    char path[96];

    cr_assert_eq(cake_context_read(&context, folder, &error), CAKE_NOT_FOUND);
    cr_assert_eq(cake_file_replace(folder, CAKE_CONTEXT_FILE, "{\"a\": {", 7, &error), CAKE_OK);
    cr_assert_eq(cake_context_read(&context, folder, &error), CAKE_E_USAGE);
    cr_assert_not_null(strstr(error.text, "context.json:1:"), "%s", error.text);
    cr_assert_eq(cake_file_replace(folder, CAKE_CONTEXT_FILE, "[1]", 3, &error), CAKE_OK);
    cr_assert_eq(cake_context_read(&context, folder, &error), CAKE_E_USAGE);
    snprintf(path, sizeof path, "%s/" CAKE_CONTEXT_FILE, folder);
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(cake_context_read(&context, folder, &error), CAKE_E_USAGE);
}

/* A folder that cannot be written keeps what it had. */
Test(context, failed_writes_leave_the_old_file)
{
    cake_context *context = cake_context_new();
    cake_error error = {0};
    char missing[96];

    snprintf(missing, sizeof missing, "%s/missing", folder);
    cr_assert_eq(cake_context_write(context, missing, &error), CAKE_E_USAGE);
    cr_assert_not_null(strstr(error.text, "missing"), "%s", error.text);
    cake_context_free(context);
}

/* The digest of the standard's first example (FIPS 180-4, "abc"), and of nothing. */
Test(context, files_are_hashed)
{
    cake_identity identity = {0};
    cake_error error = {0};
    char path[96];

    snprintf(path, sizeof path, "%s/abc", folder);
    cr_assert_eq(cake_file_replace(folder, "abc", "abc", 3, &error), CAKE_OK);
    cr_assert_eq(cake_identity_of(path, &identity, &error), CAKE_OK);
    cr_assert_str_eq(identity.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    cr_assert_str_eq(identity.build_id, "");
    cr_assert_eq(cake_file_replace(folder, "abc", "", 0, &error), CAKE_OK);
    cr_assert_eq(cake_identity_of(path, &identity, &error), CAKE_OK);
    cr_assert_str_eq(identity.sha256, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    cr_assert_eq(cake_identity_of(folder, &identity, &error), CAKE_E_USAGE);
    cr_assert_eq(cake_identity_of("/does/not/exist", &identity, &error), CAKE_NOT_FOUND);
}

/* This program's own build-id, as `readelf -n` prints it; and the same file cut at any length. */
Test(context, build_ids_are_read_from_any_file)
{
    cake_identity identity = {0}, other;
    cake_error error = {0};
    char expected[128] = "", path[96], *data = NULL;
    size_t size = 0;
    FILE *readelf = popen("readelf -n /proc/$PPID/exe 2>/dev/null | sed -n 's/.*Build ID: //p'", "r");

    cr_assert_eq(cake_identity_of("/proc/self/exe", &identity, &error), CAKE_OK, "%s", error.text);
    cr_assert_not_null(readelf);
    if (fgets(expected, sizeof expected, readelf)) {
        expected[strcspn(expected, "\n")] = '\0';
        cr_assert_str_eq(identity.build_id, expected);
    }
    pclose(readelf);
    snprintf(path, sizeof path, "%s/cut", folder);
    cr_assert_eq(cake_file_read("/proc/self/exe", (size_t)1 << 30, &data, &size, &error), CAKE_OK);
    for (size_t cut = 0; cut < 4096 && cut < size; cut += 61) {
        cr_assert_eq(cake_file_replace(folder, "cut", data, cut, &error), CAKE_OK);
        cr_assert_eq(cake_identity_of(path, &other, &error), CAKE_OK);
        cr_assert(other.build_id[0] == '\0' || strcmp(other.build_id, identity.build_id) == 0);
    }
    free(data);
}
