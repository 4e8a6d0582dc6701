/* Two runs, or two plugins of one run, compared workload by workload and network by network. */
#ifndef LAYERCAKE_REPORT_COMPARE_H
#define LAYERCAKE_REPORT_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"
#include "report/rank.h"
#include "report/ratio.h"
#include "report/results.h"

typedef enum cake_change {
    CAKE_CHANGE_NONE, /* cannot be compared: the note says why */
    CAKE_CHANGE_FASTER,
    CAKE_CHANGE_SLOWER,
    CAKE_CHANGE_SAME,
    CAKE_CHANGE_UNCLEAR
} cake_change;

/* "faster", "slower", "same", "unclear"; "" for none. */
const char *cake_change_name(cake_change change);

typedef struct cake_compare_request {
    const cake_results *base, *now; /* the same for two plugins of one run */
    /* "avx2", "avx2/direct", or "avx2@5b89" and "avx2@5b89/direct" with the beginning of the file's SHA-256; both or
     * neither. A plugin without a kernel: its fastest for each workload. */
    const char *base_plugin, *now_plugin;
    double margin;      /* a change within it is `same`; below 0: CAKE_MARGIN_PAIRED or CAKE_MARGIN_RUNS */
    double slower_by;   /* gate: fail where the whole interval lies beyond 1 + this; NAN: no gate */
    bool over_baseline; /* divide each time by the baseline's of the same round, in both runs */
} cake_compare_request;

/* What counts as the same by default. Between runs a machine's clock, neighbours and memory layout move times by more
 * than samples of one run can show. */
#define CAKE_MARGIN_PAIRED 0.02
#define CAKE_MARGIN_RUNS 0.05

/* One workload by one kernel (or by one plugin against another). */
typedef struct cake_compared {
    const cake_row *base, *now; /* either may be NULL */
    cake_ratio ratio;
    cake_change change;
    bool gated;       /* the gate fails for it */
    const char *note; /* why it cannot be compared, or "" */
} cake_compared;

/* All layers of a dataset, each as often as it occurs, by the fastest kernels of a plugin. */
typedef struct cake_network {
    const cake_row *like; /* a row with its dataset, dtype, threads, cache */
    const char *base_plugin, *now_plugin;
    double base_ns, now_ns;  /* of the layers that both did */
    size_t layers, compared; /* distinct ones: all that either has, those in the sum */
    cake_ratio ratio;        /* weighted by time */
    cake_change change;
    bool gated;
} cake_network;

/* Begins as {0}. Borrows from the results. */
typedef struct cake_comparison {
    cake_compared *line;
    size_t n_lines, lines_capacity;
    cake_network *network;
    size_t n_networks, networks_capacity;
    cake_rank *rank; /* of the new run */
    size_t n_ranks;
    double margin;
    bool gate_failed; /* a line or a network is slower beyond the gate, or what was ok fails now */
    cake_text notes;  /* lines, each ended: how the runs differ, what could not be compared */
    cake_groups base_groups, now_groups;
} cake_comparison;

/* CAKE_E_USAGE: a plugin that the run does not have; CAKE_E_MEMORY. */
cake_status cake_comparison_make(cake_comparison *comparison, const cake_compare_request *request, cake_error *error);
void cake_comparison_free(cake_comparison *comparison);

/* How a comparison is written, in one table, which ends with name NULL. */
typedef struct cake_compare_format {
    const char *name;
    cake_status (*write)(const cake_comparison *comparison, FILE *out, cake_error *error);
} cake_compare_format;

extern const cake_compare_format cake_compare_formats[];

/* For people. */
cake_status cake_compare_text(const cake_comparison *comparison, FILE *out, cake_error *error);
cake_status cake_compare_markdown(const cake_comparison *comparison, FILE *out, cake_error *error);
/* For programs: kind,op,dataset,workload,params,count,dtype,threads,cache,base,new,base_ns,new_ns,ratio,ratio_ci_low,
 * ratio_ci_high,method,verdict,note, where kind is workload, network or rank (whose ratio is the score); and the same
 * as objects in lists. */
cake_status cake_compare_csv(const cake_comparison *comparison, FILE *out, cake_error *error);
cake_status cake_compare_json(const cake_comparison *comparison, FILE *out, cake_error *error);

#endif
