#include "measure/peaks.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "measure/peaks_kernels.h"

/* Each point is measured in several windows, of which the best counts: what else runs can only slow it. A window is
 * clean if every thread had its CPU for all of it; on a busy machine more are tried until there are enough of those.
 */
enum { MAX_POINTS = 64, CLEAN_WINDOWS = 16, MAX_WINDOWS = 64, SLICE_BYTES = 1 << 18 };
static const double window_s = 1.5e-3, call_s = 20e-6, clean_share = 0.985;

/* One kernel on memory of one size. */
typedef struct peak_point {
    const cake_peak_kernel *kernel;
    cake_level level;
    size_t bytes; /* a thread */
} peak_point;

/* What one thread did in one window. */
typedef struct peak_window {
    double work, begin, end; /* units; seconds */
    double cpu_s;            /* time on a CPU */
} peak_window;

typedef struct peak_team peak_team;

typedef struct peak_member {
    peak_team *team;
    int cpu;
    pthread_t thread;
    peak_window windows[MAX_POINTS][MAX_WINDOWS];
} peak_member;

/* Threads that go through the same list of points in step. */
struct peak_team {
    int threads;
    peak_member *members;
    size_t n_points;
    peak_point points[MAX_POINTS];
    size_t memory_bytes; /* a thread: the largest point's */
    atomic_int waiting;
    atomic_int turn;
    atomic_bool failed;
};

const char *cake_level_name(cake_level level)
{
    static const char *const names[] = {"L1", "L2", "L3", "memory", "core"};

    return names[level];
}

static double read_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double now(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

/* Wait until all are here. Spins, for all should leave at once. */
static void meet(peak_team *team)
{
    int turn = atomic_load(&team->turn);

    if (atomic_fetch_add(&team->waiting, 1) + 1 == team->threads) {
        atomic_store(&team->waiting, 0);
        atomic_fetch_add(&team->turn, 1);
        return;
    }
    while (atomic_load(&team->turn) == turn)
        sched_yield();
}

/* How many turns make a call of about 20 us: long enough for the clock, short enough to end windows together. */
static int64_t find_repeats(const peak_point *p, void *memory, size_t bytes)
{
    for (int64_t repeats = 1;; repeats *= 2) {
        double begin = now();

        p->kernel->run(memory, bytes, repeats);
        if (now() - begin >= call_s || repeats > INT64_C(1) << 40)
            return repeats;
    }
}

static bool is_clean(const peak_team *team, size_t index, int w)
{
    for (int t = 0; t < team->threads; t++) {
        const peak_window *window = &team->members[t].windows[index][w];

        if (window->cpu_s < clean_share * (window->end - window->begin))
            return false;
    }
    return true;
}

static void measure_point(peak_member *m, size_t index, char *memory)
{
    peak_team *team = m->team;
    const peak_point *p = &team->points[index];
    size_t slice = p->bytes > SLICE_BYTES ? SLICE_BYTES : p->bytes, offset = 0;
    int64_t repeats;

    /* Bring the memory into its level, from the first byte to the last. */
    for (size_t at = 0; at < p->bytes && p->level != CAKE_LEVEL_MEMORY; at += slice)
        p->kernel->run(memory + at, slice, 1);
    repeats = p->bytes > slice ? 1 : find_repeats(p, memory, slice);
    for (int w = 0, clean = 0; w < MAX_WINDOWS && clean < CLEAN_WINDOWS; w++) {
        peak_window *window = &m->windows[index][w];
        double cpu = read_clock(CLOCK_THREAD_CPUTIME_ID);

        meet(team);
        window->begin = now();
        do {
            window->work += p->kernel->run(memory + offset, slice, repeats);
            offset = offset + 2 * slice <= p->bytes ? offset + slice : 0;
            window->end = now();
        } while (window->end - window->begin < window_s);
        window->cpu_s = read_clock(CLOCK_THREAD_CPUTIME_ID) - cpu;
        meet(team);
        clean += is_clean(team, index, w); /* all threads find the same */
    }
}

static void *member_main(void *argument)
{
    peak_member *m = argument;
    peak_team *team = m->team;
    size_t huge = (size_t)2 << 20, size = (team->memory_bytes + huge - 1) / huge * huge + huge;
    unsigned long mask[CAKE_MAX_CPUS / CAKE_MASK_BITS] = {0};
    char *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    mask[m->cpu / CAKE_MASK_BITS] |= 1UL << m->cpu % CAKE_MASK_BITS;
    if (map == MAP_FAILED || sched_setaffinity(0, sizeof mask, (const cpu_set_t *)mask) != 0)
        atomic_store(&team->failed, true);
    meet(team);
    if (map != MAP_FAILED && !atomic_load(&team->failed)) {
        char *memory = map + (huge - (uintptr_t)map % huge) % huge;

        madvise(map, size, MADV_HUGEPAGE);
        memset(memory, 1, team->memory_bytes); /* touched by the thread that uses it: on its NUMA node */
        for (size_t i = 0; i < team->n_points; i++)
            measure_point(m, i, memory);
    }
    if (map != MAP_FAILED)
        munmap(map, size);
    return NULL;
}

/* The best window of all threads together, a clean one if there is any, in units of 10^9 a second. */
static double best(const peak_team *team, size_t index, bool *disturbed)
{
    double clean = 0, any = 0;

    for (int w = 0; w < MAX_WINDOWS; w++) {
        double work = 0, begin = INFINITY, end = -INFINITY;

        for (int t = 0; t < team->threads; t++) {
            const peak_window *window = &team->members[t].windows[index][w];

            work += window->work;
            begin = fmin(begin, window->begin);
            end = fmax(end, window->end);
        }
        if (!(work > 0))
            continue;
        any = fmax(any, work / (end - begin) * 1e-9);
        if (is_clean(team, index, w))
            clean = fmax(clean, work / (end - begin) * 1e-9);
    }
    *disturbed = clean <= 0;
    return clean > 0 ? clean : any;
}

/* --- Which points -------------------------------------------------------------------------------------------- */

static bool is_traffic(const cake_peak_kernel *kernel)
{
    return !strcmp(kernel->unit, "GB/s");
}

/* Bytes a thread that lie in that level and not nearer; 0 where there is no such level. */
static size_t level_bytes(const cake_placement *placement, const cake_machine *machine, cake_level level)
{
    int64_t l1 = placement->l1d_bytes, l2 = placement->l2_bytes, l3 = placement->l3_bytes, bytes = 0;
    int sharing = placement->threads < machine->cores_per_l3 ? placement->threads : machine->cores_per_l3;

    switch (level) {
    case CAKE_LEVEL_L1:
        bytes = l1 / 2;
        break;
    case CAKE_LEVEL_L2:
        bytes = l2 / 2 > 2 * l1 ? l2 / 2 : 0;
        break;
    case CAKE_LEVEL_L3:
        bytes = sharing > 0 ? l3 / 2 / sharing : 0;
        if (bytes < 2 * l2) /* small shares: what does not fit in L2 is at least in L3 */
            bytes = sharing > 0 && l3 / sharing > l2 ? (l2 + l3 / sharing) / 2 : 0;
        break;
    default:
        bytes = 4 * l3 > INT64_C(128) << 20 ? 4 * l3 : INT64_C(128) << 20;
        if (bytes > machine->memory_bytes / 4)
            bytes = machine->memory_bytes / 4;
        bytes /= placement->threads;
        break;
    }
    return (size_t)(bytes / 4096 * 4096);
}

static void add_point(peak_team *team, const cake_peak_kernel *kernel, cake_level level, size_t bytes)
{
    if (team->n_points == MAX_POINTS || (is_traffic(kernel) && bytes == 0))
        return;
    team->points[team->n_points++] = (peak_point){kernel, level, bytes};
    if (bytes > team->memory_bytes)
        team->memory_bytes = bytes;
}

static void choose_points(peak_team *team, const cake_placement *placement, const cake_machine *machine)
{
    bool traffic_chosen = false;

    for (size_t t = 0; cake_peak_tables[t]; t++) {
        bool has_traffic = false;

        for (const cake_peak_kernel *kernel = cake_peak_tables[t]; kernel->kind; kernel++) {
            bool past_caches = strstr(kernel->kind, "_nt") != NULL;

            if ((kernel->needs & machine->isa) != kernel->needs)
                continue;
            if (!is_traffic(kernel)) {
                add_point(team, kernel, CAKE_LEVEL_CORE, 0);
                continue;
            }
            has_traffic = true;
            for (int level = CAKE_LEVEL_L1; level <= CAKE_LEVEL_MEMORY && !traffic_chosen; level++)
                if (!past_caches || level == CAKE_LEVEL_MEMORY)
                    add_point(team, kernel, (cake_level)level, level_bytes(placement, machine, (cake_level)level));
        }
        traffic_chosen = traffic_chosen || has_traffic;
    }
}

/* --- Measuring ----------------------------------------------------------------------------------------------- */

static cake_status run_team(peak_team *team, const cake_placement *placement, cake_error *error)
{
    int cpu = -1, started = 0;

    for (int t = 0; t < team->threads; t++) {
        do
            cpu++;
        while (!(placement->cpu_mask[cpu / CAKE_MASK_BITS] >> cpu % CAKE_MASK_BITS & 1));
        team->members[t].team = team;
        team->members[t].cpu = cpu;
    }
    for (; started < team->threads; started++)
        if (pthread_create(&team->members[started].thread, NULL, member_main, &team->members[started]) != 0)
            break;
    /* Those that run wait for all: let what is missing be done here. */
    for (int t = started; t < team->threads; t++) {
        atomic_store(&team->failed, true);
        meet(team);
    }
    for (int t = 0; t < started; t++)
        pthread_join(team->members[t].thread, NULL);
    if (atomic_load(&team->failed))
        return cake_fail(error, CAKE_E_INTERNAL, "peaks: cannot start %d threads with %zu MiB each on CPUs %s",
                         team->threads, team->memory_bytes >> 20, placement->cpuset);
    return CAKE_OK;
}

static cake_status append(cake_peaks *peaks, const peak_team *team, cake_error *error)
{
    cake_peak *rows = realloc(peaks->rows, (peaks->count + team->n_points) * sizeof *rows);

    if (!rows)
        return cake_fail(error, CAKE_E_MEMORY, "peaks: out of memory");
    peaks->rows = rows;
    for (size_t i = 0; i < team->n_points; i++) {
        const cake_peak_kernel *kernel = team->points[i].kernel;
        cake_peak *row = &peaks->rows[peaks->count++];
        bool disturbed;

        *row = (cake_peak){.level = team->points[i].level, .threads = team->threads};
        snprintf(row->kind, sizeof row->kind, "%s", kernel->kind);
        snprintf(row->isa, sizeof row->isa, "%s", kernel->isa);
        snprintf(row->unit, sizeof row->unit, "%s", kernel->unit);
        row->value = best(team, i, &disturbed);
        peaks->disturbed += disturbed;
        if (!strcmp(kernel->kind, "clock"))
            row->value /= team->threads;
    }
    return CAKE_OK;
}

static cake_status measure(const cake_topology *topology, int threads, cake_peaks *peaks, cake_error *error)
{
    cake_placement placement;
    cake_status status = cake_topology_place(topology, threads, &placement, error);
    peak_team *shared;
    peak_member *members;

    if (status != CAKE_OK)
        return status;
    shared = calloc(1, sizeof *shared);
    members = calloc((size_t)threads, sizeof *members);
    if (!shared || !members) {
        status = cake_fail(error, CAKE_E_MEMORY, "peaks: out of memory");
        goto out;
    }
    shared->threads = threads;
    shared->members = members;
    choose_points(shared, &placement, cake_topology_machine(topology));
    status = run_team(shared, &placement, error);
    if (status == CAKE_OK)
        status = append(peaks, shared, error);
out:
    free(members);
    free(shared);
    return status;
}

cake_status cake_peaks_measure(const cake_topology *topology, const int *threads, size_t n_threads, cake_peaks *out,
                               cake_error *error)
{
    const cake_machine *machine = cake_topology_machine(topology);
    cake_peaks peaks = {
        .cache_bytes = {machine->l1d_bytes, machine->l2_bytes, machine->l3_bytes},
        .cores_per_l3 = machine->cores_per_l3,
        .isa = machine->isa,
    };

    for (size_t i = 0; i < n_threads; i++) {
        cake_status status = measure(topology, threads[i], &peaks, error);

        if (status != CAKE_OK) {
            cake_peaks_free(&peaks);
            return status;
        }
    }
    *out = peaks;
    return CAKE_OK;
}

static cake_peak *find_same(cake_peaks *peaks, const cake_peak *like)
{
    for (size_t i = 0; i < peaks->count; i++) {
        cake_peak *row = &peaks->rows[i];

        if (row->threads == like->threads && row->level == like->level && !strcmp(row->kind, like->kind) &&
            !strcmp(row->isa, like->isa))
            return row;
    }
    return NULL;
}

cake_status cake_peaks_raise(const cake_topology *topology, int threads, cake_peaks *peaks, cake_error *error)
{
    cake_peaks again = {0};
    cake_status status = cake_peaks_measure(topology, &threads, 1, &again, error);
    cake_peak *more;

    peaks->raises++;
    if (status != CAKE_OK)
        return status;
    more = realloc(peaks->rows, (peaks->count + again.count) * sizeof *more);
    if (!more) {
        cake_peaks_free(&again);
        return cake_fail(error, CAKE_E_MEMORY, "peaks: out of memory");
    }
    peaks->rows = more;
    for (size_t i = 0; i < again.count; i++) {
        cake_peak *old = find_same(peaks, &again.rows[i]);

        if (!old)
            peaks->rows[peaks->count++] = again.rows[i];
        else if (again.rows[i].value > old->value)
            old->value = again.rows[i].value;
    }
    cake_peaks_free(&again);
    return CAKE_OK;
}

size_t cake_peaks_threads(const cake_topology *topology, int *threads)
{
    const cake_machine *machine = cake_topology_machine(topology);
    int most = machine->cores_allowed;
    size_t count = 0;

    if (machine->cpu_quota > 0 && machine->cpu_quota < most)
        most = machine->cpu_quota < 1 ? 1 : (int)machine->cpu_quota;
    for (int n = 1; n < most && count < 31; n *= 2)
        threads[count++] = n;
    threads[count++] = most;
    return count;
}

void cake_peaks_free(cake_peaks *peaks)
{
    free(peaks->rows);
    *peaks = (cake_peaks){0};
}
