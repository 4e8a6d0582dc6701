/* The rows as a table for people, one a family of ops, made from the rows only. */
#ifndef LAYERCAKE_REPORT_TABLE_H
#define LAYERCAKE_REPORT_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "report/rows.h"

typedef struct cake_table_style {
    bool colours;
    int width; /* columns to stay within, cutting long names; 0: no limit */
} cake_table_style;

/* A terminal gets colours (unless NO_COLOR is set or TERM is dumb) and its width; all else plain text. */
cake_table_style cake_table_style_for(FILE *out);

/* Per workload: kernel, time, GFLOP/s or GB/s, speed-up, verdict; then how many rows have which verdict, how many
 * times are imprecise, and why the failed ones failed with a line that repeats them. CAKE_E_MEMORY; CAKE_E_IO: `out`
 * takes no more. */
cake_status cake_table_print(const cake_rows *rows, cake_table_style style, FILE *out, cake_error *error);

#endif
