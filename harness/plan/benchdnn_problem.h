/* One problem of a benchdnn file, with one value for each option, as lines of workloads. */
#ifndef LAYERCAKE_PLAN_BENCHDNN_PROBLEM_H
#define LAYERCAKE_PLAN_BENCHDNN_PROBLEM_H

#include "plan/benchdnn_options.h"

enum { CAKE_BENCHDNN_LINES = 2, CAKE_BENCHDNN_LINE = 768, CAKE_BENCHDNN_VALUE = 128 };

typedef struct cake_benchdnn_problem {
    const cake_source *source;
    cake_word word;                                      /* the descriptor */
    char value[CAKE_BENCHDNN_KEYS][CAKE_BENCHDNN_VALUE]; /* of each option; "" = its default */
    char line[CAKE_BENCHDNN_LINES][CAKE_BENCHDNN_LINE];  /* result: workloads, in the project's own syntax */
    int lines;
    char reason[128]; /* result, with no line: why it is none of ours */
} cake_benchdnn_problem;

typedef struct cake_benchdnn_driver {
    const char *name;
    const char *const *keys; /* of a descriptor "ic3ih8", NULL-terminated; NULL: descriptors are shapes, "8x16" */
    cake_status (*translate)(const struct cake_benchdnn_driver *driver, cake_benchdnn_problem *problem,
                             cake_error *error);
} cake_benchdnn_driver;

/* The problem as lines of workloads, or the reason why it is none of ours. CAKE_E_USAGE: the descriptor is wrong. */
cake_status cake_benchdnn_translate(const cake_benchdnn_driver *self, cake_benchdnn_problem *problem,
                                    cake_error *error);

/* Ends with name NULL. */
extern const cake_benchdnn_driver cake_benchdnn_drivers[];

#endif
