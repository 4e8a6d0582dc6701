/* Ctrl-C and SIGTERM: noted, and waited for wherever the coordinator waits. */
#ifndef LAYERCAKE_RUN_INTERRUPT_H
#define LAYERCAKE_RUN_INTERRUPT_H

#include <stdbool.h>
#include <stdint.h>

/* Note SIGINT and SIGTERM from now on instead of dying of them; the second one kills. SIGPIPE is ignored. */
void cake_interrupt_watch(void);

bool cake_interrupted(void);

/* CLOCK_MONOTONIC in ns. */
int64_t cake_clock_ns(void);

#endif
