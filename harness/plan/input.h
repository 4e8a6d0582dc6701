/* Files that a user names: opened with care, and messages that say which. */
#ifndef LAYERCAKE_PLAN_INPUT_H
#define LAYERCAKE_PLAN_INPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "base/status.h"

enum { CAKE_INPUT_BYTES_MAX = 64 << 20 };

/* Open a regular file of sane size to read; a FIFO does not block. `what` it should be ("dataset file") is for the
 * message. CAKE_E_USAGE. */
cake_status cake_input_open(const char *path, const char *what, FILE **file, cake_error *error);

/* All of its bytes, and a NUL after them. The caller's to free. */
cake_status cake_input_read(const char *path, const char *what, char **text, size_t *size, cake_error *error);

bool cake_input_is_there(const char *path);

#endif
