/* Google Benchmark from C in ten lines: how long does memset of 4 KiB take? */
#include "gbench.h"

#include <stdio.h>
#include <string.h>

static void fill_4k(cake_gbench_state *state, void *buffer)
{
    int64_t n;

    while ((n = cake_gbench_next_batch(state, 0)) > 0)
        for (; n > 0; n--) {
            memset(buffer, (int)(n & 127), 4096);
            __asm__ volatile("" : : "r"(buffer) : "memory"); /* the compiler must believe that it is read */
        }
}

int main(int argc, char **argv)
{
    static char buffer[4096];
    cake_gbench_error error;

    if (!cake_gbench_init(&argc, argv, &error) || !cake_gbench_register("fill_4k", NULL, fill_4k, buffer, &error) ||
        cake_gbench_run(NULL, NULL, NULL, &error) < 0 || !cake_gbench_finish(&error)) {
        fprintf(stderr, "%s\n", error.text);
        return 1;
    }
    return 0;
}
