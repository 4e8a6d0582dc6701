#include "reference/internal.h"

/* Eight partial sums, so that the compiler can keep them in vector registers. */
cake_sum cake_dot(const double *a, const double *b, int64_t count)
{
    enum { LANES = 8 };
    double value[LANES] = {0}, magnitude[LANES] = {0};
    cake_sum sum = {0, 0};
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            double product = a[i + lane] * b[i + lane];

            value[lane] += product;
            magnitude[lane] += fabs(product);
        }
    for (; i < count; i++) {
        sum.value += a[i] * b[i];
        sum.magnitude += fabs(a[i] * b[i]);
    }
    for (int lane = 0; lane < LANES; lane++) {
        sum.value += value[lane];
        sum.magnitude += magnitude[lane];
    }
    return sum;
}

double cake_squares(const double *a, const double *b, int64_t count)
{
    enum { LANES = 8 };
    double square[LANES] = {0}, sum = 0;
    int64_t i = 0;

    for (; i + LANES <= count; i += LANES)
        for (int lane = 0; lane < LANES; lane++) {
            double product = a[i + lane] * b[i + lane];

            square[lane] += product * product;
        }
    for (; i < count; i++)
        sum += a[i] * b[i] * (a[i] * b[i]);
    for (int lane = 0; lane < LANES; lane++)
        sum += square[lane];
    return sum;
}
