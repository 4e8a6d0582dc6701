/* Google Benchmark's flags. Their values are looked at before it sees them: on some bad ones it ends the program, and
 * its versions differ. Part of gbench.cc. */
#ifndef LAYERCAKE_MEASURE_GBENCH_FLAGS_H
#define LAYERCAKE_MEASURE_GBENCH_FLAGS_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cake_gbench_flag {
    const char *name;  /* "benchmark_filter" */
    const char *value; /* what follows '='; "true" for a switch without it */
    bool valid;
    const char *expected; /* in words */
} cake_gbench_flag;

/* False if the argument is none of Google Benchmark's flags. */
bool cake_gbench_flag_parse(const char *argument, cake_gbench_flag *flag);

/* A filter: an extended regular expression, after a '-' perhaps. */
bool cake_gbench_is_regex(const char *text);

#ifdef __cplusplus
}
#endif
#endif
