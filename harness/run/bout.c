#include "run/bout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "measure/core_clock.h"
#include "measure/machine_state.h"
#include "measure/rounds.h"
#include "measure/statistics.h"
#include "run/interrupt.h"

enum { ROUNDS_LEAST = 5, ROUNDS_MOST = 50, ROUNDS_SLOW = 3 };

static cake_status interrupted(cake_error *error)
{
    return cake_fail(error, CAKE_INTERRUPTED, "interrupted");
}

static void tell(const cake_bout *bout, const cake_entrant *entrant, const char *stage)
{
    const cake_run_observer *observer = &bout->run->observer;

    if (observer->begin)
        observer->begin(observer->user, entrant->item, stage, bout->done, bout->total);
}

static void note_start(cake_entrant *entrant)
{
    time_t now = time(NULL);
    struct tm parts;

    strftime(entrant->started_utc, sizeof entrant->started_utc, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &parts));
}

cake_status cake_bout_check(cake_bout *bout, cake_error *error)
{
    for (size_t i = 0; i < bout->count; i++) {
        cake_entrant *e = &bout->entrants[i];
        cake_session *session = &e->session;

        if (e->skipped)
            continue;
        if (cake_interrupted())
            return interrupted(error);
        tell(bout, e, "check");
        note_start(e);
        e->timed = cake_session_open(session, e->item, bout->subject, &bout->run->settings, &bout->placement,
                                     cake_plugins_image(bout->run->plugins, e->item->plugin), bout->run->counters,
                                     bout->run->timed ? bout->run->n_counters : 0) &&
                   cake_session_check(session) && bout->run->timed;
        if (e->timed)
            cake_process_hold(&session->process);
        else
            cake_session_close(session);
    }
    return cake_interrupted() ? interrupted(error) : CAKE_OK;
}

/* Do something with one entrant while all others are held; it is out when that fails. */
static void take_turn(cake_entrant *e, bool (*turn)(cake_timer *timer, int64_t round), int64_t round)
{
    cake_process_release(&e->session.process);
    e->timed = turn(&e->timer, round);
    if (e->timed)
        cake_process_hold(&e->session.process);
    else
        cake_session_close(&e->session);
}

/* A repetition, and the clock at which its cores are then. */
static void take_round(const cake_bout *bout, cake_entrant *e)
{
    double ghz;

    take_turn(e, cake_timer_repeat, bout->rounds);
    ghz = cake_core_clock(&bout->placement);
    if (!(ghz > 0))
        return;
    e->fastest_ghz = fmax(e->fastest_ghz, ghz);
    e->slowest_ghz = e->slowest_ghz > 0 ? fmin(e->slowest_ghz, ghz) : ghz;
}

static bool end_turn(cake_timer *timer, int64_t round)
{
    (void)round;
    return cake_timer_end(timer);
}

static double *times(const cake_timer *timer)
{
    double *ns = malloc((timer->n_samples ? timer->n_samples : 1) * sizeof *ns);

    for (size_t i = 0; ns && i < timer->n_samples; i++)
        ns[i] = timer->samples[i].ns / (double)timer->samples[i].iterations;
    return ns;
}

/* Enough rounds for this one? */
static bool settled(const cake_bout *bout, const cake_entrant *e)
{
    const cake_run *run = bout->run;
    cake_statistics statistics;
    double *ns;
    bool enough;

    if (run->repetitions > 0)
        return bout->rounds >= run->repetitions;
    if ((double)e->timer.spent_ns * 1e-9 >= run->max_time_s && bout->rounds >= ROUNDS_SLOW)
        return true;
    if (bout->rounds < ROUNDS_LEAST)
        return false;
    ns = times(&e->timer);
    enough = !ns || cake_statistics_of(ns, e->timer.n_samples, 0.95, &statistics) != CAKE_OK ||
             cake_statistics_precision(&statistics, 0.95) <= run->precision;
    free(ns);
    return enough || bout->rounds >= ROUNDS_MOST;
}

double cake_entrant_median(const cake_entrant *entrant)
{
    cake_statistics statistics = {.median = NAN};
    double *ns = times(&entrant->timer);

    if (ns && entrant->timer.n_samples)
        cake_statistics_of(ns, entrant->timer.n_samples, 0.95, &statistics);
    free(ns);
    return statistics.median;
}

static cake_evict evict_of(int cache)
{
    static const cake_evict table[] = {[CAKE_CACHE_WARM] = CAKE_EVICT_NOTHING,
                                       [CAKE_CACHE_COLD] = CAKE_EVICT_ALL,
                                       [CAKE_CACHE_WEIGHTS] = CAKE_EVICT_WEIGHTS};

    return table[cache];
}

/* CPU time of this process and of all workers, ended or alive. */
static double own_cpu_s(const cake_bout *bout)
{
    struct rusage self, children;
    double ns = 0;

    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    for (size_t i = 0; i < bout->count; i++) {
        int64_t used = cake_process_cpu_ns(&bout->entrants[i].session.process);

        ns += used > 0 ? (double)used : 0;
    }
    return (double)(self.ru_utime.tv_sec + self.ru_stime.tv_sec + children.ru_utime.tv_sec +
                    children.ru_stime.tv_sec) +
           1e-6 * (double)(self.ru_utime.tv_usec + self.ru_stime.tv_usec + children.ru_utime.tv_usec +
                           children.ru_stime.tv_usec) +
           1e-9 * ns;
}

/* The entrants' order in a round: balanced (rounds.h), or drawn. */
static void order_round(const cake_bout *bout, size_t count, cake_random *random, size_t *order)
{
    cake_rounds_order(count, (size_t)bout->rounds, order);
    for (size_t i = count; bout->run->random_order && i > 1; i--) {
        size_t other = (size_t)cake_random_below(random, i), kept = order[i - 1];

        order[i - 1] = order[other];
        order[other] = kept;
    }
}

/* Set up the entrants' timers; those that can be timed, by index. Returns how many. */
static size_t begin_rounds(cake_bout *bout, cake_random *random, size_t *able)
{
    size_t count = 0;

    for (size_t i = 0; i < bout->count; i++) {
        cake_entrant *e = &bout->entrants[i];

        if (!e->timed)
            continue;
        tell(bout, e, "time");
        cake_process_release(&e->session.process);
        e->timed = cake_timer_begin(&e->timer, &e->session, evict_of(e->item->cache), bout->spare_core,
                                    bout->run->min_time_s, random);
        if (e->timed)
            cake_process_hold(&e->session.process);
        else
            cake_session_close(&e->session);
        if (e->timed)
            able[count++] = i;
    }
    return count;
}

static cake_status time_rounds(cake_bout *bout, cake_random *random, cake_error *error)
{
    size_t *order = malloc((2 * bout->count + 1) * sizeof *order), *able = order + bout->count, count;
    bool more = true;

    if (!order)
        return cake_fail(error, CAKE_E_MEMORY, "no memory for the order of rounds");
    count = begin_rounds(bout, random, able);
    /* Whoever is settled goes on while others are not, so that the rounds stay balanced, unless it is out of time. */
    for (bout->rounds = 0; more && !cake_interrupted();) {
        order_round(bout, count, random, order);
        for (size_t i = 0; i < count && !cake_interrupted(); i++) {
            cake_entrant *e = &bout->entrants[able[order[i]]];

            if (e->timed && (bout->rounds < ROUNDS_SLOW || bout->run->repetitions > 0 ||
                             (double)e->timer.spent_ns * 1e-9 < bout->run->max_time_s))
                take_round(bout, e);
        }
        bout->rounds++;
        more = false;
        for (size_t i = 0; i < count; i++)
            more |= bout->entrants[able[i]].timed && !settled(bout, &bout->entrants[able[i]]);
    }
    free(order);
    if (cake_interrupted())
        return interrupted(error);
    for (size_t i = 0; i < bout->count; i++)
        if (bout->entrants[i].timed)
            take_turn(&bout->entrants[i], end_turn, 0);
    return CAKE_OK;
}

cake_status cake_bout_time(cake_bout *bout, cake_random *random, cake_error *error)
{
    cake_machine_state before = cake_machine_state_read(NULL), after;
    cake_disturbance disturbance;
    double used_before = own_cpu_s(bout);
    cake_affinity own;
    /* On a busy machine the system would wake this process on the worker's core, to spin there for what the worker
     * cannot do meanwhile. */
    bool moved = bout->spare_core && cake_placement_avoid(&bout->placement, &own);
    cake_status status = time_rounds(bout, random, error);

    if (moved)
        cake_affinity_restore(&own);
    after = cake_machine_state_read(NULL);
    disturbance = cake_machine_state_between(&before, &after, cake_topology_machine(bout->run->topology)->cpus,
                                             own_cpu_s(bout) - used_before);
    cake_disturbance_flags(&disturbance, bout->machine_flags, sizeof bout->machine_flags);
    return status;
}

void cake_bout_end(cake_bout *bout)
{
    for (size_t i = 0; i < bout->count; i++) {
        cake_process_release(&bout->entrants[i].session.process);
        if (!bout->entrants[i].skipped)
            cake_session_close(&bout->entrants[i].session);
        cake_timer_free(&bout->entrants[i].timer);
    }
}
