/* How long the reference takes for ResNet-50's convolutions (v1.5, batch 1), each layer as often as it occurs:
 *     bench_reference [threads] */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "reference/reference.h"

static const struct {
    int count, ic, oc, size, k, stride;
} layers[] = {
    {1, 3, 64, 224, 7, 2},   {4, 64, 256, 56, 1, 1},    {1, 64, 64, 56, 1, 1},    {3, 64, 64, 56, 3, 1},
    {2, 256, 64, 56, 1, 1},  {1, 256, 512, 56, 1, 2},   {1, 256, 128, 56, 1, 1},  {1, 128, 128, 56, 3, 2},
    {4, 128, 512, 28, 1, 1}, {3, 512, 128, 28, 1, 1},   {3, 128, 128, 28, 3, 1},  {1, 512, 1024, 28, 1, 2},
    {1, 512, 256, 28, 1, 1}, {1, 256, 256, 28, 3, 2},   {6, 256, 1024, 14, 1, 1}, {5, 1024, 256, 14, 1, 1},
    {5, 256, 256, 14, 3, 1}, {1, 1024, 2048, 14, 1, 2}, {1, 1024, 512, 14, 1, 1}, {1, 512, 512, 14, 3, 2},
    {3, 512, 2048, 7, 1, 1}, {2, 2048, 512, 7, 1, 1},   {2, 512, 512, 7, 3, 1},
};

static double seconds_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double *random_values(int64_t count)
{
    double *values = calloc((size_t)count, sizeof *values);
    cake_random random = {1};

    for (int64_t i = 0; values && i < count; i++)
        values[i] = cake_random_real(&random, -1, 1);
    return values;
}

/* Seconds of wall clock for one layer, or a negative number; and of all threads' CPU time, which a busy machine does
 * not lengthen. */
static double measure(cake_conv2d *p, int threads, double *cpu_seconds)
{
    const cake_op *op = cake_op_find("conv2d");
    cake_error error = {""};
    cake_reference reference = {0};
    double *values[3] = {NULL}, seconds = -1;
    cake_expected *expected = NULL;

    if (op->validate(p, &error) != CAKE_OK)
        goto out;
    values[0] = random_values(p->n * p->ic * p->ih * p->iw);
    values[1] = random_values(p->oc * p->ic * p->kh * p->kw);
    expected = calloc((size_t)(p->n * p->oc * p->oh * p->ow), sizeof *expected);
    if (!values[0] || !values[1] || !expected ||
        cake_reference_begin(&reference, op, p, CAKE_F32, CAKE_STANDARD, values, &error) != CAKE_OK)
        goto out;
    seconds = -seconds_of(CLOCK_MONOTONIC);
    *cpu_seconds = -seconds_of(CLOCK_PROCESS_CPUTIME_ID);
    if (cake_reference_compute(&reference, threads, &expected, &error) == CAKE_OK)
        seconds += seconds_of(CLOCK_MONOTONIC);
    *cpu_seconds += seconds_of(CLOCK_PROCESS_CPUTIME_ID);
out:
    if (seconds < 0)
        fprintf(stderr, "bench_reference: %s\n", error.text[0] ? error.text : "out of memory");
    cake_reference_end(&reference);
    free(values[0]);
    free(values[1]);
    free(expected);
    return seconds;
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 2;
    double total = 0, total_cpu = 0, operations = 0, cpu;

    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++) {
        const int64_t k = layers[i].k, size = layers[i].size, stride = layers[i].stride;
        cake_conv2d p = {.struct_size = sizeof p,
                         .n = 1,
                         .ic = layers[i].ic,
                         .ih = size,
                         .iw = size,
                         .oc = layers[i].oc,
                         .kh = k,
                         .kw = k,
                         .stride_h = stride,
                         .stride_w = stride,
                         .pad_t = k / 2,
                         .pad_b = k / 2,
                         .pad_l = k / 2,
                         .pad_r = k / 2,
                         .dil_h = 1,
                         .dil_w = 1,
                         .groups = 1};
        const double seconds = measure(&p, threads, &cpu);
        double multiplications;

        if (seconds < 0)
            return EXIT_FAILURE;
        multiplications = cake_op_find("conv2d")->flops(&p) / 2;
        printf("%d x %4d -> %4d at %3d, %dx%d stride %d: %7.1f ms each, %5.2f GMAC/s\n", layers[i].count,
               layers[i].ic, layers[i].oc, layers[i].size, layers[i].k, layers[i].k, layers[i].stride, 1e3 * seconds,
               1e-9 * multiplications / seconds);
        total_cpu += layers[i].count * cpu;
        total += layers[i].count * seconds;
        operations += layers[i].count * multiplications;
    }
    printf("all: %.2f s (%.2f s of CPU time) for %.2f GMAC with %d threads\n", total, total_cpu, 1e-9 * operations,
           threads);
    return EXIT_SUCCESS;
}
