/* Outputs against what the reference expects. */
#ifndef LAYERCAKE_CHECK_COMPARE_H
#define LAYERCAKE_CHECK_COMPARE_H

#include "check/verdict.h"
#include "layercake/tensor.h"
#include "reference/reference.h"

/* What a comparison found; `worst` and `text` tell of the worst element. */
typedef struct cake_comparison {
    cake_verdict verdict;   /* ok, mismatch, stale-output */
    double error_in_bounds; /* largest error as a multiple of its bound; infinity where a bound of 0 is missed */
    int64_t worst;          /* element, row-major in the logical shape */
    int64_t wrong, stale;   /* how many elements */
    char text[256];         /* where, expected, found; empty if ok */
} cake_comparison;

/* Is `found` right? Error as a multiple of the bound; infinity for what no bound excuses: a NaN or infinity that is
 * not expected, another infinity, any error where the bound is 0. */
double cake_error_in_bounds(cake_expected expected, double found);

/* Compare a whole output. `tensor` has data; exact: bounds count as 0. `name` is for the text. */
void cake_compare(const char *name, const cake_tensor *tensor, const cake_expected *expected, bool exact,
                  cake_comparison *result);

/* "[0,5,7,2]" of a row-major element; returns `text`. */
const char *cake_place_text(const cake_tensor *tensor, int64_t element, char *text, size_t size);

#endif
