/* What the coordinator and a worker say to each other.
 *
 * A worker is started with descriptors 0 = /dev/null, 1 and 2 = a pipe to the coordinator, and the three below.
 * The coordinator sends one cake_request at a time over the socket and gets exactly one cake_reply. Both are of fixed
 * size; anything of another size, kind or sequence ends the worker. The coordinator believes nothing of a reply
 * that it cannot check.
 *
 * Only inside a timed batch the two meet in shared memory instead (cake_shared.go, stop, done). */
#ifndef LAYERCAKE_WORKER_PROTOCOL_H
#define LAYERCAKE_WORKER_PROTOCOL_H

#include <stdatomic.h>
#include <stdint.h>

#include "layercake/plugin.h"

enum { CAKE_FD_SOCKET = 3, CAKE_FD_PLUGIN = 4, CAKE_FD_SHARED = 5 }; /* the last is closed once it is mapped */

enum {
    CAKE_WIRE_TENSORS = 16,
    CAKE_WIRE_KERNELS = 256,
    CAKE_WIRE_LAYOUTS = 8,
    CAKE_WIRE_PARAMS = 1024, /* bytes of an op's struct */
    CAKE_WIRE_TEXT = 512,
    CAKE_WIRE_CHOICE = 128,
    CAKE_PROBES = 256,        /* a batch's table */
    CAKE_PROBE_OUTPUTS = 4,   /* words looked at after each checked call */
    CAKE_LOG_ENTRIES = 32768, /* newest checked calls of a batch */
    CAKE_BACKTRACE = 32
};

/* ---- requests ---- */

typedef enum cake_request_kind {
    CAKE_REQUEST_LOAD = 1, /* close the sandbox, load the plugin, describe it in cake_shared.plugin */
    CAKE_REQUEST_PREPARE,  /* comes with the arena's descriptor: can_run, open */
    CAKE_REQUEST_CALL,     /* one checked call */
    CAKE_REQUEST_BATCH,    /* timed calls until `stop` */
    CAKE_REQUEST_CLOSE,    /* close the kernel, free its workspace */
    CAKE_REQUEST_QUIT      /* exit(0) after the reply */
} cake_request_kind;

/* Layers of the sandbox, as bits: wanted in a request, in force in the reply. */
enum {
    CAKE_LAYER_NO_NEW_PRIVS = 1 << 0,
    CAKE_LAYER_RLIMITS = 1 << 1,
    CAKE_LAYER_NAMESPACES = 1 << 2,
    CAKE_LAYER_UID = 1 << 3,
    CAKE_LAYER_LANDLOCK = 1 << 4,
    CAKE_LAYER_SECCOMP = 1 << 5,
    CAKE_LAYER_MSEAL = 1 << 6,
    CAKE_LAYERS_ALL = (1 << 7) - 1
};

typedef struct cake_request_load {
    uint32_t layers;       /* CAKE_LAYER_... to apply where the system has them */
    uint32_t threads;      /* granted; limits the number of threads */
    uint64_t memory_bytes; /* limit of the address space that it may take; 0 = none */
    uint64_t cpu_seconds;  /* limit of CPU time; 0 = none */
    uint64_t processes;    /* limit of the user's processes and threads; 0 = none */
    int64_t l1d_bytes, l2_bytes, l3_bytes;
    uint64_t isa;
    char path[CAKE_WIRE_TEXT]; /* of the plugin: to name it, and to load it in place if load_in_place */
    int32_t load_in_place;
    int32_t huge_pages; /* for workspace */
    int32_t tune;       /* 1: kernels that choose are to measure */
    int32_t reserved;
} cake_request_load;

typedef struct cake_wire_tensor {
    int32_t role; /* 0 input, 1 constant, 2 output */
    int32_t reserved;
    cake_tensor tensor;                     /* data NULL */
    uint64_t segment_offset, segment_bytes; /* of the arena; multiples of the page size */
    uint64_t data_offset;                   /* in the segment; of a constant, until it is closed */
} cake_wire_tensor;

typedef struct cake_request_prepare {
    uint32_t kernel; /* index into the plugin's table */
    int32_t dtype, layout, threads;
    uint32_t params_bytes, n_tensors;
    int32_t huge_pages; /* 1: large segments are to lie on huge pages, for timed calls */
    int32_t reserved;
    char op[64];
    unsigned char params[CAKE_WIRE_PARAMS];
    cake_wire_tensor tensors[CAKE_WIRE_TENSORS]; /* inputs, constants, outputs */
} cake_request_prepare;

typedef struct cake_request_call {
    uint64_t data_offset[CAKE_WIRE_TENSORS]; /* of each tensor's data in its segment */
    uint32_t counted;                        /* 1: through cake_counted_call, for Valgrind */
    uint32_t reserved;
} cake_request_call;

typedef enum cake_batch_mode {
    CAKE_BATCH_WARM,  /* calls until `stop` */
    CAKE_BATCH_SINGLE /* one call a `go` */
} cake_batch_mode;

typedef enum cake_evict {
    CAKE_EVICT_NOTHING,
    CAKE_EVICT_ALL,    /* tensors, workspace, everything else that fits the caches */
    CAKE_EVICT_WEIGHTS /* then read the inputs in again */
} cake_evict;

typedef struct cake_request_batch {
    uint64_t data_offset[CAKE_WIRE_TENSORS];
    uint64_t seed;
    uint32_t mode, evict; /* evict: single mode only */
    uint32_t check_every; /* every how many calls one is probed, >= 1 */
    uint32_t n_probes;    /* 1 .. CAKE_PROBES in cake_shared.probes */
    uint32_t noop;        /* 1: call a function that does nothing instead, for the loop's own cost */
    uint32_t reserved;
} cake_request_batch;

typedef struct cake_request {
    uint32_t kind;
    uint32_t sequence; /* counts up; the reply repeats it */
    union {
        cake_request_load load;
        cake_request_prepare prepare;
        cake_request_call call;
        cake_request_batch batch;
    };
} cake_request;

/* ---- replies ---- */

/* What a worker reports of a request, beside what the plugin's function returned. */
typedef enum cake_outcome {
    CAKE_OUTCOME_DONE = 0,
    CAKE_OUTCOME_UNSUPPORTED,  /* can_run or open said so: text */
    CAKE_OUTCOME_FAILED,       /* open, run said so: `returned`, text */
    CAKE_OUTCOME_LOAD_ERROR,   /* dlopen, dlsym, NULL table: text */
    CAKE_OUTCOME_ABI_MISMATCH, /* text */
    CAKE_OUTCOME_NO_ISA,       /* the CPU lacks what the plugin needs: text */
    CAKE_OUTCOME_WORKER        /* the worker itself failed: text */
} cake_outcome;

/* What the call left behind, as bits. */
enum {
    CAKE_LEFT_REGISTERS = 1 << 0,   /* callee-saved */
    CAKE_LEFT_DIRECTION = 1 << 1,   /* direction flag set */
    CAKE_LEFT_X87 = 1 << 2,         /* x87 stack not empty */
    CAKE_LEFT_MXCSR = 1 << 3,       /* rounding, flush to zero, masks */
    CAKE_LEFT_X87_CONTROL = 1 << 4, /* precision, rounding */
    CAKE_LEFT_AFFINITY = 1 << 5,
    CAKE_LEFT_AVX_UPPER = 1 << 6, /* no vzeroupper: slow, not wrong */
    CAKE_LEFT_SIGNAL_MASK = 1 << 7
};

typedef struct cake_reply {
    uint32_t kind, sequence;
    int32_t outcome;     /* cake_outcome */
    int32_t returned;    /* by the plugin */
    uint32_t left;       /* CAKE_LEFT_... */
    uint32_t layers;     /* LOAD: in force */
    uint32_t huge_pages; /* PREPARE: 1 if all large segments lie on huge pages as asked */
    uint32_t reserved;
    uint64_t calls;                      /* BATCH: calls made */
    uint64_t workspace_bytes;            /* PREPARE: taken from the host, at most at one time */
    uint64_t heap_bytes;                 /* in use by malloc */
    uint64_t address[CAKE_WIRE_TENSORS]; /* PREPARE: of each segment, for faults to be named after tensors */
    char text[CAKE_WIRE_TEXT];
    char choice[CAKE_WIRE_CHOICE]; /* PREPARE: what the kernel recorded */
} cake_reply;

/* ---- shared memory ---- */

typedef struct cake_wire_kernel {
    char op[64], name[64];
    int32_t accuracy;
    uint32_t n_layouts;
    int32_t layouts[CAKE_WIRE_LAYOUTS];
    uint32_t min_align, max_threads, overread, reserved;
    double reduction;
} cake_wire_kernel;

typedef struct cake_wire_plugin {
    char name[64], version[128], description[256], license[64];
    uint64_t isa;
    uint32_t abi_major, abi_minor, n_kernels, reserved;
    cake_wire_kernel kernels[CAKE_WIRE_KERNELS];
} cake_wire_plugin;

/* One input word to change before a call, and the output words to poison before and to log after it. */
typedef enum cake_probe_kind {
    CAKE_PROBE_SIGNED,   /* +-[1, 2) */
    CAKE_PROBE_POSITIVE, /* [1, 2) */
    CAKE_PROBE_INDEX     /* 0 .. limit - 1 */
} cake_probe_kind;

typedef struct cake_probe_word {
    uint64_t offset; /* in bytes, from the tensor's data */
    uint16_t tensor; /* index into the request's tensors */
    uint16_t reserved;
    int32_t dtype;
} cake_probe_word;

typedef struct cake_probe {
    cake_probe_word input, output[CAKE_PROBE_OUTPUTS];
    uint32_t kind, reserved;
    int64_t limit;
} cake_probe;

/* The first fault of the worker, written by its signal handler. */
typedef struct cake_fault {
    _Atomic uint32_t written;          /* 0; 1 being written; 2 complete */
    int32_t signal, code, system_call; /* of SIGSYS */
    uint64_t address, instruction, stack;
    uint64_t error_code; /* of a page fault: bit 1 = a write */
    uint32_t n_frames, reserved;
    uint64_t frames[CAKE_BACKTRACE]; /* return addresses, innermost first */
    uint64_t plugin_base;            /* where the plugin is mapped */
} cake_fault;

typedef struct cake_shared {
    _Alignas(128) _Atomic uint32_t go;    /* the coordinator: begin (counts up in single mode) */
    _Alignas(128) _Atomic uint32_t stop;  /* the coordinator: end the batch after this call */
    _Alignas(128) _Atomic uint32_t done;  /* the worker: the batch (or the single call number) has ended */
    _Alignas(128) _Atomic uint32_t ready; /* the worker: single call number staged */
    _Alignas(128) cake_fault fault;
    cake_wire_plugin plugin;
    cake_probe probes[CAKE_PROBES];
    uint64_t log[CAKE_LOG_ENTRIES][CAKE_PROBE_OUTPUTS]; /* checked call i at i % CAKE_LOG_ENTRIES, zero-extended */
} cake_shared;

/* ---- what both sides compute alike ---- */

/* The next checked call's draw. */
static inline uint64_t cake_probe_draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint32_t cake_probe_choose(uint64_t draw, uint32_t n_probes)
{
    return (uint32_t)(((draw & 0xffffffff) * n_probes) >> 32);
}

/* The bits of the new input word, zero-extended. */
static inline uint64_t cake_probe_value(const cake_probe *probe, uint64_t draw)
{
    uint32_t random = (uint32_t)(draw >> 32);
    uint32_t sign = probe->kind == CAKE_PROBE_SIGNED ? random >> 31 : 0;

    switch (probe->input.dtype) {
    case CAKE_F32:
        return sign << 31 | 0x3f800000u | (random & 0x7fffffu);
    case CAKE_BF16:
        return sign << 15 | 0x3f80u | (random & 0x7fu);
    case CAKE_F16:
        return sign << 15 | 0x3c00u | (random & 0x3ffu);
    case CAKE_F64:
        return (uint64_t)sign << 63 | UINT64_C(0x3ff0000000000000) | (uint64_t)(random & 0xfffffu) << 32;
    default:
        return (random & 0x7fffffffu) % (uint64_t)(probe->limit > 0 ? probe->limit : 64);
    }
}

#endif
