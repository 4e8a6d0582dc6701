#include "report/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report/files.h"
#include "report/folder.h"
#include "report/log.h"

struct cake_journal {
    char *folder;
    char *run;
    bool published; /* its parent's link `latest` is kept */
    cake_log rows_log, samples_log;
    int64_t rows;
    bool broken;
    char **keys; /* of the rows, sorted */
    size_t n_keys, keys_capacity;
};

static int compare_keys(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Where the key is, or where it belongs. */
static size_t key_place(const cake_journal *journal, const char *key, bool *there)
{
    size_t low = 0, high = journal->n_keys;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (strcmp(journal->keys[middle], key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < journal->n_keys && strcmp(journal->keys[low], key) == 0;
    return low;
}

static bool keys_reserve(cake_journal *journal, size_t count)
{
    size_t capacity = journal->keys_capacity ? journal->keys_capacity : 64;
    char **keys;

    while (capacity < count)
        capacity *= 2;
    if (capacity == journal->keys_capacity)
        return true;
    keys = realloc(journal->keys, capacity * sizeof *keys);
    if (!keys)
        return false;
    journal->keys = keys;
    journal->keys_capacity = capacity;
    return true;
}

static cake_status create(cake_journal *journal, cake_error *error)
{
    cake_text header = {0};
    cake_status status = cake_log_open(&journal->rows_log, journal->folder, CAKE_ROWS_FILE, O_CREAT | O_EXCL, error);

    if (status == CAKE_OK)
        status = cake_log_lock(&journal->rows_log, error);
    if (status == CAKE_OK)
        status = cake_log_open(&journal->samples_log, journal->folder, CAKE_SAMPLES_FILE, O_CREAT | O_EXCL, error);
    cake_row_header(&header);
    if (status == CAKE_OK && header.failed)
        status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    if (status == CAKE_OK)
        status = cake_log_start(&journal->samples_log, CAKE_SAMPLES_HEADER, error);
    if (status == CAKE_OK)
        status = cake_log_start(&journal->rows_log, header.data, error);
    if (status == CAKE_OK)
        status = cake_folder_sync(journal->folder, error);
    cake_text_free(&header);
    return status;
}

static cake_status take_keys(cake_journal *journal, const cake_rows *rows, cake_error *error)
{
    if (!keys_reserve(journal, rows->count))
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    for (size_t i = 0; i < rows->count; i++) {
        cake_text key = {0};

        cake_row_key(&rows->row[i], &key);
        if (key.failed) {
            cake_text_free(&key);
            return cake_fail(error, CAKE_E_MEMORY, "out of memory");
        }
        journal->keys[journal->n_keys++] = key.data;
    }
    qsort(journal->keys, journal->n_keys, sizeof *journal->keys, compare_keys);
    return CAKE_OK;
}

/* Read, cut and take over results.csv. */
static cake_status recover_rows(cake_journal *journal, cake_rows *rows, cake_text *note, cake_error *error)
{
    cake_text header = {0};
    cake_error stopped = {0};
    char *data = NULL;
    size_t size = 0, valid = 0;
    cake_status status =
        cake_file_read_fd(journal->rows_log.fd, CAKE_ROWS_FILE, CAKE_ROWS_LIMIT, &data, &size, error);

    if (status != CAKE_OK)
        goto out;
    cake_row_header(&header);
    if (header.failed) {
        status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    } else if (size <= header.length && !memchr(data, '\n', size)) {
        /* It ended while it made the file; no row was there. */
        status = cake_log_start(&journal->rows_log, header.data, error);
    } else {
        status = cake_rows_read(data, size, CAKE_ROWS_JOURNAL, rows, &valid, &stopped);
        if (status != CAKE_OK)
            status = cake_fail(error, status == CAKE_NOT_FOUND ? CAKE_E_USAGE : status, "%s/" CAKE_ROWS_FILE ": %s",
                               journal->folder, stopped.text);
        else if (valid < size)
            cake_text_printf(note,
                             "%s/" CAKE_ROWS_FILE
                             ": %s: %zu rows are good, the %zu bytes behind them are moved to " CAKE_ROWS_FILE
                             ".cut; ",
                             journal->folder, stopped.text, rows->count, size - valid);
        /* More may be damaged than a row in flight, say by an editor: nothing is thrown away unseen. */
        if (status == CAKE_OK && valid < size)
            status = cake_file_replace(journal->folder, CAKE_ROWS_FILE ".cut", data + valid, size - valid, error);
        if (status == CAKE_OK)
            status = cake_log_cut(&journal->rows_log, valid, error);
    }
    journal->rows = (int64_t)rows->count;
    if (status == CAKE_OK)
        status = take_keys(journal, rows, error);
out:
    cake_text_free(&header);
    free(data);
    return status;
}

static cake_status recover_samples(cake_journal *journal, const cake_rows *rows, cake_text *note, cake_error *error)
{
    cake_samples samples = {0};
    cake_error stopped = {0};
    char *data = NULL;
    size_t size = 0, valid = 0;
    cake_status status =
        cake_file_read_fd(journal->samples_log.fd, CAKE_SAMPLES_FILE, CAKE_ROWS_LIMIT, &data, &size, error);

    if (status != CAKE_OK)
        return status;
    status = cake_samples_read(data, size, rows, &samples, &valid, &stopped);
    if (status == CAKE_OK) {
        if (valid < size)
            cake_text_printf(note, "%s/" CAKE_SAMPLES_FILE ": %s: cut back by %zu bytes; ", journal->folder,
                             stopped.text, size - valid);
        status = cake_log_cut(&journal->samples_log, valid, error);
    } else if (status != CAKE_E_MEMORY) {
        if (size > 0)
            cake_text_printf(note, "%s/" CAKE_SAMPLES_FILE ": %s: begun anew; ", journal->folder, stopped.text);
        status = cake_log_start(&journal->samples_log, CAKE_SAMPLES_HEADER, error);
    } else {
        status = cake_fail(error, CAKE_E_MEMORY, "%s", stopped.text);
    }
    cake_samples_free(&samples);
    free(data);
    return status;
}

static cake_status resume(cake_journal *journal, cake_error *error)
{
    cake_rows rows = {0};
    cake_text note = {0};
    cake_status status = cake_log_open(&journal->rows_log, journal->folder, CAKE_ROWS_FILE, 0, error);

    if (status == CAKE_OK)
        status = cake_log_lock(&journal->rows_log, error);
    if (status == CAKE_OK)
        status = recover_rows(journal, &rows, &note, error);
    if (status == CAKE_OK)
        status = cake_log_open(&journal->samples_log, journal->folder, CAKE_SAMPLES_FILE, O_CREAT, error);
    if (status == CAKE_OK)
        status = recover_samples(journal, &rows, &note, error);
    if (status == CAKE_OK)
        status = cake_folder_sync(journal->folder, error);
    if (status == CAKE_OK && note.length >= 2)
        cake_fail(error, status, "%.*s", (int)(note.length - 2), note.data);
    cake_text_free(&note);
    cake_rows_free(&rows);
    return status;
}

/* The folder's last name, which the run is called by. */
static cake_status name_run(cake_journal *journal, cake_error *error)
{
    char *real = realpath(journal->folder, NULL);
    const char *slash = real ? strrchr(real, '/') : NULL;

    if (slash)
        journal->run = strdup(slash + 1);
    free(real);
    return journal->run ? CAKE_OK
                        : cake_fail(error, CAKE_E_IO, "%s: %s", journal->folder, strerror(errno ? errno : ENOMEM));
}

cake_status cake_journal_open(cake_journal **journal_out, const cake_journal_options *options, cake_error *error)
{
    cake_journal *journal = calloc(1, sizeof *journal);
    const char *given = options->resume ? options->resume : options->out;
    cake_status status = CAKE_OK;

    if (!journal)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    error->text[0] = '\0';
    journal->rows_log = journal->samples_log = CAKE_LOG_CLOSED;
    if (given) {
        /* Resolved, so that `results/latest` may move on meanwhile. */
        if (options->out)
            status = cake_folder_make(given, error);
        if (status == CAKE_OK) {
            journal->folder = realpath(given, NULL);
            if (!journal->folder)
                status =
                    cake_fail(error, CAKE_E_USAGE, "%s: expected the folder of a run: %s", given, strerror(errno));
        }
    } else {
        status = cake_folder_make_run(options->root ? options->root : "results", &journal->folder, error);
    }
    if (status == CAKE_OK)
        status = name_run(journal, error);
    if (status == CAKE_OK)
        status = options->resume ? resume(journal, error) : create(journal, error);
    if (status != CAKE_OK) {
        cake_journal_close(journal);
        return status;
    }
    journal->published = !given || (options->resume && cake_folder_is_published(journal->folder));
    cake_journal_publish(journal, NULL);
    *journal_out = journal;
    return CAKE_OK;
}

/* Tell what is safe, and take no more. */
static cake_status break_off(cake_journal *journal, const char *file, int failed, cake_error *error)
{
    journal->broken = true;
    return cake_fail(error, CAKE_E_IO,
                     "%s/%s: cannot write row %" PRId64 ": %s; the %" PRId64
                     " rows before it are safe, and --resume goes on from there",
                     journal->folder, file, journal->rows + 1, strerror(failed), journal->rows);
}

cake_status cake_journal_append(cake_journal *journal, cake_row *row, const cake_sample *samples, size_t n_samples,
                                cake_error *error)
{
    cake_text line = {0}, sample_lines = {0}, key = {0};
    off_t samples_before = journal->samples_log.safe;
    cake_status status = CAKE_OK;
    bool there;
    size_t place;
    int failed = 0;

    if (journal->broken)
        return cake_fail(error, CAKE_E_IO, "%s: an earlier row could not be written; %" PRId64 " rows are safe",
                         journal->folder, journal->rows);
    if (!row->run || !row->run[0])
        status = cake_row_text(&row->run, journal->run);
    row->row = journal->rows + 1;
    row->samples = (int64_t)n_samples;
    for (size_t i = 0; i < n_samples; i++)
        cake_sample_line(row->row, &samples[i], &sample_lines);
    cake_row_line(row, &line);
    cake_row_key(row, &key);
    if (status != CAKE_OK || line.failed || sample_lines.failed || key.failed ||
        !keys_reserve(journal, journal->n_keys + 1)) {
        status = cake_fail(error, CAKE_E_MEMORY, "row %" PRId64 ": out of memory", row->row);
        goto out;
    }
    if (n_samples > 0)
        failed = cake_log_append(&journal->samples_log, sample_lines.data, sample_lines.length);
    if (failed) {
        status = break_off(journal, CAKE_SAMPLES_FILE, failed, error);
        goto out;
    }
    failed = cake_log_append(&journal->rows_log, line.data, line.length);
    if (failed) {
        if (ftruncate(journal->samples_log.fd, samples_before) == 0)
            journal->samples_log.safe = samples_before;
        status = break_off(journal, CAKE_ROWS_FILE, failed, error);
        goto out;
    }
    journal->rows++;
    place = key_place(journal, key.data, &there);
    memmove(&journal->keys[place + 1], &journal->keys[place], (journal->n_keys - place) * sizeof *journal->keys);
    journal->keys[place] = key.data;
    journal->n_keys++;
    key = (cake_text){0};
out:
    cake_text_free(&line);
    cake_text_free(&sample_lines);
    cake_text_free(&key);
    return status;
}

bool cake_journal_has(const cake_journal *journal, const cake_row *row)
{
    cake_text key = {0};
    bool there = false;

    cake_row_key(row, &key);
    if (!key.failed)
        key_place(journal, key.data, &there);
    cake_text_free(&key);
    return there;
}

cake_status cake_journal_publish(const cake_journal *journal, cake_error *error)
{
    return journal->published ? cake_folder_publish(journal->folder, error) : CAKE_NOT_SUPPORTED;
}

const char *cake_journal_folder(const cake_journal *journal)
{
    return journal->folder;
}

const char *cake_journal_run(const cake_journal *journal)
{
    return journal->run;
}

int64_t cake_journal_rows(const cake_journal *journal)
{
    return journal->rows;
}

void cake_journal_close(cake_journal *journal)
{
    if (!journal)
        return;
    cake_log_close(&journal->samples_log);
    cake_log_close(&journal->rows_log);
    for (size_t i = 0; i < journal->n_keys; i++)
        free(journal->keys[i]);
    free(journal->keys);
    free(journal->folder);
    free(journal->run);
    free(journal);
}
