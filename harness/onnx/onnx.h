/* Models of one layer with published inputs and outputs, as ONNX's backend tests and PyTorch's exports keep them:
 *
 *     test_conv/model.onnx
 *     test_conv/test_data_set_0/input_0.pb  input_1.pb  output_0.pb
 *
 * Each data set becomes workloads with golden numbers (plan/golden.h). What is no layer of ours is skipped, with the
 * reason. Files are strangers': whatever they hold, reading them ends, in bounded memory. */
#ifndef LAYERCAKE_ONNX_ONNX_H
#define LAYERCAKE_ONNX_ONNX_H

#include <stdbool.h>

#include "plan/workload.h"

typedef enum cake_onnx_state {
    CAKE_ONNX_MAPPED,  /* the reference gives the published outputs, within its bounds */
    CAKE_ONNX_SKIPPED, /* no layer of ours, or one with what the op does not have */
    CAKE_ONNX_DIFFERS, /* the reference gives other outputs */
    CAKE_ONNX_BROKEN   /* not a model, or its files do not fit together */
} cake_onnx_state;

/* The `dataset` of the workloads; their `file` is the folder of the data set. */
#define CAKE_ONNX_DATASET "onnx"

/* A model with all its data sets. */
typedef struct cake_onnx_model {
    char *path; /* its folder */
    cake_onnx_state state;
    char *reason;          /* why it was not mapped, or what differs; NULL if mapped */
    size_t first, n_cases; /* its workloads; none unless mapped */
} cake_onnx_model;

typedef struct cake_onnx_suite {
    cake_onnx_model *models; /* sorted by path */
    size_t count;
    cake_workload *workloads;
    size_t n_workloads;
} cake_onnx_suite;

/* True if this program can read ONNX. */
bool cake_onnx_available(void);

/* Read a model's folder, or all those in a folder and the folders below it, and hold the reference to them with
 * `threads` threads. CAKE_E_USAGE: no folder, no model in it, not built in. A broken model is told in its `state`. */
cake_status cake_onnx_load(const char *folder, int threads, cake_onnx_suite *suite, cake_error *error);

void cake_onnx_suite_free(cake_onnx_suite *suite);

#endif
