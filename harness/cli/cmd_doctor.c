#include <string.h>

#include "cli/command.h"
#include "measure/doctor.h"
#include "measure/topology.h"

typedef struct tally {
    int warnings;
} tally;

static void print_finding(const cake_symptom *finding, void *user)
{
    tally *t = user;

    printf("%-8s %-20s %s\n", cake_health_name(finding->health), finding->name, finding->value);
    if (*finding->meaning)
        printf("%-8s %-20s   %s\n", "", "", finding->meaning);
    if (*finding->command)
        printf("%-8s %-20s   $ %s\n", "", "", finding->command);
    t->warnings += finding->health == CAKE_HEALTH_WARNING;
}

int cake_cmd_doctor(int argc, char **argv)
{
    static const cake_option_group no_options[] = {{NULL, NULL}};
    cake_text_list names = {0};
    cake_topology *topology = NULL;
    tally t = {0};
    cake_error error = {""};
    cake_status status = cake_options_parse(no_options, argc, argv, NULL, &names, &error);

    if (status == CAKE_OK && names.count > 0)
        status = cake_fail(&error, CAKE_E_USAGE, "expected nothing after 'doctor', found '%.80s'", names.items[0]);
    if (status == CAKE_OK)
        status = cake_topology_load(NULL, &topology, &error);
    if (status == CAKE_OK) {
        cake_doctor(topology, print_finding, &t);
        if (t.warnings)
            printf("\n%d warning%s: times will be less steady than they could be.\n", t.warnings,
                   t.warnings == 1 ? "" : "s");
        else
            printf("\nNothing stands in the way of measuring.\n");
    }
    cake_topology_free(topology);
    cake_text_list_free(&names);
    return status == CAKE_OK ? CAKE_EXIT_OK : cake_command_failed("doctor", status, &error);
}
