#include "cli/run_context.h"

#include <stdio.h>

#include "measure/counters.h"
#include "measure/doctor.h"
#include "measure/gbench.h"
#include "run/layers.h"

static void add_machine(cake_context *context, const cake_machine *machine)
{
    cake_context_text(context, "machine", "cpus_allowed", machine->cpus_allowed_list);
    cake_context_integer(context, "machine", "packages", machine->packages);
    cake_context_integer(context, "machine", "numa_nodes", machine->numa_nodes);
    cake_context_integer(context, "machine", "cores", machine->cores);
    cake_context_integer(context, "machine", "cpus", machine->cpus);
    cake_context_integer(context, "machine", "l1d_bytes", machine->l1d_bytes);
    cake_context_integer(context, "machine", "l2_bytes", machine->l2_bytes);
    cake_context_integer(context, "machine", "l3_bytes", machine->l3_bytes);
}

/* The layers in force, and what those that are missing would have held. */
static void add_sandbox(cake_context *context, uint32_t in_force)
{
    for (const cake_layer *layer = cake_layers; layer->bit; layer++) {
        char text[256];

        if (in_force & layer->bit) {
            cake_context_append(context, "sandbox", "layers", layer->name);
            continue;
        }
        snprintf(text, sizeof text, "%s is missing in this kernel or container: '%s' does not hold", layer->name,
                 layer->meaning);
        cake_context_note(context, "sandbox", text);
    }
}

static void add_peaks(cake_context *context, const cake_peaks *peaks)
{
    for (size_t i = 0; i < peaks->count; i++) {
        const cake_peak *peak = &peaks->rows[i];
        char text[128];

        snprintf(text, sizeof text, "%s,%s,%s,%d,%.6g,%s", peak->kind, peak->isa, cake_level_name(peak->level),
                 peak->threads, peak->value, peak->unit);
        cake_context_append(context, "machine", "peaks", text);
    }
    if (peaks->disturbed)
        cake_context_note(context, "peaks", "measured while other programs used the CPUs: too low");
}

typedef struct visit {
    cake_context *context;
    const char *when;
} visit;

static void add_symptom(const cake_symptom *symptom, void *user)
{
    const visit *v = user;
    char text[512];

    snprintf(text, sizeof text, "%s %s: %s", cake_health_name(symptom->health), symptom->name, symptom->value);
    cake_context_append(v->context, "doctor", v->when, text);
}

void cake_run_context_doctor(cake_context *context, const cake_topology *topology, const char *when)
{
    visit v = {context, when};

    cake_doctor(topology, add_symptom, &v);
}

cake_context *cake_run_context_make(const cake_bench *bench, const cake_run_options *options, int argc, char **argv)
{
    cake_context *context = cake_context_new();

    if (!context)
        return NULL;
    cake_context_add_system(context);
    add_machine(context, cake_topology_machine(bench->topology));
    add_peaks(context, &bench->peaks);
    add_sandbox(context, bench->plugins.layers);
    cake_context_command(context, argc, argv);
    cake_context_integer(context, "run", "seed", options->seed);
    cake_context_text(context, "versions", "google_benchmark", cake_gbench_version());
    cake_context_text(context, "versions", "counters", cake_counters_library());
    for (size_t i = 0; i < bench->plugins.count; i++) {
        const cake_plugin_info *info = &bench->plugins.infos[i];
        const cake_loaded_list *loaded = &bench->plugins.loaded[i];

        cake_context_library(context, info->path, info->name);
        for (size_t l = 0; l < loaded->count; l++)
            cake_context_library(context, loaded->paths[l], info->name);
    }
    return context;
}
