/* Errors of normalisation, y = scale (x - m) / sqrt(v + eps) + shift with the mean m and variance v of k values.
 * In units of u, with c = c(k) of bounds.c:
 *
 * Mean. The sum's error is c sum of |x|, and a division follows: |dm| <= (c + 4) A, A = mean of |x|.
 *
 * Variance. With the mean off by dm the two-pass formula gives v + dm^2, exactly, and c v of rounding for the sum of
 * squares, plus 3 for the squares' own roundings and the division. Welford's recurrence does as well. The textbook
 * formula, mean of x^2 less m^2, has the error (c + 4) (v + m^2 + 2 |m| A): it is stable only if the mean is not
 * large beside the deviation (T. Chan, G. Golub, R. LeVeque, "Algorithms for Computing the Sample Variance: Analysis
 * and Recommendations", The American Statistician 37(3), 1983). The bound is
 *
 *     |dv| <= 2 (c + 4) v + dm^2.
 *
 * It admits the textbook formula for m^2 up to v / 7 (A <= sqrt(v + m^2)), which fills of mean zero are far below,
 * and not where it is unstable. Dividing by k - 1 instead of k is beyond it up to k = (4u)^(-2/3) = 26000.
 *
 * Reciprocal deviation r = 1 / sqrt(v + eps). With h = |dv| / (v + eps) its relative error is at most h / 2 + h^2 for
 * h <= 1/2, where dv < 0 is the worse side; dm^2, which alone can make h large, only increases v and lessens r by no
 * more than h / 2.
 *
 * Result. |scale| r (|dm| + |x - m| (h / 2 + h^2)), and the roundings of the last step. Kernels may fold it into
 * y = x a + b with a = scale r, b = shift - m a, so that these are proportional to |x a|, |m a| and |shift|: six
 * operations and the reciprocal square root, 12 (|scale| r (|x| + |m|) + |shift|). */
#include "reference/normalize.h"

#include <stdlib.h>

enum { PIECE = 1024 }; /* at most, in values */

/* In sets up to this size a change of one word shows in all: by 1/k in the mean, where its bound is of order sqrt(k)
 * u, a hundred times smaller. */
enum { SMALL_SET = 4096 };

cake_piece cake_piece_of(const double *x, int64_t count)
{
    cake_piece piece = {.count = (double)count};
    double sum = 0;

    for (int64_t i = 0; i < count; i++) {
        sum += x[i];
        piece.magnitude += fabs(x[i]);
    }
    piece.mean = sum / piece.count;
    for (int64_t i = 0; i < count; i++)
        piece.squares += (x[i] - piece.mean) * (x[i] - piece.mean);
    return piece;
}

cake_moments cake_moments_of(const cake_piece *pieces, int64_t count, int64_t replaced, const cake_piece *instead,
                             double u)
{
    double values = 0, sum = 0, squares = 0, magnitude = 0, c;
    cake_moments moments;

    for (int64_t i = 0; i < count; i++) {
        const cake_piece *piece = i == replaced ? instead : &pieces[i];

        values += piece->count;
        sum += piece->count * piece->mean;
        magnitude += piece->magnitude;
    }
    moments.mean = sum / values;
    /* The squares about the mean of all: those about the piece's mean, and the distance of the means. */
    for (int64_t i = 0; i < count; i++) {
        const cake_piece *piece = i == replaced ? instead : &pieces[i];
        const double distance = piece->mean - moments.mean;

        squares += piece->squares + piece->count * distance * distance;
    }
    moments.variance = squares / values;
    c = cake_bound_sum(values, 1);
    moments.mean_error = (c + CAKE_ROUNDINGS_DIVIDE) * u * magnitude / values;
    moments.variance_error = 2 * (c + 4) * u * moments.variance + moments.mean_error * moments.mean_error;
    return moments;
}

cake_expected cake_normalized(const cake_reference *reference, const cake_moments *moments, double eps, double x,
                              double scale, double shift)
{
    const double r = 1 / sqrt(moments->variance + eps), a = fabs(scale) * r;
    const double h = moments->variance_error / (moments->variance + eps);
    const double off = x - moments->mean;
    double rounding = a * (moments->mean_error + fabs(off) * (h / 2 + h * h));

    rounding += (CAKE_ROUNDINGS_RSQRT + 6) * reference->u * (a * (fabs(x) + fabs(moments->mean)) + fabs(shift));
    return cake_expect(reference, scale * off * r + shift, rounding);
}

static int64_t pieces_of_run(const cake_sets *sets)
{
    return cake_ceil_div(sets->run_length, PIECE);
}

static cake_piece read_piece(const cake_sets *sets, const double *x, int64_t set, int64_t run, int64_t piece)
{
    const int64_t first = piece * PIECE, left = sets->run_length - first;

    return cake_piece_of(x + set * sets->set_stride + run * sets->run_stride + first, left < PIECE ? left : PIECE);
}

cake_piece *cake_sets_prepare(const cake_sets *sets, const double *x)
{
    const int64_t per_run = pieces_of_run(sets);
    cake_piece *memo = calloc((size_t)(sets->count * sets->runs * per_run), sizeof *memo), *next = memo;

    if (!memo)
        return NULL;
    for (int64_t set = 0; set < sets->count; set++)
        for (int64_t run = 0; run < sets->runs; run++)
            for (int64_t piece = 0; piece < per_run; piece++)
                *next++ = read_piece(sets, x, set, run, piece);
    return memo;
}

/* Where a word of x lies in a set; run -1: not in this one. */
static void find(const cake_sets *sets, int64_t set, int64_t word, int64_t *run, int64_t *offset)
{
    const int64_t from = word - set * sets->set_stride;

    *run = -1;
    if (from < 0 || from >= (sets->runs - 1) * sets->run_stride + sets->run_length)
        return;
    *offset = from % sets->run_stride;
    if (*offset < sets->run_length)
        *run = from / sets->run_stride;
}

cake_moments cake_sets_moments(const cake_sets *sets, const cake_piece *memo, const double *x, int64_t set,
                               int64_t changed, double u)
{
    const int64_t per_run = pieces_of_run(sets), per_set = sets->runs * per_run;
    const cake_piece *pieces = memo + set * per_set;
    int64_t run = -1, offset = 0;
    cake_piece now;

    if (changed >= 0)
        find(sets, set, changed, &run, &offset);
    if (run < 0)
        return cake_moments_of(pieces, per_set, -1, NULL, u);
    now = read_piece(sets, x, set, run, offset / PIECE);
    return cake_moments_of(pieces, per_set, run * per_run + offset / PIECE, &now, u);
}

int64_t cake_sets_any(const cake_sets *sets, int64_t set, cake_random *random)
{
    const int64_t at = (int64_t)cake_random_below(random, (uint64_t)cake_sets_size(sets));

    return set * sets->set_stride + at / sets->run_length * sets->run_stride + at % sets->run_length;
}

int64_t cake_sets_influence(const cake_sets *sets, int64_t set, int64_t own, cake_random *random)
{
    const int64_t size = cake_sets_size(sets);

    if (size == 1)
        return -1;
    if (size > SMALL_SET || cake_random_below(random, 2) == 0)
        return own;
    return cake_sets_any(sets, set, random);
}
