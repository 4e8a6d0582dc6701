#include "report/folder.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "report/files.h"

enum { NAME_SIZE = 128 };

/* The folder that `path` is in; the caller's. */
static char *parent_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

/* The name "latest" beside the folder; the caller's. */
static char *link_of(const char *folder, const char *format)
{
    char *parent = parent_of(folder), *link = NULL;

    if (!parent || asprintf(&link, format, parent, (long)getpid()) < 0)
        link = NULL;
    free(parent);
    return link;
}

static cake_status sync_parent(const char *path, cake_error *error)
{
    char *parent = parent_of(path);
    cake_status status = parent ? cake_folder_sync(parent, error) : cake_fail(error, CAKE_E_MEMORY, "out of memory");

    free(parent);
    return status;
}

cake_status cake_folder_make(const char *path, cake_error *error)
{
    char *part = strdup(path);
    cake_status status = CAKE_OK;

    if (!part)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    for (size_t i = 1, length = strlen(path); status == CAKE_OK && i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        part[i] = '\0';
        if (mkdir(part, 0755) == 0)
            status = sync_parent(part, error);
        else if (errno != EEXIST)
            status =
                cake_fail(error, cake_file_status(errno), "%s: cannot make the folder: %s", part, strerror(errno));
        part[i] = path[i];
    }
    free(part);
    return status;
}

static void run_name(char name[NAME_SIZE], int attempt)
{
    char host[65] = "";
    time_t now = time(NULL);
    struct tm utc;
    size_t used;

    gmtime_r(&now, &utc);
    used = strftime(name, NAME_SIZE, "%Y%m%dT%H%M%SZ-", &utc);
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0')
        strcpy(host, "unknown");
    for (char *c = host; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *c))
            *c = '_';
    used += (size_t)snprintf(name + used, NAME_SIZE - used, "%s", host);
    if (attempt > 1)
        snprintf(name + used, NAME_SIZE - used, "-%d", attempt);
}

cake_status cake_folder_make_run(const char *root, char **folder, cake_error *error)
{
    char name[NAME_SIZE], *path = NULL;
    cake_status status = cake_folder_make(root, error);

    for (int attempt = 1; status == CAKE_OK; attempt++) {
        free(path);
        run_name(name, attempt);
        if (asprintf(&path, "%s/%s", root, name) < 0)
            return cake_fail(error, CAKE_E_MEMORY, "out of memory");
        if (mkdir(path, 0755) == 0) {
            status = cake_folder_sync(root, error);
            break;
        }
        if (errno != EEXIST || attempt == 1000)
            status =
                cake_fail(error, cake_file_status(errno), "%s: cannot make the folder: %s", path, strerror(errno));
    }
    if (status != CAKE_OK) {
        free(path);
        return status;
    }
    *folder = path;
    return CAKE_OK;
}

bool cake_folder_is_published(const char *folder)
{
    char *link = link_of(folder, "%s/latest");
    struct stat info;
    bool there = link && lstat(link, &info) == 0 && S_ISLNK(info.st_mode);

    free(link);
    return there;
}

cake_status cake_folder_publish(const char *folder, cake_error *error)
{
    char *link = link_of(folder, "%s/latest"), *temporary = link_of(folder, "%s/.latest.%ld");
    const char *slash = strrchr(folder, '/');
    cake_status status = CAKE_E_MEMORY;

    if (!link || !temporary) {
        cake_fail(error, status, "out of memory");
        goto out;
    }
    unlink(temporary);
    if (symlink(slash ? slash + 1 : folder, temporary) != 0 || rename(temporary, link) != 0) {
        status = cake_fail(error, CAKE_E_IO, "%s: cannot point it at the run: %s", link, strerror(errno));
        unlink(temporary);
    } else {
        status = sync_parent(link, error);
    }
out:
    free(link);
    free(temporary);
    return status;
}
