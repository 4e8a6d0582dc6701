/* An optional interface of the host, for kernels that choose how to compute when they are opened:
 *
 *     const cake_choice *choice = host->extension(host, CAKE_CHOICE);
 *
 * A kernel whose name is "auto" or begins with "auto-" does nothing but open one of its plugin's other kernels of the
 * op. A run leaves such kernels out, whose times the others' rows have already, unless they are asked for by name or
 * with --tune. */
#ifndef LAYERCAKE_CHOICE_H
#define LAYERCAKE_CHOICE_H

#include "layercake/plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CAKE_CHOICE "choice/1"

typedef struct cake_choice {
    uint32_t struct_size;
    /* 1: the user asks (--tune) that `open` measures what it chooses among; it may take a few seconds for it. */
    int32_t measure;
    /* Tell, within `open`, what was chosen, in a few words ("winograd4"): copied, cut after 127 bytes, shown in the
     * row's column `choice`. NULL: nothing. */
    void (*record)(const cake_host *host, const char *text);
    /* What was recorded last in this process, "" if nothing. A kernel is opened several times, always on the same
     * problem: take the same again, so that what is timed is what was checked. Valid until the next record. */
    const char *(*recall)(const cake_host *host);
} cake_choice;

#ifdef __cplusplus
}
#endif
#endif
