/* How far a correct kernel may be from the exact result.
 *
 * An answer is accepted if |y - exact| <= c u magnitude, with u the unit roundoff of the arithmetic. There is no
 * tolerance to tune: the magnitude is measured on the data, for each output element, and c is derived.
 *
 * Sums. Computed in floating point, s = sum of a[i] b[i] over k terms has the error sum of a[i] b[i] t[i], where
 * 1 + t[i] is the product of the at most k factors 1 + d, |d| <= u, of the operations that the term went through.
 * In the worst case |t[i]| <= k u. But rounding errors behave like independent variables of mean zero, and then
 * |t[i]| <= lambda sqrt(k) u + O(u^2) with a probability of at least 1 - 2 exp(-lambda^2 / 2): N. J. Higham and
 * T. Mary, "A new approach to probabilistic rounding error analysis", SIAM J. Sci. Comput. 41(5), 2019. It holds for
 * every order of summation and with fused multiply-adds, for both only lessen the factors that a term meets. Hence
 *
 *     |error| <= c(k) u sum of |a[i]| |b[i]|,    c(k) = 2 sqrt(k) + 4,
 *
 * where 4 stands for the few operations beside the sum (a bias, a scaling, the last rounding) and keeps small k safe,
 * where nothing is statistical: for k <= 7, c(k) >= k, the worst case.
 *
 * Why lambda = 2 is enough for millions of elements: each t[i] reaches its size by itself, but they are independent,
 * so that their sum weighted by a[i] b[i] stays smaller than the bound, which adds up absolute values; and the fills
 * have mean zero, so that partial sums are of order sqrt(k), not k. Measured errors are tens of times smaller than
 * the bound in every order of summation.
 * Why it is still sharp: with terms of size 1/4 the bound is sqrt(k) k u / 2. Dropping half of the terms is an error
 * of order sqrt(k) / 4, beyond the bound up to k = 1 / (2u) = 8 million. Rounding the inputs to bf16 is an error of
 * order sqrt(k) 2^-10.4 on each element: beyond the bound up to k = 2^14, and the largest of many elements further
 * on.
 *
 * Single operations, in units of u. IEEE 754 division and square root cost one rounding; a reciprocal from a
 * 12-bit estimate and a Newton step, as SIMD code prefers, up to 2 ulp = 4 u; a reciprocal square root by the same
 * way 3 ulp = 6 u; exp in vector libraries up to 4 ulp = 8 u. */
#include <math.h>

#include "reference/internal.h"

double cake_bound_sum(double k, double u)
{
    return (2 * sqrt(k) + 4) * u;
}

bool cake_sum_is_exact(double terms)
{
    return terms * CAKE_INTEGER_MAX * CAKE_INTEGER_MAX <= 0x1p24;
}
