/* Files that are whole or not there. */
#ifndef LAYERCAKE_REPORT_FILES_H
#define LAYERCAKE_REPORT_FILES_H

#include <stddef.h>

#include "base/status.h"

/* Read a regular file of at most `limit` bytes. *data is the caller's, with a NUL behind its *size bytes.
 * CAKE_NOT_FOUND: there is none; CAKE_E_USAGE: it is no regular file, or larger; CAKE_E_IO; CAKE_E_MEMORY. */
cake_status cake_file_read(const char *path, size_t limit, char **data, size_t *size, cake_error *error);

/* The same from a descriptor, from its first byte on; `path` is for messages. */
cake_status cake_file_read_fd(int fd, const char *path, size_t limit, char **data, size_t *size, cake_error *error);

/* Make the file `folder`/`name` with this content, or leave what was there: temporary file, fsync, rename, fsync of
 * the folder. */
cake_status cake_file_replace(const char *folder, const char *name, const char *data, size_t size, cake_error *error);

/* CAKE_E_USAGE for an errno that a wrongly chosen path brings (no such folder, not allowed, ...), else CAKE_E_IO. */
cake_status cake_file_status(int error_number);

/* fsync a folder, so that names made in it last. */
cake_status cake_folder_sync(const char *folder, cake_error *error);

/* write() until all is written. 0, or errno. */
int cake_write_all(int fd, const char *data, size_t size);

#endif
