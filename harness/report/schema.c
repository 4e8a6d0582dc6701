#include "report/schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const cake_column cake_columns[] = {
#define TEXT(name, unit, meaning) {#name, unit, CAKE_COLUMN_TEXT, offsetof(cake_row, name), meaning},
#define INTEGER(name, unit, meaning) {#name, unit, CAKE_COLUMN_INTEGER, offsetof(cake_row, name), meaning},
#define REAL(name, unit, meaning) {#name, unit, CAKE_COLUMN_REAL, offsetof(cake_row, name), meaning},
    CAKE_COLUMN_LIST(TEXT, INTEGER, REAL)
#undef TEXT
#undef INTEGER
#undef REAL
};

enum { N_COLUMNS = sizeof cake_columns / sizeof cake_columns[0] };
const size_t cake_columns_count = N_COLUMNS;

static char **text_at(const cake_row *row, const cake_column *column)
{
    return (char **)((char *)(uintptr_t)row + column->offset);
}

static int64_t *integer_at(const cake_row *row, const cake_column *column)
{
    return (int64_t *)((char *)(uintptr_t)row + column->offset);
}

static double *real_at(const cake_row *row, const cake_column *column)
{
    return (double *)((char *)(uintptr_t)row + column->offset);
}

const cake_column *cake_column_find(const char *name)
{
    for (size_t i = 0; i < N_COLUMNS; i++)
        if (strcmp(cake_columns[i].name, name) == 0)
            return &cake_columns[i];
    return NULL;
}

const char *cake_column_type_name(cake_column_type type)
{
    static const char *const names[] = {
        [CAKE_COLUMN_TEXT] = "text", [CAKE_COLUMN_INTEGER] = "integer", [CAKE_COLUMN_REAL] = "real"};

    return names[type];
}

void cake_columns_markdown(cake_text *out)
{
    cake_text_put(out, "| column | type | unit | meaning |\n|---|---|---|---|\n");
    for (const cake_column *column = cake_columns; column < cake_columns + N_COLUMNS; column++)
        cake_text_printf(out, "| `%s` | %s | %s | %s |\n", column->name, cake_column_type_name(column->type),
                         column->unit, column->meaning);
}

void cake_columns_plain(cake_text *out)
{
    for (const cake_column *column = cake_columns; column < cake_columns + N_COLUMNS; column++)
        cake_text_printf(out, "%-18s %-8s %-13s %s\n", column->name, cake_column_type_name(column->type),
                         column->unit, column->meaning);
}

void cake_row_init(cake_row *row)
{
    for (size_t i = 0; i < N_COLUMNS; i++) {
        const cake_column *column = &cake_columns[i];

        if (column->type == CAKE_COLUMN_TEXT)
            *text_at(row, column) = NULL;
        else if (column->type == CAKE_COLUMN_INTEGER)
            *integer_at(row, column) = CAKE_ROW_EMPTY;
        else
            *real_at(row, column) = NAN;
    }
}

void cake_row_free(cake_row *row)
{
    for (size_t i = 0; i < N_COLUMNS; i++)
        if (cake_columns[i].type == CAKE_COLUMN_TEXT)
            free(*text_at(row, &cake_columns[i]));
    cake_row_init(row);
}

cake_status cake_row_copy(cake_row *to, const cake_row *from)
{
    cake_row copy = *from;
    bool failed = false;

    for (size_t i = 0; i < N_COLUMNS; i++) {
        char **text = text_at(&copy, &cake_columns[i]);

        if (cake_columns[i].type != CAKE_COLUMN_TEXT || !*text)
            continue;
        *text = failed ? NULL : strdup(*text);
        failed = failed || !*text;
    }
    if (failed) {
        cake_row_free(&copy);
        return CAKE_E_MEMORY;
    }
    cake_row_free(to);
    *to = copy;
    return CAKE_OK;
}

cake_status cake_row_text(char **cell, const char *text)
{
    char *copy = NULL;

    if (text) {
        copy = strdup(text);
        if (!copy)
            return CAKE_E_MEMORY;
    }
    free(*cell);
    *cell = copy;
    return CAKE_OK;
}

cake_status cake_row_textf(char **cell, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int length;

    va_start(args, format);
    length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        return CAKE_E_MEMORY;
    free(*cell);
    *cell = text;
    return CAKE_OK;
}

void cake_row_cell(const cake_row *row, const cake_column *column, cake_text *out)
{
    if (column->type == CAKE_COLUMN_TEXT) {
        if (*text_at(row, column))
            cake_text_put(out, *text_at(row, column));
    } else if (column->type == CAKE_COLUMN_INTEGER) {
        if (*integer_at(row, column) != CAKE_ROW_EMPTY)
            cake_text_printf(out, "%" PRId64, *integer_at(row, column));
    } else {
        cake_text_real(out, *real_at(row, column));
    }
}

double cake_row_number(const cake_row *row, const cake_column *column)
{
    if (column->type == CAKE_COLUMN_REAL)
        return *real_at(row, column);
    if (column->type == CAKE_COLUMN_INTEGER && *integer_at(row, column) != CAKE_ROW_EMPTY)
        return (double)*integer_at(row, column);
    return NAN;
}

void cake_row_header(cake_text *out)
{
    for (size_t i = 0; i < N_COLUMNS; i++)
        cake_text_printf(out, "%s%c", cake_columns[i].name, i + 1 < N_COLUMNS ? ',' : '\n');
}

/* CRC-32 as in IEEE 802.3 and zlib: polynomial 0x04c11db7, bits reflected. */
static uint32_t crc32_of(const char *bytes, size_t length)
{
    uint32_t crc = UINT32_MAX;

    for (size_t i = 0; i < length; i++) {
        crc ^= (unsigned char)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
    }
    return ~crc;
}

/* A row is one line whatever a plugin says, and no terminal obeys it. */
static void put_clean(cake_text *out, const char *text)
{
    size_t size = strlen(text);

    for (size_t i = 0, length; i < size; i += length ? length : 1) {
        length = cake_utf8_length(text + i, size - i);
        if (strchr("\r\n\t", text[i]))
            cake_text_put(out, " ");
        else if (length == 0 || (unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            cake_text_put(out, "\xef\xbf\xbd");
        else
            cake_text_add(out, text + i, length);
    }
}

void cake_row_line(const cake_row *row, cake_text *out)
{
    cake_text cell = {0}, clean = {0};
    size_t begin = out->length;

    for (size_t i = 0; i + 1 < N_COLUMNS; i++) {
        cake_text_clear(&cell);
        cake_text_clear(&clean);
        cake_row_cell(row, &cake_columns[i], &cell);
        put_clean(&clean, cell.length ? cell.data : "");
        cake_csv_put(out, clean.length ? clean.data : "");
        cake_text_put(out, ",");
    }
    out->failed = out->failed || cell.failed || clean.failed;
    if (!out->failed)
        cake_text_printf(out, "%08" PRIx32 "\n", crc32_of(out->data + begin, out->length - begin));
    cake_text_free(&cell);
    cake_text_free(&clean);
}

bool cake_row_intact(const char *line, size_t length)
{
    enum { CRC_LENGTH = 9 }; /* 8 digits and the line's end */
    char expected[CRC_LENGTH + 1];

    if (length <= CRC_LENGTH)
        return false;
    snprintf(expected, sizeof expected, "%08" PRIx32 "\n", crc32_of(line, length - CRC_LENGTH));
    return memcmp(line + length - CRC_LENGTH, expected, CRC_LENGTH) == 0;
}

cake_status cake_header_read(cake_header *header, const cake_csv_record *record, cake_error *error)
{
    const cake_column **columns = calloc(record->count + 1, sizeof *columns);

    if (!columns)
        return cake_fail(error, CAKE_E_MEMORY, "header: out of memory");
    for (size_t i = 0; i < record->count; i++) {
        columns[i] = cake_column_find(record->fields[i]);
        for (size_t j = 0; columns[i] && j < i; j++) {
            if (columns[j] == columns[i]) {
                cake_fail(error, CAKE_E_USAGE, "header: column '%s' is there twice", columns[i]->name);
                free(columns);
                return CAKE_E_USAGE;
            }
        }
    }
    for (size_t i = 0; i < 3; i++) {
        if (i >= record->count || columns[i] != &cake_columns[i]) {
            cake_fail(error, CAKE_E_USAGE, "header: expected '%s' as column %zu, found '%.80s'", cake_columns[i].name,
                      i + 1, i < record->count ? record->fields[i] : "");
            free(columns);
            return CAKE_E_USAGE;
        }
    }
    *header = (cake_header){.columns = columns, .count = record->count};
    return CAKE_OK;
}

void cake_header_free(cake_header *header)
{
    free(header->columns);
    *header = (cake_header){0};
}

static bool integer_parse(const char *text, int64_t *value)
{
    char *end;
    long long number;

    if (!strchr("-0123456789", text[0]))
        return false;
    errno = 0;
    number = strtoll(text, &end, 10);
    *value = number;
    return end != text && *end == '\0' && errno == 0 && number != CAKE_ROW_EMPTY;
}

cake_status cake_row_read(cake_row *row, const cake_header *header, const cake_csv_record *record, cake_error *error)
{
    if (record->count != header->count)
        return cake_fail(error, CAKE_E_USAGE, "expected %zu fields, found %zu", header->count, record->count);
    for (size_t i = 0; i < record->count; i++) {
        const cake_column *column = header->columns[i];
        const char *field = record->fields[i];
        bool good = true;

        if (!column || field[0] == '\0')
            continue;
        if (column->type == CAKE_COLUMN_INTEGER) {
            good = integer_parse(field, integer_at(row, column));
        } else if (column->type == CAKE_COLUMN_REAL) {
            good = cake_real_parse(field, real_at(row, column));
        } else if (cake_row_text(text_at(row, column), field) != CAKE_OK) {
            cake_row_free(row);
            return cake_fail(error, CAKE_E_MEMORY, "out of memory");
        }
        if (!good) {
            cake_row_free(row);
            return cake_fail(error, CAKE_E_USAGE, "%s: expected %s, found '%.80s'", column->name,
                             column->type == CAKE_COLUMN_INTEGER ? "an integer" : "a number", field);
        }
    }
    return CAKE_OK;
}

void cake_row_key(const cake_row *row, cake_text *out)
{
    static const size_t parts[] = {offsetof(cake_row, kernel),  offsetof(cake_row, op),
                                   offsetof(cake_row, dataset), offsetof(cake_row, workload),
                                   offsetof(cake_row, params),  offsetof(cake_row, dtype),
                                   offsetof(cake_row, cache),   offsetof(cake_row, mode)};

    cake_text_put(out, row->plugin_sha256 && row->plugin_sha256[0] ? row->plugin_sha256
                       : row->plugin                               ? row->plugin
                                                                   : "");
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const char *text = *(char *const *)((const char *)row + parts[i]);

        cake_text_put(out, "\x1f");
        put_clean(out, text ? text : "");
    }
    cake_text_printf(out, "\x1f%" PRId64 "\x1f%" PRId64, row->threads, row->seed);
}
