/* The command line, read over tables: one row an option, one struct a command that its values go to. */
#ifndef LAYERCAKE_CLI_OPTIONS_H
#define LAYERCAKE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

/* Texts that the list owns. */
typedef struct cake_text_list {
    char **items;
    size_t count;
} cake_text_list;

typedef struct cake_int_list {
    int *items;
    size_t count;
} cake_int_list;

typedef enum cake_option_kind {
    CAKE_OPTION_FLAG,   /* bool: true if given; "=true" and "=false" may follow */
    CAKE_OPTION_TEXT,   /* char *: owned, NULL if not given */
    CAKE_OPTION_TEXTS,  /* cake_text_list: "a,b", or given again */
    CAKE_OPTION_WHOLE,  /* int64_t, min .. max */
    CAKE_OPTION_WHOLES, /* cake_int_list: "1,2", each min .. max, none twice */
    CAKE_OPTION_SHARE,  /* double, min .. max: "0.02", "2%" */
    CAKE_OPTION_TIME,   /* double, seconds, min .. max: "0.5", "500ms", "2min" */
    CAKE_OPTION_BYTES,  /* uint64_t: "1000", "512MiB", "8GB" */
    CAKE_OPTION_NAME,   /* int: what `find` makes of a name */
    CAKE_OPTION_NAMES   /* cake_int_list: "a,b", each through `find`, none twice */
} cake_option_kind;

typedef struct cake_option {
    const char *name;     /* "min-time": given as --min-time=X or --min-time X */
    const char *same_as;  /* another spelling ("benchmark_min_time": Google Benchmark's), or NULL */
    const char *argument; /* "TIME", for the help; NULL for flags */
    const char *meaning;  /* one sentence, with the default */
    cake_option_kind kind;
    size_t offset;                 /* in the command's struct */
    double min, max;               /* both included */
    int (*find)(const char *name); /* of NAME and NAMES: below 0 if there is none of that name */
    const char *const *names;      /* of those: what to suggest; NULL-terminated */
    bool with_resume; /* says nothing of what is measured: may be said anew where a run is gone on with */
} cake_option;

/* A titled part of a command's options; `options` ends with name NULL. */
typedef struct cake_option_group {
    const char *title;
    const cake_option *options;
} cake_option_group;

/* Read the words after the verb into `values`, and what is no option into `rest`; "--" ends the options. `groups`
 * ends with title NULL. An option given twice is refused unless it is a list. CAKE_E_USAGE: "expected ..., found
 * ...". What was read until then is in `values` and `rest` and must be freed in any case. */
cake_status cake_options_parse(const cake_option_group *groups, int argc, char *const *argv, void *values,
                               cake_text_list *rest, cake_error *error);

/* The option that a word of the command line names, with or without "=value"; NULL if none. *n_words: how many words
 * it takes, with its value. */
const cake_option *cake_option_of(const cake_option_group *groups, const char *word, int *n_words);

/* Free the texts and lists of `values`. */
void cake_options_free(const cake_option_group *groups, void *values);

/* A table for the help: title, then name and meaning of each option. */
void cake_options_print(const cake_option_group *groups, FILE *out);

cake_status cake_text_list_add(cake_text_list *list, const char *text, size_t length, cake_error *error);
void cake_text_list_free(cake_text_list *list);
cake_status cake_int_list_add(cake_int_list *list, int item, cake_error *error);
void cake_int_list_free(cake_int_list *list);

/* "500ms" in seconds, "8GB" in bytes (k, M, G, T: powers of 1000; Ki, Mi, Gi, Ti: of 1024); false if it is none. */
bool cake_parse_share(const char *text, double *share); /* "0.02", "2%" */
bool cake_parse_time(const char *text, double *seconds);
bool cake_parse_bytes(const char *text, uint64_t *bytes);

#endif
