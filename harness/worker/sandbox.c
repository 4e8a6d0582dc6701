#include "worker/sandbox.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

/* AddressSanitizer and ThreadSanitizer reserve terabytes of address space, and read their own maps. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool sanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
static const bool sanitized = true;
#else
static const bool sanitized = false;
#endif
#else
static const bool sanitized = false;
#endif

enum { NOBODY = 65534, DESCRIPTORS = 256 };

static bool limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit now;

    if (getrlimit(resource, &now) != 0)
        return false;
    if (now.rlim_max < value)
        value = now.rlim_max;
    now.rlim_cur = now.rlim_max = value;
    return setrlimit(resource, &now) == 0;
}

static bool enter_rlimits(const cake_request_load *request)
{
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, DESCRIPTORS) &&
           (!request->processes || limit(RLIMIT_NPROC, request->processes)) &&
           (!request->cpu_seconds || limit(RLIMIT_CPU, request->cpu_seconds)) &&
           (!request->memory_bytes || sanitized || limit(RLIMIT_AS, request->memory_bytes));
}

static bool write_file(const char *path, const char *text)
{
    int file = open(path, O_WRONLY | O_CLOEXEC);
    bool good = file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text);

    if (file >= 0)
        close(file);
    return good;
}

/* Network and IPC of its own, without anything in them. A plain user needs a user namespace for that. */
static bool enter_namespaces(void)
{
    char map[64];
    unsigned uid = geteuid(), gid = getegid();

    if (unshare(CLONE_NEWNET | CLONE_NEWIPC) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) != 0)
        return false;
    snprintf(map, sizeof map, "%u %u 1", uid, uid);
    if (!write_file("/proc/self/uid_map", map) || !write_file("/proc/self/setgroups", "deny"))
        return false;
    snprintf(map, sizeof map, "%u %u 1", gid, gid);
    return write_file("/proc/self/gid_map", map);
}

/* Root becomes nobody; others have nothing to drop. */
static bool enter_uid(void)
{
    pid_t parent = getppid();

    if (geteuid() != 0)
        return true;
    if (setgroups(0, NULL) != 0 || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
        return false;
    /* A change of uid disarms the parent-death signal, and closes /proc/self to its own process. */
    return prctl(PR_SET_DUMPABLE, 1) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

uint32_t cake_sandbox_enter(const cake_request_load *request)
{
    const char *in_place = request->load_in_place ? request->path : NULL;
    uint32_t wanted = request->layers, in_force = 0;

    if (wanted & CAKE_LAYER_NO_NEW_PRIVS && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        in_force |= CAKE_LAYER_NO_NEW_PRIVS;
    if (wanted & CAKE_LAYER_NAMESPACES && enter_namespaces())
        in_force |= CAKE_LAYER_NAMESPACES;
    if (wanted & CAKE_LAYER_UID && enter_uid())
        in_force |= CAKE_LAYER_UID;
    if (wanted & CAKE_LAYER_MSEAL && !sanitized && cake_sandbox_seal())
        in_force |= CAKE_LAYER_MSEAL;
    if (wanted & CAKE_LAYER_RLIMITS && enter_rlimits(request))
        in_force |= CAKE_LAYER_RLIMITS;
    if (wanted & CAKE_LAYER_LANDLOCK && !sanitized && cake_sandbox_landlock(in_place))
        in_force |= CAKE_LAYER_LANDLOCK;
    /* The last, since it forbids what the others do. Needs no_new_privs. */
    if (wanted & CAKE_LAYER_SECCOMP && in_force & CAKE_LAYER_NO_NEW_PRIVS && cake_sandbox_seccomp())
        in_force |= CAKE_LAYER_SECCOMP;
    return in_force;
}
