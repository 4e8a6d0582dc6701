/* Where the program looks for its files. */
#ifndef LAYERCAKE_PLAN_FOLDERS_H
#define LAYERCAKE_PLAN_FOLDERS_H

#include <stddef.h>

#include "base/status.h"

typedef struct cake_folders {
    char **paths; /* in order of search; some may not exist */
    size_t count;
} cake_folders;

/* The folders named in the environment variable (colons between them, empty ones passed over), then those given
 * relative to the program's own folder (NULL-terminated; a '*' in the last but one part matches as in a shell).
 * CAKE_E_MEMORY. */
cake_status cake_folders_make(const char *variable, const char *const *beside_program, cake_folders *folders,
                              cake_error *error);

void cake_folders_free(cake_folders *folders);

#endif
