#include "report/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

cake_status cake_file_read_fd(int fd, const char *path, size_t limit, char **data, size_t *size, cake_error *error)
{
    struct stat info;
    size_t used = 0, room;
    char *buffer = NULL;

    if (fstat(fd, &info) != 0)
        return cake_fail(error, CAKE_E_IO, "%s: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return cake_fail(error, CAKE_E_USAGE, "%s: expected a regular file", path);
    if ((unsigned long long)info.st_size > limit)
        return cake_fail(error, CAKE_E_USAGE, "%s: expected at most %zu bytes, found %lld", path, limit,
                         (long long)info.st_size);
    room = (size_t)info.st_size;
    buffer = malloc(room + 1);
    if (!buffer)
        return cake_fail(error, CAKE_E_MEMORY, "%s: %zu bytes: out of memory", path, room);
    while (used < room) {
        ssize_t n = pread(fd, buffer + used, room - used, (off_t)used);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            free(buffer);
            return cake_fail(error, CAKE_E_IO, "%s: %s", path, strerror(errno));
        }
        if (n == 0)
            break;
        used += (size_t)n;
    }
    buffer[used] = '\0';
    *data = buffer;
    *size = used;
    return CAKE_OK;
}

cake_status cake_file_read(const char *path, size_t limit, char **data, size_t *size, cake_error *error)
{
    /* Without O_NONBLOCK a FIFO would be waited for. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    cake_status status;

    if (fd < 0)
        return cake_fail(error, errno == ENOENT || errno == ENOTDIR ? CAKE_NOT_FOUND : CAKE_E_IO, "%s: %s", path,
                         strerror(errno));
    status = cake_file_read_fd(fd, path, limit, data, size, error);
    close(fd);
    return status;
}

int cake_write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

cake_status cake_file_status(int error_number)
{
    static const int chosen[] = {EACCES, EPERM, ENOENT, ENOTDIR, EISDIR, EROFS, ENAMETOOLONG, ELOOP, EEXIST};

    for (size_t i = 0; i < sizeof chosen / sizeof chosen[0]; i++)
        if (error_number == chosen[i])
            return CAKE_E_USAGE;
    return CAKE_E_IO;
}

cake_status cake_folder_sync(const char *folder, cake_error *error)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC), failed = 0;

    if (fd < 0)
        return cake_fail(error, CAKE_E_IO, "%s: %s", folder, strerror(errno));
    /* Some file systems cannot sync a folder and say EINVAL: then there is nothing to be had. */
    if (fsync(fd) != 0 && errno != EINVAL)
        failed = errno;
    close(fd);
    return failed ? cake_fail(error, CAKE_E_IO, "%s: fsync: %s", folder, strerror(failed)) : CAKE_OK;
}

cake_status cake_file_replace(const char *folder, const char *name, const char *data, size_t size, cake_error *error)
{
    char *path = NULL, *temporary = NULL;
    cake_status status = CAKE_E_MEMORY;
    int fd = -1, failed;

    if (asprintf(&path, "%s/%s", folder, name) < 0)
        path = NULL;
    if (asprintf(&temporary, "%s/.%s.%ld", folder, name, (long)getpid()) < 0)
        temporary = NULL;
    if (!path || !temporary) {
        cake_fail(error, status, "%s: out of memory", name);
        goto out;
    }
    unlink(temporary);
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    failed = fd < 0 ? errno : cake_write_all(fd, data, size);
    if (!failed && fsync(fd) != 0)
        failed = errno;
    if (fd >= 0 && close(fd) != 0 && !failed)
        failed = errno;
    if (!failed && rename(temporary, path) != 0)
        failed = errno;
    if (failed) {
        unlink(temporary);
        status = cake_fail(error, cake_file_status(failed), "%s: %s", path, strerror(failed));
        goto out;
    }
    status = cake_folder_sync(folder, error);
out:
    free(path);
    free(temporary);
    return status;
}
