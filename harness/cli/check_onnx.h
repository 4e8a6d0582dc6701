/* What `layercake check --onnx` tells in the end. */
#ifndef LAYERCAKE_CLI_CHECK_ONNX_H
#define LAYERCAKE_CLI_CHECK_ONNX_H

#include "check/verdict.h"
#include "cli/bench.h"

/* Print how many models the reference and each plugin pass, and why others were skipped; with `quiet`, only what is
 * wrong. `verdicts` are those of the plan's cases. Returns the exit code: `code`, unless the models say worse. */
int cake_check_onnx(const cake_bench *bench, const cake_verdict *verdicts, bool quiet, int code);

#endif
