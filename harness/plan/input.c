#include "plan/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

cake_status cake_input_open(const char *path, const char *what, FILE **file, cake_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;

    if (fd < 0)
        return cake_fail(error, CAKE_E_USAGE, "%s: expected a readable %s, found: %s", path, what, strerror(errno));
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > CAKE_INPUT_BYTES_MAX) {
        close(fd);
        return cake_fail(error, CAKE_E_USAGE, "%s: expected a regular file of at most %d MiB, found something else",
                         path, CAKE_INPUT_BYTES_MAX >> 20);
    }
    *file = fdopen(fd, "r");
    if (!*file) {
        close(fd);
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    }
    return CAKE_OK;
}

cake_status cake_input_read(const char *path, const char *what, char **text, size_t *size, cake_error *error)
{
    FILE *file = NULL;
    char *bytes = malloc(CAKE_INPUT_BYTES_MAX + 1), *fitting;
    cake_status st = cake_input_open(path, what, &file, error);

    if (st == CAKE_OK && !bytes)
        st = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    if (st == CAKE_OK) {
        *size = fread(bytes, 1, CAKE_INPUT_BYTES_MAX, file);
        bytes[*size] = '\0';
        if (ferror(file))
            st = cake_fail(error, CAKE_E_USAGE, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (file)
        fclose(file);
    if (st != CAKE_OK) {
        free(bytes);
        return st;
    }
    fitting = realloc(bytes, *size + 1);
    *text = fitting ? fitting : bytes;
    return CAKE_OK;
}

bool cake_input_is_there(const char *path)
{
    return access(path, F_OK) == 0;
}
