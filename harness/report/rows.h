/* The rows and samples of a run folder, read back. */
#ifndef LAYERCAKE_REPORT_ROWS_H
#define LAYERCAKE_REPORT_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "report/schema.h"

#define CAKE_ROWS_FILE "results.csv"
#define CAKE_SAMPLES_FILE "samples.csv"
#define CAKE_SAMPLES_HEADER "row,round,iterations,ns\n"

/* Larger files are refused. */
#define CAKE_ROWS_LIMIT ((size_t)1 << 30)

/* Begins as {0}. */
typedef struct cake_rows {
    cake_row *row;
    size_t count;
    size_t capacity;
} cake_rows;

void cake_rows_free(cake_rows *rows);

typedef enum cake_rows_trust {
    CAKE_ROWS_EDITED, /* columns by name, other versions' and people's edits welcome */
    CAKE_ROWS_JOURNAL /* exactly as the journal wrote them: this version's header, each line intact and numbered */
} cake_rows_trust;

/* Read the longest valid prefix of a results.csv; *valid is its length in bytes. `stopped` says "line N: why" where
 * something follows it, else is empty. CAKE_OK; CAKE_NOT_FOUND: not even a whole header; CAKE_E_USAGE: a wrong
 * header; CAKE_E_MEMORY; the last three with the reason in `stopped`. */
cake_status cake_rows_read(const char *data, size_t size, cake_rows_trust trust, cake_rows *rows, size_t *valid,
                           cake_error *stopped);

/* All samples, and where each row's begin: row i (from 0) has those from first[i] up to first[i + 1]. Begins as {0}.
 */
typedef struct cake_samples {
    cake_sample *sample;
    size_t count;
    size_t *first; /* [rows + 1] */
} cake_samples;

/* The same for a samples.csv of `rows`: lines are in the order of the rows, and belong to one of them. */
cake_status cake_samples_read(const char *data, size_t size, const cake_rows *rows, cake_samples *samples,
                              size_t *valid, cake_error *stopped);
void cake_samples_free(cake_samples *samples);

/* One line of samples.csv. */
void cake_sample_line(int64_t row, const cake_sample *sample, cake_text *out);

#endif
