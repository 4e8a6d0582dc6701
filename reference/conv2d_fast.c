/* The error that accuracy class CAKE_FAST allows: to 1x1 convolutions, which are products of matrices, that of
 * Strassen's algorithm (strassen.c), to 3x3 convolutions of stride 1 that of Winograd's minimal filtering.
 *
 * F(m x m, 3 x 3) computes tiles of m x m outputs as AT [ sum over c of (G g GT) o (BT d B) ] A, with g the 3x3
 * filter and d the tile of the image (S. Winograd 1980; A. Lavin and S. Gray, "Fast Algorithms for Convolutional
 * Neural Networks", CVPR 2016). Its rounding errors are bounded normwise only: an output is hit by the errors of all
 * of its tile's values, amplified by the transforms (B. Barabasz, A. Anderson, K. Soodhalter, D. Gregg, "Error
 * analysis and improving the accuracy of Winograd convolution for deep neural networks", ACM TOMS 46(4), 2020).
 *
 * In one dimension, with row i of G, BT and column i of AT belonging to interpolation point i, and 2-norms of rows:
 * by Cauchy-Schwarz |(G g)[i]| <= |G[i]| |g|, and for data of root mean square d that has no structure |(BT d)[i]|
 * is of the size |BT[i]| d. Rounding leaves in the product at point i an error c u |G[i]| |BT[i]| |g| d, independent
 * from point to point, and output p collects sum over i of AT[p][i] times them: c u a[p] |g| d with
 *
 *     a[p]^2 = sum over i of AT[p][i]^2 |G[i]|^2 |BT[i]|^2.
 *
 * In two dimensions the amplification of output (p, q) is a[p] a[q], with |g| the Frobenius norm. It does not depend
 * on how a row's scale is split among G, BT and AT.
 *
 *     F(2,3), points 0 1 -1 inf:       |G|^2 = 1, 3/4, 3/4, 1    |BT|^2 = 2, 2, 2, 2
 *         a^2 = 5, 5                                                      largest a[p] a[q] = 5
 *     F(4,3), points 0 1 -1 2 -2 inf:  |G|^2 = 1/16, 1/12, 1/12, 7/192, 7/192, 1    |BT|^2 = 42, 34, 34, 10, 10, 42
 *         a^2 = 9.0, 8.6, 17.3, 94.3 (AT's last row is 0 1 -1 8 -8 1)     largest a[p] a[q] = 94.3
 *
 * Larger tiles are not allowed for. In each of two dimensions a term goes through sums of 3 (weights), 4 (data) and 6
 * (outputs) terms: c = c(26) of bounds.c. The sum over the C = ic/groups channels adds no factor sqrt(C): we assumed
 * data without structure, whose partial sums are of order sqrt(C), so that rounding them leaves an error of order u C
 * (N. J. Higham, T. Mary, "Sharper probabilistic backward error analysis for basic linear algebra kernels with random
 * data", SIAM J. Sci. Comput. 42(5), 2020), which adding up the channels' magnitudes allows for. In all
 *
 *     |error| <= c(26) u 94.3 sum over c of |g[c]| d[c],
 *
 * d[c] being the root mean square of the image's channel. For a direct convolution of data without structure the sum
 * of absolute values is about twice the sum of |g[c]| d[c]: at 64 channels the allowance is 11 times the direct
 * kernel's. */
#include <stdlib.h>

#include "reference/conv2d.h"
#include "reference/strassen.h"

static const double amplification = 94.3;
static const double transform_terms = 26;

/* The memo: mean squares of x's channels, [n][ic]; or cake_strassen_data. */

static bool by_winograd(const cake_conv2d *p)
{
    return p->kh == 3 && p->kw == 3 && p->stride_h == 1 && p->stride_w == 1 && p->dil_h == 1 && p->dil_w == 1;
}

static bool by_strassen(const cake_conv2d *p)
{
    return p->kh == 1 && p->kw == 1 && p->groups == 1;
}

static cake_status prepare_strassen(cake_reference *reference, cake_error *error)
{
    const cake_conv2d *p = reference->params;
    cake_strassen_data *data = malloc(sizeof *data);

    if (!data)
        return cake_fail(error, CAKE_E_MEMORY, "conv2d: no memory");
    data->a = cake_mean_square(reference->values[0], p->n * p->ic * p->ih * p->iw);
    data->b = cake_mean_square(reference->values[1], p->oc * p->ic);
    reference->memo = data;
    return CAKE_OK;
}

cake_status cake_conv2d_fast_prepare(cake_reference *reference, cake_error *error)
{
    const cake_conv2d *p = reference->params;
    const int64_t planes = p->n * p->ic, size = p->ih * p->iw;
    double *mean_square;

    if (reference->accuracy != CAKE_FAST)
        return CAKE_OK;
    if (by_strassen(p))
        return prepare_strassen(reference, error);
    if (!by_winograd(p))
        return CAKE_OK;
    mean_square = calloc((size_t)planes, sizeof *mean_square);
    if (!mean_square)
        return cake_fail(error, CAKE_E_MEMORY, "conv2d: no memory for the norms of %lld channels", (long long)planes);
    for (int64_t i = 0; i < planes; i++)
        mean_square[i] = cake_mean_square(reference->values[0] + i * size, size);
    reference->memo = mean_square;
    return CAKE_OK;
}

void cake_conv2d_fast_release(cake_reference *reference)
{
    free(reference->memo);
    reference->memo = NULL;
}

static double strassen_error(const cake_reference *reference, const cake_place *changed)
{
    const cake_conv2d *p = reference->params;
    const bool x = changed && changed->tensor == 0;

    return cake_strassen_error(reference->memo, (double)p->ic, x ? reference->values[0][changed->element] : 0,
                               x ? (double)(p->n * p->ic * p->ih * p->iw) : 0, reference->u);
}

static double winograd_error(const cake_reference *reference, int64_t n, int64_t o, const cake_place *changed)
{
    const cake_conv2d *p = reference->params;
    const int64_t channels = p->ic / p->groups, taps = p->kh * p->kw, size = p->ih * p->iw;
    const int64_t first_plane = n * p->ic + o / (p->oc / p->groups) * channels;
    double sum = 0;

    for (int64_t c = 0; c < channels; c++) {
        const double *w = reference->values[1] + (o * channels + c) * taps;
        double mean_square = ((const double *)reference->memo)[first_plane + c];

        /* The changed word's old value is not known, and need not be: with both the norm is no smaller. */
        if (changed && changed->tensor == 0 && changed->element / size == first_plane + c) {
            const double now = reference->values[0][changed->element];

            mean_square += now * now / (double)size;
        }
        sum += sqrt(cake_dot(w, w, taps).value * mean_square);
    }
    return cake_bound_sum(transform_terms, reference->u) * amplification * sum;
}

double cake_conv2d_fast_error(const cake_reference *reference, int64_t n, int64_t o, const cake_place *changed)
{
    const cake_conv2d *p = reference->params;

    if (reference->accuracy != CAKE_FAST)
        return 0;
    if (by_strassen(p))
        return strassen_error(reference, changed);
    return by_winograd(p) ? winograd_error(reference, n, o, changed) : 0;
}
