#include "report/text.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and the NUL. */
static bool text_reserve(cake_text *text, size_t more)
{
    size_t capacity = text->capacity ? text->capacity : 64;
    char *data;

    if (text->failed)
        return false;
    if (more > SIZE_MAX / 4 - text->length) {
        text->failed = true;
        return false;
    }
    while (capacity < text->length + more + 1)
        capacity *= 2;
    if (capacity == text->capacity)
        return true;
    data = realloc(text->data, capacity);
    if (!data) {
        text->failed = true;
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

void cake_text_add(cake_text *text, const char *bytes, size_t length)
{
    if (!text_reserve(text, length))
        return;
    if (length > 0)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void cake_text_put(cake_text *text, const char *string)
{
    cake_text_add(text, string, strlen(string));
}

void cake_text_printf(cake_text *text, const char *format, ...)
{
    va_list args;
    int length;

    va_start(args, format);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length < 0 || !text_reserve(text, (size_t)length)) {
        text->failed = true;
        return;
    }
    va_start(args, format);
    vsnprintf(text->data + text->length, (size_t)length + 1, format, args);
    va_end(args);
    text->length += (size_t)length;
}

/* The locale whose numbers have a point; glibc holds it as a constant, so this neither allocates nor fails. */
static locale_t c_locale(void)
{
    return newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

void cake_text_real(cake_text *text, double value)
{
    locale_t old;
    char digits[40];

    if (isnan(value))
        return;
    old = uselocale(c_locale());
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (isinf(value) || strtod(digits, NULL) == value)
            break;
    }
    uselocale(old);
    cake_text_put(text, digits);
}

void cake_text_short(cake_text *text, double value)
{
    double size = fabs(value);
    locale_t old;
    char digits[40];

    if (isnan(value))
        return;
    old = uselocale(c_locale());
    if (size == 0 || isinf(size))
        snprintf(digits, sizeof digits, "%g", value);
    else if (size < 0.001 || size >= 1e6)
        snprintf(digits, sizeof digits, "%.2e", value);
    else
        snprintf(digits, sizeof digits, "%.*f",
                 size < 0.00995  ? 5
                 : size < 0.0995 ? 4
                 : size < 0.995  ? 3
                 : size < 9.995  ? 2
                 : size < 99.95  ? 1
                                 : 0,
                 value);
    uselocale(old);
    cake_text_put(text, digits);
}

bool cake_real_parse(const char *string, double *value)
{
    char *end;

    /* strtod also takes leading blanks and hexadecimals, which no writer here makes. */
    if (!strchr("+-.0123456789in", string[0]) || strpbrk(string, "xXpP"))
        return false;
    *value = strtod_l(string, &end, c_locale());
    return end != string && *end == '\0';
}

void cake_text_clear(cake_text *text)
{
    text->length = 0;
    if (text->data)
        text->data[0] = '\0';
}

void cake_text_free(cake_text *text)
{
    free(text->data);
    *text = (cake_text){0};
}

size_t cake_utf8_length(const char *bytes, size_t size)
{
    const unsigned char *b = (const unsigned char *)bytes;
    size_t length;

    if (b[0] < 0x80)
        return 1;
    length = b[0] >= 0xc2 && b[0] <= 0xdf   ? 2
             : b[0] >= 0xe0 && b[0] <= 0xef ? 3
             : b[0] >= 0xf0 && b[0] <= 0xf4 ? 4
                                            : 0;
    if (length == 0 || length > size)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((b[i] & 0xc0) != 0x80)
            return 0;
    if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xed && b[1] > 0x9f) || (b[0] == 0xf0 && b[1] < 0x90) ||
        (b[0] == 0xf4 && b[1] > 0x8f))
        return 0;
    return length;
}
