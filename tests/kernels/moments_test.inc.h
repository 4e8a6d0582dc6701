/* Tests of moments.inc.h, written once: a file includes a vector header, moments.inc.h, defines VEC_SUPPORTED, then includes
 * this. */
#include <criterion/criterion.h>
#include <math.h>

#include "base/random.h"

static void skip_without_isa(void)
{
    if (!VEC_SUPPORTED)
        cr_skip_test("this CPU lacks the instructions");
}

TestSuite(moments, .init = skip_without_isa);

enum { MOST = 2 * MOMENTS_CHUNK + 3 * MOMENTS_STEP };

static float x[MOST * VEC_LANES];

/* Values of deviation about 1 around `mean`. */
static void fill(int64_t count, float mean)
{
    cake_random random = {.state = (uint64_t)count};

    for (int64_t i = 0; i < count; i++)
        x[i] = mean + (float)cake_random_below(&random, 4096) / 1024 - 2;
}

/* The moments of every `step`-th float from `first` on, in double. */
static moments exact(int64_t count, int64_t first, int64_t step)
{
    moments m = {.count = (double)count};

    for (int64_t i = 0; i < count; i++)
        m.mean += (double)x[first + i * step] / (double)count;
    for (int64_t i = 0; i < count; i++)
        m.m2 += ((double)x[first + i * step] - m.mean) * ((double)x[first + i * step] - m.mean);
    return m;
}

/* The mean as near as a float can be to it; m2 but for `share` of it. */
static void check(int64_t count, float about, double share, moments expected, moments found)
{
    double ulp = ldexp(fabs((double)about) + 4, -24);

    cr_assert_eq(found.count, expected.count);
    cr_assert(fabs(found.mean - expected.mean) < 4 * ulp, "%lld floats about %g: mean %.9g, not %.9g",
              (long long)count, (double)about, found.mean, expected.mean);
    cr_assert(fabs(found.m2 - expected.m2) <= share * expected.m2, "%lld floats about %g: m2 %.9g, not %.9g",
              (long long)count, (double)about, found.m2, expected.m2);
}

/* Whatever the mean, a run's m2 is as near as though it were 0; lanes' means are joined as floats. */
static const double OF_RUN = 2e-6, OF_LANE = 2e-4;
static const float abouts[] = {0, 1, -1000, 65536};

Test(moments, of_runs_are_those_in_double)
{
    static const int64_t more[] = {1000, MOMENTS_CHUNK - 1, MOMENTS_CHUNK, MOMENTS_CHUNK + 1, MOST};

    for (size_t a = 0; a < sizeof abouts / sizeof *abouts; a++) {
        for (int64_t count = 1; count <= 3 * MOMENTS_STEP; count++) {
            fill(count, abouts[a]);
            check(count, abouts[a], OF_RUN, exact(count, 0, 1), moments_of_run(x, count));
        }
        for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
            fill(more[i], abouts[a]);
            check(more[i], abouts[a], OF_RUN, exact(more[i], 0, 1), moments_of_run(x, more[i]));
        }
    }
}

Test(moments, of_lanes_are_those_in_double)
{
    static const int64_t counts[] = {1, 2, 7, 8, 9, 50, MOMENTS_CHUNK / VEC_LANES, MOMENTS_CHUNK / VEC_LANES + 9};

    for (size_t a = 0; a < sizeof abouts / sizeof *abouts; a++) {
        for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
            lane_moments lanes = {.count = 0};
            fill(counts[i] * VEC_LANES, abouts[a]);
            lane_moments_add_run(&lanes, x, counts[i]);
            for (int lane = 0; lane < VEC_LANES; lane++)
                check(counts[i], abouts[a], OF_LANE, exact(counts[i], lane, VEC_LANES),
                      (moments){(double)lanes.count, (double)lanes.mean[lane], (double)lanes.m2[lane]});
        }
    }
}

/* Nothing beyond the run is read, however few floats there are. */
Test(moments, of_a_run_that_ends_with_infinity)
{
    for (int64_t count = 1; count <= 2 * MOMENTS_STEP; count++) {
        fill(count, 3);
        x[count] = INFINITY;
        check(count, 3, OF_RUN, exact(count, 0, 1), moments_of_run(x, count));
    }
}
