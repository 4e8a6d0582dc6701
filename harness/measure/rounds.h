/* In which order several kernels take their turns. What ran just before a kernel leaves its mark on it: caches,
 * frequency, branch history. In a Williams design each kernel stands equally often in each place of a round and
 * follows each other one equally often, so that no kernel is favoured.
 * Williams (1949), "Experimental designs balanced for the estimation of residual effects of treatments". */
#ifndef LAYERCAKE_MEASURE_ROUNDS_H
#define LAYERCAKE_MEASURE_ROUNDS_H

#include <stddef.h>

/* After how many rounds the design is balanced and begins again: k for even k, 2 k for odd k, 1 for k = 1. */
size_t cake_rounds_period(size_t k);

/* The order of kernels 0 .. k - 1 in that round (any number; counted modulo the period). `order` holds k. */
void cake_rounds_order(size_t k, size_t round, size_t *order);

#endif
