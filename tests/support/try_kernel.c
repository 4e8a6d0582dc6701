/* try_kernel: check and time a plugin's kernels in this process, for whoever writes them.
 *
 *     try_kernel PLUGIN.so OP KEY=VALUE... [--kernel NAME] [--layout nhwc] [--threads N] [--seed N] [--time]
 *
 * One line for each kernel of the op. Exit code: 0 all ok or unsupported, 1 not, 2 wrong command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_case.h"
#include "plan/workload.h"

static const char usage[] =
    "usage: try_kernel PLUGIN.so OP KEY=VALUE... [--kernel NAME] [--layout nhwc] [--threads N] [--seed N] [--time]\n";

static void print_result(const cake_plugin *plugin, const cake_kernel *kernel, double flops,
                         const cake_kernel_result *result)
{
    printf("%s %s/%s %s: %s", plugin->name, kernel->op, kernel->name,
           result->layout < 0 ? "?" : cake_layout_name(result->layout), cake_verdicts[result->verdict].word);
    if (result->verdict == CAKE_V_OK)
        printf("  error %.3g bounds", result->error_in_bounds);
    if (result->time_ns > 0)
        printf("  %.0f ns  %.2f GFLOP/s", result->time_ns, flops / result->time_ns);
    if (result->workspace_bytes)
        printf("  workspace %llu bytes", (unsigned long long)result->workspace_bytes);
    printf("%s%s\n", *result->reason ? "  " : "", result->reason);
}

/* Add a word to a line. What does not fit is cut, and then found wrong by the parser. */
static void append(char *line, size_t size, const char *word)
{
    size_t used = strlen(line);

    snprintf(line + used, size - used, "%s%s", used ? " " : "", word);
}

int main(int argc, char **argv)
{
    cake_kernel_options options = {.seed = 42};
    const cake_source source = {.file = "command line", .line = 1, .dataset = ""};
    const char *kernel_name = NULL, *path = NULL;
    char text[CAKE_LINE_MAX] = "";
    cake_workload workload = {0};
    int tried = 0, code = 2;
    const cake_plugin *plugin = NULL;
    cake_error error = {{0}};

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--time") == 0)
            options.min_time = 0.5;
        else if (strcmp(argv[i], "--kernel") == 0 && i + 1 < argc)
            kernel_name = argv[++i];
        else if (strcmp(argv[i], "--layout") == 0 && i + 1 < argc)
            options.layout = cake_layout_find(argv[++i]);
        else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc)
            options.threads = (int32_t)strtol(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            options.seed = strtoull(argv[++i], NULL, 0);
        else if (!path)
            path = argv[i];
        else
            append(text, sizeof text, argv[i]);
    }
    if (!*text || options.layout < 0 || options.threads < 0) {
        fputs(usage, stderr);
        goto out;
    }
    if (cake_workload_parse(text, strlen(text), &source, &workload, &error) != CAKE_OK ||
        cake_workload_fits(&workload, CAKE_F32, 0, &error) != CAKE_OK ||
        cake_plugin_load(path, &plugin, &error) != CAKE_OK) {
        fprintf(stderr, "try_kernel: %s\n", error.text);
        goto out;
    }
    code = 0;
    for (uint32_t i = 0; i < plugin->n_kernels; i++) {
        const cake_kernel *kernel = plugin->kernels[i];
        cake_kernel_result result;

        if (strcmp(kernel->op, workload.op->name) != 0 || (kernel_name && strcmp(kernel->name, kernel_name) != 0))
            continue;
        cake_kernel_check(kernel, workload.op, workload.params, &options, &result);
        print_result(plugin, kernel, workload.op->flops(workload.params), &result);
        if (cake_verdicts[result.verdict].fails)
            code = 1;
        tried++;
    }
    if (!tried) {
        fprintf(stderr, "try_kernel: %s has no kernel for %s\n", plugin->name, workload.op->name);
        code = 2;
    }
out:
    cake_workload_free(&workload);
    return code;
}
