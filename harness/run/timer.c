#include "run/timer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/gbench.h"
#include "run/audit.h"
#include "run/interrupt.h"
#include "run/pin.h"

/* How long the coordinator may spin for the end of a batch before it sleeps until the reply comes. */
static const int64_t spin_ns = 20000000;
/* How long the logged calls of a batch are checked. */
static const int64_t check_budget_ns = 4000000;

/* More than this is not the machinery's own cost but the machine's business. `spun`: between two cores that spin. */
static const double most_handshake_ns = 50000, most_spun_ns = 2000, most_loop_ns = 60;

/* What one batch told. */
typedef struct batch {
    uint64_t calls;
    double elapsed_ns; /* of all calls, without handshakes and the loop's own cost */
    double counted[CAKE_MAX_COUNTERS];
} batch;

typedef enum kind { NOOP, TRIAL, KEPT } kind;

/* Calls of a batch of single ones. */
enum { SINGLE_LEAST = 9, SINGLE_MOST = 999 };

static bool worker_failed(cake_session *session, const cake_reply *reply)
{
    cake_finding *finding = &session->finding;

    if (reply->outcome == CAKE_OUTCOME_FAILED)
        return cake_find(finding, CAKE_V_ERROR, "run returned %d in a timed call%s%s", reply->returned,
                         *reply->text ? ": " : "", reply->text);
    return cake_find(finding, CAKE_V_HARNESS_ERROR, "%s", reply->text);
}

/* Begin the batch: tables drawn, the worker staged and waiting for go. */
static bool stage(cake_timer *timer, bool noop, uint64_t seed, cake_request *request)
{
    cake_session *session = timer->session;
    cake_shared *shared = session->process.shared;
    cake_reply reply;

    memset(request, 0, sizeof *request);
    request->kind = CAKE_REQUEST_BATCH;
    memcpy(request->batch.data_offset, session->arena.data_offset, sizeof request->batch.data_offset);
    request->batch.seed = seed;
    request->batch.mode = timer->evict == CAKE_EVICT_NOTHING ? CAKE_BATCH_WARM : CAKE_BATCH_SINGLE;
    request->batch.evict = timer->evict;
    request->batch.check_every = timer->check_every;
    request->batch.noop = noop;
    cake_probes_draw(&timer->probes, session->subject, session->item->kernel->accuracy, &session->arena,
                     timer->random);
    request->batch.n_probes = timer->probes.count;
    memcpy(shared->probes, timer->probes.wire, sizeof shared->probes);
    atomic_store(&shared->go, 0);
    atomic_store(&shared->stop, 0);
    atomic_store(&shared->ready, 0);
    atomic_store(&shared->done, 0);
    if (!cake_process_ask(&session->process, request, -1, &reply, &session->finding))
        return false;
    return reply.outcome == CAKE_OUTCOME_DONE || worker_failed(session, &reply);
}

/* Wait for done == value: spinning for a while if that takes no core from the worker, then asleep until its reply. */
static void await_done(cake_timer *timer, uint32_t value, int64_t deadline_ns)
{
    cake_shared *shared = timer->session->process.shared;
    int64_t until = cake_clock_ns() + spin_ns;

    while (timer->spare_core && cake_clock_ns() < until)
        if (atomic_load_explicit(&shared->done, memory_order_acquire) == value)
            return;
    if (atomic_load_explicit(&shared->done, memory_order_acquire) != value)
        cake_process_wait(&timer->session->process, deadline_ns);
}

/* Calls back to back, ended at a random moment near `target_ns`. */
static bool run_warm(cake_timer *timer, double target_ns, cake_reply *reply, double *elapsed_ns)
{
    cake_process *process = &timer->session->process;
    int64_t timeout = process->settings->timeout_ns, began, until, ended;

    began = cake_clock_ns();
    atomic_store_explicit(&process->shared->go, 1, memory_order_release);
    until = began + (int64_t)(target_ns * cake_random_real(timer->random, 0.9, 1.1));
    if (until - began > 50000)
        cake_process_wait(process, until);
    atomic_store_explicit(&process->shared->stop, 1, memory_order_release);
    await_done(timer, 1, began + timeout + (int64_t)target_ns);
    ended = cake_clock_ns();
    *elapsed_ns = (double)(ended - began);
    return cake_process_receive(process, reply, ended + timeout, &timer->session->finding);
}

/* Wait until the flag is k; `spin`: at once, else looking now and then. False if the worker has ended or it takes too
 * long. */
static bool await_flag(cake_process *process, _Atomic uint32_t *flag, uint32_t k, bool spin)
{
    int64_t began = cake_clock_ns(), deadline = began + process->settings->timeout_ns;

    while (atomic_load_explicit(flag, memory_order_acquire) != k) {
        int64_t now = cake_clock_ns();

        if ((!spin || now - began > spin_ns) && cake_process_wait(process, now + 20000))
            return atomic_load(flag) == k;
        if (now > deadline)
            return false;
    }
    return true;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* `calls` calls, SINGLE_MOST at most, each begun and clocked by itself; the eviction between them is not timed. Their
 * median stands for each: whoever takes the worker's core between go and done adds a scheduler's quantum to one call,
 * which may be a hundred times its length. */
static bool run_single(cake_timer *timer, int64_t calls, cake_reply *reply, double *elapsed_ns)
{
    double took[SINGLE_MOST];
    cake_process *process = &timer->session->process;
    cake_shared *shared = process->shared;
    uint32_t k = 1;
    bool alive = true;

    for (; alive && k <= calls && !cake_interrupted(); k++) {
        int64_t began;

        if (!await_flag(process, &shared->ready, k, false))
            break;
        began = cake_clock_ns();
        atomic_store_explicit(&shared->go, k, memory_order_release);
        alive = await_flag(process, &shared->done, k, timer->spare_core);
        took[k - 1] = (double)(cake_clock_ns() - began);
    }
    qsort(took, k - 1, sizeof *took, ascending);
    *elapsed_ns = k > 1 ? took[(k - 1) / 2] * (k - 1) : 0;
    atomic_store(&shared->stop, 1);
    atomic_store(&shared->go, k);
    return cake_process_receive(process, reply, cake_clock_ns() + process->settings->timeout_ns,
                                &timer->session->finding);
}

/* Threads used against threads granted, over a batch. The least counts. `wall_ns` is around both looks at the worker's
 * CPU time, so that a worker which waits for a coordinator that is held up has not used more than there was. */
static void note_cpu(cake_timer *timer, int64_t before_ns, int64_t after_ns, int64_t wall_ns)
{
    double share = (double)(after_ns - before_ns) / ((double)wall_ns * timer->session->item->threads);

    if (before_ns >= 0 && after_ns >= 0 && share < timer->cpu_share)
        timer->cpu_share = share;
}

static bool run_batch(cake_timer *timer, kind what, int64_t iterations, double target_ns, batch *result)
{
    cake_session *session = timer->session;
    cake_process *process = &session->process;
    uint64_t seed = cake_random_next(timer->random), checked;
    cake_request request;
    cake_reply reply;
    double elapsed, overhead;
    int64_t cpu_before, cpu_after, wall_ns;
    bool single = timer->evict != CAKE_EVICT_NOTHING;

    if (single && what != NOOP)
        iterations = iterations < SINGLE_LEAST ? SINGLE_LEAST : iterations > SINGLE_MOST ? SINGLE_MOST : iterations;
    /* Now, while the worker sleeps: of a thread that runs, the system tells what it had used at its last tick. */
    wall_ns = cake_clock_ns();
    cpu_before = cake_process_cpu_ns(process);
    if (!stage(timer, what == NOOP, seed, &request))
        return false;
    if (session->counters)
        cake_counters_begin(session->counters);
    if (!(single ? run_single(timer, iterations, &reply, &elapsed) : run_warm(timer, target_ns, &reply, &elapsed)))
        return false;
    cpu_after = cake_process_cpu_ns(process);
    wall_ns = cake_clock_ns() - wall_ns;
    if (session->counters)
        cake_counters_end(session->counters, result->counted);
    timer->spent_ns += (int64_t)elapsed;
    if (reply.outcome != CAKE_OUTCOME_DONE)
        return worker_failed(session, &reply);
    if (reply.calls < 1 || (single && reply.calls != (uint64_t)iterations))
        return cake_find(&session->finding, CAKE_V_SANDBOX_VIOLATION, "the worker reports %llu calls",
                         (unsigned long long)reply.calls);
    if (reply.left & CAKE_LEFT_MXCSR)
        return cake_find(&session->finding, CAKE_V_FPENV_CHANGED, "left another rounding mode in a timed call");
    if (what != NOOP) {
        /* The first call is checked, then every check_every-th. */
        checked = (reply.calls - 1) / request.batch.check_every + 1;
        if (!cake_probes_check(&timer->probes, session->subject, session->item->kernel->accuracy, seed, checked,
                               process->shared, &session->arena, check_budget_ns, timer->random,
                               &session->error_in_bounds, &session->finding))
            return false;
        if (!single && elapsed > 2e6)
            note_cpu(timer, cpu_before, cpu_after, wall_ns);
        if (!cake_usage_look(&timer->usage, process->pid, reply.heap_bytes, &session->finding))
            return false;
    }
    overhead = single ? timer->handshake_ns * (double)reply.calls
                      : timer->handshake_ns + timer->loop_ns * (double)reply.calls;
    result->calls = reply.calls;
    result->elapsed_ns = elapsed > overhead ? elapsed - overhead : 0;
    return true;
}

/* ---- Google Benchmark ---- */

/* One repetition as its function sees it. */
typedef struct repetition {
    cake_timer *timer;
    double call_ns; /* expected */
    batch last;
    bool failed;
    /* as Google Benchmark reports it */
    int64_t iterations;
    double reported_ns; /* a call */
} repetition;

static void benchmark(cake_gbench_state *state, void *user)
{
    repetition *r = user;
    int64_t n;

    while ((n = cake_gbench_next_batch(state, 0)) > 0) {
        /* What Google Benchmark asks for rests on times that may have been wrong; the length of a batch does not. */
        double least = r->timer->min_time_ns, target_ns = fmin(fmax((double)n * r->call_ns, least), 4 * least);

        if (r->failed || !run_batch(r->timer, KEPT, n, target_ns, &r->last)) {
            r->failed = true;
            cake_gbench_skip(state, cake_verdicts[r->timer->session->finding.verdict].word);
            return;
        }
        r->call_ns = r->last.elapsed_ns / (double)r->last.calls;
        /* At least a nanosecond, that Google Benchmark's search for the iterations ends. */
        cake_gbench_set_time(state, fmax(r->call_ns * (double)n, 1) * 1e-9);
    }
}

static void report(const cake_gbench_result *result, void *user)
{
    repetition *r = user;

    if (!result->aggregate && !result->error) {
        r->iterations = result->iterations;
        r->reported_ns = result->real_time_ns;
    }
}

static bool run_repetition(repetition *r, const cake_gbench_options *options)
{
    cake_session *session = r->timer->session;
    cake_gbench_error error = {""};
    char name[256];

    snprintf(name, sizeof name, "%s/%s/%s", session->item->workload->op->name, session->item->plugin->name,
             session->item->kernel->name);
    if (!cake_gbench_run_one(name, options, benchmark, r, report, r, &error) && !r->failed)
        return cake_find(&session->finding, CAKE_V_HARNESS_ERROR, "Google Benchmark: %s", error.text);
    return !r->failed;
}

/* ---- the timer ---- */

/* What the machinery itself costs: the least of several tries with a function that does nothing. */
static bool measure_overhead(cake_timer *timer)
{
    batch result = {0};
    double handshake = INFINITY, loop = INFINITY;

    timer->handshake_ns = timer->loop_ns = 0;
    for (int i = 0; i < 8; i++) {
        if (!run_batch(timer, NOOP, 1, 0, &result))
            return false;
        handshake = fmin(handshake, result.elapsed_ns);
    }
    /* A busy machine wakes us late each time: better to take off too little than a part of the kernel's time. And where an
     * idle CPU of a virtual machine takes 50 us to wake, one that has just run the kernel does not: what a batch of no calls
     * costs is only then what others cost when nobody sleeps. */
    timer->handshake_ns =
        fmin(handshake, timer->evict != CAKE_EVICT_NOTHING && !timer->spare_core ? most_handshake_ns : most_spun_ns);
    if (timer->evict != CAKE_EVICT_NOTHING)
        return true;
    for (int i = 0; i < 6; i++) {
        if (!run_batch(timer, NOOP, 1, 5e5, &result))
            return false;
        loop = fmin(loop, result.elapsed_ns / (double)result.calls);
    }
    timer->loop_ns = fmin(loop, most_loop_ns);
    return true;
}

bool cake_timer_begin(cake_timer *timer, cake_session *session, cake_evict evict, bool spare_core, double min_time_s,
                      cake_random *random)
{
    repetition r = {.timer = timer};
    batch first = {0};

    *timer = (cake_timer){.session = session,
                          .random = random,
                          .spare_core = spare_core,
                          .evict = evict,
                          .check_every = 1,
                          .min_time_ns = min_time_s * 1e9};
    if (!cake_session_prepare(session, CAKE_TRIALS - 1, CAKE_PLACE_TIMED) || !measure_overhead(timer) ||
        !run_batch(timer, TRIAL, 1, 0, &first))
        return false;
    /* Now its pool is there. */
    if (session->process.pid && session->item->threads > 1 &&
        !cake_pin_threads(session->process.pid, session->process.placement))
        cake_session_warn(session, "unpinned");
    r.call_ns = first.elapsed_ns / (double)first.calls;
    if (r.call_ns < 1000 && !run_batch(timer, TRIAL, 1, 1e5, &first))
        return false;
    r.call_ns = first.elapsed_ns / (double)first.calls;
    /* Calls shorter than 100 ns are not all checked, that the check does not dwarf them. */
    if (r.call_ns < 100 && evict == CAKE_EVICT_NOTHING) {
        timer->check_every = (uint32_t)fmin(64, ceil(100 / fmax(r.call_ns, 1)));
        if (!measure_overhead(timer))
            return false;
    }
    if (!run_repetition(&r, &(cake_gbench_options){.manual_time = true, .min_time_s = min_time_s, .repetitions = 1}))
        return false;
    timer->iterations = r.iterations;
    session->call_ns = r.call_ns;
    timer->cpu_share = INFINITY;
    return true;
}

/* A repetition of audited calls: no batch, no probes, nothing of the worker's is believed. */
static bool repeat_paranoid(cake_timer *timer, int64_t round)
{
    cake_sample *sample = &timer->samples[timer->n_samples];
    double sum_ns;

    *sample = (cake_sample){.round = round};
    if (!cake_audit_calls(timer->session, timer->random, timer->min_time_ns, &sample->iterations, &sum_ns))
        return false;
    sample->ns = sum_ns;
    timer->n_samples++;
    timer->calls += sample->iterations;
    timer->spent_ns += (int64_t)sum_ns;
    return true;
}

bool cake_timer_repeat(cake_timer *timer, int64_t round)
{
    repetition r = {.timer = timer, .call_ns = timer->session->call_ns};
    cake_sample *more = realloc(timer->samples, (timer->n_samples + 1) * sizeof *more);

    if (!more)
        return cake_find(&timer->session->finding, CAKE_V_HARNESS_ERROR, "no memory for a sample");
    timer->samples = more;
    if (timer->session->process.settings->paranoid)
        return repeat_paranoid(timer, round);
    if (!run_repetition(
            &r, &(cake_gbench_options){.manual_time = true, .iterations = timer->iterations, .repetitions = 1}))
        return false;
    timer->samples[timer->n_samples++] = (cake_sample){
        .round = round, .iterations = (int64_t)r.last.calls, .ns = r.reported_ns * (double)r.last.calls};
    timer->calls += (int64_t)r.last.calls;
    for (int i = 0; timer->session->counters && i < CAKE_MAX_COUNTERS; i++)
        timer->counted[i] += r.last.counted[i];
    timer->session->call_ns = r.call_ns;
    return true;
}

bool cake_timer_end(cake_timer *timer)
{
    cake_session *session = timer->session;

    /* A pool's threads that spin between calls belong to the granted ones; a tenth more is the clocks' coarseness. */
    if (isfinite(timer->cpu_share) && timer->cpu_share > 1.1)
        return cake_find(&session->finding, CAKE_V_THREADS_EXCEEDED, "used %.2f cores where %d %s granted",
                         timer->cpu_share * session->item->threads, session->item->threads,
                         session->item->threads == 1 ? "was" : "were");
    if (!cake_usage_bound(session->process.pid, session->process.placement, &session->finding))
        return false;
    if (!cake_arena_intact(&session->arena, session->subject->trials[CAKE_TRIALS - 1].values, &session->finding))
        return false;
    return cake_audit_once(session, timer->random);
}

void cake_timer_free(cake_timer *timer)
{
    free(timer->samples);
    timer->samples = NULL;
    timer->n_samples = 0;
}
