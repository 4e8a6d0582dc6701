/* Before a loop of constant bounds: unroll it whole, so that arrays indexed by its counter live in registers. */
#ifndef LAYERCAKE_PLUGINS_COMMON_VEC_UNROLL_H
#define LAYERCAKE_PLUGINS_COMMON_VEC_UNROLL_H

#ifdef __clang__
#define VEC_UNROLL _Pragma("clang loop unroll(full)")
#else
#define VEC_UNROLL _Pragma("GCC unroll 64")
#endif

/* Of a function that keeps a loop's registers to itself. (GCC would make variants of it for constant arguments.) */
#ifdef __clang__
#define VEC_NOINLINE __attribute__((noinline))
#else
#define VEC_NOINLINE __attribute__((noinline, noclone))
#endif

/* Of a function that is part of a kernel's inner loop, called with constants. */
#define VEC_INLINE static inline __attribute__((always_inline))

#endif
