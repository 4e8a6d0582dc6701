/* Tensors where a placing puts them, and what is noticed around and in them. */
#include <criterion/criterion.h>
#include <string.h>

#include "check/fill.h"
#include "plan/workload.h"
#include "run/arena.h"
#include "run/subject.h"

static cake_workload workload;
static cake_subject subject;
static cake_arena arena;

static void set_up(void)
{
    static const char text[] = "linear rows=3 in=5 out=7";
    cake_source source = {"test", 1, ""};
    cake_error error = {""};

    cr_assert_eq(cake_workload_parse(text, strlen(text), &source, &workload, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_subject_make(&subject, &workload, CAKE_F32, 1, 1, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_arena_make(&arena, &subject.list, CAKE_F32, CAKE_PLAIN, 4, 0, &error), CAKE_OK, "%s",
                 error.text);
}

static void tear_down(void)
{
    cake_arena_free(&arena);
    cake_subject_free(&subject);
    cake_workload_free(&workload);
}

TestSuite(arena, .init = set_up, .fini = tear_down);

Test(arena, tensors_lie_flush)
{
    for (int i = 0; i < arena.count; i++) {
        cake_arena_place(&arena, CAKE_PLACE_LEFT, true, subject.trials[0].values);
        cr_expect_eq(arena.data_offset[i], 0);
        cake_arena_place(&arena, CAKE_PLACE_RIGHT, true, subject.trials[0].values);
        cr_expect_eq(arena.data_offset[i] + arena.tensor[i].size_bytes, arena.segment_bytes[i]);
    }
}

Test(arena, whole_after_placing)
{
    for (int placing = CAKE_PLACE_LEFT; placing <= CAKE_PLACE_TIMED; placing++) {
        cake_finding finding = {CAKE_V_OK, ""};

        cake_arena_place(&arena, (cake_placing)placing, true, subject.trials[1].values);
        cr_expect(cake_arena_intact(&arena, subject.trials[1].values, &finding), "%s", finding.reason);
    }
}

static void expect_noticed(int tensor, int64_t offset, cake_verdict verdict)
{
    cake_finding finding = {CAKE_V_OK, ""};

    cake_arena_place(&arena, CAKE_PLACE_TIMED, true, subject.trials[1].values);
    ((char *)arena.tensor[tensor].data)[offset] ^= 0x40;
    cr_expect(!cake_arena_intact(&arena, subject.trials[1].values, &finding));
    cr_expect_eq(finding.verdict, verdict, "%s", finding.reason);
}

Test(arena, each_stray_byte_is_noticed)
{
    for (int i = 0; i < arena.count; i++) {
        int64_t size = (int64_t)arena.tensor[i].size_bytes;

        expect_noticed(i, size, CAKE_V_OOB_WRITE);
        if (arena.data_offset[i])
            expect_noticed(i, -1, CAKE_V_OOB_WRITE);
        if (subject.list.tensor[i].role != CAKE_ROLE_OUTPUT) {
            expect_noticed(i, 0, CAKE_V_INPUT_MODIFIED);
            expect_noticed(i, size - 1, CAKE_V_INPUT_MODIFIED);
        }
    }
}
