/* A verdict with its reason. */
#ifndef LAYERCAKE_RUN_FINDING_H
#define LAYERCAKE_RUN_FINDING_H

#include "check/verdict.h"

typedef struct cake_finding {
    cake_verdict verdict;
    char reason[768]; /* one line; empty if ok */
} cake_finding;

/* Set both; returns verdict == CAKE_V_OK. The first finding that is not ok stays: later ones are dropped. */
bool cake_find(cake_finding *finding, cake_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
