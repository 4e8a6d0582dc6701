/* Verdicts: one word for what a check says of a case. One table gives word, meaning and weight. */
#ifndef LAYERCAKE_CHECK_VERDICT_H
#define LAYERCAKE_CHECK_VERDICT_H

#include <stdbool.h>

/* name, word, whether it fails the run (exit 1), meaning */
#define CAKE_VERDICT_LIST(X)                                                                                         \
    X(CAKE_V_OK, "ok", false, "right within its bounds and well behaved")                                            \
    X(CAKE_V_UNSUPPORTED, "unsupported", false, "the kernel says that it cannot do this workload")                   \
    X(CAKE_V_MISMATCH, "mismatch", true, "an output element is outside of its error bound")                          \
    X(CAKE_V_STALE_OUTPUT, "stale-output", true, "an output element was not written by the call")                    \
    X(CAKE_V_LATE_WRITE, "late-write", true, "outputs changed after the call had returned")                          \
    X(CAKE_V_NONDETERMINISTIC, "nondeterministic", true, "the same inputs gave other bits")                          \
    X(CAKE_V_INPUT_MODIFIED, "input-modified", true, "the kernel changed its inputs or constants")                   \
    X(CAKE_V_OOB_WRITE, "oob-write", true, "wrote outside of a tensor")                                              \
    X(CAKE_V_OOB_READ, "oob-read", true, "read outside of a tensor")                                                 \
    X(CAKE_V_FPENV_CHANGED, "fpenv-changed", true, "left another rounding mode or flush-to-zero behind")             \
    X(CAKE_V_ABI_CLOBBER, "abi-clobber", true, "broke the calling convention (registers, direction flag, x87)")      \
    X(CAKE_V_AFFINITY_CHANGED, "affinity-changed", true, "moved itself to other cores")                              \
    X(CAKE_V_CRASH, "crash", true, "died of a signal")                                                               \
    X(CAKE_V_EXITED, "exited", true, "ended its process")                                                            \
    X(CAKE_V_TIMEOUT, "timeout", true, "did not end in time")                                                        \
    X(CAKE_V_LEAK, "leak", true, "memory, maps, threads or descriptors grow from call to call")                      \
    X(CAKE_V_OOM, "oom", true, "was killed for the memory it took")                                                  \
    X(CAKE_V_ERROR, "error", true, "returned an error")                                                              \
    X(CAKE_V_ABI_MISMATCH, "abi-mismatch", true, "built for another version of the plugin ABI")                      \
    X(CAKE_V_LOAD_ERROR, "load-error", true, "cannot be loaded")                                                     \
    X(CAKE_V_UNSAFE_FILE, "unsafe-file", true, "the plugin's file could be changed by others, or is no plain file")  \
    X(CAKE_V_SANDBOX_VIOLATION, "sandbox-violation", true, "did what the sandbox forbids")                           \
    X(CAKE_V_IMPOSSIBLE, "impossible", true, "faster than this machine can be")                                      \
    X(CAKE_V_THREADS_EXCEEDED, "threads-exceeded", true, "used more cores than it was granted")                      \
    X(CAKE_V_HARNESS_ERROR, "harness-error", true, "the harness failed; says nothing of the kernel")

typedef enum cake_verdict {
#define X(name, word, fails, meaning) name,
    CAKE_VERDICT_LIST(X)
#undef X
        CAKE_VERDICT_COUNT
} cake_verdict;

typedef struct cake_verdict_info {
    const char *word;
    bool fails;
    const char *meaning;
} cake_verdict_info;

/* Indexed by cake_verdict. */
extern const cake_verdict_info cake_verdicts[CAKE_VERDICT_COUNT];

/* The verdict of that word, or CAKE_VERDICT_COUNT. */
cake_verdict cake_verdict_find(const char *word);

#endif
