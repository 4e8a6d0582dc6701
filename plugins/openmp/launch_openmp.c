#include "openmp/launch.h"

#include <omp.h>

/* Waking a team takes a few microseconds, in which a core reads so much from its caches. */
const uint64_t cake_launch_least_bytes = 64 << 10;

void cake_launch(int threads, void (*member)(void *user, int member), void *user)
{
#pragma omp parallel num_threads(threads)
    member(user, omp_get_thread_num());
}
