/* How a worker's end becomes a verdict, and what is said of it. */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "run/diagnosis.h"
#include "worker/fault.h"

enum { EXITED = CAKE_EXIT_FAULT << 8 };

static const cake_tensor_list list = {
    .count = 2, .tensor = {{.name = "x", .role = CAKE_ROLE_INPUT}, {.name = "y", .role = CAKE_ROLE_OUTPUT}}};
static const cake_arena arena = {.count = 2, .list = &list, .segment_bytes = {4096, 8192}};
static const cake_worker_settings settings = {.timeout_ns = 2000000000};
static const cake_plugin_file_image image = {.descriptor = -1};
static cake_shared shared;

static cake_process worker_at(uint64_t x, uint64_t y)
{
    memset(&shared.fault, 0, sizeof shared.fault);
    return (cake_process){
        .settings = &settings, .image = &image, .shared = &shared, .arena = &arena, .address = {x, y}};
}

static void expect(const cake_process *process, int status, cake_verdict verdict, const char *text)
{
    cake_finding finding = {CAKE_V_OK, ""};

    cake_diagnose(process, "", status, &finding);
    cr_expect_eq(finding.verdict, verdict, "%s: %s", cake_verdicts[finding.verdict].word, finding.reason);
    cr_expect(strstr(finding.reason, text), "expected '%s', found '%s'", text, finding.reason);
}

static void fault(int number, uint64_t address, uint64_t error_code)
{
    shared.fault.written = 2;
    shared.fault.signal = number;
    shared.fault.address = address;
    shared.fault.error_code = error_code;
    shared.fault.stack = UINT64_C(0x7fff00000000);
}

Test(diagnosis, a_fault_is_named_after_the_tensor_beside_it)
{
    cake_process process = worker_at(0x100000, 0x200000);

    fault(SIGSEGV, 0x101000, 4);
    expect(&process, EXITED, CAKE_V_OOB_READ, "read 0 bytes after the pages of tensor x");
    fault(SIGSEGV, 0x202004, 6);
    expect(&process, EXITED, CAKE_V_OOB_WRITE, "wrote 4 bytes after the pages of tensor y");
    fault(SIGSEGV, 0x1ffffc, 6);
    expect(&process, EXITED, CAKE_V_OOB_WRITE, "wrote 4 bytes before the pages of tensor y");
    fault(SIGSEGV, 0x100010, 6);
    expect(&process, EXITED, CAKE_V_INPUT_MODIFIED, "tensor x, which is read-only");
    fault(SIGSEGV, 0x200010, 6);
    expect(&process, EXITED, CAKE_V_SANDBOX_VIOLATION, "unmapped or closed tensor y");
    /* Two tensors near each other: the one that holds the address counts. */
    process.address[0] = 0x203000;
    fault(SIGSEGV, 0x200010, 6);
    expect(&process, EXITED, CAKE_V_SANDBOX_VIOLATION, "unmapped or closed tensor y");
    process.address[0] = 0x100000;
    fault(SIGSEGV, 0x900000, 4);
    expect(&process, EXITED, CAKE_V_CRASH, "SIGSEGV: read address 0x900000");
    fault(SIGSEGV, UINT64_C(0x7ffeffffff00), 6);
    expect(&process, EXITED, CAKE_V_CRASH, "stack overflow");
}

Test(diagnosis, a_system_call_is_named)
{
    cake_process process = worker_at(0, 0);

    fault(SIGSYS, 0, 0);
    shared.fault.system_call = 59;
#if defined(__x86_64__)
    expect(&process, EXITED, CAKE_V_SANDBOX_VIOLATION, "made the system call execve (59)");
#endif
    shared.fault.system_call = -1;
    expect(&process, EXITED, CAKE_V_HARNESS_ERROR, "refused from outside");
}

Test(diagnosis, ends_without_a_record)
{
    cake_process process = worker_at(0, 0);

    expect(&process, 3 << 8, CAKE_V_EXITED, "exit code 3");
    expect(&process, EXITED, CAKE_V_EXITED, "exit code 77");
    expect(&process, SIGKILL, CAKE_V_OOM, "killed by the system");
    expect(&process, SIGUSR1, CAKE_V_CRASH, "SIGUSR1");
    expect(&process, SIGXCPU, CAKE_V_TIMEOUT, "CPU time");
    expect(&process, SIGSYS, CAKE_V_SANDBOX_VIOLATION, "that the sandbox forbids");
    expect(&process, -1, CAKE_V_HARNESS_ERROR, "could not be learned");
    process.silent = true;
    expect(&process, SIGKILL, CAKE_V_HARNESS_ERROR, "did not end");
    process.killed = true;
    expect(&process, SIGKILL, CAKE_V_TIMEOUT, "no answer within 2 s");
}
