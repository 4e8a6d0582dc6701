/* Files that are no plugins, no longer plugins, or not safe to load: each gets its verdict before any code of it
 * runs, or, where the loader has to find out, in a worker. */
#include <criterion/criterion.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/random.h"
#include "program.h"

static const char workload[] = "linear rows=4 in=33 out=17";

/* The bytes of a good plugin. */
static unsigned char *plugin_bytes(size_t *size)
{
    int file = open(fault_path("memo"), O_RDONLY);
    struct stat st;
    unsigned char *bytes;

    cr_assert(file >= 0 && fstat(file, &st) == 0);
    *size = (size_t)st.st_size;
    bytes = malloc(*size);
    cr_assert(bytes && read(file, bytes, *size) == (ssize_t)*size);
    close(file);
    return bytes;
}

static const char *write_file(const char *folder, const char *name, const void *bytes, size_t size)
{
    static char path[256];
    int file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0700);
    cr_assert(file >= 0 && write(file, bytes, size) == (ssize_t)size);
    close(file);
    return path;
}

static void expect_refused(const char *folder, const char *path, const char *verdict, const char *why)
{
    fault_ran ran = fault_run_program(
        folder, (const char *const[]){"check", "--plugin", path, "--timeout", "5s", workload, NULL});

    cr_expect_eq(ran.code, 2, "%s: exit code %d: %s", path, ran.code, ran.said);
    cr_expect(strstr(ran.said, verdict), "%s: expected %s: %s", path, verdict, ran.said);
    cr_expect(strstr(ran.said, why), "%s: expected '%s': %s", path, why, ran.said);
    cr_expect(fault_nobody_left());
    fault_ran_free(&ran);
}

Test(files, of_another_kind, .timeout = 120)
{
    char folder[64];
    size_t size;
    unsigned char *bytes = plugin_bytes(&size);
    Elf64_Ehdr *header = (Elf64_Ehdr *)(void *)bytes;
    static const char text[] =
        "#!/bin/sh\necho this is a script, longer than the header of an ELF file is; no plugin\n";

    fault_make_folder(folder);
    expect_refused(folder, write_file(folder, "empty.so", "", 0), "load-error", "expected an ELF shared object");
    expect_refused(folder, write_file(folder, "text.so", text, sizeof text), "load-error", "expected an ELF");
    header->e_ident[EI_CLASS] = ELFCLASS32;
    expect_refused(folder, write_file(folder, "narrow.so", bytes, size), "load-error", "64-bit");
    header->e_ident[EI_CLASS] = ELFCLASS64;
    header->e_machine ^= 0x55;
    expect_refused(folder, write_file(folder, "other.so", bytes, size), "load-error", "machine");
    header->e_machine ^= 0x55;
    header->e_type = ET_EXEC;
    expect_refused(folder, write_file(folder, "program.so", bytes, size), "load-error", "expected a shared object");
    free(bytes);
    fault_remove_folder(folder);
}

/* Every copy gets its line, none harms the program. */
Test(files, truncated_at_every_100th_byte, .timeout = 300)
{
    char folder[64], plugins[80], name[32];
    size_t size, copies = 0, told = 0;
    unsigned char *bytes = plugin_bytes(&size);
    fault_ran ran;

    fault_make_folder(folder);
    snprintf(plugins, sizeof plugins, "%s/plugins", folder);
    cr_assert_eq(mkdir(plugins, 0700), 0);
    for (size_t length = 0; length < size; length += 100, copies++) {
        snprintf(name, sizeof name, "cut%06zu.so", length);
        write_file(plugins, name, bytes, length);
    }
    setenv("LAYERCAKE_PLUGIN_PATH", plugins, 1);
    ran = fault_run_program(folder, (const char *const[]){"list", "plugins", NULL});
    cr_expect_lt(ran.code, 3, "exit code %d: %s", ran.code, ran.said);
    for (const char *at = ran.said; (at = strstr(at, "\ncut")); at++)
        told += strncmp(strchr(at + 1, ' ') + 1, "cannot", 6) == 0 || strstr(at, "(load-error)") != NULL;
    told += strncmp(ran.said, "cut", 3) == 0;
    cr_expect_geq(told, size / 200, "%zu of %zu copies are told: %.2000s", told, copies, ran.said);
    cr_expect_null(strstr(ran.said, "crash"), "%s", strstr(ran.said, "crash"));
    cr_expect(fault_nobody_left());
    fault_ran_free(&ran);
    free(bytes);
    fault_remove_folder(folder);
}

/* What a damaged plugin does is its own affair: any verdict, and the program survives. */
Test(files, corrupted_at_random, .timeout = 300)
{
    enum { COPIES = 40, DAMAGES = 24 };
    char folder[64], name[32];
    size_t size;
    unsigned char *bytes = plugin_bytes(&size), *copy = malloc(size);
    cake_random random = {20240229};

    cr_assert(copy);
    fault_make_folder(folder);
    for (int i = 0; i < COPIES; i++) {
        fault_ran ran;
        const char *path;

        memcpy(copy, bytes, size);
        /* Half of the damage where the loader looks first. */
        for (int d = 0; d < DAMAGES; d++)
            copy[cake_random_below(&random, d % 2 ? size : 4096)] = (unsigned char)cake_random_next(&random);
        memcpy(copy, bytes, SELFMAG);
        snprintf(name, sizeof name, "fuzz%d.so", i);
        path = write_file(folder, name, copy, size);
        ran = fault_run_program(folder,
                                (const char *const[]){"check", "--plugin", path, "--timeout", "1s", workload, NULL});
        cr_expect_leq(ran.code, 2, "copy %d: exit code %d: %s", i, ran.code, ran.said);
        cr_expect_null(strstr(ran.said, "harness-error"), "copy %d: %s", i, ran.said);
        fault_ran_free(&ran);
    }
    cr_expect(fault_nobody_left());
    free(copy);
    free(bytes);
    fault_remove_folder(folder);
}

Test(files, that_are_no_files, .timeout = 120)
{
    char folder[64], path[128];

    fault_make_folder(folder);
    snprintf(path, sizeof path, "%s/pipe.so", folder);
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_refused(folder, path, "unsafe-file", "FIFO");
    snprintf(path, sizeof path, "%s/folder.so", folder);
    cr_assert_eq(mkdir(path, 0700), 0);
    expect_refused(folder, path, "unsafe-file", "a folder");
    snprintf(path, sizeof path, "%s/link.so", folder);
    cr_assert_eq(symlink(fault_path("memo"), path), 0);
    expect_refused(folder, path, "unsafe-file", "symbolic link");
    expect_refused(folder, "/dev/zero", "unsafe-file", "a device");
    fault_remove_folder(folder);
}

Test(files, that_others_could_have_written, .timeout = 120)
{
    char folder[64], open_folder[128];
    size_t size;
    unsigned char *bytes = plugin_bytes(&size);
    const char *path;

    fault_make_folder(folder);
    path = write_file(folder, "world.so", bytes, size);
    cr_assert_eq(chmod(path, 0666), 0);
    expect_refused(folder, path, "unsafe-file", "mode 0666");
    snprintf(open_folder, sizeof open_folder, "%s/open", folder);
    cr_assert_eq(mkdir(open_folder, 0700), 0);
    cr_assert_eq(chmod(open_folder, 0777), 0);
    path = write_file(open_folder, "p.so", bytes, size);
    expect_refused(folder, path, "unsafe-file", "mode 0777");
    /* Only root can make these. */
    if (geteuid() == 0) {
        path = write_file(folder, "foreign.so", bytes, size);
        cr_assert_eq(chown(path, 12345, 0), 0);
        expect_refused(folder, path, "unsafe-file", "user 12345");
        path = write_file(folder, "group.so", bytes, size);
        cr_assert_eq(chown(path, 0, 12345), 0);
        cr_assert_eq(chmod(path, 0770), 0);
        expect_refused(folder, path, "unsafe-file", "mode 0770");
    }
    free(bytes);
    fault_remove_folder(folder);
}

/* The file is exchanged while the run goes on: what was vetted is what runs. */
Test(files, swapped_after_the_check, .timeout = 120)
{
    char folder[64], csv[128];
    size_t size;
    unsigned char *bytes = plugin_bytes(&size);
    const char *path;
    fault_ran ran;
    pid_t pid;

    fault_make_folder(folder);
    path = write_file(folder, "p.so", bytes, size);
    snprintf(csv, sizeof csv, "%s/out/context.json", folder);
    pid = fault_start_program(folder, (const char *const[]){"run", "--plugin", path, "--repetitions", "5", "--out",
                                                            "out", workload, "linear rows=5 in=33 out=17",
                                                            "linear rows=6 in=33 out=17", NULL});
    for (int tries = 0; tries < 3000 && access(csv, F_OK) != 0; tries++)
        usleep(10000);
    write_file(folder, "p.so", "not a plugin any more", 21);
    ran = fault_finish_program(folder, pid);
    cr_expect_eq(ran.code, 0, "%s", ran.said);
    cr_expect_eq(ran.results.rows.count, 3, "%s", ran.said);
    fault_ran_free(&ran);
    free(bytes);
    fault_remove_folder(folder);
}
