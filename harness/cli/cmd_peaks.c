#include <math.h>
#include <string.h>

#include "cli/command.h"
#include "measure/peaks.h"

typedef struct peaks_options {
    cake_int_list threads;
    char *format;
} peaks_options;

static const cake_option option_table[] = {
    {.name = "threads",
     .argument = "N,...",
     .meaning = "Numbers of threads, one a core; default: 1, 2, 4, ... and all cores that may be used.",
     .kind = CAKE_OPTION_WHOLES,
     .offset = offsetof(peaks_options, threads),
     .min = 1,
     .max = CAKE_MAX_CPUS},
    {.name = "format",
     .argument = "FORMAT",
     .meaning = "text or csv (kind,isa,level,threads,value,unit); default: text.",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(peaks_options, format)},
    {.name = NULL},
};

const cake_option_group cake_peaks_option_groups[] = {{"Options", option_table}, {.title = NULL}};

/* With what the arithmetic comes to in each clock cycle of a core: a whole number, if the measurement is sound. */
static void print_text(const cake_peaks *peaks)
{
    int threads = 0;
    double clock = NAN;

    for (size_t i = 0; i < peaks->count; i++) {
        const cake_peak *row = &peaks->rows[i];

        if (row->threads != threads) {
            threads = row->threads;
            clock = cake_peaks_find(peaks, "clock", CAKE_LEVEL_CORE, threads);
            printf("%s%d thread%s\n", i ? "\n" : "", threads, threads == 1 ? "" : "s");
        }
        printf("  %-9s %-12s %-7s %9.4g %-8s", row->kind, row->isa, cake_level_name(row->level), row->value,
               row->unit);
        if (strcmp(row->kind, "clock") != 0 && isfinite(clock))
            printf("  %7.1f a core's cycle", row->value / clock / threads);
        putchar('\n');
    }
}

static cake_status peaks_command(const peaks_options *options, const cake_topology *topology, cake_error *error)
{
    bool csv = options->format && !strcmp(options->format, "csv");
    cake_peaks peaks = {0};
    cake_error why = {""};
    int all[32];
    size_t count = cake_peaks_threads(topology, all);
    cake_status status;

    if (options->format && !csv && strcmp(options->format, "text") != 0)
        return cake_fail(error, CAKE_E_USAGE, "expected text or csv for --format, found '%.80s'", options->format);
    if (options->threads.count > 0)
        status = cake_peaks_measure(topology, options->threads.items, options->threads.count, &peaks, error);
    else
        status = cake_peaks_measure(topology, all, count, &peaks, error);
    if (status != CAKE_OK)
        return status;
    if (csv)
        cake_peaks_write_csv(&peaks, stdout);
    else
        print_text(&peaks);
    if (peaks.disturbed > 0)
        fprintf(stderr,
                "layercake peaks: %zu of %zu figures are too low: other programs used the CPUs all the time\n",
                peaks.disturbed, peaks.count);
    /* Runs take the complete table from there. */
    else if (options->threads.count == 0 && cake_peaks_save(topology, &peaks, &why) != CAKE_OK)
        fprintf(stderr, "layercake peaks: not kept for runs: %s\n", why.text);
    cake_peaks_free(&peaks);
    return CAKE_OK;
}

int cake_cmd_peaks(int argc, char **argv)
{
    peaks_options options = {0};
    cake_text_list rest = {0};
    cake_topology *topology = NULL;
    cake_error error = {""};
    cake_status status = cake_options_parse(cake_peaks_option_groups, argc, argv, &options, &rest, &error);

    if (status == CAKE_OK && rest.count > 0)
        status = cake_fail(&error, CAKE_E_USAGE, "expected options only, found '%.80s'", rest.items[0]);
    if (status == CAKE_OK)
        status = cake_topology_load(NULL, &topology, &error);
    if (status == CAKE_OK)
        status = peaks_command(&options, topology, &error);
    cake_topology_free(topology);
    cake_options_free(cake_peaks_option_groups, &options);
    cake_text_list_free(&rest);
    return status == CAKE_OK ? CAKE_EXIT_OK : cake_command_failed("peaks", status, &error);
}
