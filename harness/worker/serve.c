#include "worker/serve.h"

#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/batch.h"
#include "worker/host.h"
#include "worker/load.h"
#include "worker/sandbox.h"

static struct {
    int socket, plugin_file;
    cake_shared *shared;
    cake_request request;
    cake_reply reply;
    const cake_host *host;
    const cake_plugin *plugin;
    int64_t cache_bytes;
    const cake_kernel *kernel;
    void *ctx;
    bool open;
    cake_memory memory;
} worker;

/* ---- messages ---- */

static bool send_reply(void)
{
    ssize_t sent;

    worker.reply.kind = worker.request.kind;
    worker.reply.sequence = worker.request.sequence;
    do
        sent = send(worker.socket, &worker.reply, sizeof worker.reply, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof worker.reply;
}

/* Receive a request, and the descriptor that comes with it or -1. */
static bool receive_request(int *descriptor)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    struct iovec data = {&worker.request, sizeof worker.request};
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    struct cmsghdr *header;
    ssize_t got;

    *descriptor = -1;
    do
        got = recvmsg(worker.socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof worker.request)
        return false;
    header = CMSG_FIRSTHDR(&message);
    if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
        memcpy(descriptor, CMSG_DATA(header), sizeof *descriptor);
    return true;
}

static void set_text(const char *text)
{
    snprintf(worker.reply.text, sizeof worker.reply.text, "%s", text);
}

/* ---- requests ---- */

static void do_load(void)
{
    const cake_request_load *request = &worker.request.load;

    worker.host = cake_host_make(request);
    worker.cache_bytes = request->l2_bytes + request->l3_bytes;
    if (worker.cache_bytes < 8 << 20)
        worker.cache_bytes = 8 << 20;
    worker.reply.layers = cake_sandbox_enter(request);
    worker.reply.outcome = (int32_t)cake_load(request, worker.plugin_file, worker.host, worker.shared, &worker.plugin,
                                              worker.reply.text);
}

static void close_kernel(void)
{
    if (worker.open)
        worker.kernel->close(worker.ctx);
    worker.open = false;
    worker.ctx = NULL;
    cake_host_free_all();
    cake_memory_unmap(&worker.memory);
}

/* What a can_run or open that did not return CAKE_DONE means. */
static void did_not(int32_t returned)
{
    worker.reply.returned = returned;
    worker.reply.outcome = returned == CAKE_UNSUPPORTED ? CAKE_OUTCOME_UNSUPPORTED : CAKE_OUTCOME_FAILED;
    set_text(cake_host_explanation());
}

static void do_prepare(int arena)
{
    const cake_request_prepare *request = &worker.request.prepare;
    cake_problem problem;
    int32_t returned;

    worker.reply.outcome = CAKE_OUTCOME_WORKER;
    if (!worker.plugin || worker.open || arena < 0 || request->kernel >= worker.plugin->n_kernels ||
        request->n_tensors > CAKE_WIRE_TENSORS || request->params_bytes > CAKE_WIRE_PARAMS) {
        set_text("a request out of order");
        return;
    }
    cake_memory_unmap(&worker.memory);
    if (!cake_memory_map(&worker.memory, arena, request, worker.reply.text))
        return;
    worker.reply.huge_pages = request->huge_pages && cake_memory_huge(&worker.memory);
    worker.kernel = worker.plugin->kernels[request->kernel];
    problem = (cake_problem){
        .struct_size = CAKE_SIZE_THROUGH(cake_problem, outputs),
        .dtype = request->dtype,
        .op = request->op,
        .params = request->params,
        .threads = request->threads,
        .layout = request->layout,
        .n_inputs = worker.memory.n_inputs,
        .n_constants = worker.memory.n_constants,
        .n_outputs = worker.memory.n_outputs,
        .inputs = worker.memory.inputs,
        .constants = worker.memory.constants,
        .outputs = worker.memory.outputs,
    };
    cake_host_forget();
    returned = worker.kernel->can_run(worker.kernel, &problem, worker.host);
    if (returned != CAKE_DONE) {
        did_not(returned);
        return;
    }
    for (uint32_t i = 0; i < worker.memory.count; i++)
        if (worker.memory.wire[i].role == 1)
            worker.memory.tensor[i].data = worker.memory.segment[i] + worker.memory.wire[i].data_offset;
    cake_memory_writable(&worker.memory, false);
    returned = worker.kernel->open(worker.kernel, &problem, worker.memory.constants, worker.host, &worker.ctx);
    if (returned != CAKE_DONE) {
        did_not(returned);
        return;
    }
    worker.open = true;
    worker.reply.outcome = CAKE_OUTCOME_DONE;
    worker.reply.workspace_bytes = cake_host_workspace_bytes();
    snprintf(worker.reply.choice, sizeof worker.reply.choice, "%s", cake_host_choice());
    for (uint32_t i = 0; i < worker.memory.count; i++)
        worker.reply.address[i] = (uint64_t)(uintptr_t)worker.memory.segment[i];
}

__attribute__((noinline)) int32_t cake_counted_call(void *ctx, const cake_tensor *const *inputs,
                                                    const cake_tensor *const *outputs)
{
    int32_t returned = worker.kernel->run(ctx, inputs, outputs);

    __asm__ volatile("" ::: "memory"); /* not a jump into `run`, which would leave this function */
    return returned;
}

static void do_call(void)
{
    cake_run_function *run = worker.request.call.counted ? cake_counted_call : worker.kernel->run;
    cpu_set_t before, after;
    sigset_t mask;

    worker.reply.outcome = CAKE_OUTCOME_WORKER;
    if (!worker.open || !cake_memory_place(&worker.memory, worker.request.call.data_offset) ||
        !cake_memory_writable(&worker.memory, false)) {
        set_text("a call without a kernel, or to a place outside of its tensors");
        return;
    }
    if (sched_getaffinity(0, sizeof before, &before) != 0) {
        set_text("the worker cannot tell its cores");
        return;
    }
    cake_host_forget();
    worker.reply.returned =
        cake_call_checked(run, worker.ctx, worker.memory.inputs, worker.memory.outputs, &worker.reply.left);
    if (sched_getaffinity(0, sizeof after, &after) == 0 && !CPU_EQUAL(&before, &after))
        worker.reply.left |= CAKE_LEFT_AFFINITY;
    if (sigprocmask(SIG_SETMASK, NULL, &mask) == 0 && sigismember(&mask, SIGSEGV))
        worker.reply.left |= CAKE_LEFT_SIGNAL_MASK;
    worker.reply.outcome = worker.reply.returned == CAKE_DONE ? CAKE_OUTCOME_DONE : CAKE_OUTCOME_FAILED;
    set_text(worker.reply.returned == CAKE_DONE ? "" : cake_host_explanation());
}

static void batch_ready(void)
{
    send_reply(); /* the first of a batch's two replies: staged, waiting for go */
}

static void do_batch(void)
{
    const cake_request_batch *request = &worker.request.batch;
    cake_batch_result result;

    worker.reply.outcome = CAKE_OUTCOME_WORKER;
    if (!worker.open || !cake_memory_place(&worker.memory, request->data_offset) ||
        !cake_memory_writable(&worker.memory, true)) {
        set_text("a batch without a kernel, or at a place outside of its tensors");
        batch_ready();
        return;
    }
    worker.reply.outcome = CAKE_OUTCOME_DONE;
    result = cake_batch_run(request, worker.shared, &worker.memory, worker.kernel->run, worker.ctx,
                            worker.cache_bytes, batch_ready);
    worker.reply.calls = result.calls;
    worker.reply.returned = result.returned;
    worker.reply.left = result.left;
    if (result.misplaced) {
        worker.reply.outcome = CAKE_OUTCOME_WORKER;
        set_text("a probe outside of its tensor");
        batch_ready();
    } else if (result.returned != CAKE_DONE) {
        worker.reply.outcome = CAKE_OUTCOME_FAILED;
        set_text(cake_host_explanation());
    }
}

static bool serve_one(void)
{
    int descriptor;

    if (!receive_request(&descriptor))
        return false;
    memset(&worker.reply, 0, sizeof worker.reply);
    switch ((cake_request_kind)worker.request.kind) {
    case CAKE_REQUEST_LOAD:
        do_load();
        break;
    case CAKE_REQUEST_PREPARE:
        do_prepare(descriptor);
        break;
    case CAKE_REQUEST_CALL:
        do_call();
        break;
    case CAKE_REQUEST_BATCH:
        do_batch();
        break;
    case CAKE_REQUEST_CLOSE:
        close_kernel();
        break;
    case CAKE_REQUEST_QUIT:
        break;
    default:
        return false;
    }
    if (descriptor >= 0)
        close(descriptor);
    worker.reply.heap_bytes = mallinfo2().uordblks;
    return send_reply();
}

bool cake_serve(int socket, int plugin_file, cake_shared *shared)
{
    memset(&worker, 0, sizeof worker);
    worker.socket = socket;
    worker.plugin_file = plugin_file;
    worker.shared = shared;
    do
        if (!serve_one())
            return false;
    while (worker.request.kind != CAKE_REQUEST_QUIT);
    close_kernel(); /* for --in-process, where the end of the worker is not that of its memory */
    return true;
}
