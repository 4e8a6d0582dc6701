#include "worker/fault.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#include "worker/arch.h"

static cake_fault *record;

static _Unwind_Reason_Code add_frame(struct _Unwind_Context *context, void *unused)
{
    (void)unused;
    if (record->n_frames >= CAKE_BACKTRACE)
        return _URC_END_OF_STACK;
    record->frames[record->n_frames++] = (uint64_t)_Unwind_GetIP(context);
    return _URC_NO_REASON;
}

static void on_signal(int number, siginfo_t *info, void *context)
{
    uint32_t none = 0;

    if (record && atomic_compare_exchange_strong(&record->written, &none, 1)) {
        record->signal = number;
        record->code = info->si_code;
        record->system_call = number == SIGSYS ? info->si_syscall : 0;
        record->address = number == SIGSYS ? 0 : (uint64_t)(uintptr_t)info->si_addr;
        cake_machine_state(context, record);
        _Unwind_Backtrace(add_frame, NULL); /* may itself fault: then the record ends here */
        atomic_store(&record->written, 2);
    }
    _exit(CAKE_EXIT_FAULT);
}

bool cake_fault_watch(cake_fault *fault)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};
    size_t size = 256 << 10;
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = size};

    stack.ss_sp = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) != 0)
        return false;
    record = fault;
    sigfillset(&action.sa_mask);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
        sigdelset(&action.sa_mask, deadly[i]); /* a fault inside of the handler ends it at once */
        if (sigaction(deadly[i], &action, NULL) != 0)
            return false;
    }
    return true;
}

void cake_fault_plugin(cake_fault *fault, const void *symbol)
{
    Dl_info info;

    if (dladdr(symbol, &info))
        fault->plugin_base = (uint64_t)(uintptr_t)info.dli_fbase;
}
