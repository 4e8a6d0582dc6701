/* Values that carry their error from one stage of a computation to the next.
 *
 * A stage's results stand in two arrays, the exact values and beside each the bound of the error that a correct
 * kernel may have made so far; NULL for the second means exact. Each function here does one stage: it adds the
 * stage's own rounding to what it carries on.
 *
 * The model is that of c(k) in bounds.c: rounding errors are independent, with mean zero, and a bound is a
 * fixed number of their standard deviations (Higham and Mary 2019). Independent errors add as the root of the
 * sum of squares, so
 *     sum w_i (x_i + e_i)   carries   sqrt(sum (w_i e_i)^2).
 * The certain bound, sum |w_i| e_i, is larger by up to sqrt(k) at every stage: through 50 steps of an LSTM it
 * grows beyond all use while the true errors stay where they are. Where weights have one sign, and a common
 * bias of the errors would not average out, the plain sum is taken (cake_carry_mean).
 *
 * Errors are first order, products of two errors are dropped, except where an error may be large (exp). */
#ifndef LAYERCAKE_REFERENCE_CARRY_H
#define LAYERCAKE_REFERENCE_CARRY_H

#include "reference/internal.h"

/* Memory for `count` doubles or cake_expected of a stage, freed with free(). A block has no way to fail: the
 * process ends with a message if there is none. */
double *cake_scratch(int64_t count);
cake_expected *cake_scratch_expected(int64_t count);

/* `exact_on_integers` of ops with exp, divisions or roots. */
bool cake_never_exact(const void *params);

typedef struct cake_carried {
    double value;     /* sum a b */
    double magnitude; /* sum |a b| */
    double carried;   /* sqrt(sum (a eb)^2 + (b ea)^2) */
} cake_carried;

/* a [n], b [n]; their bounds ea, eb [n], each NULL where exact (ea is NULL if eb is). */
cake_carried cake_carry_dot(const double *a, const double *b, const double *eb, const double *ea, int64_t n);

/* A dot product, plus a bias (0 where there is none), as an arithmetic of roundoff u computes it. */
cake_expected cake_carry_sum(cake_carried dot, double bias, int64_t n, double u);

/* Activation functions. Besides what they carry, each allows itself a few u: the comments in carry.c. */
cake_expected cake_carry_relu(cake_expected x);
cake_expected cake_carry_sigmoid(cake_expected x, double u);
cake_expected cake_carry_tanh(cake_expected x, double u);
cake_expected cake_carry_silu(cake_expected x, double u);
cake_expected cake_carry_gelu(cake_expected x, double u);                     /* x Phi(x) */
cake_expected cake_carry_gelu_tanh(cake_expected x, double u);                /* its approximation by tanh */
cake_expected cake_carry_activation(int32_t kind, cake_expected x, double u); /* CAKE_ACTIVATION_... */

/* a b and a + b, rounded. */
cake_expected cake_carry_mul(cake_expected a, cake_expected b, double u);
cake_expected cake_carry_add(cake_expected a, cake_expected b, double u);

/* softmax of score [n] with bounds error [n]: weight [n] sums to 1, relative [n] is how far each may be off as a
 * multiple of itself. Scores of -infinity get weight 0. All scores -infinity: all weights 0. In place allowed
 * (weight = score, relative = error). Returns the log of the sum of exp(score). */
double cake_carry_softmax(const double *score, const double *error, int64_t n, double u, double *weight,
                          double *relative);

/* sum weight_j v[j][c] for c = 0 .. columns-1, with weights from cake_carry_softmax. v [n] rows `stride` apart, ev
 * its bounds with the same stride or NULL; y [columns] is written at y[c]. */
void cake_carry_mean(const double *weight, const double *relative, const double *v, const double *ev, int64_t n,
                     int64_t stride, int64_t columns, double u, cake_expected *y);

/* The angle position / base^exponent, and what its sine and cosine are off by at most beside their own value. */
cake_expected cake_carry_angle(int64_t position, double exponent, double base, double u);

#endif
