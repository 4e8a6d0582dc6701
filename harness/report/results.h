/* A run, read back from its folder: what every report is made from. */
#ifndef LAYERCAKE_REPORT_RESULTS_H
#define LAYERCAKE_REPORT_RESULTS_H

#include "base/status.h"
#include "report/context.h"
#include "report/rows.h"

/* Begins as {0}. */
typedef struct cake_results {
    char *path; /* as it was given */
    cake_rows rows;
    cake_samples samples;  /* none where there is no samples.csv, or one that does not fit */
    cake_context *context; /* NULL: none that can be read */
    cake_text notes;       /* what was cut short, missing or damaged: lines, each ended; "" if nothing */
} cake_results;

/* Read a run's folder (or its results.csv alone) as far as it is good; other versions' columns are taken by name.
 * CAKE_E_USAGE: there is no run; CAKE_E_IO; CAKE_E_MEMORY. `results` is empty then. */
cake_status cake_results_open(cake_results *results, const char *path, cake_error *error);
void cake_results_free(cake_results *results);

/* Row i's samples; *count is their number. */
const cake_sample *cake_results_samples(const cake_results *results, size_t i, size_t *count);

/* The rows of one workload under the same conditions (dtype, threads, cache), in the file's order. */
typedef struct cake_group {
    char *key; /* cake_row_workload_key */
    const cake_row **rows;
    size_t count;
} cake_group;

/* Begins as {0}. */
typedef struct cake_groups {
    cake_group *group; /* family by family, else in the order of their first rows */
    size_t count;
    const cake_row **storage;
} cake_groups;

cake_status cake_groups_make(cake_groups *groups, const cake_rows *rows);
void cake_groups_free(cake_groups *groups);

/* Drop the rows of accuracy class fast, and groups that had no others. */
void cake_groups_leave_out_fast(cake_groups *groups);

/* NULL: there is none. */
const cake_group *cake_groups_find(const cake_groups *groups, const char *key);

/* Two rows were measured under the same conditions: dtype, threads, cache. */
bool cake_same_conditions(const cake_row *a, const cake_row *b);

/* What makes two rows the same workload under the same conditions: op, dataset, workload, params, dtype, threads,
 * cache. */
void cake_row_workload_key(const cake_row *row, cake_text *out);

/* A text of a row, "" where it is empty. */
const char *cake_row_string(const char *cell);

/* The workload's name; its parameters where it has none. */
const char *cake_row_title(const cake_row *row);

/* The op's family ("convolution"); the op itself where it is not known. */
const char *cake_row_family(const cake_row *row);

/* The verdict says that the kernel is right and was timed. */
bool cake_row_is_ok(const cake_row *row);
/* The verdict fails a run. An unknown word does. */
bool cake_row_fails(const cake_row *row);

/* For people: "12.3 us"; "45.6 GFLOP/s", or GB/s where less than 4 FLOP come on a byte; "3.21x". "" where unknown. */
void cake_put_time(cake_text *out, double ns);
void cake_put_rate(cake_text *out, const cake_row *row);
void cake_put_factor(cake_text *out, double factor);

#endif
