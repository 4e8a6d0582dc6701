/* A worker process, as the coordinator holds it: started, asked, watched, diagnosed. */
#ifndef LAYERCAKE_RUN_PROCESS_H
#define LAYERCAKE_RUN_PROCESS_H

#include <pthread.h>
#include <sys/types.h>

#include "base/status.h"
#include "measure/topology.h"
#include "plan/plugin_info.h"
#include "run/arena.h"
#include "run/finding.h"
#include "run/vet.h"
#include "worker/protocol.h"

/* What is the same for all workers of a run. */
typedef struct cake_worker_settings {
    const char *program;          /* path of layercake-worker, or of what runs it */
    const char *const *arguments; /* the program's, with its name, up to NULL; NULL: just a name */
    int patience_ms;              /* how long a worker that was asked to quit may take */
    int64_t timeout_ns;           /* of each request */
    uint64_t memory_bytes;        /* limit of a worker's address space; 0 = none */
    uint64_t cpu_seconds;         /* limit of a worker's CPU time for each thread granted; 0 = none */
    uint32_t layers;              /* CAKE_LAYER_... of the sandbox */
    uint64_t processes;           /* limit of the worker's user's processes and threads; 0 = none */
    uint64_t isa;
    bool load_in_place, huge_pages, tune;
    bool in_process; /* the worker is a thread of this process, for debuggers: nothing is guarded, limited, timed out
                      */
    bool paranoid;   /* time single calls, each on values of its own, and check all of each */
} cake_worker_settings;

typedef struct cake_process {
    const cake_worker_settings *settings;
    const cake_plugin_file_image *image;
    const char *path; /* the plugin's */
    pid_t pid;        /* 0: none, or a thread; its own process group */
    pthread_t thread;
    bool has_thread;
    int thread_socket, thread_plugin;
    int socket; /* -1: none */
    int output; /* what the plugin prints comes here */
    cake_shared *shared;
    const cake_placement *placement;
    uint32_t sequence;
    uint32_t layers;         /* of the sandbox, in force */
    bool killed;             /* by us, after a timeout */
    bool silent;             /* by us, since it neither answered nor ended */
    bool stuck;              /* the system would not let us hold it or let it go on */
    const cake_arena *arena; /* to name a fault's place; NULL before it is prepared */
    uint64_t address[CAKE_WIRE_TENSORS];
    char *printed; /* the beginning of what the plugin printed; owned; NULL: nothing */
} cake_process;

/* Start a worker bound to the placement's cores, one a thread: it waits, idle, to be told to load the plugin whose
 * image it has. */
bool cake_process_launch(cake_process *process, const cake_worker_settings *settings, const cake_placement *placement,
                         const cake_plugin_file_image *image, cake_finding *finding);

/* Have it close its sandbox and load the plugin. False: the
 * finding says why (load-error, crash, timeout, ...; harness-error where it is our fault). To be ended in any case.
 */
bool cake_process_load(cake_process *process, const cake_placement *placement, const char *path,
                       cake_finding *finding);

/* Send a request, with a descriptor unless that is -1. */
bool cake_process_send(cake_process *process, cake_request *request, int descriptor, cake_finding *finding);

/* Wait for the reply until the deadline (cake_clock_ns). False: the finding says what happened to the worker, which
 * has ended. */
bool cake_process_receive(cake_process *process, cake_reply *reply, int64_t deadline_ns, cake_finding *finding);

/* Both, with the settings' timeout. */
bool cake_process_ask(cake_process *process, cake_request *request, int descriptor, cake_reply *reply,
                      cake_finding *finding);

/* Wait at most until `until_ns` for a reply to be there, without taking it. True if it is, or the worker is gone. */
bool cake_process_wait(cake_process *process, int64_t until_ns);

/* End it at once and find out how it ended: `what` was going on ("run"). Leaves the verdict in the finding. */
void cake_process_diagnose(cake_process *process, const char *what, bool timed_out, cake_finding *finding);

/* Hold all its threads, and let them go on. */
void cake_process_hold(cake_process *process);
void cake_process_release(cake_process *process);

/* CPU time of all its threads in ns, also ended ones; -1 if unknown. */
int64_t cake_process_cpu_ns(const cake_process *process);

/* End it, in good order if it still answers, and free everything. */
void cake_process_end(cake_process *process);

#endif
