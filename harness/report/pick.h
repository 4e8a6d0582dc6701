/* Which rows of a run a name means: "avx2", "avx2/direct", or "avx2@5b89" and "avx2@5b89/direct" with the beginning of the
 * file's SHA-256, which tells two builds of one plugin apart; several names joined with ','. */
#ifndef LAYERCAKE_REPORT_PICK_H
#define LAYERCAKE_REPORT_PICK_H

#include <stdbool.h>

#include "report/results.h"

/* The row is of one of the names. */
bool cake_pick_has(const char *names, const cake_row *row);

/* The fastest row of the names that is ok, else their first; NULL: they have none, or `group` is NULL. */
const cake_row *cake_pick_best(const char *names, const cake_group *group);

/* CAKE_E_USAGE: a name of which the run has no row. */
cake_status cake_pick_check(const char *names, const cake_results *results, cake_error *error);

#endif
