/* How a team deals out the items of a phase: each is done once, and what is left of a share is cut smaller and smaller,
 * down to one item. */
#include <criterion/criterion.h>
#include <stdatomic.h>

#include "host.h"
#include "openmp/team.h"

enum { ITEMS = 100, THREADS = 2 };

static _Atomic int done[ITEMS]; /* how often */
static _Atomic int64_t last_piece[THREADS];

static int32_t begin_all(const cake_problem *problem, const cake_tensor *const *constants, const cake_host *host,
                         void **ctx)
{
    (void)problem;
    (void)constants;
    (void)host;
    *ctx = NULL;
    return CAKE_DONE;
}

static int64_t phases(const void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t items(const void *ctx, int64_t phase)
{
    (void)ctx;
    (void)phase;
    return ITEMS;
}

static void work(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs, int64_t phase,
                 int64_t begin, int64_t end, int thread)
{
    (void)ctx;
    (void)inputs;
    (void)outputs;
    (void)phase;
    (void)thread;
    for (int64_t item = begin; item < end; item++)
        done[item]++;
    for (int share = 0; share < THREADS; share++)
        if (end == ITEMS * (share + 1) / THREADS)
            last_piece[share] = end - begin;
}

static void end_all(void *ctx)
{
    (void)ctx;
}

Test(team, deals_out_each_item_once_and_the_last_ones_singly)
{
    static const cake_phased phased = {
        .open = begin_all, .phases = phases, .items = items, .work = work, .close = end_all};
    const cake_kernel kernel = {.data = &phased};
    const cake_problem problem = {.threads = THREADS};
    void *ctx;

    cr_assert_eq(cake_team_open(&kernel, &problem, NULL, cake_test_host(), &ctx), CAKE_DONE);
    cr_expect_eq(cake_team_run(ctx, NULL, NULL), CAKE_DONE);
    cake_team_close(ctx);
    for (int item = 0; item < ITEMS; item++)
        cr_expect_eq(done[item], 1, "item %d is done %d times", item, done[item]);
    for (int share = 0; share < THREADS; share++)
        cr_expect_eq(last_piece[share], 1, "the last piece of share %d has %d items", share, (int)last_piece[share]);
}
