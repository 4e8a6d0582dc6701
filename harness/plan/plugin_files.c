#include "plan/plugin_files.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "plan/folders.h"

static const char suffix[] = ".so";

enum { SUFFIX_LENGTH = sizeof suffix - 1 };

static bool ends_in_suffix(const char *name)
{
    size_t length = strlen(name);

    return length > SUFFIX_LENGTH && strcmp(name + length - SUFFIX_LENGTH, suffix) == 0;
}

static cake_status add(cake_plugin_files *files, const char *folder, const char *file_name, cake_error *error)
{
    cake_plugin_file file = {0}, *more = realloc(files->files, (files->count + 1) * sizeof *more);
    size_t name_length = strlen(file_name) - (ends_in_suffix(file_name) ? SUFFIX_LENGTH : 0);

    if (more)
        files->files = more;
    if (!more || asprintf(&file.path, "%s%s%s", folder, *folder ? "/" : "", file_name) < 0)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    for (const char *c = file_name; *c; c++)
        if (*c == '/') {
            name_length -= (size_t)(c + 1 - file_name);
            file_name = c + 1;
        }
    file.name = strndup(file_name, name_length);
    if (!file.name) {
        free(file.path);
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    }
    files->files[files->count++] = file;
    return CAKE_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const cake_plugin_file *)a)->name, ((const cake_plugin_file *)b)->name);
}

static cake_status scan(cake_plugin_files *files, const char *folder, cake_error *error)
{
    DIR *dir = opendir(folder);
    size_t first = files->count;
    const struct dirent *item;
    cake_status st = CAKE_OK;

    if (!dir)
        return CAKE_OK;
    while (st == CAKE_OK && (item = readdir(dir)) != NULL)
        if (item->d_name[0] != '.' && ends_in_suffix(item->d_name))
            st = add(files, folder, item->d_name, error);
    closedir(dir);
    if (files->count > first)
        qsort(files->files + first, files->count - first, sizeof *files->files, by_name);
    return st;
}

static const cake_plugin_file *find(const cake_plugin_files *files, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(files->files[i].name, name) == 0)
            return &files->files[i];
    return NULL;
}

cake_status cake_plugin_files_find(cake_plugin_files *files, cake_error *error)
{
    /* Debian's libraries lie in lib/<architecture>/, others' in lib64/ or lib/. */
    static const char *const beside_program[] = {"plugins", "../lib*/layercake/plugins", "../lib/*/layercake/plugins",
                                                 NULL};
    cake_plugin_files found = {0};
    cake_folders folders = {0};
    cake_status st = cake_folders_make("LAYERCAKE_PLUGIN_PATH", beside_program, &folders, error);

    for (size_t i = 0; st == CAKE_OK && i < folders.count; i++)
        st = scan(&found, folders.paths[i], error);
    for (size_t i = 0; st == CAKE_OK && i < found.count; i++) {
        const cake_plugin_file *first = find(&found, i, found.files[i].name);

        if (first && !(found.files[i].shadowed_by = strdup(first->path)))
            st = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    }
    cake_folders_free(&folders);
    if (st == CAKE_OK)
        *files = found;
    else
        cake_plugin_files_free(&found);
    return st;
}

static bool has_path(const cake_plugin_files *files, const char *path)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->files[i].path, path) == 0)
            return true;
    return false;
}

static cake_status choose_one(const cake_plugin_files *found, const char *wanted, cake_plugin_files *chosen,
                              cake_error *error)
{
    const cake_plugin_file *file = find(found, found->count, wanted);
    cake_nearest nearest = {.word = wanted};
    const char *meant;

    if (strchr(wanted, '/') || ends_in_suffix(wanted)) {
        if (access(wanted, F_OK) != 0)
            return cake_fail(error, CAKE_E_USAGE, "expected the path of a plugin, found '%s': %s", wanted,
                             strerror(errno));
        return has_path(chosen, wanted) ? CAKE_OK : add(chosen, "", wanted, error);
    }
    if (file)
        return has_path(chosen, file->path) ? CAKE_OK : add(chosen, "", file->path, error);
    for (size_t i = 0; i < found->count; i++)
        cake_nearest_offer(&nearest, found->files[i].name);
    meant = cake_nearest_get(&nearest);
    if (meant)
        return cake_fail(error, CAKE_E_USAGE, "expected a plugin, found '%s'; did you mean '%s'?", wanted, meant);
    return cake_fail(error, CAKE_E_USAGE,
                     "expected a plugin's name ('layercake list plugins' tells them) or the path of one, found '%s'",
                     wanted);
}

cake_status cake_plugin_files_choose(const char *const *wanted, size_t n_wanted, cake_plugin_files *chosen,
                                     cake_error *error)
{
    cake_plugin_files found = {0}, made = {0};
    cake_status st = cake_plugin_files_find(&found, error);

    for (size_t i = 0; st == CAKE_OK && i < n_wanted; i++)
        st = choose_one(&found, wanted[i], &made, error);
    for (size_t i = 0; st == CAKE_OK && n_wanted == 0 && i < found.count; i++)
        if (!found.files[i].shadowed_by)
            st = add(&made, "", found.files[i].path, error);
    if (st == CAKE_OK && made.count == 0)
        st = cake_fail(error, CAKE_E_USAGE,
                       "expected a plugin beside the program (plugins/*.so), installed, or in "
                       "LAYERCAKE_PLUGIN_PATH, found none");
    cake_plugin_files_free(&found);
    if (st == CAKE_OK)
        *chosen = made;
    else
        cake_plugin_files_free(&made);
    return st;
}

void cake_plugin_files_free(cake_plugin_files *files)
{
    for (size_t i = 0; i < files->count; i++) {
        free(files->files[i].name);
        free(files->files[i].path);
        free(files->files[i].shadowed_by);
    }
    free(files->files);
    *files = (cake_plugin_files){0};
}
