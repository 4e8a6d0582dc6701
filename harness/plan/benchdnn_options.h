/* benchdnn's options, and what each is to us. */
#ifndef LAYERCAKE_PLAN_BENCHDNN_OPTIONS_H
#define LAYERCAKE_PLAN_BENCHDNN_OPTIONS_H

#include "plan/text.h"

/* Options that decide what a problem is. The order is that of the first rows of cake_benchdnn_options. */
typedef enum cake_benchdnn_key {
    CAKE_BENCHDNN_DIR,
    CAKE_BENCHDNN_PROP,
    CAKE_BENCHDNN_DT,
    CAKE_BENCHDNN_CFG,
    CAKE_BENCHDNN_SDT,
    CAKE_BENCHDNN_DDT,
    CAKE_BENCHDNN_BIA_DT,
    CAKE_BENCHDNN_BIA_MASK,
    CAKE_BENCHDNN_ALG,
    CAKE_BENCHDNN_FLAGS,
    CAKE_BENCHDNN_MB,
    CAKE_BENCHDNN_AXIS,
    CAKE_BENCHDNN_L,
    CAKE_BENCHDNN_T,
    CAKE_BENCHDNN_DIRECTION,
    CAKE_BENCHDNN_ACTIVATION,
    CAKE_BENCHDNN_PEEPHOLE,
    CAKE_BENCHDNN_PROJECTION,
    CAKE_BENCHDNN_KEYS
} cake_benchdnn_key;

typedef enum cake_benchdnn_kind {
    CAKE_BENCHDNN_IS_KEY,   /* decides what a problem is */
    CAKE_BENCHDNN_FOREIGN,  /* no kernel here has it, unless its value is neutral */
    CAKE_BENCHDNN_HARMLESS, /* of how benchdnn runs and lays out memory */
    CAKE_BENCHDNN_BATCH,
    CAKE_BENCHDNN_RESET,
    CAKE_BENCHDNN_MATCH
} cake_benchdnn_kind;

enum { CAKE_BENCHDNN_OPTIONS_MAX = 96 };

typedef struct cake_benchdnn_option {
    const char *name; /* without "--"; '-' and '_' are the same */
    cake_benchdnn_kind kind;
} cake_benchdnn_option;

/* Ends with name NULL. */
extern const cake_benchdnn_option cake_benchdnn_options[];

/* The option of a word "--name..." whose name has `length` bytes. CAKE_E_USAGE: there is none, with the nearest. */
cake_status cake_benchdnn_find_option(const cake_word *word, size_t length, const cake_source *source, int *found,
                                      cake_error *error);

#endif
