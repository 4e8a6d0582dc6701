#include "run/layers.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "worker/protocol.h"

const cake_layer cake_layers[] = {
    {CAKE_LAYER_NO_NEW_PRIVS, "no-new-privs", "no program that it starts gains rights"},
    {CAKE_LAYER_RLIMITS, "rlimits", "limits of memory, CPU time, files, descriptors, threads"},
    {CAKE_LAYER_NAMESPACES, "namespaces", "no network and no shared memory of others"},
    {CAKE_LAYER_UID, "uid", "runs as nobody where the harness is root"},
    {CAKE_LAYER_LANDLOCK, "landlock", "reads libraries and what tells of the CPU; writes no file"},
    {CAKE_LAYER_SECCOMP, "seccomp", "system calls of computing only"},
    {CAKE_LAYER_MSEAL, "mseal", "code and relocated data cannot be remapped"},
    {0, NULL, NULL},
};

enum { NOBODY = 65534, POOL_THREADS = 256 };

/* The number after "name:" in a text of /proc/PID/status; -1: none. */
static long field(const char *status, const char *name)
{
    const char *at = strstr(status, name);

    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

static long threads_of(const char *pid, long uid)
{
    char path[64], status[4096];
    size_t got;
    FILE *file;

    snprintf(path, sizeof path, "/proc/%.16s/status", pid);
    file = fopen(path, "re");
    if (!file)
        return 0; /* has ended meanwhile */
    got = fread(status, 1, sizeof status - 1, file);
    fclose(file);
    status[got] = '\0';
    if (field(status, "\nUid:") != uid)
        return 0;
    return field(status, "\nThreads:");
}

uint64_t cake_layers_process_limit(int threads)
{
    long uid = geteuid() == 0 ? NOBODY : (long)getuid();
    uint64_t count = POOL_THREADS + 4 * (uint64_t)threads;
    DIR *processes = opendir("/proc");
    struct dirent *entry;

    if (!processes)
        return 0;
    while ((entry = readdir(processes)))
        if (isdigit((unsigned char)entry->d_name[0])) {
            long has = threads_of(entry->d_name, uid);

            count += has > 0 ? (uint64_t)has : 0;
        }
    closedir(processes);
    return count;
}
