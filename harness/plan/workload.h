/* A workload: an op with its parameters fixed. One line of text, the same in a dataset, on the command line, in a CSV
 * row and in a repeat line:
 *
 *     conv2d name=res2a_branch2b count=3 n=1 ic=64 ih=56 iw=56 oc=64 kh=3 kw=3 pad=1
 *
 * The op, then key=value in any order, each key once. The keys are those of the op's table in reference/, and of
 * every op `name` and `count`. A key left out has its default; an alias (`pad`) sets several keys. '#' begins a
 * comment. In place of an op may stand a shorthand: `conv1d` for conv2d on images of one row. */
#ifndef LAYERCAKE_PLAN_WORKLOAD_H
#define LAYERCAKE_PLAN_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "plan/text.h"
#include "reference/reference.h"

enum {
    CAKE_NAME_SIZE = 64,        /* of names, with the NUL */
    CAKE_WORKLOAD_TEXT = 2048,  /* every formatted workload fits */
    CAKE_COUNT_MAX = 1000000000 /* of `count` */
};

typedef struct cake_golden cake_golden; /* plan/golden.h */

/* Another name of an op, with some keys fixed at 1 and others renamed. */
typedef struct cake_shorthand {
    const char *name, *op;
    const char *ones[4];       /* keys that are 1; NULL-terminated */
    const char *renamed[8][2]; /* key as it is written, key of the op; ends with NULL */
} cake_shorthand;

/* Ends with name NULL. */
extern const cake_shorthand cake_shorthands[];

typedef struct cake_workload {
    const cake_op *op;
    void *params;                 /* op->params_size bytes, valid and complete; owned */
    char name[CAKE_NAME_SIZE];    /* "res2a_branch2b", or "" */
    int64_t count;                /* how often the layer occurs in its network, 1 or more */
    char dataset[CAKE_NAME_SIZE]; /* "resnet50", or "" from the command line */
    char *file;                   /* path, or "command line"; owned */
    int line;
    char *comment;       /* the comment lines right above it in a dataset, without '#', a newline after each; or NULL;
                            owned */
    cake_golden *golden; /* published numbers for it, or NULL; owned */
} cake_workload;

/* Read a line of `length` bytes (which may hold any bytes). CAKE_NOT_FOUND: blank or only a comment. CAKE_E_USAGE:
 * "file:line:column: expected ..., found ...". On success *workload is the caller's to free. */
cake_status cake_workload_parse(const char *text, size_t length, const cake_source *source, cake_workload *workload,
                                cake_error *error);

/* Free what it holds; a zeroed one holds nothing. */
void cake_workload_free(cake_workload *workload);

/* The parameters in their one canonical form, "n=1 ic=64 ...": keys in the table's order, without those that a parse
 * would set to the same value anyway, an alias where all it sets are equal. Like snprintf: cuts to fit, returns the
 * length that was needed. CAKE_WORKLOAD_TEXT bytes are enough. */
size_t cake_params_format(const cake_op *op, const void *params, char *buffer, size_t size);

/* "conv2d n=1 ic=64 ...": what repeats it. Likewise. */
size_t cake_workload_format(const cake_workload *workload, char *buffer, size_t size);

/* The same with name and count: a line of a dataset. Likewise. */
size_t cake_workload_format_line(const cake_workload *workload, char *buffer, size_t size);

/* Bytes that checking it takes: every tensor in the dtype, as the kernel sees it, and the reference's doubles (8
 * bytes for each element of an input or constant, 16 for each of an output). UINT64_MAX if that overflows. */
uint64_t cake_workload_memory(const cake_workload *workload, int32_t dtype);

/* Memory that this process may still take: what the system has available, and less in a control group with a limit.
 * UINT64_MAX if the system does not say. */
uint64_t cake_memory_available(void);

/* CAKE_E_USAGE with the size it would take, if that is more than `limit` bytes (0: cake_memory_available). Nothing is
 * allocated. */
cake_status cake_workload_fits(const cake_workload *workload, int32_t dtype, uint64_t limit, cake_error *error);

/* "12.3 GB" (powers of ten). */
void cake_format_bytes(double bytes, char *buffer, size_t size);

#endif
