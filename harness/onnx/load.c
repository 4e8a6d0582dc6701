#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "onnx/graph.h"
#include "onnx/onnx.h"
#include "plan/golden.h"

enum { FOLDERS_DEEP = 4 };

/* Of a model's files, and of everything that is made of it. */
static const size_t file_max = (size_t)1 << 30, model_memory = (size_t)2 << 30;

bool cake_onnx_available(void)
{
    return true;
}

static bool is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* Write a path. CAKE_E_USAGE: longer than paths can be. */
__attribute__((format(printf, 3, 4))) static cake_status path_make(char path[PATH_MAX], cake_error *error,
                                                                   const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(path, PATH_MAX, format, arguments);
    va_end(arguments);
    if (length >= 0 && length < PATH_MAX)
        return CAKE_OK;
    return cake_fail(error, CAKE_E_USAGE, "expected paths of less than %d bytes, found a longer one", PATH_MAX);
}

/* ---- one model ---- */

/* A file of the set, if it is there. */
static cake_status read_one(cake_onnx_pool *pool, const char *folder, const char *what, int index,
                            cake_onnx_bytes *bytes, cake_error *error)
{
    char path[PATH_MAX];
    cake_status st = path_make(path, error, "%s/%s_%d.pb", folder, what, index);

    if (st == CAKE_OK)
        st = cake_onnx_read_file(pool, path, file_max, bytes, error);
    return st == CAKE_NOT_FOUND ? CAKE_OK : st;
}

static cake_status read_set(cake_onnx_pool *pool, const char *folder, cake_onnx_set *set, cake_error *error)
{
    cake_status st = CAKE_OK;

    for (int i = 0; st == CAKE_OK && i < CAKE_ONNX_INPUTS; i++)
        st = read_one(pool, folder, "input", i, &set->inputs[i], error);
    for (int i = 0; st == CAKE_OK && i < CAKE_ONNX_OUTPUTS; i++)
        st = read_one(pool, folder, "output", i, &set->outputs[i], error);
    return st;
}

/* The element type that the published outputs were computed in. */
static int32_t type_of(const cake_onnx_node *node)
{
    return node->input[0] ? node->input[0]->type : 0;
}

/* Map in each of the operator's ways until the reference agrees; what is told is how the first one went. */
static cake_status map_and_hold(const cake_onnx_graph *graph, const cake_onnx_set *set, const char *folder,
                                const char *name, int threads, cake_onnx_node *node, cake_error *error)
{
    cake_status first = CAKE_OK;
    int variants = 1;

    for (int variant = 0; variant < variants; variant++) {
        cake_error why = {""};
        cake_status st;

        *node = (cake_onnx_node){.file = folder, .name = name, .variant = variant};
        st = cake_onnx_graph_map(graph, set, node);
        if (st != CAKE_OK)
            why = node->error;
        for (size_t i = 0; st == CAKE_OK && i < node->count; i++)
            st = cake_onnx_hold(&node->workloads[i], type_of(node), threads, &why);
        if (st == CAKE_OK)
            return CAKE_OK;
        variants = node->variants > variants ? node->variants : variants;
        cake_onnx_node_free(node);
        if (variant == 0) {
            first = st;
            *error = why;
        }
        if (st != CAKE_NOT_FOUND)
            break;
    }
    return first;
}

static cake_status take(cake_onnx_suite *suite, cake_onnx_node *node, cake_error *error)
{
    cake_workload *more = realloc(suite->workloads, (suite->n_workloads + node->count) * sizeof *more);

    if (!more)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    suite->workloads = more;
    memcpy(more + suite->n_workloads, node->workloads, node->count * sizeof *more);
    suite->n_workloads += node->count;
    node->count = 0;
    return CAKE_OK;
}

static cake_status read_model(const char *path, int threads, cake_onnx_suite *suite, cake_error *error)
{
    cake_onnx_pool pool = {.limit = model_memory};
    cake_onnx_bytes bytes = {NULL, 0};
    cake_onnx_graph graph;
    char file[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int sets = 0;
    cake_status st = path_make(file, error, "%s/model.onnx", path);

    if (st == CAKE_OK)
        st = cake_onnx_read_file(&pool, file, file_max, &bytes, error);
    if (st == CAKE_OK)
        st = cake_onnx_graph_read(&pool, bytes, path, &graph, error);
    for (; st == CAKE_OK; sets++) {
        cake_onnx_set set = {0};
        cake_onnx_node node = {0};

        st = path_make(file, error, "%s/test_data_set_%d", path, sets);
        if (st == CAKE_OK && !is_folder(file))
            break;
        if (st == CAKE_OK)
            st = read_set(&pool, file, &set, error);
        if (st == CAKE_OK)
            st = map_and_hold(&graph, &set, file, slash ? slash + 1 : path, threads, &node, error);
        if (st == CAKE_OK)
            st = take(suite, &node, error);
        cake_onnx_node_free(&node);
    }
    if (st == CAKE_OK && sets == 0)
        st = cake_fail(error, CAKE_NOT_SUPPORTED, "no test_data_set_0 beside the model");
    cake_onnx_pool_free(&pool);
    return st;
}

/* What became of it, in the suite. */
static cake_status add_model(const char *path, int threads, cake_onnx_suite *suite, cake_error *error)
{
    cake_onnx_model *more = realloc(suite->models, (suite->count + 1) * sizeof *more), *model;
    cake_error why = {""};
    cake_status st;

    if (!more)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    suite->models = more;
    model = &more[suite->count++];
    *model = (cake_onnx_model){.path = strdup(path), .first = suite->n_workloads};
    st = read_model(path, threads, suite, &why);
    if (st == CAKE_E_MEMORY || st == CAKE_E_INTERNAL)
        return cake_fail(error, st, "%s: %s", path, why.text);
    model->state = st == CAKE_OK              ? CAKE_ONNX_MAPPED
                   : st == CAKE_NOT_SUPPORTED ? CAKE_ONNX_SKIPPED
                   : st == CAKE_NOT_FOUND     ? CAKE_ONNX_DIFFERS
                                              : CAKE_ONNX_BROKEN;
    /* What earlier data sets gave goes too. */
    while (st != CAKE_OK && suite->n_workloads > model->first)
        cake_workload_free(&suite->workloads[--suite->n_workloads]);
    model->n_cases = suite->n_workloads - model->first;
    if (st != CAKE_OK)
        model->reason = strdup(why.text);
    if (!model->path || (st != CAKE_OK && !model->reason))
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    return CAKE_OK;
}

/* ---- folders of them ---- */

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static cake_status walk(const char *folder, int deep, int threads, cake_onnx_suite *suite, cake_error *error)
{
    struct dirent **entries = NULL;
    char path[PATH_MAX];
    cake_status st = path_make(path, error, "%s/model.onnx", folder);
    int count;

    if (st == CAKE_OK && access(path, F_OK) == 0)
        return add_model(folder, threads, suite, error);
    count = deep > 0 ? scandir(folder, &entries, is_visible, alphasort) : 0;
    for (int i = 0; i < count; i++) {
        if (st == CAKE_OK)
            st = path_make(path, error, "%s/%s", folder, entries[i]->d_name);
        if (st == CAKE_OK && is_folder(path))
            st = walk(path, deep - 1, threads, suite, error);
        free(entries[i]);
    }
    free(entries);
    return st;
}

cake_status cake_onnx_load(const char *folder, int threads, cake_onnx_suite *suite, cake_error *error)
{
    size_t before = suite->count;
    char path[PATH_MAX];
    size_t length = strlen(folder);
    cake_status st;

    while (length > 1 && folder[length - 1] == '/')
        length--;
    st = path_make(path, error, "%.*s", (int)length, folder);
    if (st == CAKE_OK && !is_folder(path))
        st = cake_fail(error, CAKE_E_USAGE, "%s: expected a folder, found %s", folder,
                       access(path, F_OK) == 0 ? "something else" : "nothing");
    if (st == CAKE_OK)
        st = walk(path, FOLDERS_DEEP, threads, suite, error);
    if (st == CAKE_OK && suite->count == before)
        st = cake_fail(error, CAKE_E_USAGE, "%s: expected model.onnx, or folders with it, found none", folder);
    return st;
}

void cake_onnx_suite_free(cake_onnx_suite *suite)
{
    for (size_t i = 0; i < suite->count; i++) {
        free(suite->models[i].path);
        free(suite->models[i].reason);
    }
    for (size_t i = 0; i < suite->n_workloads; i++)
        cake_workload_free(&suite->workloads[i]);
    free(suite->models);
    free(suite->workloads);
    *suite = (cake_onnx_suite){0};
}
