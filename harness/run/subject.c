#include "run/subject.h"

#include <stdlib.h>
#include <string.h>

#include "check/layout.h"
#include "plan/golden.h"

/* A workload with published numbers is checked on those too, instead of whole numbers: the reference was held to them
 * (tests/unit/dataset_test.c), so what agrees with the reference agrees with them. */
static void use_published(cake_subject *subject)
{
    cake_trial *trial = &subject->trials[0];

    trial->set = CAKE_FILL_REALS;
    for (int i = 0; i < subject->list.count; i++) {
        const cake_tensor_spec *spec = &subject->list.tensor[i];
        const cake_golden_tensor *given = cake_golden_find(subject->workload->golden, i);

        for (int64_t e = 0; spec->role != CAKE_ROLE_OUTPUT && given && e < given->count; e++)
            trial->values[i][e] = cake_dtype_round(spec->dtype ? spec->dtype : subject->dtype, given->low[e]);
    }
}

cake_status cake_subject_make(cake_subject *subject, const cake_workload *workload, int32_t dtype, uint64_t seed,
                              int threads, cake_error *error)
{
    const cake_op *op = workload->op;
    cake_random seeds = {seed};
    cake_status status = CAKE_OK;

    *subject = (cake_subject){.workload = workload, .dtype = dtype, .seed = seed, .threads = threads};
    op->tensors(workload->params, &subject->list);
    subject->flops = op->flops(workload->params);
    subject->least_flops = op->least_flops ? op->least_flops(workload->params) : subject->flops;
    subject->bytes = cake_op_bytes(op, workload->params, dtype);
    subject->trials[0].set = op->exact_on_integers(workload->params) ? CAKE_FILL_INTEGERS : CAKE_FILL_WIDE;
    subject->trials[1].set = CAKE_FILL_REALS;
    for (int t = 0; t < CAKE_TRIALS && status == CAKE_OK; t++)
        status = cake_values_make(&subject->list, dtype, subject->trials[t].set, cake_random_next(&seeds),
                                  subject->trials[t].values, error);
    if (status != CAKE_OK)
        cake_subject_free(subject);
    else if (workload->golden)
        use_published(subject);
    return status;
}

static void forget_expectations(cake_trial *trial)
{
    for (int a = 0; a < CAKE_ACCURACIES; a++) {
        if (trial->computed[a])
            cake_reference_end(&trial->reference[a]);
        trial->computed[a] = false;
        for (int o = 0; o < CAKE_MAX_TENSORS; o++) {
            free(trial->expected[a][o]);
            trial->expected[a][o] = NULL;
        }
    }
}

cake_status cake_subject_refresh(cake_subject *subject, uint64_t seed, cake_error *error)
{
    cake_trial *trial = &subject->trials[CAKE_TRIAL_AUDIT];
    double *const *timed = subject->trials[CAKE_TRIALS - 1].values;
    cake_status status;

    forget_expectations(trial);
    cake_values_free(trial->values);
    subject->has_audit = false;
    trial->set = CAKE_FILL_REALS;
    status = cake_values_make(&subject->list, subject->dtype, trial->set, seed, trial->values, error);
    for (int i = 0; status == CAKE_OK && i < subject->list.count; i++)
        if (subject->list.tensor[i].role == CAKE_ROLE_CONSTANT)
            memcpy(trial->values[i], timed[i],
                   (size_t)cake_spec_elements(&subject->list.tensor[i]) * sizeof *timed[i]);
    subject->has_audit = status == CAKE_OK;
    return status;
}

void cake_subject_free(cake_subject *subject)
{
    for (int t = 0; t <= CAKE_TRIALS; t++) {
        forget_expectations(&subject->trials[t]);
        cake_values_free(subject->trials[t].values);
    }
    memset(subject, 0, sizeof *subject);
}

cake_status cake_subject_expect(cake_subject *subject, int trial, int32_t accuracy, cake_error *error)
{
    cake_trial *t = &subject->trials[trial];
    cake_expected **expected = t->expected[accuracy];
    int outputs = 0;
    cake_status status;

    if (t->computed[accuracy])
        return CAKE_OK;
    for (int i = 0; i < subject->list.count; i++) {
        const cake_tensor_spec *spec = &subject->list.tensor[i];

        if (spec->role != CAKE_ROLE_OUTPUT || expected[outputs++])
            continue;
        expected[outputs - 1] = malloc((size_t)cake_spec_elements(spec) * sizeof **expected);
        if (!expected[outputs - 1])
            return cake_fail(error, CAKE_E_MEMORY, "no memory for the expected elements of '%s'", spec->name);
    }
    status = cake_reference_begin(&t->reference[accuracy], subject->workload->op, subject->workload->params,
                                  subject->dtype, accuracy, t->values, error);
    if (status != CAKE_OK)
        return status;
    status = cake_reference_compute(&t->reference[accuracy], subject->threads, expected, error);
    if (status != CAKE_OK)
        cake_reference_end(&t->reference[accuracy]);
    t->computed[accuracy] = status == CAKE_OK;
    return status;
}

bool cake_subject_exact(const cake_subject *subject, int trial, int32_t accuracy)
{
    return subject->trials[trial].set == CAKE_FILL_INTEGERS && accuracy != CAKE_FAST;
}
