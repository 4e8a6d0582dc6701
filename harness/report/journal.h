/* The journal of a run: results.csv and samples.csv in a folder of their own.
 *
 * A row is safe when cake_journal_append returned CAKE_OK: its samples and its line are written, one write each, and
 * fdatasync returned. Safe rows survive the end of the program at any moment, a full disk and a power cut. What was
 * being written is cut back, at once where a write failed, else when the run is resumed; it is never half there.
 *
 * All functions are for one thread. An append takes milliseconds: call it while nothing is being timed. */
#ifndef LAYERCAKE_REPORT_JOURNAL_H
#define LAYERCAKE_REPORT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "report/rows.h"

typedef struct cake_journal cake_journal;

/* At most one of `out` and `resume` is set. */
typedef struct cake_journal_options {
    const char *root;   /* where a new folder <UTC time>-<host> is made; NULL: "results" */
    const char *out;    /* or: this very folder, made with its parents, which holds no run yet */
    const char *resume; /* or: the folder of a run to go on with */
} cake_journal_options;

/* Make the folder, or recover the one to resume: cut both files back to what is safe. Locks the folder against other
 * writers until the journal is closed or the process ends. `error` has the reason of a failure, or, with CAKE_OK on
 * resuming, what was cut away ("" if nothing).
 * CAKE_E_USAGE: the folder holds a run already, holds none to resume, is another version's or is being written;
 * CAKE_E_IO; CAKE_E_MEMORY. */
cake_status cake_journal_open(cake_journal **journal, const cake_journal_options *options, cake_error *error);

/* Append a row with its samples. Sets `row`, `samples` and, where it is empty, `run` of the row.
 * CAKE_E_IO is final: the journal is cut back to its safe rows and takes no more. The message says how many are safe.
 * CAKE_E_MEMORY: nothing was written, the journal goes on. */
cake_status cake_journal_append(cake_journal *journal, cake_row *row, const cake_sample *samples, size_t n_samples,
                                cake_error *error);

/* The row's case is in the journal (cake_row_key). */
bool cake_journal_has(const cake_journal *journal, const cake_row *row);

/* Point the link `latest` beside the folder at it. cake_journal_open did that already, and is not stopped by a
 * failure; this tells of it. CAKE_NOT_SUPPORTED: a folder made with `out` has no such link. */
cake_status cake_journal_publish(const cake_journal *journal, cake_error *error);

const char *cake_journal_folder(const cake_journal *journal); /* path */
const char *cake_journal_run(const cake_journal *journal);    /* the folder's name */
int64_t cake_journal_rows(const cake_journal *journal);       /* safe ones */

/* Takes NULL. */
void cake_journal_close(cake_journal *journal);

#endif
