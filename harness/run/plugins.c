#include "run/plugins.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plugin_files.h"
#include "run/interrupt.h"

/* Copy what the worker wrote, which the plugin could have written too: texts are cut, counts bounded. */
static char *copy_text(const char *text, size_t size)
{
    return strndup(text, size - 1);
}

static bool copy_kernel(cake_kernel_info *info, const cake_wire_kernel *wire)
{
    info->op = copy_text(wire->op, sizeof wire->op);
    info->name = copy_text(wire->name, sizeof wire->name);
    info->accuracy = wire->accuracy < 0 || wire->accuracy > CAKE_FAST ? CAKE_STANDARD : wire->accuracy;
    for (uint32_t i = 0; i < wire->n_layouts && i < CAKE_MAX_LAYOUTS; i++)
        if (wire->layouts[i] >= CAKE_NCHW && wire->layouts[i] <= CAKE_NCHW16C)
            info->layouts[info->n_layouts++] = wire->layouts[i];
    info->min_align = wire->min_align;
    info->max_threads = wire->max_threads;
    info->overread = wire->overread <= 64 ? wire->overread : 0;
    info->reduction = wire->reduction >= 1 && wire->reduction <= 64 ? wire->reduction : 1;
    return info->op && info->name;
}

static bool copy_info(cake_plugin_info *info, const cake_wire_plugin *wire)
{
    uint32_t count = wire->n_kernels < CAKE_WIRE_KERNELS ? wire->n_kernels : CAKE_WIRE_KERNELS;
    char *name = copy_text(wire->name, sizeof wire->name);

    if (!name)
        return false;
    free(info->name);
    info->name = name;
    info->version = copy_text(wire->version, sizeof wire->version);
    info->description = copy_text(wire->description, sizeof wire->description);
    info->license = copy_text(wire->license, sizeof wire->license);
    info->isa = wire->isa;
    info->abi_major = wire->abi_major;
    info->abi_minor = wire->abi_minor;
    info->kernels = calloc(count ? count : 1, sizeof *info->kernels);
    if (!info->version || !info->description || !info->license || !info->kernels)
        return false;
    for (; info->n_kernels < count; info->n_kernels++)
        if (!copy_kernel(&info->kernels[info->n_kernels], &wire->kernels[info->n_kernels]))
            return false;
    return true;
}

static void add_loaded(cake_loaded_list *loaded, const char *path)
{
    char **more;

    for (size_t i = 0; i < loaded->count; i++)
        if (strcmp(loaded->paths[i], path) == 0)
            return;
    more = realloc(loaded->paths, (loaded->count + 1) * sizeof *more);
    if (!more)
        return;
    loaded->paths = more;
    more[loaded->count] = strdup(path);
    loaded->count += more[loaded->count] != NULL;
}

/* Every shared object in the worker's memory. None where the system does not let us look. */
static void list_loaded(cake_loaded_list *loaded, pid_t pid)
{
    char path[64], line[PATH_MAX + 128];
    FILE *maps;

    snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    maps = fopen(path, "re");
    while (maps && fgets(line, sizeof line, maps)) {
        char *file = strchr(line, '/');

        line[strcspn(line, "\n")] = '\0';
        if (file && strstr(file, ".so") && !strstr(file, " (deleted)"))
            add_loaded(loaded, file);
    }
    if (maps)
        fclose(maps);
}

/* Ask one plugin what it is. Its problem, if it has one, goes to the info. False: no memory, or interrupted. */
static bool describe(cake_plugin_info *info, cake_plugin_file_image *image, const cake_worker_settings *settings,
                     const cake_placement *placement, uint32_t *layers, cake_loaded_list *loaded)
{
    cake_finding finding = {CAKE_V_OK, ""};
    cake_process process = {.socket = -1, .output = -1};
    bool good = true;

    if (cake_vet_open(info->path, settings->load_in_place, image, &finding)) {
        bool started = cake_process_launch(&process, settings, placement, image, &finding) &&
                       cake_process_load(&process, placement, info->path, &finding);

        /* A plugin that this CPU cannot run has described itself all the same. */
        if (started || finding.verdict == CAKE_V_UNSUPPORTED)
            good = !process.shared || copy_info(info, &process.shared->plugin);
        if (started) {
            *layers &= process.layers;
            list_loaded(loaded, process.pid);
        }
        cake_process_end(&process);
    }
    if (finding.verdict != CAKE_V_OK) {
        info->problem = strdup(finding.reason);
        info->problem_status = (int)finding.verdict;
        good = good && info->problem;
    }
    return good && !cake_interrupted();
}

static void free_tables(cake_plugins *plugins)
{
    free(plugins->infos);
    free(plugins->images);
    free(plugins->loaded);
    *plugins = (cake_plugins){0};
}

cake_status cake_plugins_load(cake_plugins *plugins, const char *const *wanted, size_t n_wanted,
                              const cake_worker_settings *settings, const cake_placement *placement,
                              cake_error *error)
{
    cake_plugin_files files = {0};
    cake_status status = cake_plugin_files_choose(wanted, n_wanted, &files, error);

    *plugins = (cake_plugins){.layers = CAKE_LAYERS_ALL};
    if (status != CAKE_OK)
        return status;
    plugins->infos = calloc(files.count ? files.count : 1, sizeof *plugins->infos);
    plugins->images = calloc(files.count ? files.count : 1, sizeof *plugins->images);
    plugins->loaded = calloc(files.count ? files.count : 1, sizeof *plugins->loaded);
    if (!plugins->loaded || !plugins->infos || !plugins->images) {
        cake_plugin_files_free(&files);
        free_tables(plugins);
        return cake_fail(error, CAKE_E_MEMORY, "no memory for plugins");
    }
    for (size_t i = 0; status == CAKE_OK && i < files.count; i++) {
        cake_plugin_info *info = &plugins->infos[i];

        plugins->images[i].descriptor = -1;
        plugins->count++;
        info->path = strdup(files.files[i].path);
        info->name = strdup(files.files[i].name);
        if (!info->path || !info->name ||
            !describe(info, &plugins->images[i], settings, placement, &plugins->layers, &plugins->loaded[i]))
            status = cake_interrupted() ? cake_fail(error, CAKE_INTERRUPTED, "interrupted")
                                        : cake_fail(error, CAKE_E_MEMORY, "no memory for plugins");
    }
    cake_plugin_files_free(&files);
    if (status != CAKE_OK)
        cake_plugins_free(plugins);
    return status;
}

static void free_loaded(cake_loaded_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
}

void cake_plugins_free(cake_plugins *plugins)
{
    for (size_t i = 0; i < plugins->count; i++) {
        cake_plugin_info_free(&plugins->infos[i]);
        cake_vet_close(&plugins->images[i]);
        free_loaded(&plugins->loaded[i]);
    }
    free_tables(plugins);
}

const cake_plugin_file_image *cake_plugins_image(const cake_plugins *plugins, const cake_plugin_info *info)
{
    return &plugins->images[info - plugins->infos];
}
