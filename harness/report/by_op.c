#include "report/by_op.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const cake_row *row_of(const cake_compared *line)
{
    assert(line->base || line->now);
    return line->base ? line->base : line->now;
}

static bool is_like(const cake_row *a, const cake_row *b)
{
    return strcmp(cake_row_string(a->op), cake_row_string(b->op)) == 0 && cake_same_conditions(a, b);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* `shares` has room for one a line. */
static void sum_up(cake_by_op *op, const cake_compared *lines, size_t n_lines, double *shares)
{
    double logs = 0;
    size_t n = 0;

    for (const cake_compared *line = lines; line < lines + n_lines; line++) {
        if (!is_like(row_of(line), op->like))
            continue;
        op->workloads++;
        op->slower += line->change == CAKE_CHANGE_SLOWER;
        if (line->now && cake_row_is_ok(line->now) && isfinite(line->now->roofline_percent))
            shares[n++] = line->now->roofline_percent;
        if (isnan(line->ratio.ratio))
            continue;
        op->compared++;
        logs -= log(line->ratio.ratio);
        if (!op->worst || line->ratio.ratio > op->worst->ratio.ratio)
            op->worst = line;
    }
    qsort(shares, n, sizeof *shares, by_value);
    op->speedup = op->compared ? exp(logs / (double)op->compared) : NAN;
    op->roofline = n ? 0.5 * (shares[(n - 1) / 2] + shares[n / 2]) : NAN;
    op->roofline_worst = n ? shares[0] : NAN;
}

cake_status cake_by_op_make(const cake_compared *lines, size_t n_lines, cake_by_op **ops, size_t *count)
{
    cake_by_op *made = calloc(n_lines + 1, sizeof *made);
    double *shares = calloc(n_lines + 1, sizeof *shares);
    size_t n = 0;

    if (!made || !shares) {
        free(made);
        free(shares);
        return CAKE_E_MEMORY;
    }
    for (size_t i = 0; i < n_lines; i++) {
        size_t at = 0;

        while (at < n && !is_like(row_of(&lines[i]), made[at].like))
            at++;
        if (at < n)
            continue;
        made[n].like = row_of(&lines[i]);
        sum_up(&made[n++], lines, n_lines, shares);
    }
    free(shares);
    *ops = made;
    *count = n;
    return CAKE_OK;
}
