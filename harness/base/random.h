/* Random numbers that are the same on every machine: SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable
 * pseudorandom number generators"; constants of Stafford's variant 13). Any 64-bit state is a good one. */
#ifndef LAYERCAKE_BASE_RANDOM_H
#define LAYERCAKE_BASE_RANDOM_H

#include <stdint.h>

typedef struct cake_random {
    uint64_t state;
} cake_random;

static inline uint64_t cake_random_next(cake_random *random)
{
    uint64_t z = random->state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* 0 .. limit - 1, limit > 0. The bias is below limit / 2^64. */
static inline uint64_t cake_random_below(cake_random *random, uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)cake_random_next(random) * limit) >> 64);
}

/* In [low, high). */
static inline double cake_random_real(cake_random *random, double low, double high)
{
    return low + (high - low) * ((double)(cake_random_next(random) >> 11) * 0x1p-53);
}

#endif
