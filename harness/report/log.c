#include "report/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "report/files.h"

cake_status cake_log_open(cake_log *log, const char *folder, const char *name, int flags, cake_error *error)
{
    if (asprintf(&log->path, "%s/%s", folder, name) < 0) {
        log->path = NULL;
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    }
    log->safe = 0;
    log->fd = open(log->path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags, 0644);
    if (log->fd >= 0)
        return CAKE_OK;
    if (errno == EEXIST)
        return cake_fail(error, CAKE_E_USAGE,
                         "%s: is there already: go on with it by --resume, or choose another folder", log->path);
    if (errno == ENOENT)
        return cake_fail(error, CAKE_E_USAGE, "%s: expected the journal of a run, found no such file", log->path);
    return cake_fail(error, cake_file_status(errno), "%s: %s", log->path, strerror(errno));
}

cake_status cake_log_lock(cake_log *log, cake_error *error)
{
    if (flock(log->fd, LOCK_EX | LOCK_NB) == 0)
        return CAKE_OK;
    return errno == EWOULDBLOCK ? cake_fail(error, CAKE_E_USAGE, "%s: another process is writing this run", log->path)
                                : cake_fail(error, CAKE_E_IO, "%s: flock: %s", log->path, strerror(errno));
}

/* All of the block behind the safe bytes: 0, or errno. */
static int write_block(const cake_log *log, const char *data, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(log->fd, data + done, size - done, log->safe + (off_t)done);

        if (n > 0)
            done += (size_t)n;
        else if (n == 0 || errno != EINTR)
            return n == 0 ? EIO : errno;
    }
    return 0;
}

int cake_log_append(cake_log *log, const char *data, size_t size)
{
    sigset_t limit, old;
    int failed;

    /* Past RLIMIT_FSIZE the kernel kills the process unless SIGXFSZ is held back; then the write says EFBIG. */
    sigemptyset(&limit);
    sigaddset(&limit, SIGXFSZ);
    pthread_sigmask(SIG_BLOCK, &limit, &old);
    failed = write_block(log, data, size);
    if (failed == EFBIG)
        sigtimedwait(&limit, NULL, &(struct timespec){0});
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!failed && fdatasync(log->fd) != 0)
        failed = errno;
    if (!failed)
        log->safe += (off_t)size;
    else if (ftruncate(log->fd, log->safe) != 0)
        return failed; /* what is left over is known by its damage, and cut when the run is resumed */
    return failed;
}

cake_status cake_log_start(cake_log *log, const char *header, cake_error *error)
{
    int failed = ftruncate(log->fd, 0) != 0 ? errno : 0;

    log->safe = 0;
    if (!failed)
        failed = cake_log_append(log, header, strlen(header));
    return failed ? cake_fail(error, CAKE_E_IO, "%s: %s", log->path, strerror(failed)) : CAKE_OK;
}

cake_status cake_log_cut(cake_log *log, size_t valid, cake_error *error)
{
    if (ftruncate(log->fd, (off_t)valid) != 0 || fdatasync(log->fd) != 0)
        return cake_fail(error, CAKE_E_IO, "%s: %s", log->path, strerror(errno));
    log->safe = (off_t)valid;
    return CAKE_OK;
}

void cake_log_close(cake_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    free(log->path);
    *log = CAKE_LOG_CLOSED;
}
