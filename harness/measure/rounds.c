#include "measure/rounds.h"

size_t cake_rounds_period(size_t k)
{
    return k < 2 ? 1 : k % 2 ? 2 * k : k;
}

/* The first round is 0, 1, k - 1, 2, k - 2, ...: its neighbours' differences modulo k are all distinct, and round r
 * adds r to each. For odd k each difference appears twice, and not its opposite, so the rounds k .. 2 k - 1 are
 * mirror images. */
void cake_rounds_order(size_t k, size_t round, size_t *order)
{
    round %= cake_rounds_period(k);
    for (size_t i = 0; i < k; i++) {
        size_t first = i % 2 ? (i + 1) / 2 : (k - i / 2) % k;
        size_t place = round < k ? i : k - 1 - i;

        order[place] = (first + round) % k;
    }
}
