#include "base/nearest.h"

#include <ctype.h>
#include <string.h>

enum { WORD_MAX = 63 };

static int min2(int a, int b)
{
    return a < b ? a : b;
}

static int lower(char c)
{
    return tolower((unsigned char)c);
}

int cake_word_distance(const char *a, const char *b)
{
    /* Rows i-2, i-1 and i of the table of distances between prefixes. */
    int row[3][WORD_MAX + 1] = {0};
    int a_length = (int)strnlen(a, WORD_MAX), b_length = (int)strnlen(b, WORD_MAX);

    for (int j = 0; j <= b_length; j++)
        row[0][j] = j;
    for (int i = 1; i <= a_length; i++) {
        const int *before = row[(i + 1) % 3], *last = row[(i + 2) % 3];
        int *now = row[i % 3];

        now[0] = i;
        for (int j = 1; j <= b_length; j++) {
            int replaced = last[j - 1] + (lower(a[i - 1]) != lower(b[j - 1]));

            now[j] = min2(replaced, 1 + min2(last[j], now[j - 1]));
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
                now[j] = min2(now[j], before[j - 2] + 1);
        }
    }
    return row[a_length % 3][b_length];
}

void cake_nearest_offer(cake_nearest *nearest, const char *candidate)
{
    int distance = cake_word_distance(nearest->word, candidate);

    if (!nearest->best || distance < nearest->distance) {
        nearest->best = candidate;
        nearest->distance = distance;
    }
}

const char *cake_nearest_get(const cake_nearest *nearest)
{
    int allowed = (int)strnlen(nearest->word, WORD_MAX) / 3;

    if (allowed < 1)
        allowed = 1;
    return nearest->best && nearest->distance <= allowed ? nearest->best : NULL;
}
