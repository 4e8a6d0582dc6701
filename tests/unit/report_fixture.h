/* Run folders with known content, for tests of what is made from them. */
#ifndef LAYERCAKE_TESTS_REPORT_FIXTURE_H
#define LAYERCAKE_TESTS_REPORT_FIXTURE_H

#include <stdint.h>

enum { FIXTURE_ROUNDS = 12 };

typedef struct fixture_options {
    const char *plugin;  /* of the last kernel; NULL: "avx2" */
    double factor;       /* on its times; 0: 1 */
    uint64_t noise;      /* seed of the noise, 5 % */
    int rounds;          /* 0: FIXTURE_ROUNDS */
    int64_t seed;        /* column; 0: 42 */
    const char *cpu;     /* in context.json; NULL: "Test CPU" */
    const char *dataset; /* NULL: "net" */
} fixture_options;

/* A temporary folder with the runs' folders; removed by remove_fixture, which suits .fini. */
extern char fixture_folder[64];
void make_fixture(void);
void remove_fixture(void);

/* Write the run fixture_folder/name: conv2d, linear, attention and batch_norm workloads of the dataset, with plugins
 * naive, blas and the last one; one mismatch (blas, linear), one unsupported row (blas, batch_norm). Returns its
 * path, valid until the next call but one. */
const char *write_run(const char *name, fixture_options options);

#endif
