/* The error of one level of Strassen's algorithm (V. Strassen, Numerische Mathematik 13, 1969; this is S. Winograd's form
 * with 7 products and 15 additions), which accuracy class CAKE_FAST allows to linear and to 1x1 convolutions.
 *
 * With a and b cut into halves along each axis, the products and what they add up to are
 *
 *     p1 = a11 b11                        c11 = p1 + p2
 *     p2 = a12 b21                        c12 = p1 + p3 + p5 + p6
 *     p3 = (a21+a22-a11)(b11-b12+b22)     c21 = p1 + p3 + p4 + p7
 *     p4 = (a11-a21)(b22-b12)             c22 = p1 + p3 + p4 + p5
 *     p5 = (a21+a22)(b12-b11)
 *     p6 = (a11+a12-a21-a22) b22
 *     p7 = a22 (b12+b21-b11-b22)
 *
 * The error is bounded normwise only (N. J. Higham, "Accuracy and Stability of Numerical Algorithms", 2nd ed., section
 * 23.2.2): what cancels between the products leaves their rounding errors behind. For data without structure, of root
 * mean squares a and b, a sum of s blocks has the root mean square sqrt(s) a, so that by Cauchy-Schwarz a product of
 * sums of s and t blocks has magnitudes that add up to at most sqrt(s t) a b k/2. Of p1 .. p7 that is 1, 1, 3, 2, 2, 2
 * and 2 times a b k/2; of c11 2, of the others 8 times: at most 4 a b k. A term goes through the additions of its blocks
 * (3 and 3), the sum of its product and of those that follow in the same sum (4 k/2 at most) and a few more into c:
 *
 *     |error| <= c(2 k + 16) u 4 k a b,    c as in bounds.c.
 *
 * For values spread evenly over an interval the sum of absolute values that bounds a plain product is 3/4 k a b: the
 * allowance is about 7.5 times that of a plain product. More is not allowed: neither to more levels nor to algorithms that
 * add more, as J. E. Hopcroft and L. R. Kerr's (SIAM J. Appl. Math. 20, 1971), which have to do with it. */
#include "reference/strassen.h"

#include <math.h>

double cake_strassen_error(const cake_strassen_data *data, double k, double changed, double elements, double u)
{
    /* The changed element's old value is not known, and need not be: with both the mean is no smaller. */
    const double a = data->a + (elements > 0 ? changed * changed / elements : 0);

    return cake_bound_sum(2 * k + 16, u) * 4 * k * sqrt(a * data->b);
}

double cake_mean_square(const double *values, int64_t n)
{
    return cake_dot(values, values, n).value / (double)n;
}
