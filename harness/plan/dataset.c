#include "plan/dataset.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "plan/folders.h"
#include "plan/golden.h"
#include "plan/input.h"

static const char suffix[] = ".txt";

enum { SUFFIX_LENGTH = sizeof suffix - 1, COMMENT_BYTES_MAX = 4096 };

static bool ends_in_suffix(const char *name)
{
    size_t length = strlen(name);

    return length > SUFFIX_LENGTH && strcmp(name + length - SUFFIX_LENGTH, suffix) == 0;
}

/* The text of a comment line without its '#' and blanks, or NULL if it is none. The caller's to free. */
static char *comment_text(const char *line, size_t length)
{
    while (length > 0 && (line[length - 1] == '\n' || line[length - 1] == '\r' || line[length - 1] == ' '))
        length--;
    if (length == 0 || line[0] != '#')
        return NULL;
    while (length > 0 && (*line == '#' || *line == ' ')) {
        line++;
        length--;
    }
    return strndup(line, length);
}

/* Append the line to the comment lines before it, or, if it is none, forget those. A comment is cut at some length. */
static cake_status gather_comment(char **comment, const char *line, size_t length, cake_error *error)
{
    char *text = comment_text(line, length), *longer = NULL;

    if (text && *comment && strlen(*comment) > COMMENT_BYTES_MAX) {
        free(text);
        return CAKE_OK;
    }
    if (text && asprintf(&longer, "%s%s\n", *comment ? *comment : "", text) < 0) {
        free(text);
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    }
    free(text);
    free(*comment);
    *comment = longer;
    return CAKE_OK;
}

static cake_status add_workload(cake_dataset *dataset, size_t *room, cake_workload *workload, cake_error *error)
{
    if (dataset->count == *room) {
        size_t wanted = *room ? 2 * *room : 64;
        cake_workload *more = realloc(dataset->workloads, wanted * sizeof *more);

        if (!more)
            return cake_fail(error, CAKE_E_MEMORY, "out of memory");
        dataset->workloads = more;
        *room = wanted;
    }
    dataset->workloads[dataset->count++] = *workload;
    *workload = (cake_workload){0};
    return CAKE_OK;
}

static cake_status read_line(cake_dataset *dataset, size_t *room, const char *line, size_t length,
                             const cake_source *source, char **comment, cake_error *error)
{
    cake_workload *last = dataset->count > 0 ? &dataset->workloads[dataset->count - 1] : NULL;
    cake_workload workload = {0};
    cake_status st;

    if (last && cake_golden_is_line(line, length))
        return cake_golden_add(last, line, length, source, error);
    st = cake_workload_parse(line, length, source, &workload, error);
    if (st == CAKE_NOT_FOUND)
        return gather_comment(comment, line, length, error);
    if (st == CAKE_OK && last)
        st = cake_golden_complete(last, error);
    workload.comment = *comment;
    *comment = NULL;
    if (st == CAKE_OK)
        st = add_workload(dataset, room, &workload, error);
    cake_workload_free(&workload);
    return st;
}

static cake_status read_file(FILE *file, cake_dataset *dataset, cake_error *error)
{
    cake_source source = {dataset->path, 0, dataset->name};
    char *line = NULL, *comment = NULL;
    size_t line_room = 0, room = 0;
    ssize_t length;
    cake_status st = CAKE_OK;

    while (st == CAKE_OK && (length = getline(&line, &line_room, file)) > 0) {
        source.line++;
        if (source.line == 1)
            dataset->description = comment_text(line, (size_t)length);
        if (line[length - 1] == '\n')
            length--;
        st = read_line(dataset, &room, line, (size_t)length, &source, &comment, error);
    }
    free(line);
    free(comment);
    if (st == CAKE_OK && ferror(file))
        st = cake_fail(error, CAKE_E_USAGE, "%s: cannot be read: %s", dataset->path, strerror(errno));
    if (st == CAKE_OK && dataset->count == 0)
        st = cake_fail(error, CAKE_E_USAGE, "%s: expected at least one workload, found none", dataset->path);
    if (st == CAKE_OK)
        st = cake_golden_complete(&dataset->workloads[dataset->count - 1], error);
    if (st == CAKE_OK && !dataset->description && !(dataset->description = strdup("")))
        st = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    return st;
}

static cake_status load(const char *name, size_t name_length, const char *path, cake_dataset *dataset,
                        cake_error *error)
{
    cake_dataset read = {0};
    FILE *file = NULL;
    cake_status st = cake_input_open(path, "dataset file", &file, error);

    if (st != CAKE_OK)
        return st;
    snprintf(read.name, sizeof read.name, "%.*s", (int)name_length, name);
    read.path = strdup(path);
    st = read.path ? read_file(file, &read, error) : cake_fail(error, CAKE_E_MEMORY, "out of memory");
    fclose(file);
    if (st == CAKE_OK)
        *dataset = read;
    else
        cake_dataset_free(&read);
    return st;
}

cake_status cake_dataset_load(const char *name_or_path, cake_dataset *dataset, cake_error *error)
{
    cake_dataset_list list = {0};
    cake_nearest nearest = {.word = name_or_path};
    const char *base = strrchr(name_or_path, '/');
    cake_status st;

    if (ends_in_suffix(name_or_path)) {
        base = base ? base + 1 : name_or_path;
        return load(base, strlen(base) - SUFFIX_LENGTH, name_or_path, dataset, error);
    }
    st = cake_dataset_find_all(&list, error);
    if (st != CAKE_OK)
        return st;
    for (size_t i = 0; i < list.count; i++) {
        if (strcmp(list.entries[i].name, name_or_path) == 0) {
            st = load(name_or_path, strlen(name_or_path), list.entries[i].path, dataset, error);
            goto out;
        }
        cake_nearest_offer(&nearest, list.entries[i].name);
    }
    if (base && access(name_or_path, F_OK) == 0)
        st = load(base + 1, strlen(base + 1), name_or_path, dataset, error);
    else if (cake_nearest_get(&nearest))
        st = cake_fail(error, CAKE_E_USAGE,
                       "expected a dataset's name or the path of one, found '%s'; did you mean '%s'?", name_or_path,
                       cake_nearest_get(&nearest));
    else
        st = cake_fail(
            error, CAKE_E_USAGE,
            "expected a dataset's name ('layercake list datasets' tells them) or the path of one, found '%s'",
            name_or_path);
out:
    cake_dataset_list_free(&list);
    return st;
}

void cake_dataset_free(cake_dataset *dataset)
{
    for (size_t i = 0; i < dataset->count; i++)
        cake_workload_free(&dataset->workloads[i]);
    free(dataset->workloads);
    free(dataset->path);
    free(dataset->description);
    *dataset = (cake_dataset){0};
}

static char *first_comment(const char *path)
{
    FILE *file = NULL;
    char *line = NULL, *text = NULL;
    size_t room = 0;
    ssize_t length;

    if (cake_input_open(path, "dataset file", &file, NULL) != CAKE_OK)
        return strdup("");
    length = getline(&line, &room, file);
    if (length > 0)
        text = comment_text(line, (size_t)length);
    free(line);
    fclose(file);
    return text ? text : strdup("");
}

/* Add `prefix`name for a file of the folder, unless one of that name is there. */
static cake_status add_entry(cake_dataset_list *list, const char *folder, const char *prefix, const char *file_name,
                             cake_error *error)
{
    cake_dataset_entry entry = {0}, *more;

    if ((size_t)snprintf(entry.name, sizeof entry.name, "%s%.*s", prefix, (int)(strlen(file_name) - SUFFIX_LENGTH),
                         file_name) >= sizeof entry.name)
        return CAKE_OK;
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->entries[i].name, entry.name) == 0)
            return CAKE_OK;
    more = realloc(list->entries, (list->count + 1) * sizeof *more);
    if (more)
        list->entries = more;
    if (!more || asprintf(&entry.path, "%s/%s", folder, file_name) < 0)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    entry.description = first_comment(entry.path);
    list->entries[list->count++] = entry;
    return entry.description ? CAKE_OK : cake_fail(error, CAKE_E_MEMORY, "out of memory");
}

static cake_status scan(cake_dataset_list *list, const char *folder, const char *prefix, cake_error *error)
{
    DIR *dir = opendir(folder);
    const struct dirent *item;
    cake_status st = CAKE_OK;

    if (!dir)
        return CAKE_OK;
    while (st == CAKE_OK && (item = readdir(dir)) != NULL)
        if (item->d_name[0] != '.' && ends_in_suffix(item->d_name))
            st = add_entry(list, folder, prefix, item->d_name, error);
    closedir(dir);
    return st;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const cake_dataset_entry *)a)->name, ((const cake_dataset_entry *)b)->name);
}

cake_status cake_dataset_find_all(cake_dataset_list *list, cake_error *error)
{
    static const char *const beside_program[] = {"datasets", "../share/layercake/datasets", NULL};
    cake_dataset_list found = {0};
    cake_folders folders = {0};
    char golden[PATH_MAX];
    cake_status st = cake_folders_make("LAYERCAKE_DATASET_PATH", beside_program, &folders, error);

    for (size_t i = 0; st == CAKE_OK && i < folders.count; i++) {
        st = scan(&found, folders.paths[i], "", error);
        snprintf(golden, sizeof golden, "%s/golden", folders.paths[i]);
        if (st == CAKE_OK)
            st = scan(&found, golden, "golden/", error);
    }
    cake_folders_free(&folders);
    if (st != CAKE_OK) {
        cake_dataset_list_free(&found);
        return st;
    }
    if (found.count > 0)
        qsort(found.entries, found.count, sizeof *found.entries, by_name);
    *list = found;
    return CAKE_OK;
}

void cake_dataset_list_free(cake_dataset_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->entries[i].path);
        free(list->entries[i].description);
    }
    free(list->entries);
    *list = (cake_dataset_list){0};
}
