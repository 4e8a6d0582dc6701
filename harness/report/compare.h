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
    /* "avx2", "avx2/direct", or "avx2@5b89" and "avx2@5b89/direct" with the beginning of the file's SHA-256; several
     * joined with ','; both or neither. A plugin without a kernel: its fastest for each workload; several: the
     * fastest of them. */
    const char *base_plugin, *now_plugin;
    double margin;      /* a change within it is `same`; below 0: CAKE_MARGIN_PAIRED or CAKE_MARGIN_RUNS */
    double slower_by;   /* gate: fail where the whole interval lies beyond 1 + this; NAN: no gate */
    bool over_baseline; /* divide each time by the baseline's of the same round, in both runs */
    bool without_fast;  /* leave out the rows of accuracy class fast */
    unsigned tables;    /* CAKE_COMPARE_... */
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

/* All layers of a dataset, each as often as it occurs, by the fastest kernels of a plugin. Of several base plugins each
 * has one, then comes that of each layer's fastest among them. */
typedef struct cake_network {
    const cake_row *like; /* a row with its dataset, dtype, threads, cache */
    const char *base_plugin, *now_plugin;
    double base_ns, now_ns;  /* of the layers that both did */
    size_t layers, compared; /* distinct ones: all that either has, those in the sum */
    cake_ratio ratio;        /* weighted by time */
    cake_change change;
    bool gated;
    const char *note; /* "not all layers", "each layer's fastest", "the best": of several that have all layers */
} cake_network;

typedef struct cake_by_op cake_by_op; /* report/by_op.h */

/* What is written of a comparison, as bits; all: 0 means the same. */
enum { CAKE_COMPARE_WORKLOADS = 1, CAKE_COMPARE_OPS = 2, CAKE_COMPARE_NETWORKS = 4, CAKE_COMPARE_RANKING = 8 };

/* Begins as {0}. Borrows from the results. */
typedef struct cake_comparison {
    cake_compared *line;
    size_t n_lines, lines_capacity;
    cake_network *network;
    size_t n_networks;
    cake_by_op *op; /* of the lines, where plugins are compared */
    size_t n_ops;
    cake_rank *rank; /* of the new run */
    size_t n_ranks;
    double margin;
    unsigned tables;
    bool gate_failed; /* a line or a network is slower beyond the gate, or what was ok fails now */
    cake_text notes;  /* lines, each ended: how the runs differ, what could not be compared */
    cake_groups base_groups, now_groups;
    char *base_names; /* the base plugins one by one, each ended, then an empty one */
} cake_comparison;

/* CAKE_E_USAGE: a plugin that the run does not have; CAKE_E_MEMORY. */
cake_status cake_comparison_make(cake_comparison *comparison, const cake_compare_request *request, cake_error *error);
void cake_comparison_free(cake_comparison *comparison);

/* How many lines of that table are to be written. */
size_t cake_comparison_count(const cake_comparison *comparison, unsigned table);

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
 * ratio_ci_high,confidence,roofline_percent,verdict,note, where kind is workload, op (whose ratio is the geometric mean
 * and whose workload is the worst), network or rank (whose ratio is the score); and the same as objects in lists. */
cake_status cake_compare_csv(const cake_comparison *comparison, FILE *out, cake_error *error);
cake_status cake_compare_json(const cake_comparison *comparison, FILE *out, cake_error *error);

#endif
