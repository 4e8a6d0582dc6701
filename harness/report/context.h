/* What a run's figures depend on beside its rows: context.json.
 *
 * Two levels, section and key; a value is a text, a number or a list of texts. A failed allocation is remembered and
 * told by cake_context_write. Written at the run's beginning, and again when more is known: each time whole, or not.
 */
#ifndef LAYERCAKE_REPORT_CONTEXT_H
#define LAYERCAKE_REPORT_CONTEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define CAKE_CONTEXT_FILE "context.json"

typedef struct cake_context cake_context;

/* NULL: out of memory. Holds the schema version and how this program was built. */
cake_context *cake_context_new(void);
/* Takes NULL. */
void cake_context_free(cake_context *context);

/* What the system tells without hwloc: host, CPU model, number of CPUs, memory, kernel, distribution, frequency
 * governors (left out where the CPU has none), versions of libc, libcrypto and jansson. */
void cake_context_add_system(cake_context *context);

/* Set one value: ("machine", "l3_bytes", ...). NULL or bytes that are no UTF-8 are made good. */
void cake_context_text(cake_context *context, const char *section, const char *key, const char *text);
void cake_context_integer(cake_context *context, const char *section, const char *key, int64_t value);
void cake_context_real(cake_context *context, const char *section, const char *key, double value);
/* Add to a list of texts, unless it is there. */
void cake_context_append(cake_context *context, const char *section, const char *key, const char *text);

/* The command line, one text an argument, as run.command. */
void cake_context_command(cake_context *context, int argc, char *const *argv);

/* Something to know that is told once a run: ("counters", "no PMU: this is a virtual machine"). Goes to
 * notes.<about>, once. */
void cake_context_note(cake_context *context, const char *about, const char *text);

/* A library that a worker loaded: path, build-id, SHA-256, and each plugin that had it. Once a path; what cannot be
 * read is listed with the reason. */
void cake_context_library(cake_context *context, const char *path, const char *plugin);

/* Write `folder`/context.json. */
cake_status cake_context_write(const cake_context *context, const char *folder, cake_error *error);

/* Read one. CAKE_NOT_FOUND; CAKE_E_USAGE: not such a file, `error` says where; CAKE_E_IO; CAKE_E_MEMORY. */
cake_status cake_context_read(cake_context **context, const char *folder, cake_error *error);

/* The text of a value (NULL: none, or no text); its number (NAN: none). The text lives as long as the context. */
const char *cake_context_get_text(const cake_context *context, const char *section, const char *key);
double cake_context_get_number(const cake_context *context, const char *section, const char *key);

/* The i-th text of a list, NULL: there are not so many. */
const char *cake_context_get_item(const cake_context *context, const char *section, const char *key, size_t i);

/* Visit every value of every section but libraries in the file's order, as text; a list's texts one by one. */
typedef void cake_context_visit(void *user, const char *section, const char *key, const char *text);
void cake_context_walk(const cake_context *context, cake_context_visit *visit, void *user);

#endif
