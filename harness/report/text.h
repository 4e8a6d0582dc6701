/* A text that grows. A failed allocation is remembered, so that a writer adds as much as it likes and
 * looks at `failed` once, at the end. */
#ifndef LAYERCAKE_REPORT_TEXT_H
#define LAYERCAKE_REPORT_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Begins as {0}. `data` ends with a NUL that `length` does not count; it is NULL while nothing was added. */
typedef struct cake_text {
    char *data;
    size_t length;
    size_t capacity;
    bool failed;
} cake_text;

void cake_text_add(cake_text *text, const char *bytes, size_t length);
void cake_text_put(cake_text *text, const char *string);
void cake_text_printf(cake_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The shortest decimal of 15 to 17 digits that reads back as the same number, with a point in every locale;
 * "inf", "-inf"; nothing for a NaN. */
void cake_text_real(cake_text *text, double value);

/* A number with three or so digits that count, for people to read: "0.0123", "4.56", "78.9", "1235". A NaN is "". */
void cake_text_short(cake_text *text, double value);

/* The whole of `string` is one number, with a point in every locale. */
bool cake_real_parse(const char *string, double *value);

/* Forget the content, keep the memory. */
void cake_text_clear(cake_text *text);
void cake_text_free(cake_text *text);

/* Length in bytes of the UTF-8 character at `bytes`, of which `size` >= 1 are there; 0: no well-formed one (RFC 3629:
 * shortest form, no surrogates, at most U+10FFFF). */
size_t cake_utf8_length(const char *bytes, size_t size);

#endif
