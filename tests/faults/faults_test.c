/* Every misdeed has its verdict, and harms nothing but its own row. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program.h"

typedef struct misdeed {
    const char *fixture;
    const char *verdicts;          /* "a|b": any of these */
    const char *reason;            /* a part of the reason; NULL: any */
    const char *warning;           /* a part of the warnings; NULL: any */
    bool load;                     /* refused while it is loaded: told, no row */
    const char *option, *argument; /* beyond the usual ones */
} misdeed;

/* Under AddressSanitizer a worker goes without Landlock and a limit of its address space. */
#if defined(__SANITIZE_ADDRESS__)
#define WITHOUT_LANDLOCK(verdicts) verdicts
#else
#define WITHOUT_LANDLOCK(verdicts)
#endif

static const misdeed table[] = {
    /* dies */
    {.fixture = "segv", .verdicts = "crash", .reason = "in fault_run (segv.c:"},
    {.fixture = "ill", .verdicts = "crash", .reason = "SIGILL"},
    {.fixture = "amx", .verdicts = "crash", .reason = "SIGILL"},
    {.fixture = "fpe", .verdicts = "crash", .reason = "SIGFPE"},
    {.fixture = "abort", .verdicts = "crash", .reason = "SIGABRT"},
    {.fixture = "stack", .verdicts = "crash", .reason = "stack overflow"},
    {.fixture = "smash", .verdicts = "crash", .reason = "SIG"},
    {.fixture = "longjmpout", .verdicts = "crash", .reason = "SIG"},
    {.fixture = "usr1", .verdicts = "crash", .reason = "SIGUSR1"},
    {.fixture = "ctorcrash", .verdicts = "crash", .load = true},
    {.fixture = "ctorhang", .verdicts = "timeout", .load = true},
    {.fixture = "ctorexit", .verdicts = "exited", .load = true},
    {.fixture = "exit0", .verdicts = "exited", .reason = "exit code 0"},
    {.fixture = "hang", .verdicts = "timeout"},
    {.fixture = "sleep", .verdicts = "timeout"},
    {.fixture = "deadlock", .verdicts = "timeout"},
    {.fixture = "sigblock", .verdicts = "timeout"},
    {.fixture = "sigh", .verdicts = "crash", .reason = "SIGSEGV"},
    /* is wrong */
    {.fixture = "wrong", .verdicts = "mismatch"},
    {.fixture = "nan", .verdicts = "mismatch"},
    {.fixture = "bf16", .verdicts = "mismatch"},
    {.fixture = "half", .verdicts = "mismatch"},
    {.fixture = "nop", .verdicts = "stale-output"},
    {.fixture = "skiplast", .verdicts = "stale-output"},
    {.fixture = "cacheptr", .verdicts = "mismatch"},
    {.fixture = "cachehash", .verdicts = "mismatch"},
    {.fixture = "memo", .verdicts = "ok|mismatch"},
    {.fixture = "warmup", .verdicts = "stale-output"},
    {.fixture = "sample", .verdicts = "mismatch"},
    {.fixture = "count", .verdicts = "stale-output"},
    /* On a busy machine its thread may come when the tensors are gone. */
    {.fixture = "late",
     .verdicts = "late-write|mismatch|stale-output|nondeterministic|oob-write|crash|sandbox-violation"},
    {.fixture = "defer", .verdicts = "stale-output"},
    {.fixture = "bg", .verdicts = "affinity-changed|threads-exceeded"},
    {.fixture = "rand", .verdicts = "nondeterministic"},
    {.fixture = "audited", .verdicts = "mismatch"},
    /* leaves its tensors */
    {.fixture = "oobw1", .verdicts = "oob-write", .reason = "after the"},
    {.fixture = "oobwm1", .verdicts = "oob-write", .reason = "before the"},
    {.fixture = "oobr", .verdicts = "oob-read", .reason = "tensor x"},
    {.fixture = "oobrx", .verdicts = "oob-read", .reason = "tensor x"},
    {.fixture = "oobrm1", .verdicts = "oob-read", .reason = "before the pages of tensor x"},
    {.fixture = "slack", .verdicts = "mismatch"},
    {.fixture = "modin", .verdicts = "input-modified", .reason = "tensor x"},
    {.fixture = "modinmprot", .verdicts = "input-modified", .reason = "x["},
    {.fixture = "zeroin", .verdicts = "input-modified"},
    {.fixture = "dontneed", .verdicts = "input-modified"},
    {.fixture = "mapfixed", .verdicts = "ok|input-modified|mismatch|stale-output"},
    {.fixture = "munmap", .verdicts = "sandbox-violation", .reason = "tensor y"},
    {.fixture = "intover", .verdicts = "ok"},
    /* leaves the machine in another state */
    {.fixture = "ftz", .verdicts = "fpenv-changed"},
    {.fixture = "round", .verdicts = "fpenv-changed"},
    {.fixture = "roundtimed", .verdicts = "fpenv-changed"},
    {.fixture = "mmx", .verdicts = "abi-clobber"},
    {.fixture = "df", .verdicts = "abi-clobber"},
    {.fixture = "clobber", .verdicts = "abi-clobber"},
    {.fixture = "avxdirty", .verdicts = "ok", .warning = "no-vzeroupper"},
    {.fixture = "affinity", .verdicts = "affinity-changed"},
    {.fixture = "sched", .verdicts = "sandbox-violation", .reason = "sched_setscheduler"},
    /* takes too much */
    {.fixture = "leak", .verdicts = "leak"},
    {.fixture = "mmapleak", .verdicts = "leak"},
    {.fixture = "thrleak", .verdicts = "leak"},
    {.fixture = "fdleak", .verdicts = "leak"},
    {.fixture = "threadbomb", .verdicts = "error"},
    {.fixture = "forkbomb", .verdicts = "sandbox-violation", .reason = "system call"},
    {.fixture = "bigmem",
     .verdicts = "error" WITHOUT_LANDLOCK("|sandbox-violation|oom|crash"),
     .option = "--memory",
     .argument = "4GB"},
    /* reaches for what is not its own */
    {.fixture = "closefds", .verdicts = "ok"},
    {.fixture = "closerange", .verdicts = "sandbox-violation", .reason = "close_range"},
    {.fixture = "stdout", .verdicts = "ok"},
    {.fixture = "stdin", .verdicts = "ok"},
    {.fixture = "record", .verdicts = "ok"},
    {.fixture = "forge", .verdicts = "sandbox-violation", .reason = "forged"},
    {.fixture = "forge2", .verdicts = "stale-output|mismatch"},
    {.fixture = "clock", .verdicts = "ok"},
    {.fixture = "clockgot", .verdicts = "ok|crash"},
    {.fixture = "tsc", .verdicts = "sandbox-violation", .reason = "prctl"},
    {.fixture = "capread", .verdicts = "ok"},
    {.fixture = "memscan", .verdicts = "ok"},
    {.fixture = "killpar", .verdicts = "sandbox-violation", .reason = "kill"},
    {.fixture = "ptrace", .verdicts = "sandbox-violation", .reason = "ptrace"},
    {.fixture = "exec", .verdicts = "sandbox-violation", .reason = "execve"},
    {.fixture = "sock", .verdicts = "ok"},
    {.fixture = "sysv", .verdicts = "ok"},
    {.fixture = "readpw", .verdicts = "ok" WITHOUT_LANDLOCK("|error")},
    {.fixture = "maps", .verdicts = "ok" WITHOUT_LANDLOCK("|error")},
    {.fixture = "procmem", .verdicts = "ok" WITHOUT_LANDLOCK("|error")},
    {.fixture = "writefile", .verdicts = "ok"},
    {.fixture = "iouring", .verdicts = "sandbox-violation", .reason = "io_uring_setup"},
    {.fixture = "memfd", .verdicts = "sandbox-violation", .reason = "memfd_create"},
    {.fixture = "prlimit", .verdicts = "sandbox-violation", .reason = "prlimit64"},
    {.fixture = "itimer", .verdicts = "sandbox-violation"},
    {.fixture = "seccomp", .verdicts = "sandbox-violation", .reason = "seccomp"},
    /* says so, or cannot be used */
    {.fixture = "rc", .verdicts = "error", .reason = "-7"},
    {.fixture = "unsup", .verdicts = "unsupported", .reason = "not today"},
    {.fixture = "abi", .verdicts = "abi-mismatch", .load = true},
    {.fixture = "nullrun", .verdicts = "load-error", .load = true},
    {.fixture = "noget", .verdicts = "load-error", .load = true},
};

enum { COUNT = sizeof table / sizeof *table };

/* Is `word` one of "a|b"? */
static bool one_of(const char *word, const char *list)
{
    size_t length = strlen(word);

    for (const char *at = list; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (strncmp(at, word, length) == 0 && (at[length] == '|' || at[length] == '\0'))
            return true;
    return false;
}

/* What a run may leave in its folder. */
static void expect_only_files(const char *folder)
{
    static const char known[] = "|.|..|results.csv|samples.csv|context.json|.lock|";
    char path[128], name[300];
    DIR *dir;
    struct dirent *entry;

    snprintf(path, sizeof path, "%s/out", folder);
    dir = opendir(path);
    while (dir && (entry = readdir(dir))) {
        snprintf(name, sizeof name, "|%s|", entry->d_name);
        cr_expect(strstr(known, name), "left behind: %s", entry->d_name);
    }
    if (dir)
        closedir(dir);
    cr_expect_neq(access("/tmp/layercake-fault", F_OK), 0, "a plugin wrote a file");
}

static void expect_honest(const fault_ran *ran)
{
    const cake_row *honest = fault_row_of(ran, "template");

    cr_assert(honest, "no row of the honest plugin: %s", ran->said);
    cr_expect_str_eq(honest->verdict, "ok", "honest plugin: %s: %s", honest->verdict,
                     cake_row_string(honest->reason));
    cr_expect_gt(honest->time_ns_median, 0);
}

static void expect_verdict(const misdeed *m, const fault_ran *ran)
{
    const cake_row *row = fault_row_of(ran, m->fixture);
    const char *reason, *warnings, *choice;

    if (m->load) {
        cr_expect_null(row);
        cr_expect(strstr(ran->said, m->verdicts), "%s: %s", m->fixture, ran->said);
        return;
    }
    cr_assert(row, "%s has no row: %s", m->fixture, ran->said);
    reason = cake_row_string(row->reason);
    warnings = cake_row_string(row->warnings);
    choice = cake_row_string(row->choice);
    cr_expect(one_of(row->verdict, m->verdicts), "%s: expected %s, found %s: %s", m->fixture, m->verdicts,
              row->verdict, reason);
    cr_expect(!m->reason || strstr(reason, m->reason), "%s: expected '%s' in the reason, found '%s'", m->fixture,
              m->reason, reason);
    cr_expect(!m->warning || strstr(warnings, m->warning), "%s: expected a warning '%s', found '%s'", m->fixture,
              m->warning, warnings);
    cr_expect_eq(*choice != '\0', strcmp(m->fixture, "record") == 0, "%s chose: %s", m->fixture, choice);
    cr_expect_leq(strlen(choice), 3 * 127, "%s chose: %s", m->fixture, choice);
    cr_expect_null(strpbrk(choice, "\r\n\x1b"), "%s chose: %s", m->fixture, choice);
    cr_expect_eq(*reason == '\0', strcmp(row->verdict, "ok") == 0, "%s: %s", m->fixture, reason);
}

ParameterizedTestParameters(misdeeds, have_their_verdicts)
{
    static int indices[COUNT];

    for (int i = 0; i < COUNT; i++)
        indices[i] = i;
    return cr_make_param_array(int, indices, COUNT);
}

ParameterizedTest(const int *index, misdeeds, have_their_verdicts, .timeout = 120)
{
    const misdeed *m = &table[*index];
    const char *path = fault_build();
    char folder[64], honest[512];
    fault_ran ran;

    snprintf(honest, sizeof honest, "%s/plugins/template.so", path);
    fault_make_folder(folder);
    ran = fault_run_program(
        folder, (const char *const[]){"run", "--plugin", fault_path(m->fixture), "--plugin", honest, "--repetitions",
                                      "16", "--min-time", "3ms", "--timeout", "2s", "--out", "out",
                                      "linear rows=4 in=33 out=17", m->option, m->argument, NULL});
    expect_verdict(m, &ran);
    expect_honest(&ran);
    expect_only_files(folder);
    cr_expect(ran.code == 0 || ran.code == 1, "%s: exit code %d: %s", m->fixture, ran.code, ran.said);
    cr_expect(fault_nobody_left(), "%s left a process behind", m->fixture);
    fault_ran_free(&ran);
    fault_remove_folder(folder);
}
