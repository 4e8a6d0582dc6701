#define _POSIX_C_SOURCE 200809L
#include "common/choose.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "layercake/choice.h"

enum {
    MOST = 8,         /* candidates of a kernel */
    ROUNDS = 7,       /* in which candidates take turns; the first one warms them up */
    LEAST_ROUNDS = 3, /* however long they take */
    TURN_NS = 100000, /* a candidate's turn lasts about so long, or a call */
    LONG_NS = 1000000000
};

static bool is_able(const cake_chooser *chooser, const cake_candidate *candidate, const cake_problem *problem,
                    const cake_host *host)
{
    return (!candidate->layouts || (candidate->layouts & CAKE_LAYOUT_BIT(problem->layout))) &&
           candidate->phased->can_run(problem, host) == CAKE_DONE &&
           isfinite(candidate->cost(&chooser->core, problem, host));
}

int32_t cake_chooser_can_run(const cake_chooser *chooser, const cake_problem *problem, const cake_host *host)
{
    const char *reason = chooser->refuse ? chooser->refuse(&chooser->core, problem) : NULL;

    if (reason) {
        host->explain(host, reason);
        return CAKE_UNSUPPORTED;
    }
    return cake_chooser_reckon(chooser, problem, host) ? CAKE_DONE : CAKE_UNSUPPORTED;
}

const cake_candidate *cake_chooser_reckon(const cake_chooser *chooser, const cake_problem *problem,
                                          const cake_host *host)
{
    const cake_candidate *best = NULL;
    double least = INFINITY;

    for (int i = 0; i < chooser->count; i++) {
        const cake_candidate *candidate = &chooser->candidates[i];
        double cost;

        if (!is_able(chooser, candidate, problem, host))
            continue;
        cost = candidate->cost(&chooser->core, problem, host);
        if (cost < least)
            least = cost, best = candidate;
    }
    return best;
}

/* ---- measuring ---- */

static double now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Tensors to try on. */
typedef struct scratch {
    cake_tensor tensor[2 * MOST];
    const cake_tensor *inputs[MOST], *outputs[MOST];
    uint32_t n_inputs, n_outputs;
} scratch;

/* A candidate under trial. */
typedef struct trial {
    const cake_candidate *candidate;
    void *ctx;
    double least_ns; /* of a call */
} trial;

static bool scratch_add(scratch *s, const cake_tensor *like, const cake_tensor **place, const cake_host *host)
{
    cake_tensor *tensor = &s->tensor[s->n_inputs + s->n_outputs];

    *tensor = *like;
    tensor->data = host->alloc(host, like->size_bytes + 64, 64); /* a kernel may read 64 bytes on */
    *place = tensor;
    if (!tensor->data)
        return false;
    memset(tensor->data, 0, like->size_bytes); /* pages that nobody has written to are all one */
    for (uint64_t i = 0; like->dtype == CAKE_F32 && i < like->size_bytes / sizeof(float); i++)
        ((float *)tensor->data)[i] = 0.5F;
    return true;
}

static void scratch_free(scratch *s, const cake_host *host)
{
    for (uint32_t i = 0; i < s->n_inputs; i++)
        host->free(host, s->inputs[i]->data);
    for (uint32_t i = 0; i < s->n_outputs; i++)
        host->free(host, s->outputs[i]->data);
}

static bool scratch_make(scratch *s, const cake_problem *problem, const cake_host *host)
{
    *s = (scratch){.n_inputs = 0};
    if (problem->n_inputs > MOST || problem->n_outputs > MOST)
        return false;
    for (; s->n_inputs < problem->n_inputs; s->n_inputs++)
        if (!scratch_add(s, problem->inputs[s->n_inputs], &s->inputs[s->n_inputs], host))
            return false;
    for (; s->n_outputs < problem->n_outputs; s->n_outputs++)
        if (!scratch_add(s, problem->outputs[s->n_outputs], &s->outputs[s->n_outputs], host))
            return false;
    return true;
}

/* Calls of about TURN_NS, one at least. */
static void take_turn(trial *t, const cake_runner *runner, const scratch *s)
{
    double began = now_ns(), took;
    int calls = 0;

    do {
        runner->run(t->ctx, s->inputs, s->outputs);
        calls++;
        took = now_ns() - began;
    } while (took < TURN_NS);
    if (took / calls < t->least_ns)
        t->least_ns = took / calls;
}

/* The fastest of the trials, in turns. */
static const cake_candidate *race(trial *trials, int count, const cake_runner *runner, const scratch *s)
{
    const trial *best = &trials[0];
    double began = now_ns();

    for (int round = 0; round < ROUNDS && (round < LEAST_ROUNDS || now_ns() - began < LONG_NS); round++)
        for (int i = 0; i < count; i++) {
            if (round == 1)
                trials[i].least_ns = INFINITY;
            take_turn(&trials[i], runner, s);
        }
    for (int i = 1; i < count; i++)
        if (trials[i].least_ns < best->least_ns)
            best = &trials[i];
    return best->candidate;
}

/* The candidate that is fastest now; NULL: there is no memory to try one, or only one that can run. */
static const cake_candidate *measure(const cake_chooser *chooser, const cake_runner *runner,
                                     const cake_problem *problem, const cake_tensor *const *constants,
                                     const cake_host *host)
{
    const cake_candidate *best = NULL;
    trial trials[MOST];
    scratch s;
    int count = 0;

    if (scratch_make(&s, problem, host)) {
        for (int i = 0; i < chooser->count && count < MOST; i++) {
            trial *t = &trials[count];

            *t = (trial){.candidate = &chooser->candidates[i], .least_ns = INFINITY};
            if (is_able(chooser, t->candidate, problem, host) &&
                runner->open(t->candidate->phased, problem, constants, host, &t->ctx) == CAKE_DONE)
                count++;
        }
        if (count > 1)
            best = race(trials, count, runner, &s);
        for (int i = 0; i < count; i++)
            runner->close(trials[i].ctx);
    }
    scratch_free(&s, host);
    return best;
}

/* ---- opening ---- */

static const cake_choice *choice_of(const cake_host *host)
{
    const cake_choice *choice =
        CAKE_HAS(host, cake_host, extension) && host->extension ? host->extension(host, CAKE_CHOICE) : NULL;

    return choice && CAKE_HAS(choice, cake_choice, recall) ? choice : NULL;
}

static const cake_candidate *recall(const cake_chooser *chooser, const cake_problem *problem, const cake_host *host,
                                    const cake_choice *choice)
{
    const char *name = choice ? choice->recall(host) : "";

    for (int i = 0; i < chooser->count; i++) {
        const cake_candidate *candidate = &chooser->candidates[i];

        if (strcmp(candidate->name, name) == 0)
            return is_able(chooser, candidate, problem, host) ? candidate : NULL;
    }
    return NULL;
}

int32_t cake_chooser_open(const cake_chooser *chooser, const cake_runner *runner, const cake_problem *problem,
                          const cake_tensor *const *constants, const cake_host *host, void **ctx)
{
    const cake_choice *choice = choice_of(host);
    const cake_candidate *best = recall(chooser, problem, host, choice);
    int32_t status;

    if (!best && choice && choice->measure)
        best = measure(chooser, runner, problem, constants, host);
    if (!best)
        best = cake_chooser_reckon(chooser, problem, host);
    if (!best)
        return CAKE_UNSUPPORTED;
    status = runner->open(best->phased, problem, constants, host, ctx);
    if (status == CAKE_DONE && choice)
        choice->record(host, best->name);
    return status;
}
