#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "worker/sandbox.h"

/* The kernel's interface (Documentation/userspace-api/landlock.rst), here because the headers of the systems that
 * this is built on are older than the kernels that it runs on. */
enum { VERSION_FLAG = 1, RULE_PATH_BENEATH = 1 };

enum {
    FS_EXECUTE = 1 << 0,
    FS_WRITE_FILE = 1 << 1,
    FS_READ_FILE = 1 << 2,
    FS_READ_DIR = 1 << 3,
    FS_ABI_1 = (1 << 13) - 1,
    FS_ABI_2 = 1 << 13, /* refer */
    FS_ABI_3 = 1 << 14, /* truncate */
    FS_ABI_5 = 1 << 15, /* ioctl on devices */
    NET_ABI_4 = 3,      /* bind and connect TCP */
    SCOPE_ABI_6 = 3     /* abstract Unix sockets, signals */
};

struct ruleset_attributes {
    uint64_t fs, net, scoped;
};

struct path_beneath {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

static void allow(int ruleset, const char *path, uint64_t access)
{
    int at = open(path, O_PATH | O_CLOEXEC);
    struct path_beneath rule = {access, at};

    if (at < 0)
        return; /* not on this system */
    syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
    close(at);
}

static void allow_list(int ruleset, const char *folders, uint64_t access)
{
    char *copy = folders ? strdup(folders) : NULL, *rest = copy, *folder;

    while (copy && (folder = strsep(&rest, ":")))
        if (*folder)
            allow(ruleset, folder, access);
    free(copy);
}

static void allow_folder_of(int ruleset, const char *path, uint64_t access)
{
    char *copy = strdup(path), *slash = copy ? strrchr(copy, '/') : NULL;

    if (slash) {
        *slash = '\0';
        allow(ruleset, *copy ? copy : "/", access);
    }
    free(copy);
}

bool cake_sandbox_landlock(const char *in_place)
{
    static const char *const libraries[] = {"/lib", "/lib64", "/usr", "/opt", NULL};
    static const char *const files[] = {"/etc/ld.so.cache", "/proc/cpuinfo", "/proc/meminfo",
                                        "/proc/stat",       "/dev/null",     "/dev/zero",
                                        "/dev/urandom",     "/dev/random",   NULL};
    static const char *const folders[] = {"/sys/devices/system", "/sys/kernel/mm/transparent_hugepage",
                                          "/sys/kernel/mm/hugepages", NULL};
    const uint64_t run = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR;
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION_FLAG);
    struct ruleset_attributes attributes = {
        .fs =
            FS_ABI_1 | (version >= 2 ? FS_ABI_2 : 0) | (version >= 3 ? FS_ABI_3 : 0) | (version >= 5 ? FS_ABI_5 : 0),
        .net = version >= 4 ? NET_ABI_4 : 0,
        .scoped = version >= 6 ? SCOPE_ABI_6 : 0,
    };
    size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
    int ruleset;
    bool good;

    if (version < 1)
        return false;
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0);
    if (ruleset < 0)
        return false;
    for (int i = 0; libraries[i]; i++)
        allow(ruleset, libraries[i], run);
    allow_list(ruleset, getenv("LD_LIBRARY_PATH"), run);
    if (in_place)
        allow_folder_of(ruleset, in_place, run);
    for (int i = 0; files[i]; i++)
        allow(ruleset, files[i], FS_READ_FILE);
    for (int i = 0; folders[i]; i++)
        allow(ruleset, folders[i], FS_READ_FILE | FS_READ_DIR);
    good = syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    close(ruleset);
    return good;
}
