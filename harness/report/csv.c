#include "report/csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void cake_csv_put(cake_text *line, const char *field)
{
    if (!strpbrk(field, ",\"\r\n")) {
        cake_text_put(line, field);
        return;
    }
    cake_text_put(line, "\"");
    for (; *field; field++)
        cake_text_add(line, *field == '"' ? "\"\"" : field, *field == '"' ? 2 : 1);
    cake_text_put(line, "\"");
}

static bool record_push(cake_csv_record *record, char *field)
{
    if (record->count == record->capacity) {
        size_t capacity = record->capacity ? 2 * record->capacity : 64;
        char **fields = realloc(record->fields, capacity * sizeof *fields);

        if (!fields)
            return false;
        record->fields = fields;
        record->capacity = capacity;
    }
    record->fields[record->count++] = field;
    return true;
}

/* Length of the line with its end, quotes minded; 0: it has none. */
static size_t line_length(const char *data, size_t size)
{
    bool quoted = false;

    for (size_t i = 0; i < size; i++) {
        if (data[i] == '"')
            quoted = !quoted;
        else if (data[i] == '\n' && !quoted)
            return i + 1;
    }
    return 0;
}

static const char *check_bytes(const char *data, size_t size, size_t *at)
{
    size_t length;

    for (size_t i = 0; i < size; i += length) {
        length = cake_utf8_length(data + i, size - i);
        *at = i;
        if (length == 0)
            return "UTF-8";
        if (data[i] == '\0')
            return "text, without a NUL byte";
    }
    return NULL;
}

cake_status cake_csv_read(const char *data, size_t size, cake_csv_record *record, size_t *consumed, cake_error *error)
{
    size_t length = line_length(data, size), end = length, at = 0;
    const char *expected;
    char *out;

    record->count = 0;
    if (length == 0)
        return cake_fail(error, CAKE_NOT_FOUND, "expected the end of the line, found the end of the file");
    end -= length >= 2 && data[length - 2] == '\r' ? 2 : 1;
    expected = check_bytes(data, end, &at);
    if (expected)
        return cake_fail(error, CAKE_E_USAGE, "byte %zu: expected %s, found 0x%02x", at + 1, expected,
                         (unsigned)(unsigned char)data[at]);
    if (record->storage_size < end + 1) {
        char *storage = realloc(record->storage, end + 1);

        if (!storage)
            return cake_fail(error, CAKE_E_MEMORY, "a line of %zu bytes: out of memory", end);
        record->storage = storage;
        record->storage_size = end + 1;
    }
    out = record->storage;
    for (size_t i = 0; i <= end; i++) { /* i is at a field's first byte, or at the end of the line */
        char *field = out;
        bool quoted = i < end && data[i] == '"';

        for (i += quoted; i < end; i++) {
            if (quoted && data[i] == '"') {
                if (i + 1 < end && data[i + 1] == '"')
                    i++;
                else
                    break;
            } else if (!quoted && data[i] == ',') {
                break;
            } else if (!quoted && (data[i] == '"' || data[i] == '\r')) {
                return cake_fail(error, CAKE_E_USAGE, "byte %zu: expected a quoted field for a %s", i + 1,
                                 data[i] == '"' ? "quote" : "carriage return");
            }
            *out++ = data[i];
        }
        i += quoted; /* past the closing quote */
        if (i < end && data[i] != ',')
            return cake_fail(error, CAKE_E_USAGE, "byte %zu: expected a comma after the quote, found '%c'", i + 1,
                             data[i]);
        if (i > end)
            return cake_fail(error, CAKE_E_USAGE, "byte %zu: expected a closing quote", end + 1);
        *out++ = '\0';
        if (!record_push(record, field))
            return cake_fail(error, CAKE_E_MEMORY, "a line of %zu bytes: out of memory", end);
    }
    *consumed = length;
    return CAKE_OK;
}

void cake_csv_record_free(cake_csv_record *record)
{
    free(record->fields);
    free(record->storage);
    *record = (cake_csv_record){0};
}
