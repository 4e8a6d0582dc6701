#include "measure/counters_trial.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { MEMORY_BYTES = 16 << 20, STEPS = 100000 };

void cake_counters_trial_work(void)
{
    /* Written, for pages that were only read are all the same page of zeros. */
    unsigned char *memory = malloc(MEMORY_BYTES);
    volatile unsigned even = 0, odd = 0;
    cake_random random = {1};

    if (!memory)
        return;
    memset(memory, 1, MEMORY_BYTES);
    for (int i = 0; i < STEPS; i++) {
        const volatile unsigned char *place = &memory[cake_random_below(&random, MEMORY_BYTES)];
        unsigned bit = (unsigned)(cake_random_next(&random) & 1) ^ *place;

        if (bit)
            odd += 1;
        else
            even += bit;
    }
    (void)(even + odd);
    free(memory);
}
