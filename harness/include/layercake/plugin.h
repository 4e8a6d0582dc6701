/* The contract between Layercake and a plugin, major version 1.
 *
 * A plugin is a shared object that exports one function, `cake_plugin_v1`. It includes this header
 * and links nothing of ours. plugins/template is one to copy.
 *
 * Growth: every struct that crosses by pointer begins with `struct_size`, set to CAKE_SIZE_THROUGH the last
 * member its writer knows. Members are only appended, within a major version; a reader looks at a member
 * only if CAKE_HAS it. A new major version has a new entry function.
 *
 * Life of a kernel, all in one process that runs nothing else and is already pinned to the cores granted:
 *     can_run -> open -> run, run, ... -> close
 * all called from one thread. Only `run` is timed. */
#ifndef LAYERCAKE_PLUGIN_H
#define LAYERCAKE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#include "layercake/ops.h"
#include "layercake/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CAKE_ABI_MAJOR 1
#define CAKE_ABI_MINOR 0

#define CAKE_SIZE_THROUGH(type, last) ((uint32_t)(offsetof(type, last) + sizeof(((type *)0)->last)))
#define CAKE_HAS(object, type, member) ((object)->struct_size >= CAKE_SIZE_THROUGH(type, member))

/* What a call into a plugin returns. Other negative values are failures too. */
enum {
    CAKE_DONE = 0,
    CAKE_UNSUPPORTED = 1, /* cannot, and touched nothing; never counts as a pass */
    CAKE_FAILED = -1,
    CAKE_NO_MEMORY = -2
};

/* Instruction sets, as bits: of a CPU (what it and its system offer), or of a plugin (what it needs). */
#define CAKE_ISA_AVX2 (UINT64_C(1) << 0)        /* AVX2, FMA, F16C, BMI1 and BMI2 */
#define CAKE_ISA_AVX512 (UINT64_C(1) << 1)      /* AVX-512 F, BW, CD, DQ, VL */
#define CAKE_ISA_AVX512_BF16 (UINT64_C(1) << 2) /* bf16 dot products */
#define CAKE_ISA_AVX512_VNNI (UINT64_C(1) << 3) /* int8 dot products */
#define CAKE_ISA_AMX (UINT64_C(1) << 4)         /* AMX tile, bf16, int8; granted to the process */
#define CAKE_ISA_NEON (UINT64_C(1) << 32)

/* How exact a kernel claims to be. Its class chooses the error that the check allows. */
enum {
    CAKE_EXACT = 0,    /* does no rounding: moves, comparisons */
    CAKE_STANDARD = 1, /* the operations of the definition, in any order of summation */
    CAKE_FAST = 2 /* fewer operations by algebra (as Winograd's, Strassen's): a larger error, derived in reference/ */
};

/* A workload as a kernel sees it. Tensors have no data yet. Valid until the call returns. */
typedef struct cake_problem {
    uint32_t struct_size;
    int32_t dtype;      /* of the op's main tensors */
    const char *op;     /* "conv2d" */
    const void *params; /* the op's struct in ops.h, complete */
    int32_t threads;    /* granted, 1 or more: as many cores are in the process's affinity mask */
    int32_t layout;     /* of image tensors: one of the kernel's `layouts`; CAKE_PLAIN for ops without images */
    uint32_t n_inputs, n_constants, n_outputs;
    uint32_t reserved;
    const cake_tensor *const *inputs;
    const cake_tensor *const *constants;
    const cake_tensor *const *outputs;
} cake_problem;

/* What the host offers. Valid for the life of the process. Not to be called inside `run`. */
typedef struct cake_host cake_host;
struct cake_host {
    uint32_t struct_size;
    uint32_t abi_major, abi_minor;
    uint32_t reserved;
    uint64_t isa; /* CAKE_ISA_... of this CPU and system */
    /* Data caches in bytes, 0 where unknown: a core's first and second level, and the last level that the
     * granted cores share. */
    int64_t l1d_bytes, l2_bytes, l3_bytes;
    /* Workspace, zeroed, aligned to `align` (a power of two up to 2 MiB), counted in the row as
     * workspace_bytes. NULL when the limit is reached. The host frees what is left after `close`. */
    void *(*alloc)(const cake_host *host, uint64_t size_bytes, uint64_t align);
    void (*free)(const cake_host *host, void *memory);
    /* Why the call that is about to return CAKE_UNSUPPORTED or a failure does so; copied, shown in the row. */
    void (*explain)(const cake_host *host, const char *text);
    /* A named optional interface with its revision in the name, or NULL: "choice/1" (layercake/choice.h). */
    const void *(*extension)(const cake_host *host, const char *name);
};

/* One way to compute one op. */
typedef struct cake_kernel cake_kernel;
struct cake_kernel {
    uint32_t struct_size;
    int32_t accuracy; /* CAKE_EXACT, CAKE_STANDARD, CAKE_FAST */
    const char *op;   /* "conv2d" */
    const char *name; /* "direct": lower case, digits, '_' and '-'; unique within plugin and op */
    /* Layouts of image tensors that it accepts, preferred first; none: CAKE_NCHW for ops with images. Where can_run or
     * open refuses one, the next is tried. */
    const int32_t *layouts;
    uint32_t n_layouts;
    uint32_t min_align;   /* of every tensor's data, in bytes: a power of two, 4 .. 64; 0 = 64 */
    uint32_t max_threads; /* 0 = any number; 1 = single-threaded: other cases are unsupported */
    uint32_t overread;    /* bytes past the end of an input that it may read (never use), at most 64; 0 = none */
    /* By which factor the algorithm needs fewer multiplications than the definition (Winograd F(2x2,3x3):
     * 2.25); 1 or 0 = by none. A time above the machine's peak is believed up to this factor. */
    double reduction;
    const void *data; /* the plugin's own, so that one function can serve several kernels */
    /* Can it? CAKE_DONE or CAKE_UNSUPPORTED with a reason through host->explain. Cheap: no allocation. */
    int32_t (*can_run)(const cake_kernel *kernel, const cake_problem *problem, const cake_host *host);
    /* Prepare: pack weights, make plans, take workspace, start threads. Not timed; recorded as setup_ns.
     * `constants` have data that stay valid and unchanged until `close`. Sets *ctx, which is the plugin's. */
    int32_t (*open)(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                    const cake_host *host, void **ctx);
    /* Compute all outputs from the inputs; the only timed call. Addresses may differ from call to call.
     * Inputs are read-only. CAKE_DONE, or a failure. */
    int32_t (*run)(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs);
    /* Release the ctx of a successful `open`. */
    void (*close)(void *ctx);
};

/* A plugin: static, constant data. */
typedef struct cake_plugin {
    uint32_t struct_size;
    uint32_t abi_major, abi_minor; /* CAKE_ABI_MAJOR, CAKE_ABI_MINOR of the headers it was built with */
    uint32_t n_kernels;
    const char *name;        /* "avx2": lower case, digits, '_' and '-' */
    const char *version;     /* its own, and its library's where it wraps one */
    const char *description; /* one line */
    const char *license;     /* SPDX identifier */
    uint64_t isa;            /* CAKE_ISA_... that it needs; looked at before any other call into it */
    const cake_kernel *const *kernels;
} cake_plugin;

#if defined(_WIN32)
#define CAKE_EXPORT __declspec(dllexport)
#else
#define CAKE_EXPORT __attribute__((visibility("default")))
#endif

/* The entry. Must itself run on any CPU of its architecture. Returns the plugin's table, or NULL to refuse
 * (with the reason through host->explain). The negotiated minor version is the smaller of the two. */
CAKE_EXPORT const cake_plugin *cake_plugin_v1(const cake_host *host);

#ifdef __cplusplus
}
#endif
#endif
