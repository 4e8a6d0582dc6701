/* Mean and variance of a set of values, and what is normalised with them: shared by batch, layer and group norm. */
#ifndef LAYERCAKE_REFERENCE_NORMALIZE_H
#define LAYERCAKE_REFERENCE_NORMALIZE_H

#include "reference/internal.h"

/* Mean and population variance, and by how much those of a correct kernel may differ. */
typedef struct cake_moments {
    double mean, variance;
    double mean_error, variance_error;
} cake_moments;

/* A piece of a set: its size, mean, sum of squares about that mean, sum of absolute values. */
typedef struct cake_piece {
    double count, mean, squares, magnitude;
} cake_piece;

cake_piece cake_piece_of(const double *x, int64_t count);

/* The moments of a set that is cut into `count` pieces; `instead` stands for number `replaced` (-1: for none). */
cake_moments cake_moments_of(const cake_piece *pieces, int64_t count, int64_t replaced, const cake_piece *instead,
                             double u);

/* scale (x - mean) / sqrt(variance + eps) + shift. */
cake_expected cake_normalized(const cake_reference *reference, const cake_moments *moments, double eps, double x,
                              double scale, double shift);

/* Sets of values in x that are each normalised by their own moments: set i begins at element i * set_stride, and
 * has `runs` runs of `run_length` neighbours, run_stride apart (of one run: its length). */
typedef struct cake_sets {
    int64_t count, set_stride, runs, run_length, run_stride;
} cake_sets;

/* The memo of an op whose sets are large: pieces of every set, so that after a change of one word only its piece is
 * read again. The array is the caller's to free; NULL: out of memory. */
cake_piece *cake_sets_prepare(const cake_sets *sets, const double *x);

/* The moments of a set from the memo; after a change of word `changed` of x, -1 for none. */
cake_moments cake_sets_moments(const cake_sets *sets, const cake_piece *memo, const double *x, int64_t set,
                               int64_t changed, double u);

/* A word of x on which what is normalised by a set depends: element `own` of x itself, or, in sets so small that one
 * word shows in the mean, any other of the set. -1: none (a set of one value is its own mean). */
int64_t cake_sets_influence(const cake_sets *sets, int64_t set, int64_t own, cake_random *random);

/* A random word of a set. */
int64_t cake_sets_any(const cake_sets *sets, int64_t set, cake_random *random);

/* Values of a set. */
static inline int64_t cake_sets_size(const cake_sets *sets)
{
    return sets->runs * sets->run_length;
}

#endif
