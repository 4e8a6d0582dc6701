/* `layercake list plugins` and `layercake list kernels`. */
#include <string.h>

#include "check/verdict.h"
#include "cli/bench.h"
#include "cli/command.h"
#include "plan/plugin_files.h"

/* Load the plugins of these names and print them all with `print`. */
static cake_status print_each(const cake_text_list *names, FILE *out,
                              void (*print)(const cake_plugin_info *info, FILE *out), cake_error *error)
{
    cake_run_options options = {0};
    cake_bench bench = {0};
    cake_status st = cake_run_options_parse(cake_check_option_groups, 0, NULL, &options, error);

    if (st != CAKE_OK)
        return st;
    for (size_t i = 0; st == CAKE_OK && i < names->count; i++)
        st = cake_text_list_add(&options.plugins, names->items[i], strlen(names->items[i]), error);
    if (st == CAKE_OK)
        st = cake_bench_open(&bench, &options, error);
    if (st == CAKE_OK)
        st = cake_bench_load(&bench, &options, error);
    for (size_t i = 0; i < bench.plugins.count; i++)
        print(&bench.plugins.infos[i], out);
    cake_bench_close(&bench);
    cake_run_options_free(&options);
    return st;
}

static void print_plugin(const cake_plugin_info *info, FILE *out)
{
    if (info->problem)
        fprintf(out, "%-14s cannot be used (%s): %s\n", info->name, cake_verdicts[info->problem_status].word,
                info->problem);
    else
        fprintf(out, "%-14s %-22s %3zu kernels  %s\n", info->name, info->version, info->n_kernels, info->description);
    fprintf(out, "  %s\n", info->path);
}

static void print_kernels(const cake_plugin_info *info, FILE *out)
{
    static const char *const accuracies[] = {
        [CAKE_EXACT] = "exact", [CAKE_STANDARD] = "standard", [CAKE_FAST] = "fast"};

    for (size_t k = 0; k < info->n_kernels; k++) {
        const cake_kernel_info *kernel = &info->kernels[k];
        char name[128], threads[16] = "any";

        snprintf(name, sizeof name, "%s/%s", kernel->op, kernel->name);
        if (kernel->max_threads > 0)
            snprintf(threads, sizeof threads, "%u", kernel->max_threads);
        fprintf(out, "%-14s %-32s %-9s threads %s", info->name, name,
                kernel->accuracy >= CAKE_EXACT && kernel->accuracy <= CAKE_FAST ? accuracies[kernel->accuracy] : "?",
                threads);
        for (int i = 0; i < kernel->n_layouts; i++)
            fprintf(out, " %s", cake_layout_name(kernel->layouts[i]));
        fputc('\n', out);
    }
}

cake_status cake_list_plugins(const cake_text_list *names, FILE *out, cake_error *error)
{
    cake_plugin_files files = {0};
    cake_status st = print_each(names, out, print_plugin, error);

    if (st != CAKE_OK || names->count > 0)
        return st;
    st = cake_plugin_files_find(&files, error);
    for (size_t i = 0; i < files.count; i++)
        if (files.files[i].shadowed_by)
            fprintf(out, "%-14s is not used, because %s is found first\n  %s\n", files.files[i].name,
                    files.files[i].shadowed_by, files.files[i].path);
    cake_plugin_files_free(&files);
    return st;
}

cake_status cake_list_kernels(const cake_text_list *names, FILE *out, cake_error *error)
{
    return print_each(names, out, print_kernels, error);
}
