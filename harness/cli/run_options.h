/* What `run` and `check` are told on the command line. */
#ifndef LAYERCAKE_CLI_RUN_OPTIONS_H
#define LAYERCAKE_CLI_RUN_OPTIONS_H

#include "cli/options.h"
#include "plan/benchdnn.h"
#include "plan/plan.h"

#define CAKE_BASELINE "naive" /* if none is given */

typedef struct cake_run_options {
    /* What */
    cake_text_list workloads; /* lines of the command line */
    cake_text_list datasets;  /* "default" if there are neither, nor models */
    cake_text_list onnx;      /* folders of models; of `check` only */
    cake_text_list ops;
    cake_text_list plugins; /* names or paths */
    cake_text_list kernels; /* "direct" or "conv2d/direct" */
    char *benchdnn;         /* driver of oneDNN's benchdnn whose files `batches` are, or NULL */
    cake_text_list batches; /* such files */
    char *filter;           /* regular expression, or NULL */
    int64_t random;         /* workloads to draw for each op; `check` only */
    /* How */
    cake_int_list threads; /* at least one */
    cake_int_list dtypes;  /* CAKE_F32, ...; at least one */
    cake_int_list caches;  /* CAKE_CACHE_WARM, ...; at least one */
    int layout;            /* -1: each kernel's preference */
    int64_t seed;
    double timeout_s;      /* for one case */
    uint64_t memory_bytes; /* 0: what is available */
    bool in_process, load_in_place;
    /* Timing, of `run` only */
    int64_t repetitions;     /* 0: until precise enough */
    double precision;        /* half the width of the median's confidence interval over the median */
    double max_time_s;       /* of all repetitions of a case */
    double min_time_s;       /* of one repetition */
    bool random_order;       /* of the repetitions */
    bool tune;               /* kernels that choose are run too, and measure what they choose among */
    int huge_pages;          /* 0, 1 */
    cake_text_list counters; /* beside the columns' */
    bool paranoid;
    char *baseline; /* the plugin that speed-ups are over */
    /* Output */
    char *out;              /* folder, or NULL: results/<UTC time>-<host> */
    char *resume;           /* folder of the run to go on with, or NULL */
    char *format;           /* a reporter's name: what standard output gets in the end */
    char *benchmark_out;    /* Google Benchmark's own report, or NULL */
    int benchmark_out_json; /* 1: JSON, 0: CSV */
    bool quiet;
} cake_run_options;

/* The options of `layercake run` and `layercake check`, for their parsing and their help. */
extern const cake_option_group cake_run_option_groups[];
extern const cake_option_group cake_check_option_groups[];

/* Read the words after the verb, over the groups of either, with every default filled in (a seed that is not given is
 * drawn). CAKE_E_USAGE: "expected ..., found ...". On success the caller frees the options. */
cake_status cake_run_options_parse(const cake_option_group *groups, int argc, char *const *argv,
                                   cake_run_options *options, cake_error *error);

void cake_run_options_free(cake_run_options *options);

/* Every workload of the options: of the datasets, of benchdnn's files, then of the command line, then drawn at random. Freed with cake_workload_list_free. */
typedef struct cake_workload_list {
    cake_workload *workloads;
    size_t count;
} cake_workload_list;

/* What was read of benchdnn's files: problems, workloads, and how many are out of scope for which reason. `before`
 * begins each line. */
void cake_benchdnn_tell(const cake_benchdnn *all, const char *before, FILE *out);

cake_status cake_run_options_workloads(const cake_run_options *options, cake_workload_list *list, cake_error *error);
/* Move workloads to the list's end; the array itself stays the caller's. */
cake_status cake_workload_list_take(cake_workload_list *list, cake_workload *workloads, size_t count,
                                    cake_error *error);
void cake_workload_list_free(cake_workload_list *list);

/* The request for cake_plan_make; borrows from all three. */
cake_plan_request cake_run_options_request(const cake_run_options *options, const cake_workload_list *workloads,
                                           const cake_plugin_info *plugins, size_t n_plugins);

#endif
