/* Comma-separated values as in RFC 4180, in UTF-8.
 *
 * Written: lines end with LF (the RFC's CRLF would leave a stray CR in the last column of awk, cut and grep);
 * fields are quoted where they hold a comma, a quote or a line break.
 * Read: LF or CRLF; a NUL byte, bad UTF-8, and a quote inside of an unquoted field are errors. */
#ifndef LAYERCAKE_REPORT_CSV_H
#define LAYERCAKE_REPORT_CSV_H

#include <stddef.h>

#include "base/status.h"
#include "report/text.h"

/* Add one field, quoted if it must be. */
void cake_csv_put(cake_text *line, const char *field);

/* One line's fields. Begins as {0}; reused from line to line. */
typedef struct cake_csv_record {
    char **fields;
    size_t count;
    size_t capacity; /* of fields */
    char *storage;
    size_t storage_size;
} cake_csv_record;

/* Read the line at the head of data[0 .. size). Sets *consumed to its length with the line's end.
 * CAKE_OK; CAKE_NOT_FOUND: the line has no end, it was cut short; CAKE_E_USAGE: malformed, `error` names the byte
 * of the line (from 1); CAKE_E_MEMORY. */
cake_status cake_csv_read(const char *data, size_t size, cake_csv_record *record, size_t *consumed,
                          cake_error *error);
void cake_csv_record_free(cake_csv_record *record);

#endif
