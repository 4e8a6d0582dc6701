/* One problem of a benchdnn file, with one value for each option, as lines of workloads. */
#ifndef LAYERCAKE_PLAN_BENCHDNN_PROBLEM_H
#define LAYERCAKE_PLAN_BENCHDNN_PROBLEM_H

#include "plan/text.h"

/* Options that decide what a problem is. The order is that of `cake_benchdnn_options`' first rows. */
typedef enum cake_benchdnn_key {
    CAKE_BENCHDNN_DIR,
    CAKE_BENCHDNN_PROP,
    CAKE_BENCHDNN_DT,
    CAKE_BENCHDNN_CFG,
    CAKE_BENCHDNN_SDT,
    CAKE_BENCHDNN_DDT,
    CAKE_BENCHDNN_BIA_DT,
    CAKE_BENCHDNN_BIA_MASK,
    CAKE_BENCHDNN_ALG,
    CAKE_BENCHDNN_FLAGS,
    CAKE_BENCHDNN_MB,
    CAKE_BENCHDNN_AXIS,
    CAKE_BENCHDNN_L,
    CAKE_BENCHDNN_T,
    CAKE_BENCHDNN_DIRECTION,
    CAKE_BENCHDNN_ACTIVATION,
    CAKE_BENCHDNN_PEEPHOLE,
    CAKE_BENCHDNN_PROJECTION,
    CAKE_BENCHDNN_KEYS
} cake_benchdnn_key;

enum { CAKE_BENCHDNN_LINES = 2, CAKE_BENCHDNN_LINE = 512, CAKE_BENCHDNN_VALUE = 128 };

typedef struct cake_benchdnn_problem {
    const cake_source *source;
    cake_word word;                                           /* the descriptor */
    char value[CAKE_BENCHDNN_KEYS][CAKE_BENCHDNN_VALUE];      /* of each option; "" = its default */
    char line[CAKE_BENCHDNN_LINES][CAKE_BENCHDNN_LINE];       /* result: workloads, in the project's own syntax */
    int lines;
    char reason[128]; /* result, with no line: why it is none of ours */
} cake_benchdnn_problem;

typedef struct cake_benchdnn_driver {
    const char *name;
    const char *const *keys; /* of a descriptor "ic3ih8", NULL-terminated; NULL: descriptors are shapes, "8x16" */
    /* Write the lines, or the reason why there are none. CAKE_E_USAGE: the descriptor is wrong. */
    cake_status (*translate)(const struct cake_benchdnn_driver *driver, cake_benchdnn_problem *problem,
                             cake_error *error);
} cake_benchdnn_driver;

/* Ends with name NULL. */
extern const cake_benchdnn_driver cake_benchdnn_drivers[];

#endif
