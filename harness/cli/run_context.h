/* What a run's figures depend on beside its rows. */
#ifndef LAYERCAKE_CLI_RUN_CONTEXT_H
#define LAYERCAKE_CLI_RUN_CONTEXT_H

#include "cli/bench.h"
#include "report/context.h"

/* Machine, command, plugins and their libraries, the sandbox's layers; the caller frees it. NULL: out of memory. */
cake_context *cake_run_context_make(const cake_bench *bench, const cake_run_options *options, int argc, char **argv);

/* What `layercake doctor` would say now, under that name: "before" or "after". Takes 0.2 s. */
void cake_run_context_doctor(cake_context *context, const cake_topology *topology, const char *when);

#endif
