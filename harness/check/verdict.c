#include "check/verdict.h"

#include <string.h>

const cake_verdict_info cake_verdicts[CAKE_VERDICT_COUNT] = {
#define X(name, word, fails, meaning) [name] = {word, fails, meaning},
    CAKE_VERDICT_LIST(X)
#undef X
};

cake_verdict cake_verdict_find(const char *word)
{
    int v = 0;

    while (v < CAKE_VERDICT_COUNT && strcmp(cake_verdicts[v].word, word) != 0)
        v++;
    return (cake_verdict)v;
}
