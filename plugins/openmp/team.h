/* A phased kernel run by a team of threads: the functions of a cake_kernel whose `data` is a cake_phased. */
#ifndef LAYERCAKE_PLUGINS_OPENMP_TEAM_H
#define LAYERCAKE_PLUGINS_OPENMP_TEAM_H

#include "common/phased.h"

int32_t cake_team_open(const cake_kernel *kernel, const cake_problem *problem, const cake_tensor *const *constants,
                       const cake_host *host, void **ctx);
int32_t cake_team_run(void *ctx, const cake_tensor *const *inputs, const cake_tensor *const *outputs);
void cake_team_close(void *ctx);

#endif
