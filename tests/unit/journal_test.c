/* The promise of harness/report/journal.h, under every cut, damage, full disk and kill. */
#include "report/journal.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "report/files.h"

/* Faults to come: the n-th call from now fails with `error`, once; a write writes its first half before. */
static struct {
    int sync_in, write_in, error;
} fault;

/* These stand before libc's in the test program, also for the journal's calls. */
int fdatasync(int fd)
{
    if (fault.sync_in > 0 && --fault.sync_in == 0) {
        errno = fault.error;
        return -1;
    }
    return (int)syscall(SYS_fdatasync, fd);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    if (fault.write_in > 0 && --fault.write_in <= 1) {
        if (fault.write_in == 0) {
            errno = fault.error;
            return -1;
        }
        size /= 2;
    }
    return (ssize_t)syscall(SYS_pwrite64, fd, data, size, at);
}

static char folder[64], run[128];

static void make_folder(void)
{
    strcpy(folder, "/tmp/cake-journal-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(run, sizeof run, "%s/run", folder);
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

TestSuite(journal, .init = make_folder, .fini = remove_folder, .timeout = 120);

/* The case number i, always the same. */
static size_t make_row(cake_row *row, int64_t i, cake_sample samples[4])
{
    cake_row_init(row);
    cake_row_text(&row->op, "conv2d");
    cake_row_text(&row->plugin, "naive");
    cake_row_text(&row->kernel, "direct, \"plain\"");
    cake_row_textf(&row->params, "n=1 ic=%" PRId64, i);
    cake_row_textf(&row->reason, "%.*s", (int)(i % 40), "nothing in particular, over and over again");
    row->threads = 1;
    row->seed = 42;
    row->time_ns_median = (double)i / 3;
    for (int64_t s = 0; s < i % 4; s++)
        samples[s] = (cake_sample){.round = s, .iterations = 10 + i, .ns = 1e6 / (double)(i + s + 1)};
    return (size_t)(i % 4);
}

static cake_status append(cake_journal *journal, int64_t i, cake_error *error)
{
    cake_sample samples[4];
    cake_row row;
    size_t n = make_row(&row, i, samples);
    cake_status status = cake_journal_append(journal, &row, samples, n, error);

    cake_row_free(&row);
    return status;
}

static cake_journal *open_run(cake_journal_options options, cake_status expected, cake_error *error)
{
    cake_journal *journal = NULL;

    cr_assert_eq(cake_journal_open(&journal, &options, error), expected, "%s", error->text);
    return journal;
}

static void path_of(char path[160], const char *name)
{
    snprintf(path, 160, "%s/%s", run, name);
}

static char *read_file(const char *name, size_t *size)
{
    cake_error error = {0};
    char path[160], *data = NULL;

    path_of(path, name);
    cr_assert_eq(cake_file_read(path, CAKE_ROWS_LIMIT, &data, size, &error), CAKE_OK, "%s", error.text);
    return data;
}

static void write_file(const char *name, const char *data, size_t size)
{
    char path[160];
    int fd;

    path_of(path, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, data, size), (ssize_t)size);
    close(fd);
}

/* The folder's files hold exactly rows 0 .. n-1 and their samples; returns n. */
static size_t check_run(void)
{
    cake_rows rows = {0};
    cake_samples samples = {0};
    cake_error stopped = {0};
    size_t size, valid, n;
    char *data = read_file(CAKE_ROWS_FILE, &size);

    cr_assert_eq(cake_rows_read(data, size, CAKE_ROWS_JOURNAL, &rows, &valid, &stopped), CAKE_OK, "%s", stopped.text);
    cr_assert_eq(valid, size, "%s", stopped.text);
    free(data);
    data = read_file(CAKE_SAMPLES_FILE, &size);
    cr_assert_eq(cake_samples_read(data, size, &rows, &samples, &valid, &stopped), CAKE_OK, "%s", stopped.text);
    cr_assert_eq(valid, size, "%s", stopped.text);
    free(data);
    for (size_t i = 0; i < rows.count; i++) {
        cake_sample expected[4];
        cake_row row;
        size_t count = make_row(&row, (int64_t)i, expected);

        cr_assert_str_eq(rows.row[i].params, row.params);
        cr_assert_eq(rows.row[i].time_ns_median, row.time_ns_median);
        cr_assert_eq(rows.row[i].samples, (int64_t)count);
        cr_assert_eq(samples.first[i + 1] - samples.first[i], count);
        for (size_t s = 0; s < count; s++)
            cr_assert_eq(samples.sample[samples.first[i] + s].ns, expected[s].ns);
        cake_row_free(&row);
    }
    n = rows.count;
    cake_samples_free(&samples);
    cake_rows_free(&rows);
    return n;
}

/* Rows 0 .. n-1 in the run folder. */
static void make_run(int64_t n)
{
    cake_error error = {0};
    cake_journal *journal = open_run((cake_journal_options){.out = run}, CAKE_OK, &error);

    for (int64_t i = 0; i < n; i++)
        cr_assert_eq(append(journal, i, &error), CAKE_OK, "%s", error.text);
    cake_journal_close(journal);
}

/* Resume with whatever the files hold now; returns the number of rows found, which are all good. */
static size_t resume_run(void)
{
    cake_error error = {0};
    cake_journal *journal = open_run((cake_journal_options){.resume = run}, CAKE_OK, &error);
    size_t n = (size_t)cake_journal_rows(journal);

    cake_journal_close(journal);
    cr_assert_eq(check_run(), n);
    return n;
}

Test(journal, rows_and_samples_come_back)
{
    make_run(9);
    cr_assert_eq(check_run(), 9);
    cr_assert_eq(resume_run(), 9);
}

Test(journal, resumed_runs_know_their_cases)
{
    cake_error error = {0};
    cake_journal *journal;
    cake_sample samples[4];
    cake_row row;

    make_run(5);
    journal = open_run((cake_journal_options){.resume = run}, CAKE_OK, &error);
    cr_assert_str_eq(error.text, "");
    for (int64_t i = 0; i < 8; i++) {
        make_row(&row, i, samples);
        cr_assert_eq(cake_journal_has(journal, &row), i < 5, "row %" PRId64, i);
        if (i >= 5)
            cr_assert_eq(append(journal, i, &error), CAKE_OK, "%s", error.text);
        cr_assert(cake_journal_has(journal, &row));
        cake_row_free(&row);
    }
    cr_assert_str_eq(cake_journal_run(journal), "run");
    cake_journal_close(journal);
    cr_assert_eq(check_run(), 8);
}

Test(journal, runs_of_one_second_have_folders_of_their_own)
{
    cake_error error = {0};
    cake_journal *first = open_run((cake_journal_options){.root = folder}, CAKE_OK, &error);
    cake_journal *second = open_run((cake_journal_options){.root = folder}, CAKE_OK, &error);
    cake_journal *third = open_run((cake_journal_options){.root = folder}, CAKE_OK, &error);
    char link[96], target[160] = "";

    cr_assert_str_neq(cake_journal_folder(first), cake_journal_folder(second));
    cr_assert_str_neq(cake_journal_folder(second), cake_journal_folder(third));
    snprintf(link, sizeof link, "%s/latest", folder);
    cr_assert_gt(readlink(link, target, sizeof target - 1), 0);
    cr_assert_str_eq(target, cake_journal_run(third));
    cr_assert_eq(cake_journal_publish(first, &error), CAKE_OK);
    memset(target, 0, sizeof target);
    cr_assert_gt(readlink(link, target, sizeof target - 1), 0);
    cr_assert_str_eq(target, cake_journal_run(first));
    cake_journal_close(first);
    cake_journal_close(second);
    cake_journal_close(third);
}

Test(journal, one_writer_a_folder)
{
    cake_error error = {0};
    cake_journal *journal = open_run((cake_journal_options){.out = run}, CAKE_OK, &error);

    open_run((cake_journal_options){.out = run}, CAKE_E_USAGE, &error);
    cr_assert_not_null(strstr(error.text, "--resume"), "%s", error.text);
    open_run((cake_journal_options){.resume = run}, CAKE_E_USAGE, &error);
    cr_assert_not_null(strstr(error.text, "another process"), "%s", error.text);
    cake_journal_close(journal);
    resume_run();
}

Test(journal, bad_folders_are_refused)
{
    cake_error error = {0};
    char path[160];

    open_run((cake_journal_options){.resume = run}, CAKE_E_USAGE, &error);
    open_run((cake_journal_options){.resume = folder}, CAKE_E_USAGE, &error);
    cr_assert_not_null(strstr(error.text, "results.csv"), "%s", error.text);
    open_run((cake_journal_options){.out = "/dev/null/run"}, CAKE_E_USAGE, &error);
    cr_assert_eq(mkdir(run, 0755), 0);
    path_of(path, CAKE_ROWS_FILE);
    cr_assert_eq(mkfifo(path, 0644), 0);
    open_run((cake_journal_options){.resume = run}, CAKE_E_USAGE, &error);
    unlink(path);
    write_file(CAKE_ROWS_FILE, "run,op,dataset\n1,2,3\n", 21);
    open_run((cake_journal_options){.resume = run}, CAKE_E_USAGE, &error);
    unlink(path);
    cr_assert_eq(symlink("/dev/null", path), 0);
    open_run((cake_journal_options){.resume = run}, CAKE_E_USAGE, &error);
}

/* Every length of the file that the end of the program could leave. */
Test(journal, every_cut_is_recovered)
{
    size_t rows_size, samples_size, head, n = 0;
    char *rows, *samples;

    make_run(4);
    rows = read_file(CAKE_ROWS_FILE, &rows_size);
    samples = read_file(CAKE_SAMPLES_FILE, &samples_size);
    head = (size_t)(strchr(rows, '\n') - rows) + 1;
    for (size_t cut = 0; cut <= rows_size; cut += cut < head - 2 ? 97 : 1) {
        size_t lines = 0;

        write_file(CAKE_ROWS_FILE, rows, cut);
        write_file(CAKE_SAMPLES_FILE, samples, samples_size);
        for (size_t i = 0; i < cut; i++)
            lines += rows[i] == '\n';
        n = resume_run();
        cr_assert_eq(n, lines > 0 ? lines - 1 : 0, "cut at %zu", cut);
    }
    cr_assert_eq(n, 4);
    for (size_t cut = 0; cut <= samples_size; cut++) {
        cake_error error = {0};

        write_file(CAKE_ROWS_FILE, rows, rows_size);
        write_file(CAKE_SAMPLES_FILE, samples, cut);
        cake_journal_close(open_run((cake_journal_options){.resume = run}, CAKE_OK, &error));
    }
    free(rows);
    free(samples);
}

/* Blocks that a power cut left behind: zeros, noise, other bits. */
Test(journal, every_damaged_tail_is_recovered)
{
    cake_random random = {2026};
    size_t size, samples_size, head;
    char *rows, *samples, *damaged;

    make_run(4);
    rows = read_file(CAKE_ROWS_FILE, &size);
    samples = read_file(CAKE_SAMPLES_FILE, &samples_size);
    damaged = malloc(size);
    cr_assert_not_null(damaged);
    head = (size_t)(strchr(rows, '\n') - rows) + 1;
    for (int kind = 0; kind < 3; kind++) {
        for (size_t from = head; from < size; from += 1 + cake_random_below(&random, 3)) {
            size_t whole = 0;

            memcpy(damaged, rows, size);
            for (size_t i = from; i < size; i++)
                damaged[i] = kind == 0   ? '\0'
                             : kind == 1 ? (char)cake_random_next(&random)
                                         : (char)~(unsigned char)rows[i];
            for (size_t i = head; i < from; i++)
                whole += rows[i] == '\n';
            write_file(CAKE_ROWS_FILE, damaged, size);
            write_file(CAKE_SAMPLES_FILE, samples, samples_size);
            cr_assert_eq(resume_run(), whole, "kind %d from %zu", kind, from);
        }
    }
    free(rows);
    free(samples);
    free(damaged);
}

/* What was cut away is kept beside the journal: it may be more than a row in flight. */
Test(journal, cut_bytes_are_kept)
{
    size_t size, cut_size, head;
    char *rows, *cut;

    make_run(3);
    rows = read_file(CAKE_ROWS_FILE, &size);
    head = (size_t)(strchr(rows, '\n') - rows) + 1;
    rows[head + 5] ^= 1;
    write_file(CAKE_ROWS_FILE, rows, size);
    cr_assert_eq(resume_run(), 0);
    cut = read_file(CAKE_ROWS_FILE ".cut", &cut_size);
    cr_assert_eq(cut_size, size - head);
    cr_assert_eq(memcmp(cut, rows + head, cut_size), 0);
    free(cut);
    free(rows);
}

static void fail_then_resume(int sync_in, int write_in, int code)
{
    cake_error error = {0};
    cake_journal *journal = open_run((cake_journal_options){.out = run}, CAKE_OK, &error);

    for (int64_t i = 0; i < 6; i++)
        cr_assert_eq(append(journal, i, &error), CAKE_OK);
    fault.sync_in = sync_in, fault.write_in = write_in, fault.error = code;
    cr_assert_eq(append(journal, 6, &error), CAKE_E_IO);
    cr_assert_not_null(strstr(error.text, "6 rows"), "%s", error.text);
    cr_assert_not_null(strstr(error.text, strerror(code)), "%s", error.text);
    cr_assert_eq(check_run(), 6);
    cr_assert_eq(append(journal, 7, &error), CAKE_E_IO);
    cr_assert_eq(cake_journal_rows(journal), 6);
    cake_journal_close(journal);
    cr_assert_eq(check_run(), 6);
    cr_assert_eq(resume_run(), 6);
}

/* Row 6 has samples: the first write and sync are those of samples.csv. */
Test(journal, full_disk_at_the_samples)
{
    fail_then_resume(0, 2, ENOSPC);
}

Test(journal, full_disk_at_the_row)
{
    fail_then_resume(0, 3, ENOSPC);
}

Test(journal, failed_sync_of_the_samples)
{
    fail_then_resume(1, 0, EIO);
}

Test(journal, failed_sync_of_the_row)
{
    fail_then_resume(2, 0, EIO);
}

Test(journal, file_size_limit_does_not_kill)
{
    cake_error error = {0};
    cake_journal *journal = open_run((cake_journal_options){.out = run}, CAKE_OK, &error);
    struct rlimit limit = {4096, 4096};
    int64_t n = 0;

    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    while (append(journal, n, &error) == CAKE_OK)
        n++;
    cr_assert_gt(n, 3);
    cr_assert_not_null(strstr(error.text, "too large"), "%s", error.text);
    cake_journal_close(journal);
    cr_assert_eq(check_run(), (size_t)n);
}

/* A real one, where mounting is allowed. */
Test(journal, full_file_system)
{
    cake_error error = {0};
    cake_journal *journal;
    int64_t n = 0;

    cr_assert_eq(mkdir(run, 0755), 0);
    if (mount("cake", run, "tmpfs", 0, "size=32k") != 0)
        cr_skip_test("mounting a tmpfs: %s", strerror(errno));
    journal = open_run((cake_journal_options){.out = run}, CAKE_OK, &error);
    while (append(journal, n, &error) == CAKE_OK)
        n++;
    cake_journal_close(journal);
    cr_expect_gt(n, 3);
    cr_expect_not_null(strstr(error.text, strerror(ENOSPC)), "%s", error.text);
    cr_expect_eq(check_run(), (size_t)n);
    cr_assert_eq(umount(run), 0);
}

/* A child appends and tells each row that it was promised; killed at any moment, none of them is missing. */
Test(journal, kill_9_loses_no_safe_row)
{
    cake_random random = {7};
    int64_t promised = 0;

    make_run(0);
    for (int attempt = 0; attempt < 40; attempt++) {
        int pipe_fds[2];
        int64_t told = 0;
        pid_t child;
        size_t n;

        cr_assert_eq(pipe(pipe_fds), 0);
        child = fork();
        cr_assert_geq(child, 0);
        if (child == 0) {
            cake_error error = {0};
            cake_journal *journal = NULL;

            if (cake_journal_open(&journal, &(cake_journal_options){.resume = run}, &error) != CAKE_OK)
                _exit(1);
            for (int64_t i = cake_journal_rows(journal);; i++) {
                int64_t rows = i + 1;

                if (append(journal, i, &error) != CAKE_OK || write(pipe_fds[1], &rows, sizeof rows) != sizeof rows)
                    _exit(1);
            }
        }
        close(pipe_fds[1]);
        usleep((useconds_t)cake_random_below(&random, 30000));
        cr_assert_eq(kill(child, SIGKILL), 0);
        cr_assert_eq(waitpid(child, NULL, 0), child);
        while (read(pipe_fds[0], &told, sizeof told) == sizeof told)
            promised = told;
        close(pipe_fds[0]);
        n = resume_run();
        cr_assert_geq((int64_t)n, promised);
        cr_assert_leq((int64_t)n, promised + 1);
        promised = (int64_t)n;
    }
    cr_assert_gt(promised, 0);
}
