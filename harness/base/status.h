/* What can fail, and how it says so. */
#ifndef LAYERCAKE_BASE_STATUS_H
#define LAYERCAKE_BASE_STATUS_H

/* The one list of statuses: name, value, text. 0 done, > 0 "did not, and touched nothing", < 0 failure. */
#define CAKE_STATUS_LIST(X)                                                                                          \
    X(CAKE_OK, 0, "done")                                                                                            \
    X(CAKE_NOT_SUPPORTED, 1, "not supported")                                                                        \
    X(CAKE_NOT_FOUND, 2, "not found")                                                                                \
    X(CAKE_INTERRUPTED, 3, "interrupted")                                                                            \
    X(CAKE_E_USAGE, -1, "wrong command or file")                                                                     \
    X(CAKE_E_MEMORY, -2, "out of memory")                                                                            \
    X(CAKE_E_IO, -3, "input or output failed")                                                                       \
    X(CAKE_E_WORKER, -4, "the worker process failed")                                                                \
    X(CAKE_E_INTERNAL, -5, "the harness itself failed")

typedef enum cake_status {
#define X(name, value, text) name = (value),
    CAKE_STATUS_LIST(X)
#undef X
} cake_status;

/* "done", ...; never NULL. */
const char *cake_status_text(cake_status status);

/* Exit codes of the program. */
enum {
    CAKE_EXIT_OK = 0,
    CAKE_EXIT_VERDICT = 1,
    CAKE_EXIT_USAGE = 2,
    CAKE_EXIT_HARNESS = 3,
    CAKE_EXIT_INTERRUPTED = 130
};

/* What went wrong, in words: where, what was expected, what was found. Begins empty. */
typedef struct cake_error {
    char text[1024];
} cake_error;

/* Write the message (cut to fit; NULL error: dropped) and return `status`, for `return cake_fail(...)`. */
cake_status cake_fail(cake_error *error, cake_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " before the message that is there. Returns `status`. */
cake_status cake_fail_within(cake_error *error, cake_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
