/* How a worker ended, as a verdict. */
#ifndef LAYERCAKE_RUN_DIAGNOSIS_H
#define LAYERCAKE_RUN_DIAGNOSIS_H

#include "run/process.h"

/* From the wait status (-1: unknown), the fault record and what the process knows of itself. `what`: what was going
 * on, or "". */
void cake_diagnose(const cake_process *process, const char *what, int status, cake_finding *finding);

#endif
