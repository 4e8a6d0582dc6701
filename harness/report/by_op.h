/* How much faster is NEW than BASE at each op? */
#ifndef LAYERCAKE_REPORT_BY_OP_H
#define LAYERCAKE_REPORT_BY_OP_H

#include "report/compare.h"

/* The compared lines of an op under the same conditions (dtype, threads, cache). */
struct cake_by_op {
    const cake_row *like;       /* a row with its op and conditions */
    size_t compared, workloads; /* lines with a ratio; all */
    double speedup;             /* geometric mean of base time / new time; NAN: nothing was compared */
    const cake_compared *worst; /* the line with the least base time / new time; NULL: none */
    size_t slower;              /* lines whose verdict is slower */
    double roofline,
        roofline_worst; /* median and least share of the roofline of the new rows, in percent; NAN: none */
};

/* From the comparison's lines, in their order. *ops is the caller's to free, and borrows from the lines. */
cake_status cake_by_op_make(const cake_compared *lines, size_t n_lines, cake_by_op **ops, size_t *count);

#endif
