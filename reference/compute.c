/* An evaluation of the reference: its set-up, and the whole result by several threads. */
#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "reference/internal.h"

/* Unit roundoff of a type with `bits` significant bits. */
static double unit_roundoff(int bits)
{
    return ldexp(1, -bits);
}

cake_status cake_reference_begin(cake_reference *reference, const cake_op *op, const void *params, int32_t dtype,
                                 int32_t accuracy, double *const *values, cake_error *error)
{
    *reference = (cake_reference){.op = op, .params = params, .dtype = dtype, .accuracy = accuracy};
    reference->u = unit_roundoff(24);
    switch (dtype) {
    case CAKE_F32:
        reference->u_out = unit_roundoff(24);
        break;
    case CAKE_BF16:
        reference->u_out = unit_roundoff(8);
        break;
    case CAKE_F16:
        reference->u_out = unit_roundoff(11);
        break;
    default:
        return cake_fail(error, CAKE_NOT_SUPPORTED, "%s: expected one of f32, bf16, f16, found %s", op->name,
                         cake_dtype_name(dtype));
    }
    op->tensors(params, &reference->tensors);
    for (int i = 0; i < reference->tensors.count; i++)
        reference->values[i] = values[i];
    return op->prepare ? op->prepare(reference, error) : CAKE_OK;
}

void cake_reference_end(cake_reference *reference)
{
    if (reference->op && reference->op->release)
        reference->op->release(reference);
    *reference = (cake_reference){0};
}

cake_expected cake_expect(const cake_reference *reference, double value, double rounding)
{
    double bound = rounding + reference->u_out * fabs(value);

    /* Where a value is not finite no error can be measured: the bound is 0, never NaN. */
    if (reference->accuracy == CAKE_EXACT || !isfinite(bound))
        bound = 0;
    return (cake_expected){.value = value, .bound = bound};
}

/* Blocks are dealt one by one, so that uneven ones balance. */
typedef struct deal {
    const cake_reference *reference;
    cake_expected *const *expected;
    int64_t blocks;
    _Atomic int64_t next;
} deal;

static void *take_blocks(void *argument)
{
    deal *d = argument;

    for (;;) {
        int64_t block = atomic_fetch_add(&d->next, 1);

        if (block >= d->blocks)
            return NULL;
        d->reference->op->block(d->reference, block, d->expected);
    }
}

cake_status cake_reference_compute(const cake_reference *reference, int threads, cake_expected *const *expected,
                                   cake_error *error)
{
    deal d = {.reference = reference, .expected = expected};
    pthread_t *helpers = NULL;
    int started = 0, failure = 0;

    d.blocks = reference->op->blocks(reference->params);
    if (threads > d.blocks)
        threads = (int)d.blocks;
    if (threads > 1) {
        helpers = calloc((size_t)threads - 1, sizeof *helpers);
        if (!helpers)
            return cake_fail(error, CAKE_E_MEMORY, "%s: no memory for %d threads", reference->op->name, threads);
    }
    while (helpers && started < threads - 1 && failure == 0) {
        failure = pthread_create(&helpers[started], NULL, take_blocks, &d);
        started += failure == 0;
    }
    if (failure == 0)
        take_blocks(&d);
    else
        atomic_store(&d.next, d.blocks);
    for (int i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    free(helpers);
    if (failure != 0)
        return cake_fail(error, CAKE_E_INTERNAL, "%s: cannot start thread %d of %d: %s", reference->op->name,
                         started + 2, threads, strerror(failure));
    return CAKE_OK;
}
