/* The reports that are made from a run's files, in one table. To add one: a file, its function here, a line there. */
#ifndef LAYERCAKE_REPORT_REPORT_H
#define LAYERCAKE_REPORT_REPORT_H

#include <stdio.h>

#include "base/status.h"
#include "report/results.h"

typedef struct cake_reporter {
    const char *name; /* "json" */
    const char *summary;
    /* Write the whole report; the caller looks after the file. */
    cake_status (*write)(const cake_results *results, FILE *out, cake_error *error);
} cake_reporter;

/* Ends with name NULL. */
extern const cake_reporter cake_reporters[];

/* The reporter of that name ("console", as Google Benchmark calls it, is "table"), or NULL. */
const cake_reporter *cake_reporter_find(const char *name);

/* The same for what a user asked for: CAKE_E_USAGE with the names that there are. */
cake_status cake_reporter_choose(const char *name, const cake_reporter **reporter, cake_error *error);

/* The report into a file that appears whole or not at all; NULL or "-": standard output. */
cake_status cake_report_write(const cake_reporter *reporter, const cake_results *results, const char *path,
                              cake_error *error);

/* What every writer of a derived file does: `write` into memory, then the file at once. */
typedef cake_status cake_report_fill(const void *data, FILE *out, cake_error *error);
cake_status cake_report_deliver(cake_report_fill *fill, const void *data, const char *path, cake_error *error);

/* The rows again, with this version's columns. */
cake_status cake_report_csv(const cake_results *results, FILE *out, cake_error *error);
/* Google Benchmark's JSON: each sample a repetition, named op/dataset:workload/plugin/kernel/dtype/cache/threads:n,
 * the aggregates mean, median, stddev and cv, the columns as counters. cpu_time is the task clock where it was
 * counted, else the real time. */
cake_status cake_report_json(const cake_results *results, FILE *out, cake_error *error);
cake_status cake_report_markdown(const cake_results *results, FILE *out, cake_error *error);
/* One file, nothing loaded from elsewhere. */
cake_status cake_report_html(const cake_results *results, FILE *out, cake_error *error);

#endif
