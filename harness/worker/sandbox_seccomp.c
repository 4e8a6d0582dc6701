#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "worker/sandbox.h"

/* Newer than some of the headers that this is built with. */
enum { PR_NAME_MAP = 0x53564d41 };

/* Computing: always allowed. */
static const char *const allowed[] = {
    "read", "readv", "pread64", "preadv", "write", "writev", "lseek", "fstat", "newfstatat", "stat", "lstat", "statx",
    "statfs", "fstatfs", "access", "faccessat", "faccessat2", "readlink", "readlinkat", "getdents64", "getcwd",
    "fcntl", "dup", "poll", "ppoll", "eventfd2", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait",
    /* memory */
    "mmap", "mprotect", "munmap", "mremap", "brk", "madvise", "mbind", "get_mempolicy", "set_mempolicy", "mlock",
    "mlock2", "munlock", "mincore", "msync", "mseal", "membarrier", "pkey_alloc", "pkey_mprotect", "pkey_free",
    /* threads and time */
    "futex", "futex_waitv", "set_robust_list", "get_robust_list", "set_tid_address", "rseq", "sched_yield",
    "sched_getaffinity", "sched_setaffinity", "sched_getparam", "sched_getscheduler", "sched_get_priority_max",
    "sched_get_priority_min", "getpriority", "getcpu", "nanosleep", "clock_nanosleep", "clock_gettime",
    "clock_getres", "gettimeofday", "time", "times", "restart_syscall", "exit", "exit_group",
    /* itself */
    "getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getpgrp", "getpgid", "getsid",
    "getresuid", "getresgid", "getgroups", "getrandom", "getrusage", "getrlimit", "sysinfo", "uname", "arch_prctl",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "sigaltstack", "capget", "umask"};

/* What programs ask for without harm: fails. */
static const char *const denied[] = {
    "socket",    "socketpair", "connect",   "bind",      "listen",          "accept", "accept4",       "shmget",
    "shmat",     "shmctl",     "semget",    "msgget",    "creat",           "mkdir",  "mkdirat",       "unlink",
    "unlinkat",  "rmdir",      "rename",    "renameat",  "renameat2",       "link",   "linkat",        "symlink",
    "symlinkat", "chmod",      "fchmod",    "fchmodat",  "chown",           "fchown", "lchown",        "fchownat",
    "truncate",  "ftruncate",  "fallocate", "utimensat", "perf_event_open", "ioctl",  "inotify_init1", "pipe",
    "pipe2",     "flock",      "fsync",     "fdatasync", "chdir",           "fchdir"};

static bool add_allowed(scmp_filter_ctx filter)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        int number = seccomp_syscall_resolve_name(allowed[i]);

        if (number != __NR_SCMP_ERROR && seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0) < 0 && number >= 0)
            return false;
    }
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        int number = seccomp_syscall_resolve_name(denied[i]);

        if (number != __NR_SCMP_ERROR && seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), number, 0) < 0 &&
            number >= 0)
            return false;
    }
    return true;
}

/* Opening: to read only, even where Landlock is missing. */
static bool add_open(scmp_filter_ctx filter)
{
    const scmp_datum_t writing = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND;

    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, writing, 0)) ==
               0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, O_WRONLY, O_WRONLY)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, O_RDWR, O_RDWR)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, O_CREAT, O_CREAT)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat2), 0) == 0;
}

/* Threads, never processes. clone3's flags lie in memory, out of a filter's sight: the C library falls back to clone.
 */
static bool add_clone(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) == 0;
}

/* The worker's own channel, and the descriptors that it needs to keep. */
static bool add_channels(scmp_filter_ctx filter)
{
    static const int channels[] = {SCMP_SYS(sendto), SCMP_SYS(recvfrom), SCMP_SYS(sendmsg), SCMP_SYS(recvmsg)};

    for (size_t i = 0; i < sizeof channels / sizeof *channels; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, channels[i], 1, SCMP_A0(SCMP_CMP_EQ, CAKE_FD_SOCKET)) != 0 ||
            seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), channels[i], 1, SCMP_A0(SCMP_CMP_NE, CAKE_FD_SOCKET)) !=
                0)
            return false;
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(close), 1, SCMP_A0(SCMP_CMP_GT, CAKE_FD_PLUGIN)) == 0 &&
           seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(close), 1,
                            SCMP_A0(SCMP_CMP_LE, CAKE_FD_PLUGIN)) == 0;
}

/* Signals: to itself only, and the handlers of the deadly ones stay. */
static bool add_signals(scmp_filter_ctx filter)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGSYS, SIGTRAP};

    for (int number = 1; number <= 64; number++) {
        bool kept = false;

        for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++)
            kept |= deadly[i] == number;
        if (seccomp_rule_add(filter, kept ? SCMP_ACT_ERRNO(EPERM) : SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)number)) != 0)
            return false;
    }
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid())) == 0;
}

static bool add_process(scmp_filter_ctx filter)
{
    /* libcap, which PyTorch brings along, asks for the bounding set when it is loaded. */
    static const int names[] = {PR_SET_NAME, PR_GET_NAME, PR_NAME_MAP, PR_CAPBSET_READ};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)names[i])) != 0)
            return false;
    /* Limits may be read. */
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0)) == 0;
}

bool cake_sandbox_seccomp(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    bool good;

    if (!filter)
        return false;
    /* Without the first, kernels before 5.16 slow every filtered process by disabling speculative store bypass. The
     * second makes the filter a binary tree. Older libraries lack them: no harm. */
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_SSB, 1);
    seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    good = add_allowed(filter) && add_open(filter) && add_clone(filter) && add_channels(filter) &&
           add_signals(filter) && add_process(filter) && seccomp_load(filter) == 0;
    seccomp_release(filter);
    return good;
}
