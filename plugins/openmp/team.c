#include "openmp/team.h"

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/choose.h"
#include "openmp/launch.h"

enum { SPINS = 50000, MOST_THREADS = 1024 };

/* A thread's share of the present phase: items next .. end-1 are not begun. */
typedef struct share {
    _Alignas(128) _Atomic int64_t next;
    int64_t end;
} share;

typedef struct team {
    const cake_phased *phased;
    const cake_host *host;
    void *ctx;
    int threads;
    _Alignas(128) _Atomic int waiting;
    _Alignas(128) _Atomic unsigned round;
    _Atomic int sleeping; /* members that have done spinning: they are to be woken */
    share shares[];       /* [threads] */
} team;

static uint64_t bytes_of(uint32_t count, const cake_tensor *const *tensors)
{
    uint64_t bytes = 0;

    for (uint32_t i = 0; i < count; i++)
        bytes += tensors[i]->size_bytes;
    return bytes;
}

static int32_t team_open(const cake_phased *phased, const cake_problem *problem, const cake_tensor *const *constants,
                         const cake_host *host, void **ctx)
{
    cake_problem own = *problem;
    uint64_t bytes = bytes_of(problem->n_inputs, problem->inputs) +
                     bytes_of(problem->n_constants, problem->constants) +
                     bytes_of(problem->n_outputs, problem->outputs);
    team *t;
    int32_t status;

    own.threads = bytes < cake_launch_least_bytes ? 1 : own.threads > MOST_THREADS ? MOST_THREADS : own.threads;
    t = host->alloc(host, sizeof *t + (uint64_t)own.threads * sizeof *t->shares, 128);
    if (!t)
        return CAKE_NO_MEMORY;
    t->phased = phased;
    t->host = host;
    t->threads = own.threads;
    status = phased->open(&own, constants, host, &t->ctx);
    if (status != CAKE_DONE) {
        host->free(host, t);
        return status;
    }
    *ctx = t;
    return CAKE_DONE;
}

int32_t cake_team_open(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                       const cake_host *host, void **ctx)
{
    static const cake_runner all_threads = {team_open, cake_team_run, cake_team_close};
    const cake_phased *phased = kernel->data;

    return phased->chooser ? cake_chooser_open(phased->chooser, &all_threads, problem, constants, host, ctx)
                           : team_open(phased, problem, constants, host, ctx);
}

/* The share of thread `member`: an equal, contiguous part, so that a thread's items stay in its own L2 from phase to
 * phase and from call to call. */
static void deal(team *t, int member, int64_t items)
{
    share *s = &t->shares[member];

    s->end = items * (member + 1) / t->threads;
    atomic_store_explicit(&s->next, items * member / t->threads, memory_order_relaxed);
}

/* Take a piece of a share: half of what is left, so that pieces are few and the last ones small. Those the other
 * threads can take over when this thread's core is slower than theirs, or busy with another process; the piece that a
 * thread is at they wait for. False: nothing is left. */
static bool take(share *s, int64_t *begin, int64_t *end)
{
    int64_t next = atomic_load_explicit(&s->next, memory_order_relaxed), after;

    do {
        if (next >= s->end)
            return false;
        after = next + (s->end - next + 1) / 2;
    } while (
        !atomic_compare_exchange_weak_explicit(&s->next, &next, after, memory_order_relaxed, memory_order_relaxed));
    *begin = next;
    *end = after;
    return true;
}

/* Sleep until `round` has passed. A thread that is woken gets its core at once from a process of less priority, or of
 * as much that has had its share; one that had only yielded would wait for that process's time slice to end. */
static void sleep_through(team *t, unsigned round)
{
    atomic_fetch_add(&t->sleeping, 1);
    while (atomic_load(&t->round) == round)
        syscall(SYS_futex, &t->round, FUTEX_WAIT_PRIVATE, round, NULL, NULL, 0);
    atomic_fetch_sub(&t->sleeping, 1);
}

/* Wait for all. The last one to come deals the next phase. Spins for some ten microseconds, then sleeps: a member whose
 * core is taken by another process is not waited for with a core that others could use. */
static void meet(team *t, int64_t next_phase)
{
    unsigned round = atomic_load_explicit(&t->round, memory_order_acquire);

    if (atomic_fetch_add_explicit(&t->waiting, 1, memory_order_acq_rel) == t->threads - 1) {
        int64_t items = t->phased->items(t->ctx, next_phase);

        for (int member = 0; member < t->threads; member++)
            deal(t, member, items);
        atomic_store_explicit(&t->waiting, 0, memory_order_relaxed);
        atomic_store(&t->round, round + 1);
        if (atomic_load(&t->sleeping) > 0)
            syscall(SYS_futex, &t->round, FUTEX_WAKE_PRIVATE, t->threads, NULL, NULL, 0);
        return;
    }
    for (int spins = 0; atomic_load_explicit(&t->round, memory_order_acquire) == round; spins++)
        if (spins >= SPINS)
            sleep_through(t, round);
}

/* Do pieces of the thread's own share, then of the others'. */
static void do_phase(team *t, const cake_tensor *const *inputs, const cake_tensor *const *outputs, int64_t phase,
                     int member)
{
    for (int i = 0; i < t->threads; i++) {
        share *s = &t->shares[(member + i) % t->threads];
        int64_t begin, end;

        while (take(s, &begin, &end))
            t->phased->work(t->ctx, inputs, outputs, phase, begin, end, member);
    }
}

/* One call, as its members see it. */
typedef struct call {
    team *team;
    const cake_tensor *const *inputs, *const *outputs;
} call;

static void run_member(void *user, int member)
{
    const call *c = user;
    team *t = c->team;
    int64_t phases = t->phased->phases(t->ctx);

    for (int64_t phase = 0; phase < phases; phase++) {
        do_phase(t, c->inputs, c->outputs, phase, member);
        if (phase + 1 < phases)
            meet(t, phase + 1);
    }
}

int32_t cake_team_run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs)
{
    team *t = ctx;
    call c = {t, inputs, outputs};

    if (t->threads == 1) {
        cake_phased_call(t->phased, t->ctx, inputs, outputs);
        return CAKE_DONE;
    }
    for (int member = 0; member < t->threads; member++)
        deal(t, member, t->phased->phases(t->ctx) > 0 ? t->phased->items(t->ctx, 0) : 0);
    cake_launch(t->threads, run_member, &c);
    return CAKE_DONE;
}

void cake_team_close(void *ctx)
{
    team *t = ctx;
    const cake_host *host = t->host;

    t->phased->close(t->ctx);
    host->free(host, t);
}
