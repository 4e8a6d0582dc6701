/* What is running, for people who wait: a bar on a terminal, a line a row elsewhere, nothing if quiet.
 *
 * It never waits: what a slow reader has no room for is dropped, and a closed reader ends the progress, not the run.
 */
#ifndef LAYERCAKE_REPORT_PROGRESS_H
#define LAYERCAKE_REPORT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "report/schema.h"

typedef struct cake_progress cake_progress;

/* On descriptor `fd` (2: standard error), for `total` cases. NULL if quiet, or out of memory: all functions take it.
 */
cake_progress *cake_progress_new(int fd, size_t total, bool quiet);

/* Some of the cases are done already, of an earlier part of a resumed run: they count, but not for the time left. */
void cake_progress_skip(cake_progress *progress, size_t cases);

/* A case begins, as "avx2 conv2d/direct res2a_branch2b". */
void cake_progress_begin(cake_progress *progress, const char *what);

/* Draw again, so that the time left goes on; at most ten times a second. For loops that wait. */
void cake_progress_tick(cake_progress *progress);

/* The case is done. A terminal shows rows that fail above the bar. */
void cake_progress_done(cake_progress *progress, const cake_row *row);

/* A line of its own, above the bar: a note or a warning. */
void cake_progress_say(cake_progress *progress, const char *text);

/* Remove the bar and free. */
void cake_progress_end(cake_progress *progress);

#endif
