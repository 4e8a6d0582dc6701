#include "run/valgrind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What Valgrind 3.19 executes and its CPUID tells. */
static const uint64_t known_isa = CAKE_ISA_AVX2 | CAKE_ISA_NEON;

enum { PATIENCE_MS = 20000, EVENTS = 16 };

const char *cake_valgrind_program(void)
{
    static const char *const places[] = {"/usr/bin/valgrind", "/usr/local/bin/valgrind", NULL};

    for (int i = 0; places[i]; i++)
        if (access(places[i], X_OK) == 0)
            return places[i];
    return NULL;
}

/* The numbers of a line like "totals: 12 3 4"; how many. */
static int read_numbers(const char *line, double *numbers)
{
    int count = 0;
    char *end;

    for (const char *at = strchr(line, ':') + 1; count < EVENTS; at = end, count++) {
        numbers[count] = strtod(at, &end);
        if (end == at)
            break;
    }
    return count;
}

/* Each event's name in its place, as in "events: Ir Dr Dw". */
static double sum_of(const char *events, const double *numbers, int count, const char *const *wanted)
{
    char copy[256], *save = NULL;
    double sum = NAN;
    int i = 0;

    snprintf(copy, sizeof copy, "%s", strchr(events, ':') + 1);
    for (char *name = strtok_r(copy, " \n", &save); name && i < count; name = strtok_r(NULL, " \n", &save), i++)
        for (const char *const *w = wanted; *w; w++)
            if (strcmp(*w, name) == 0)
                sum = isnan(sum) ? numbers[i] : sum + numbers[i];
    return sum;
}

static bool read_counts(const char *path, cake_valgrind_counts *counts)
{
    FILE *file = fopen(path, "re");
    char line[4096], events[256] = "";
    double numbers[EVENTS];
    int count = 0;

    while (file && fgets(line, sizeof line, file)) {
        if (strncmp(line, "events:", 7) == 0)
            snprintf(events, sizeof events, "%.200s", line);
        else if (strncmp(line, "totals:", 7) == 0)
            count = read_numbers(line, numbers);
    }
    if (file)
        fclose(file);
    if (!*events || count == 0)
        return false;
    counts->instructions = sum_of(events, numbers, count, (const char *const[]){"Ir", NULL});
    counts->l1d_misses = sum_of(events, numbers, count, (const char *const[]){"D1mr", "D1mw", NULL});
    counts->llc_misses = sum_of(events, numbers, count, (const char *const[]){"DLmr", "DLmw", NULL});
    counts->branch_misses = sum_of(events, numbers, count, (const char *const[]){"Bcm", "Bim", NULL});
    return counts->instructions > 0;
}

/* Whether the kernel is the one that was timed: a plugin may offer others, in other layouts, on what seems to be
 * another CPU. */
static bool same_kernel(const cake_session *session)
{
    const cake_kernel_info *timed = session->item->kernel;
    const cake_wire_kernel *here = &session->process.shared->plugin.kernels[session->kernel_index];
    bool same = session->kernel_index < session->process.shared->plugin.n_kernels &&
                strncmp(here->op, timed->op, sizeof here->op) == 0 &&
                strncmp(here->name, timed->name, sizeof here->name) == 0 &&
                here->n_layouts == (uint32_t)timed->n_layouts;

    for (int i = 0; same && i < timed->n_layouts; i++)
        same = here->layouts[i] == timed->layouts[i];
    return same;
}

/* Two calls, of which the worker marks the second. */
static bool call_twice(cake_session *session)
{
    for (uint32_t counted = 0; counted < 2; counted++) {
        cake_request request = {.kind = CAKE_REQUEST_CALL, .call = {.counted = counted}};
        cake_reply reply;

        memcpy(request.call.data_offset, session->arena.data_offset, sizeof request.call.data_offset);
        if (!cake_process_ask(&session->process, &request, -1, &reply, &session->finding))
            return false;
        if (reply.outcome != CAKE_OUTCOME_DONE)
            return cake_find(&session->finding, CAKE_V_ERROR, "%s", reply.text);
    }
    return true;
}

static void count_in(const char *folder, const cake_bout *bout, const cake_entrant *entrant,
                     cake_valgrind_counts *counts)
{
    cake_worker_settings settings = bout->run->settings;
    char out[64], option[96];
    const char *arguments[] = {"valgrind",
                               "--tool=callgrind",
                               "--quiet",
                               "--cache-sim=yes",
                               "--branch-sim=yes",
                               "--collect-atstart=no",
                               "--toggle-collect=cake_counted_call",
                               option,
                               settings.program,
                               NULL};
    cake_session session = {0};
    bool called = false;

    snprintf(out, sizeof out, "%s/counts", folder);
    snprintf(option, sizeof option, "--callgrind-out-file=%s", out);
    /* A plugin that needs a certain instruction set uses just that. */
    counts->narrower = (settings.isa & ~known_isa) != 0 && !(entrant->item->plugin->isa & known_isa);
    settings.program = cake_valgrind_program();
    settings.arguments = arguments;
    settings.layers = 0;
    settings.memory_bytes = 0;
    settings.huge_pages = settings.tune = false;
    settings.isa &= known_isa;
    settings.patience_ms = PATIENCE_MS;
    if (cake_session_open(&session, entrant->item, bout->subject, &settings, &bout->placement,
                          cake_plugins_image(bout->run->plugins, entrant->item->plugin), NULL, 0)) {
        called = (same_kernel(&session) || cake_find(&session.finding, CAKE_V_UNSUPPORTED,
                                                     "the plugin offers other kernels to Valgrind's CPU")) &&
                 cake_session_prepare(&session, CAKE_TRIALS - 1, CAKE_PLACE_TIMED) && call_twice(&session);
        cake_session_close(&session); /* Valgrind writes its file at the worker's end */
    }
    if (!called)
        snprintf(counts->reason, sizeof counts->reason, "under Valgrind: %.230s", session.finding.reason);
    else if (!read_counts(out, counts))
        snprintf(counts->reason, sizeof counts->reason, "Valgrind wrote no counts into %s", out);
    unlink(out);
}

void cake_valgrind_count(const cake_bout *bout, const cake_entrant *entrant, cake_valgrind_counts *counts)
{
    char folder[] = "/tmp/layercake-valgrind-XXXXXX";

    *counts = (cake_valgrind_counts){.instructions = NAN, .l1d_misses = NAN, .llc_misses = NAN, .branch_misses = NAN};
    if (entrant->item->threads > 1)
        snprintf(counts->reason, sizeof counts->reason,
                 "Valgrind lets threads take turns, so that those that spin count at random: one thread only");
    else if (!mkdtemp(folder))
        snprintf(counts->reason, sizeof counts->reason, "no folder in /tmp for Valgrind's counts");
    else {
        count_in(folder, bout, entrant, counts);
        rmdir(folder);
    }
}
