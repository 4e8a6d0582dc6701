#include "report/rows.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void cake_rows_free(cake_rows *rows)
{
    for (size_t i = 0; i < rows->count; i++)
        cake_row_free(&rows->row[i]);
    free(rows->row);
    *rows = (cake_rows){0};
}

static cake_row *rows_push(cake_rows *rows)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? 2 * rows->capacity : 16;
        cake_row *row = realloc(rows->row, capacity * sizeof *row);

        if (!row)
            return NULL;
        rows->row = row;
        rows->capacity = capacity;
    }
    cake_row_init(&rows->row[rows->count]);
    return &rows->row[rows->count++];
}

/* One line of results.csv into a new row. */
static cake_status read_row(const char *line, size_t size, cake_rows_trust trust, const cake_header *header,
                            cake_csv_record *record, cake_rows *rows, size_t *consumed, cake_error *error)
{
    cake_status status = cake_csv_read(line, size, record, consumed, error);
    cake_row *row;

    if (status != CAKE_OK)
        return status;
    if (trust == CAKE_ROWS_JOURNAL && !cake_row_intact(line, *consumed))
        return cake_fail(error, CAKE_E_USAGE, "damaged: its bytes do not fit its crc32");
    row = rows_push(rows);
    if (!row)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    status = cake_row_read(row, header, record, error);
    if (status == CAKE_OK && trust == CAKE_ROWS_JOURNAL && row->row != (int64_t)rows->count)
        status = cake_fail(error, CAKE_E_USAGE, "row: expected %zu, found %" PRId64, rows->count, row->row);
    if (status != CAKE_OK) {
        cake_row_free(row);
        rows->count--;
    }
    return status;
}

cake_status cake_rows_read(const char *data, size_t size, cake_rows_trust trust, cake_rows *rows, size_t *valid,
                           cake_error *stopped)
{
    cake_csv_record record = {0};
    cake_header header = {0};
    cake_text own = {0};
    cake_status status;
    size_t at = 0, line;

    *valid = 0;
    status = cake_csv_read(data, size, &record, &at, stopped);
    if (status == CAKE_OK)
        status = cake_header_read(&header, &record, stopped);
    cake_row_header(&own);
    if (status == CAKE_OK && trust == CAKE_ROWS_JOURNAL && (at != own.length || memcmp(data, own.data, at) != 0))
        status = cake_fail(stopped, CAKE_E_USAGE, "expected the header of schema version %d", CAKE_SCHEMA_VERSION);
    if (own.failed)
        status = CAKE_E_MEMORY;
    for (line = 1; status == CAKE_OK; line++) {
        size_t consumed = 0;

        *valid = at;
        if (at == size)
            break;
        status = read_row(data + at, size - at, trust, &header, &record, rows, &consumed, stopped);
        at += consumed;
    }
    if (status != CAKE_OK)
        cake_fail_within(stopped, status, "line %zu", line);
    if (*valid > 0 && status != CAKE_E_MEMORY)
        status = CAKE_OK;
    cake_text_free(&own);
    cake_header_free(&header);
    cake_csv_record_free(&record);
    return status;
}

void cake_sample_line(int64_t row, const cake_sample *sample, cake_text *out)
{
    cake_text_printf(out, "%" PRId64 ",%" PRId64 ",%" PRId64 ",", row, sample->round, sample->iterations);
    cake_text_real(out, sample->ns);
    cake_text_put(out, "\n");
}

/* The four fields of a line of samples.csv, as cake_sample_line writes them, to the last byte. */
static bool parse_sample(const char *line, size_t length, const cake_csv_record *record, cake_text *again,
                         int64_t *row, cake_sample *sample)
{
    if (record->count != 4 || !cake_real_parse(record->fields[3], &sample->ns))
        return false;
    *row = strtoll(record->fields[0], NULL, 10);
    sample->round = strtoll(record->fields[1], NULL, 10);
    sample->iterations = strtoll(record->fields[2], NULL, 10);
    cake_text_clear(again);
    cake_sample_line(*row, sample, again);
    return again->length == length && memcmp(again->data, line, length) == 0 && sample->round >= 0 &&
           sample->iterations > 0 && sample->ns >= 0;
}

/* How many samples a row may have: what it says, or any number. */
static size_t samples_of(const cake_row *row)
{
    return row->samples >= 0 ? (size_t)row->samples : SIZE_MAX;
}

cake_status cake_samples_read(const char *data, size_t size, const cake_rows *rows, cake_samples *samples,
                              size_t *valid, cake_error *stopped)
{
    const size_t head = strlen(CAKE_SAMPLES_HEADER);
    size_t at = head, lines = 0, count = 0, current = 0;
    size_t *first = calloc(rows->count + 1, sizeof *first);
    cake_sample *sample = NULL;
    cake_csv_record record = {0};
    cake_text again = {0};
    cake_status status = CAKE_E_MEMORY;

    *valid = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    sample = malloc((lines + 1) * sizeof *sample);
    if (!first || !sample) {
        cake_fail(stopped, status, "%zu samples: out of memory", lines);
        goto out;
    }
    status = CAKE_OK;
    if (size < head || memcmp(data, CAKE_SAMPLES_HEADER, head) != 0)
        status = cake_fail(stopped, size < head ? CAKE_NOT_FOUND : CAKE_E_USAGE, "line 1: expected the header %.*s",
                           (int)head - 1, CAKE_SAMPLES_HEADER);
    while (status == CAKE_OK) {
        size_t consumed = 0;
        int64_t row = 0;

        *valid = at;
        if (at == size)
            break;
        if (cake_csv_read(data + at, size - at, &record, &consumed, stopped) != CAKE_OK) {
            cake_fail_within(stopped, CAKE_E_USAGE, "line %zu", count + 2);
            break;
        }
        if (!parse_sample(data + at, consumed, &record, &again, &row, &sample[count]) || row < 1 ||
            (uint64_t)row > rows->count || (size_t)row < current ||
            ((size_t)row == current && count - first[current - 1] >= samples_of(&rows->row[current - 1])) ||
            samples_of(&rows->row[row - 1]) == 0) {
            cake_fail(stopped, CAKE_E_USAGE, "line %zu: expected a sample of a row in %s", count + 2, CAKE_ROWS_FILE);
            break;
        }
        for (; current < (size_t)row; current++)
            first[current] = count;
        count++;
        at += consumed;
    }
    for (; current <= rows->count; current++)
        first[current] = count;
    if (status == CAKE_OK) {
        *samples = (cake_samples){.sample = sample, .count = count, .first = first};
        sample = NULL;
        first = NULL;
    }
out:
    cake_text_free(&again);
    cake_csv_record_free(&record);
    free(sample);
    free(first);
    return status;
}

void cake_samples_free(cake_samples *samples)
{
    free(samples->sample);
    free(samples->first);
    *samples = (cake_samples){0};
}
