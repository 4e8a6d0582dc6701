/* Lines of text from strangers: cut into words, and messages that say where. */
#ifndef LAYERCAKE_PLAN_TEXT_H
#define LAYERCAKE_PLAN_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

enum { CAKE_LINE_MAX = 4096 }; /* bytes of a line */

/* Where a line stands. */
typedef struct cake_source {
    const char *file;    /* its path, or "command line"; borrowed */
    int line;            /* from 1; on the command line: the how manyth workload */
    const char *dataset; /* the dataset's name, or "" */
} cake_source;

/* A word of a line: bytes without a blank. Not NUL-terminated. */
typedef struct cake_word {
    const char *at;
    size_t length;
    int column; /* of its first byte, from 1 */
} cake_word;

/* What is left of a line. */
typedef struct cake_line {
    const char *start, *at, *end;
} cake_line;

/* Begin to read a line of `length` bytes without its newline (a carriage return at its end is dropped). Refused: more
 * than CAKE_LINE_MAX bytes, and bytes that are no printable ASCII outside of a comment. */
cake_status cake_line_open(cake_line *line, const char *text, size_t length, const cake_source *source,
                           cake_error *error);

/* The next word; false at the end or at a comment ('#' where a word would begin). */
bool cake_line_next(cake_line *line, cake_word *word);

/* The column after what was read. */
int cake_line_column(const cake_line *line);

bool cake_word_is(const cake_word *word, const char *text);

/* Copy it, NUL-terminated; false if it does not fit. */
bool cake_word_copy(const cake_word *word, char *buffer, size_t size);

/* What was found, for messages: "'conv2'", cut if long, bytes that do not print as \xNN; "nothing" if empty. */
typedef struct cake_found {
    char text[64];
} cake_found;

cake_found cake_found_bytes(const char *bytes, size_t length);
cake_found cake_found_word(const cake_word *word);

/* CAKE_E_USAGE with "file:line:column: message". */
cake_status cake_fail_at(cake_error *error, const cake_source *source, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Whole numbers: digits only. Reals: decimal, finite ("1e-5", not "nan", "inf" or "0x1p3"). */
bool cake_parse_whole(const char *bytes, size_t length, long long *value);
bool cake_parse_real(const char *bytes, size_t length, double *value);

/* The shortest decimal that reads back as the same double. */
void cake_format_real(double value, char *buffer, size_t size);

#endif
