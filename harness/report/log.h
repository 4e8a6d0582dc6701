/* A file that grows by whole, synced blocks: what the journal keeps its rows in. */
#ifndef LAYERCAKE_REPORT_LOG_H
#define LAYERCAKE_REPORT_LOG_H

#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

typedef struct cake_log {
    int fd;     /* -1: not open */
    off_t safe; /* bytes that are written and synced */
    char *path; /* for messages */
} cake_log;

#define CAKE_LOG_CLOSED ((cake_log){.fd = -1})

/* Open `folder`/`name` for reading and writing; `flags` are 0, O_CREAT or O_CREAT | O_EXCL. No byte counts as safe
 * yet. CAKE_E_USAGE: it is there and should not be, or the reverse; CAKE_E_IO; CAKE_E_MEMORY. */
cake_status cake_log_open(cake_log *log, const char *folder, const char *name, int flags, cake_error *error);

/* Lock it against other processes until it is closed. CAKE_E_USAGE: another has the lock. */
cake_status cake_log_lock(cake_log *log, cake_error *error);

/* Empty it and write its first block. */
cake_status cake_log_start(cake_log *log, const char *header, cake_error *error);

/* Cut it to its first `valid` bytes, which are safe from then on. */
cake_status cake_log_cut(cake_log *log, size_t valid, cake_error *error);

/* Append a block: one write, then fdatasync. 0; or errno, with the file cut back to the safe bytes. After an errno
 * nothing more should be written: a failed sync is not mended by another. */
int cake_log_append(cake_log *log, const char *data, size_t size);

void cake_log_close(cake_log *log);

#endif
