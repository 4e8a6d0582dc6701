#include "plan/benchdnn_words.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(cake_benchdnn_words *w)
{
    while (w->at < w->end && (is_blank(*w->at) || *w->at == '#')) {
        if (*w->at == '#')
            while (w->at + 1 < w->end && w->at[1] != '\n')
                w->at++;
        if (*w->at == '\n') {
            w->source.line++;
            w->line_start = w->at + 1;
        }
        w->at++;
    }
}

/* Is there a backslash that ends the line? */
static bool is_continued(const cake_benchdnn_words *w, const char *at)
{
    if (*at != '\\')
        return false;
    for (at++; at < w->end && (*at == ' ' || *at == '\t' || *at == '\r');)
        at++;
    return at == w->end || *at == '\n';
}

/* Past such a backslash: the next line's first word belongs to the present one. */
static bool goes_on(cake_benchdnn_words *w)
{
    const char *at = w->at;

    while (at < w->end && (*at == ' ' || *at == '\t'))
        at++;
    if (at == w->end || !is_continued(w, at))
        return false;
    w->at = at + 1;
    return true;
}

cake_status cake_benchdnn_next_word(cake_benchdnn_words *w, cake_word *word, bool *found, cake_error *error)
{
    size_t length = 0;

    free(w->text);
    w->text = NULL;
    skip_blanks(w);
    *found = w->at < w->end;
    *word = (cake_word){w->at, 0, (int)(w->at - w->line_start) + 1};
    do {
        const char *start;
        char *longer;

        skip_blanks(w);
        for (start = w->at; w->at < w->end && !is_blank(*w->at) && !is_continued(w, w->at); w->at++)
            if (*w->at < 0x20 || *w->at > 0x7e)
                return cake_fail_at(error, &w->source, (int)(w->at - w->line_start) + 1,
                                    "expected printable ASCII, found the byte 0x%02x",
                                    (unsigned)(unsigned char)*w->at);
        longer = realloc(w->text, length + (size_t)(w->at - start) + 1);
        if (!longer)
            return cake_fail(error, CAKE_E_MEMORY, "out of memory");
        memcpy(longer + length, start, (size_t)(w->at - start));
        length += (size_t)(w->at - start);
        longer[length] = '\0';
        w->text = longer;
    } while (goes_on(w));
    word->at = w->text;
    word->length = length;
    return CAKE_OK;
}
