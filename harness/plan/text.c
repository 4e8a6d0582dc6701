#include "plan/text.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

cake_status cake_line_open(cake_line *line, const char *text, size_t length, const cake_source *source,
                           cake_error *error)
{
    if (length > 0 && text[length - 1] == '\r')
        length--;
    if (length > CAKE_LINE_MAX)
        return cake_fail_at(error, source, CAKE_LINE_MAX + 1, "expected a line of at most %d bytes, found %zu",
                            CAKE_LINE_MAX, length);
    for (size_t i = 0; i < length; i++) {
        bool starts_word = i == 0 || is_blank(text[i - 1]);

        if (text[i] == '#' && starts_word)
            break;
        if (!is_blank(text[i]) && (text[i] < 0x20 || text[i] > 0x7e))
            return cake_fail_at(error, source, (int)i + 1, "expected printable ASCII, found the byte 0x%02x",
                                (unsigned)(unsigned char)text[i]);
    }
    *line = (cake_line){text, text, text + length};
    return CAKE_OK;
}

bool cake_line_next(cake_line *line, cake_word *word)
{
    while (line->at < line->end && is_blank(*line->at))
        line->at++;
    if (line->at == line->end || *line->at == '#')
        return false;
    word->at = line->at;
    word->column = cake_line_column(line);
    while (line->at < line->end && !is_blank(*line->at))
        line->at++;
    word->length = (size_t)(line->at - word->at);
    return true;
}

int cake_line_column(const cake_line *line)
{
    return (int)(line->at - line->start) + 1;
}

bool cake_word_is(const cake_word *word, const char *text)
{
    return strlen(text) == word->length && memcmp(word->at, text, word->length) == 0;
}

bool cake_word_copy(const cake_word *word, char *buffer, size_t size)
{
    if (word->length >= size)
        return false;
    memcpy(buffer, word->at, word->length);
    buffer[word->length] = '\0';
    return true;
}

cake_found cake_found_bytes(const char *bytes, size_t length)
{
    enum { SHOWN = 40 };
    cake_found found = {"nothing"};
    size_t used = 1, i = 0;

    if (length == 0)
        return found;
    found.text[0] = '\'';
    /* Room is kept for "\xNN" and the closing "...'". */
    for (; i < length && used < SHOWN; i++) {
        if (bytes[i] >= 0x20 && bytes[i] <= 0x7e)
            found.text[used++] = bytes[i];
        else
            used += (size_t)snprintf(found.text + used, sizeof found.text - used, "\\x%02x",
                                     (unsigned)(unsigned char)bytes[i]);
    }
    snprintf(found.text + used, sizeof found.text - used, "%s", i < length ? "...'" : "'");
    return found;
}

cake_found cake_found_word(const cake_word *word)
{
    return cake_found_bytes(word->at, word->length);
}

cake_status cake_fail_at(cake_error *error, const cake_source *source, int column, const char *format, ...)
{
    char message[sizeof error->text];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    return cake_fail(error, CAKE_E_USAGE, "%s:%d:%d: %s", source->file, source->line, column, message);
}

bool cake_parse_whole(const char *bytes, size_t length, long long *value)
{
    long long sum = 0;

    for (size_t i = 0; i < length; i++) {
        if (bytes[i] < '0' || bytes[i] > '9')
            return false;
        if (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, bytes[i] - '0', &sum))
            return false;
    }
    *value = sum;
    return length > 0;
}

bool cake_parse_real(const char *bytes, size_t length, double *value)
{
    char text[64];
    char *end;
    double parsed;

    /* strtod alone would take "nan", "inf", hexadecimal and leading blanks. */
    if (length == 0 || length >= sizeof text)
        return false;
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (strspn(text, "0123456789+-.eE") != length)
        return false;
    parsed = strtod(text, &end);
    if (end != text + length || !isfinite(parsed))
        return false;
    *value = parsed;
    return true;
}

void cake_format_real(double value, char *buffer, size_t size)
{
    /* "100", not "1e+02". */
    if (fabs(value) < 1e15 && value == nearbyint(value)) {
        snprintf(buffer, size, "%.0f", value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buffer, size, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value)
            return;
    }
}
