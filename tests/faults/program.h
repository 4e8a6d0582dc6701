/* The program run over fixtures: what it answered, which rows it wrote, and what it left behind. */
#ifndef LAYERCAKE_TESTS_FAULTS_PROGRAM_H
#define LAYERCAKE_TESTS_FAULTS_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "report/results.h"

/* Folder of the build: the environment's FAULT_BUILD, else where the tests were built. */
const char *fault_build(void);

/* "<build>/tests/faults/plugins/<name>.so" */
const char *fault_path(const char *name);

typedef struct fault_ran {
    int code;             /* exit code, or 1000 + the signal that ended it */
    char *said;           /* standard output and error */
    cake_results results; /* of <folder>/out; empty if there are none */
} fault_ran;

/* Run `layercake` with these words (NULL-terminated) in `folder`. This process becomes the parent of whatever it
 * leaves behind. */
fault_ran fault_run_program(const char *folder, const char *const *words);
pid_t fault_start_program(const char *folder, const char *const *words);
/* Wait for a started one and read what it left. */
fault_ran fault_finish_program(const char *folder, pid_t pid);
void fault_ran_free(fault_ran *ran);

/* The only row of a plugin; NULL if there is none or more than one. */
const cake_row *fault_row_of(const fault_ran *ran, const char *plugin);

/* Are all processes that were started gone? Waits a moment for those that are being killed. */
bool fault_nobody_left(void);

/* A new folder under /tmp, and its removal. */
void fault_make_folder(char path[64]);
void fault_remove_folder(const char *path);

#endif
