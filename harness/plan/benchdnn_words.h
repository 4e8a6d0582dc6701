/* The words of benchdnn's files: blanks end them, '#' at a word's beginning begins a comment, and '\\' at a line's end
 * lets a word go on with the next line's first. */
#ifndef LAYERCAKE_PLAN_BENCHDNN_WORDS_H
#define LAYERCAKE_PLAN_BENCHDNN_WORDS_H

#include "plan/text.h"

/* What is left of a text; begins with at = line_start = the text, source.line = 1. */
typedef struct cake_benchdnn_words {
    const char *at, *end, *line_start;
    char *text; /* of the present word; owned */
    cake_source source;
} cake_benchdnn_words;

/* The next word, which lives until the one after it; *found is false at the end. CAKE_E_USAGE: a byte that does not
 * print. */
cake_status cake_benchdnn_next_word(cake_benchdnn_words *w, cake_word *word, bool *found, cake_error *error);

#endif
