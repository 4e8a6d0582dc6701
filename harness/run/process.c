#include "run/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/diagnosis.h"
#include "run/interrupt.h"
#include "worker/serve.h"

enum { PRINTED_BYTES = 4096, PIPE_BYTES = 65536 };

/* ---- starting ---- */

/* Nothing of the user's environment but what the dynamic loader and the threading runtimes need to behave the same
 * everywhere. The number of threads is said to every runtime in the way it knows. */
static char **environment(int threads)
{
    static const char *const kept[] = {"LD_LIBRARY_PATH", "LC_ALL", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"};
    static const char *const counted[] = {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS",
                                          "MKL_NUM_THREADS"};
    enum { KEPT = sizeof kept / sizeof *kept, COUNTED = sizeof counted / sizeof *counted };
    char **list = calloc(KEPT + COUNTED + 4, sizeof *list);
    size_t used = 0;
    bool good = list != NULL;

    for (size_t i = 0; good && i < KEPT; i++) {
        const char *value = getenv(kept[i]);

        if (value)
            good = asprintf(&list[used++], "%s=%s", kept[i], value) > 0;
    }
    for (size_t i = 0; good && i < COUNTED; i++)
        good = asprintf(&list[used++], "%s=%d", counted[i], threads) > 0;
    good = good && asprintf(&list[used++], "OMP_DYNAMIC=FALSE") > 0 &&
           asprintf(&list[used++], "PATH=/usr/bin:/bin") > 0 && asprintf(&list[used++], "HOME=/nonexistent") > 0;
    if (good)
        return list;
    free(list);
    return NULL;
}

static void free_environment(char **list)
{
    for (char **at = list; at && *at; at++)
        free(*at);
    free(list);
}

/* Descriptor numbers above those that the worker gets, so that dup2 never meets its own source. */
static int move_up(int descriptor)
{
    int moved = descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 64);

    if (descriptor >= 0)
        close(descriptor);
    return moved;
}

static int spawn(cake_process *process, const char *program, int socket, int shared, int output, int image,
                 int threads)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    static const char *const plain[] = {"layercake-worker", NULL};
    const char *const *arguments = process->settings->arguments ? process->settings->arguments : plain;
    char **variables = environment(threads);
    int error = ENOMEM;

    if (!variables || posix_spawn_file_actions_init(&actions) != 0)
        goto out;
    if (posix_spawnattr_init(&attributes) != 0)
        goto out_actions;
    sigfillset(&all);
    sigemptyset(&none);
    if ((error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, output, 1)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, output, 2)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, socket, CAKE_FD_SOCKET)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, shared, CAKE_FD_SHARED)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, image, CAKE_FD_PLUGIN)) == 0 &&
        (error = posix_spawn_file_actions_addclosefrom_np(&actions, CAKE_FD_SHARED + 1)) == 0 &&
        (error = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (error = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (error = posix_spawnattr_setpgroup(&attributes, 0)) == 0 &&
        (error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETPGROUP)) == 0)
        error = posix_spawn(&process->pid, program, &actions, &attributes, (char *const *)(uintptr_t)arguments,
                            variables);
    posix_spawnattr_destroy(&attributes);
out_actions:
    posix_spawn_file_actions_destroy(&actions);
out:
    free_environment(variables);
    if (error)
        process->pid = 0;
    return error;
}

static bool open_channels(cake_process *process, int *socket_end, int *shared, int *output_end)
{
    int pair[2] = {-1, -1}, pipes[2] = {-1, -1};

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return false;
    process->socket = pair[0];
    *socket_end = move_up(pair[1]);
    if (pipe2(pipes, O_CLOEXEC | O_NONBLOCK) != 0)
        return false;
    process->output = pipes[0];
    *output_end = move_up(pipes[1]);
    fcntl(process->output, F_SETPIPE_SZ, PIPE_BYTES);
    *shared = move_up(memfd_create("shared", MFD_CLOEXEC));
    if (*socket_end < 0 || *output_end < 0 || *shared < 0 || ftruncate(*shared, sizeof *process->shared) != 0)
        return false;
    process->shared = mmap(NULL, sizeof *process->shared, PROT_READ | PROT_WRITE, MAP_SHARED, *shared, 0);
    if (process->shared == MAP_FAILED) {
        process->shared = NULL;
        return false;
    }
    return true;
}

static void close_all(cake_process *process)
{
    if (process->has_thread) {
        /* It ends when its channel does, if it was not asked to before. */
        shutdown(process->socket, SHUT_WR);
        pthread_join(process->thread, NULL);
        process->has_thread = false;
    }
    if (process->socket >= 0)
        close(process->socket);
    if (process->output >= 0)
        close(process->output);
    if (process->shared)
        munmap(process->shared, sizeof *process->shared);
    process->socket = process->output = -1;
    process->shared = NULL;
}

static void *serve_here(void *user)
{
    cake_process *process = user;

    cake_placement_bind(process->placement, 0, NULL);
    cake_serve(process->thread_socket, process->thread_plugin, process->shared);
    close(process->thread_socket);
    close(process->thread_plugin);
    return NULL;
}

/* A thread of this process instead of a process: everything else is the same. */
static bool launch_here(cake_process *process, cake_finding *finding)
{
    int shared = -1, output_end = -1;

    process->thread_socket = -1;
    process->thread_plugin = fcntl(process->image->descriptor, F_DUPFD_CLOEXEC, 64);
    if (process->thread_plugin >= 0 && open_channels(process, &process->thread_socket, &shared, &output_end))
        process->has_thread = pthread_create(&process->thread, NULL, serve_here, process) == 0;
    if (shared >= 0)
        close(shared);
    if (output_end >= 0)
        close(output_end);
    if (process->has_thread)
        return true;
    if (process->thread_plugin >= 0)
        close(process->thread_plugin);
    if (process->thread_socket >= 0)
        close(process->thread_socket);
    close_all(process);
    return cake_find(finding, CAKE_V_HARNESS_ERROR, "no thread for a worker: %s", strerror(errno));
}

bool cake_process_launch(cake_process *process, const cake_worker_settings *settings, const cake_placement *placement,
                         const cake_plugin_file_image *image, cake_finding *finding)
{
    int socket_end = -1, shared = -1, output_end = -1, plugin, error = 0;
    cpu_set_t own;
    cake_error why = {""};
    bool bound;

    *process =
        (cake_process){.settings = settings, .placement = placement, .image = image, .socket = -1, .output = -1};
    if (settings->in_process)
        return launch_here(process, finding);
    plugin = fcntl(image->descriptor, F_DUPFD_CLOEXEC, 64);
    bound = sched_getaffinity(0, sizeof own, &own) == 0 && cake_placement_bind(placement, 0, &why) == CAKE_OK;
    /* A child inherits its affinity: bind this process for the moment of the start. */
    if (!bound)
        cake_find(finding, CAKE_V_HARNESS_ERROR, "cannot bind a worker to its cores: %s", why.text);
    else if (plugin < 0 || !open_channels(process, &socket_end, &shared, &output_end))
        cake_find(finding, CAKE_V_HARNESS_ERROR, "no channels to a worker: %s", strerror(errno));
    else if ((error = spawn(process, process->settings->program, socket_end, shared, output_end, plugin,
                            placement->threads)))
        cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: cannot be started: %s", process->settings->program,
                  strerror(error));
    if (bound)
        sched_setaffinity(0, sizeof own, &own);
    if (plugin >= 0)
        close(plugin);
    if (socket_end >= 0)
        close(socket_end);
    if (shared >= 0)
        close(shared);
    if (output_end >= 0)
        close(output_end);
    if (process->pid == 0)
        close_all(process);
    return process->pid != 0;
}

bool cake_process_load(cake_process *process, const cake_placement *placement, const char *path,
                       cake_finding *finding)
{
    const cake_worker_settings *settings = process->settings;
    cake_request request = {.kind = CAKE_REQUEST_LOAD};
    cake_reply reply;
    static const struct {
        cake_outcome outcome;
        cake_verdict verdict;
    } refusals[] = {{CAKE_OUTCOME_LOAD_ERROR, CAKE_V_LOAD_ERROR},
                    {CAKE_OUTCOME_ABI_MISMATCH, CAKE_V_ABI_MISMATCH},
                    {CAKE_OUTCOME_NO_ISA, CAKE_V_UNSUPPORTED}};

    request.load = (cake_request_load){
        .layers = settings->in_process ? 0 : settings->layers,
        .threads = (uint32_t)placement->threads,
        .memory_bytes = settings->memory_bytes,
        .cpu_seconds = settings->cpu_seconds * (uint64_t)placement->threads,
        .processes = settings->processes,
        .l1d_bytes = placement->l1d_bytes,
        .l2_bytes = placement->l2_bytes,
        .l3_bytes = placement->l3_bytes,
        .isa = settings->isa,
        .load_in_place = settings->load_in_place,
        .huge_pages = settings->huge_pages,
        .tune = settings->tune,
    };
    process->path = path;
    snprintf(request.load.path, sizeof request.load.path, "%s", path);
    if (!cake_process_ask(process, &request, -1, &reply, finding))
        return false;
    process->layers = reply.layers;
    if (reply.outcome == CAKE_OUTCOME_DONE)
        return true;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (reply.outcome == (int32_t)refusals[i].outcome)
            cake_find(finding, refusals[i].verdict, "%s: %s", path, reply.text);
    return cake_find(finding, CAKE_V_HARNESS_ERROR, "%s: %s", path, reply.text);
}

/* ---- talking ---- */

bool cake_process_send(cake_process *process, cake_request *request, int descriptor, cake_finding *finding)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control = {{0}};
    struct iovec data = {request, sizeof *request};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1};
    ssize_t sent;

    request->sequence = ++process->sequence;
    if (descriptor >= 0) {
        struct cmsghdr *header;

        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    do
        sent = sendmsg(process->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)sizeof *request)
        return true;
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET))
        cake_process_diagnose(process, "between two calls", false, finding);
    else {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "a request could not be sent to the worker: %s", strerror(errno));
        cake_process_end(process);
    }
    return false;
}

/* Keep the beginning of what the plugin prints, drop the rest. */
static void drain(cake_process *process)
{
    char buffer[4096];
    ssize_t got;

    for (int i = 0; i < 64 && (got = read(process->output, buffer, sizeof buffer)) > 0; i++) {
        size_t have = process->printed ? strlen(process->printed) : 0, room = PRINTED_BYTES - have, n = 0;
        char *more = realloc(process->printed, PRINTED_BYTES + 1);

        if (!more)
            return;
        process->printed = more;
        for (ssize_t j = 0; j < got && n < room; j++)
            more[have + n++] = buffer[j] ? buffer[j] : ' ';
        more[have + n] = '\0';
    }
}

/* Wait for something on the socket: 1 there is, 0 the time is over, -1 interrupted. */
static int await(cake_process *process, int64_t until_ns)
{
    for (;;) {
        struct pollfd watch[2] = {{process->socket, POLLIN, 0}, {process->output, POLLIN, 0}};
        int64_t left = until_ns - cake_clock_ns();
        struct timespec wait = {left > 0 ? left / 1000000000 : 0, left > 0 ? left % 1000000000 : 0};
        int ready = ppoll(watch, 2, &wait, NULL);

        if (cake_interrupted())
            return -1;
        if (watch[1].revents & POLLIN)
            drain(process);
        if (ready > 0 && watch[0].revents)
            return 1;
        if (ready > 0 && watch[1].revents & ~POLLIN && !(watch[1].revents & POLLIN)) {
            /* The worker closed its output: watch the socket alone. */
            close(process->output);
            process->output = -1;
        }
        if (left <= 0)
            return 0;
    }
}

bool cake_process_wait(cake_process *process, int64_t until_ns)
{
    return await(process, until_ns) != 0;
}

bool cake_process_receive(cake_process *process, cake_reply *reply, int64_t deadline_ns, cake_finding *finding)
{
    /* A debugger may hold a thread as long as it likes. */
    int ready = await(process, process->has_thread ? INT64_MAX : deadline_ns);
    ssize_t got;

    if (ready < 0) {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "interrupted");
        cake_process_end(process);
        return false;
    }
    if (ready == 0) {
        cake_process_diagnose(process, "", true, finding);
        return false;
    }
    do
        got = recv(process->socket, reply, sizeof *reply, MSG_DONTWAIT | MSG_TRUNC);
    while (got < 0 && errno == EINTR);
    if (got < 0 && errno != ECONNRESET) {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "a reply could not be received: %s", strerror(errno));
        cake_process_end(process);
        return false;
    }
    if (got <= 0) {
        cake_process_diagnose(process, "", false, finding);
        return false;
    }
    reply->text[sizeof reply->text - 1] = '\0';
    reply->choice[sizeof reply->choice - 1] = '\0';
    if (got != (ssize_t)sizeof *reply || reply->sequence != process->sequence) {
        cake_find(finding, CAKE_V_SANDBOX_VIOLATION, "a forged message to the harness: %zd bytes, number %u", got,
                  reply->sequence);
        cake_process_end(process);
        return false;
    }
    return true;
}

bool cake_process_ask(cake_process *process, cake_request *request, int descriptor, cake_reply *reply,
                      cake_finding *finding)
{
    return cake_process_send(process, request, descriptor, finding) &&
           cake_process_receive(process, reply, cake_clock_ns() + process->settings->timeout_ns, finding);
}

/* ---- watching and ending ---- */

void cake_process_hold(cake_process *process)
{
    if (process->pid && kill(-process->pid, SIGSTOP) != 0)
        process->stuck = true;
}

void cake_process_release(cake_process *process)
{
    if (process->pid && kill(-process->pid, SIGCONT) != 0)
        process->stuck = true;
}

int64_t cake_process_cpu_ns(const cake_process *process)
{
    clockid_t clock;
    struct timespec used;

    if (!process->pid || clock_getcpuclockid(process->pid, &clock) != 0 || clock_gettime(clock, &used) != 0)
        return -1;
    return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

/* Kill the whole group and reap the leader; returns its wait status, or -1. */
static int reap(cake_process *process, bool at_once)
{
    int status = -1;
    pid_t got = 0;

    if (!process->pid)
        return -1;
    /* A worker that is about to die of its own doing gets a moment to do so, that its status tells. */
    for (int i = 0; !at_once && i < process->settings->patience_ms && got == 0; i++) {
        got = waitpid(process->pid, &status, WNOHANG);
        if (got == 0)
            nanosleep(&(struct timespec){0, 1000000}, NULL);
    }
    process->silent = !at_once && got == 0;
    kill(-process->pid, SIGKILL);
    while (got == 0 || (got < 0 && errno == EINTR))
        got = waitpid(process->pid, &status, 0);
    process->pid = 0;
    return got > 0 ? status : -1;
}

void cake_process_diagnose(cake_process *process, const char *what, bool timed_out, cake_finding *finding)
{
    int status;

    if (timed_out)
        process->killed = true;
    status = reap(process, timed_out);
    if (process->output >= 0)
        drain(process);
    cake_diagnose(process, what, status, finding);
    close_all(process);
}

void cake_process_end(cake_process *process)
{
    if (process->pid || process->has_thread) {
        cake_request request = {.kind = CAKE_REQUEST_QUIT, .sequence = ++process->sequence};
        bool asked =
            process->socket >= 0 && send(process->socket, &request, sizeof request, MSG_NOSIGNAL | MSG_DONTWAIT) > 0;

        reap(process, !asked);
    }
    close_all(process);
    free(process->printed);
    process->printed = NULL;
}
