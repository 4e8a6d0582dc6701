/* "Did you mean ...?" */
#ifndef LAYERCAKE_BASE_NEAREST_H
#define LAYERCAKE_BASE_NEAREST_H

#include <stddef.h>

/* How many insertions, deletions, replacements and swaps of neighbours turn one word into the other (optimal string
 * alignment; Damerau 1964), letters compared without case. Words longer than 63 bytes are cut. */
int cake_word_distance(const char *a, const char *b);

/* The nearest of the candidates so far: begin with {.word = what was found}. */
typedef struct cake_nearest {
    const char *word;
    const char *best; /* the candidate's own pointer, or NULL */
    int distance;
} cake_nearest;

void cake_nearest_offer(cake_nearest *nearest, const char *candidate);

/* The best candidate if it is near enough to be a slip (a third of the word's length, at least 1), or NULL. */
const char *cake_nearest_get(const cake_nearest *nearest);

#endif
