#include "run/diagnosis.h"

#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "run/backtrace.h"
#include "worker/fault.h"

/* How near to a tensor an address is said to lie beside it. */
static const uint64_t beside_bytes = 64 << 10;

typedef enum side { INSIDE, BEFORE, AFTER, ELSEWHERE } side;

/* The tensor at or beside the address, and on which side of it. */
static side locate(const cake_process *process, uint64_t address, int *tensor, uint64_t *distance)
{
    const cake_arena *arena = process->arena;

    for (int i = 0; arena && i < arena->count; i++) {
        uint64_t begin = process->address[i];

        if (begin && address >= begin && address - begin < arena->segment_bytes[i])
            return *tensor = i, *distance = address - begin, INSIDE;
    }
    for (int i = 0; arena && i < arena->count; i++) {
        uint64_t begin = process->address[i], end = begin + arena->segment_bytes[i];

        *tensor = i;
        if (begin && address < begin && begin - address <= beside_bytes)
            return *distance = begin - address, BEFORE;
        if (begin && address >= end && address - end < beside_bytes)
            return *distance = address - end, AFTER;
    }
    return ELSEWHERE;
}

static bool is_write(const cake_fault *fault)
{
    return fault->error_code & 2;
}

static bool diagnose_memory_fault(const cake_process *process, const cake_fault *fault, cake_finding *finding)
{
    int tensor = 0;
    uint64_t distance = 0;
    side where = locate(process, fault->address, &tensor, &distance);
    const char *name = where == ELSEWHERE ? "" : process->arena->list->tensor[tensor].name;
    const char *verb = is_write(fault) ? "wrote" : "read";

    if (where == INSIDE && (!is_write(fault) || process->arena->list->tensor[tensor].role == CAKE_ROLE_OUTPUT))
        return cake_find(finding, CAKE_V_SANDBOX_VIOLATION,
                         "unmapped or closed tensor %s, then %s it, or %s it in a thread after its call was over",
                         name, verb, verb);
    if (where == INSIDE)
        return cake_find(finding, CAKE_V_INPUT_MODIFIED, "wrote into tensor %s, which is read-only", name);
    if (where == BEFORE || where == AFTER)
        return cake_find(finding, is_write(fault) ? CAKE_V_OOB_WRITE : CAKE_V_OOB_READ,
                         "%s %llu bytes %s the pages of tensor %s", verb, (unsigned long long)distance,
                         where == BEFORE ? "before" : "after", name);
    if (fault->address + beside_bytes > fault->stack && fault->address < fault->stack + beside_bytes)
        return cake_find(finding, CAKE_V_CRASH, "stack overflow: %s address %#llx, stack pointer %#llx", verb,
                         (unsigned long long)fault->address, (unsigned long long)fault->stack);
    return cake_find(finding, CAKE_V_CRASH, "SIG%s: %s address %#llx at instruction %#llx",
                     sigabbrev_np(fault->signal), verb, (unsigned long long)fault->address,
                     (unsigned long long)fault->instruction);
}

static bool diagnose_fault(const cake_process *process, const cake_fault *fault, cake_finding *finding)
{
    const char *name = sigabbrev_np(fault->signal);

    /* A tracer that refuses a system call makes it number -1. */
    if (fault->signal == SIGSYS && fault->system_call == -1)
        return cake_find(finding, CAKE_V_HARNESS_ERROR, "a system call of the worker was refused from outside");
    if (fault->signal == SIGSYS) {
        char *call = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, fault->system_call);

        cake_find(finding, CAKE_V_SANDBOX_VIOLATION, "made the system call %s (%d)", call ? call : "unknown",
                  fault->system_call);
        free(call);
        return false;
    }
    if (fault->signal == SIGSEGV || fault->signal == SIGBUS)
        return diagnose_memory_fault(process, fault, finding);
    return cake_find(finding, CAKE_V_CRASH, "SIG%s at instruction %#llx", name ? name : "?",
                     (unsigned long long)fault->instruction);
}

/* Behind the reason, where there is room: " in run (fast.c:12) < step (fast.c:40)". */
static void add_backtrace(const cake_process *process, const cake_fault *fault, cake_finding *finding)
{
    char frames[512];
    size_t used = strlen(finding->reason);

    cake_backtrace(fault, process->image->descriptor, frames, sizeof frames);
    if (*frames)
        snprintf(finding->reason + used, sizeof finding->reason - used, " in %s", frames);
}

void cake_diagnose(const cake_process *process, const char *what, int status, cake_finding *finding)
{
    const char *in = *what ? what : "during a request";
    cake_fault fault;

    memcpy(&fault, &process->shared->fault, sizeof fault);
    if (process->killed && process->stuck) {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "the system did not let the worker be stopped or go on");
    } else if (process->killed) {
        cake_find(finding, CAKE_V_TIMEOUT, "no answer within %.3g s", (double)process->settings->timeout_ns * 1e-9);
    } else if (process->silent && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "the worker's channel closed, and it did not end");
    } else if (status == -1) {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "the worker's end could not be learned");
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == CAKE_EXIT_FAULT && fault.written) {
        diagnose_fault(process, &fault, finding);
        add_backtrace(process, &fault, finding);
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == CAKE_EXIT_PROTOCOL) {
        cake_find(finding, CAKE_V_HARNESS_ERROR, "the worker lost its channel to the coordinator %s", in);
    } else if (WIFEXITED(status)) {
        cake_find(finding, CAKE_V_EXITED, "the process ended with exit code %d %s", WEXITSTATUS(status), in);
    } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        cake_find(finding, CAKE_V_OOM, "killed by the system %s, as it does when memory runs out", in);
    } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
        /* Signals were blocked, as glibc's fork blocks them since 2.41: no handler could say which call it was. */
        cake_find(finding, CAKE_V_SANDBOX_VIOLATION,
                  "made a system call that the sandbox forbids, with signals blocked");
    } else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
        cake_find(finding, CAKE_V_TIMEOUT, "used up its CPU time");
    } else if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));

        cake_find(finding, CAKE_V_CRASH, "died of SIG%s %s", name ? name : "?", in);
    }
}
