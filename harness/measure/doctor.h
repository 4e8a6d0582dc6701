/* Whether this machine is fit for measuring: each thing that matters, how it is, and the command that mends it. */
#ifndef LAYERCAKE_MEASURE_DOCTOR_H
#define LAYERCAKE_MEASURE_DOCTOR_H

#include <stdbool.h>

#include "measure/topology.h"

typedef enum cake_health {
    CAKE_HEALTH_GOOD,
    CAKE_HEALTH_NOTE,   /* cannot be changed, or need not, but explains results */
    CAKE_HEALTH_WARNING /* makes times worse or less steady */
} cake_health;

/* "good", "note", "warning". */
const char *cake_health_name(cake_health health);

/* Valid during the visit. */
typedef struct cake_symptom {
    const char *name;  /* "governor" */
    const char *value; /* "powersave" */
    cake_health health;
    const char *meaning; /* why it matters; "" where it is good */
    const char *command; /* what mends it; "" where nothing does */
} cake_symptom;

typedef void cake_symptom_visit(const cake_symptom *finding, void *user);

/* Look at everything: governor, turbo, SMT, frequency under load, load, steal, NUMA, CPU set and quota, memory, huge
 * pages, counters, clock, thread settings in the environment. Takes about 0.2 s, most of it with one busy CPU. */
void cake_doctor(const cake_topology *topology, cake_symptom_visit *visit, void *user);

/* The same of another /proc and /sys, for tests. */
void cake_doctor_from(const cake_topology *topology, const char *proc, const char *sys, cake_symptom_visit *visit,
                      void *user);

#endif
