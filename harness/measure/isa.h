/* Which instruction sets this CPU and its system offer, as the CAKE_ISA_... bits of layercake/plugin.h.
 * A library of its own (cake_isa), which needs only libc: the worker uses it too. */
#ifndef LAYERCAKE_MEASURE_ISA_H
#define LAYERCAKE_MEASURE_ISA_H

#include <stddef.h>
#include <stdint.h>

/* What this process may use. Asks the system for AMX where the CPU has it, which is granted to a process, so call it
 * in the one that needs it, before it starts threads. One file an architecture. */
uint64_t cake_isa_detect(void);

/* "avx2 avx512", "none": for people. Returns `text`, cut to fit. */
const char *cake_isa_text(uint64_t isa, char *text, size_t size);

#endif
