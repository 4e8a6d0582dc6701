#include "cli/command.h"

#include <string.h>

#include "base/nearest.h"
#include "cli/run_options.h"

const cake_command cake_commands[] = {
    {"run", "[WORKLOAD ...]", "check kernels, time those that are right, write the rows",
     "Each case is a workload computed by one kernel. Its worker process checks it against the reference; what "
     "passes\n"
     "is timed in turn with the workload's other kernels. Rows go to results/<UTC time>-<host>/results.csv.\n",
     cake_run_option_groups, cake_cmd_run},
    {"check", "[WORKLOAD ...]", "check kernels against the reference, without timing", "", cake_check_option_groups,
     cake_cmd_check},
    {"list", "SUBJECT [NAME ...]", "tell what there is: ops, plugins, datasets, workloads, ...",
     "Each line is one thing, its name first. Names after the subject narrow it down.\n", cake_list_option_groups,
     cake_cmd_list},
    {"show", "[DATASET]", "walk through the layers of a lecture, with numbers small enough to read",
     "Text to tokens to ids to vectors, then layer by layer up to a transformer: what comes in, what comes out, "
     "computed\n"
     "now by the reference, and beside it what the lecture prints. DATASET is one with given and expected numbers\n"
     "('lecture' if none is named), by name or as a file.\n",
     cake_show_option_groups, cake_cmd_show},
    {"report", "[RUN]", "make a table, a page with charts, JSON, ... from a run",
     "RUN is a run's folder, or its results.csv alone; results/latest, if none is given.\n",
     cake_report_option_groups, cake_cmd_report},
    {"compare", "BASE NEW", "compare two runs, or two plugins of one run",
     "BASE and NEW are folders of runs; or of one run, --run, plugins (avx2) or kernels (avx2/direct), two\n"
     "builds of a plugin by their SHA-256 (avx2@5b89). Ratios are new time over old time, with 95 % intervals:\n"
     "paired by round within a run, else of all pairs of samples.\n"
     "\n"
     "Of several plugins joined with ',' the fastest counts for each workload:\n"
     "    layercake compare onednn,xnnpack,torch openmp --run results/latest --tables ops,networks\n"
     "tells for each op by how much openmp is ahead, where at worst, and its share of the roofline; and for each\n"
     "dataset the sum of its layers, each as often as it occurs, by openmp beside each of the others.\n",
     cake_compare_option_groups, cake_cmd_compare},
    {"peaks", "", "measure what the machine can do at best",
     "Arithmetic of each vector width, bandwidth of each cache level and of memory, for 1 .. n threads. Keep the\n"
     "machine idle meanwhile. The table is kept under ~/.cache/layercake: runs hold their rows against it.\n",
     cake_peaks_option_groups, cake_cmd_peaks},
    {"doctor", "", "tell what makes this machine's times unsteady, and what mends it",
     "Each line is good, a note or a warning; a warning comes with the command that mends it.\n", NULL,
     cake_cmd_doctor},
    {"help", "[VERB]", "explain a command", "", NULL, cake_cmd_help},
    {.verb = NULL},
};

const cake_command *cake_command_find(const char *verb)
{
    for (const cake_command *command = cake_commands; command->verb; command++)
        if (strcmp(command->verb, verb) == 0)
            return command;
    return NULL;
}

int cake_command_failed(const char *verb, cake_status status, const cake_error *error)
{
    fprintf(stderr, "layercake %s: %s\n", verb, error->text[0] ? error->text : cake_status_text(status));
    switch (status) {
    case CAKE_OK:
        return CAKE_EXIT_OK;
    case CAKE_E_USAGE:
    case CAKE_NOT_FOUND:
    case CAKE_NOT_SUPPORTED:
        fprintf(stderr, "'layercake help %s' explains the command.\n", verb);
        return CAKE_EXIT_USAGE;
    case CAKE_INTERRUPTED:
        return CAKE_EXIT_INTERRUPTED;
    case CAKE_E_MEMORY:
    case CAKE_E_IO:
    case CAKE_E_WORKER:
    case CAKE_E_INTERNAL:
        break;
    }
    return CAKE_EXIT_HARNESS;
}

int cake_command_unknown(const char *verb)
{
    cake_nearest nearest = {.word = verb};
    const char *meant;

    for (const cake_command *command = cake_commands; command->verb; command++)
        cake_nearest_offer(&nearest, command->verb);
    meant = cake_nearest_get(&nearest);
    fprintf(stderr, "layercake: expected a command ('layercake help' names them), found '%s'%s%s%s\n", verb,
            meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    return CAKE_EXIT_USAGE;
}
