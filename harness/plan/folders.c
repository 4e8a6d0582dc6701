#include "plan/folders.h"

#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static cake_status add(cake_folders *folders, const char *path, size_t length, cake_error *error)
{
    char **more = realloc(folders->paths, (folders->count + 1) * sizeof *more);

    if (!more)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    folders->paths = more;
    more[folders->count] = strndup(path, length);
    if (!more[folders->count])
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    folders->count++;
    return CAKE_OK;
}

/* The folder of the running program, without the slash at its end. */
static cake_status program_folder(char *path, size_t size, cake_error *error)
{
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    char *slash;

    if (length <= 0)
        return cake_fail(error, CAKE_E_IO, "cannot read /proc/self/exe, which says where the program is");
    path[length] = '\0';
    slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    return CAKE_OK;
}

cake_status cake_folders_make(const char *variable, const char *const *beside_program, cake_folders *folders,
                              cake_error *error)
{
    cake_folders made = {0};
    char program[PATH_MAX], pattern[2 * PATH_MAX];
    const char *listed = getenv(variable);
    cake_status st = program_folder(program, sizeof program, error);

    while (st == CAKE_OK && listed && *listed) {
        size_t length = strcspn(listed, ":");

        if (length > 0)
            st = add(&made, listed, length, error);
        listed += length + (listed[length] == ':');
    }
    for (int i = 0; st == CAKE_OK && beside_program[i]; i++) {
        glob_t found = {0};

        snprintf(pattern, sizeof pattern, "%s/%s", program, beside_program[i]);
        if (glob(pattern, 0, NULL, &found) == 0)
            for (size_t j = 0; st == CAKE_OK && j < found.gl_pathc; j++)
                st = add(&made, found.gl_pathv[j], strlen(found.gl_pathv[j]), error);
        globfree(&found);
    }
    if (st == CAKE_OK) {
        *folders = made;
        return CAKE_OK;
    }
    cake_folders_free(&made);
    return st;
}

void cake_folders_free(cake_folders *folders)
{
    for (size_t i = 0; i < folders->count; i++)
        free(folders->paths[i]);
    free(folders->paths);
    *folders = (cake_folders){0};
}
