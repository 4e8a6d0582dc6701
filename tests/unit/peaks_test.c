#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layercake/plugin.h"
#include "measure/core_clock.h"
#include "measure/peaks.h"

static cake_topology *load(void)
{
    cake_topology *topology = NULL;
    cake_error error = {""};

    cr_assert_eq(cake_topology_load(NULL, &topology, &error), CAKE_OK, "%s", error.text);
    return topology;
}

/* A machine of 100 GFLOP/s a core, whose caches hold 32 KiB, 1 MiB and 32 MiB (of 4 cores). */
static cake_peak rows[] = {
    {"f32_fma", "avx2", CAKE_LEVEL_CORE, 1, 90, "GFLOP/s"},
    {"f32_fma", "avx512", CAKE_LEVEL_CORE, 1, 100, "GFLOP/s"},
    {"bf16_dot", "avx512", CAKE_LEVEL_CORE, 1, 200, "GFLOP/s"},
    {"read", "avx512", CAKE_LEVEL_L1, 1, 200, "GB/s"},
    {"copy", "avx512", CAKE_LEVEL_L1, 1, 250, "GB/s"},
    {"read", "avx512", CAKE_LEVEL_L2, 1, 100, "GB/s"},
    {"read", "avx512", CAKE_LEVEL_L3, 1, 50, "GB/s"},
    {"write", "avx512", CAKE_LEVEL_L3, 1, 40, "GB/s"},
    {"read", "avx512", CAKE_LEVEL_MEMORY, 1, 20, "GB/s"},
    {"f32_fma", "avx512", CAKE_LEVEL_CORE, 4, 380, "GFLOP/s"},
    {"read", "avx512", CAKE_LEVEL_MEMORY, 4, 30, "GB/s"},
    {"clock", "avx2", CAKE_LEVEL_CORE, 1, 4, "GHz"},
};

static const cake_peaks peaks = {
    .count = sizeof rows / sizeof *rows,
    .rows = rows,
    .cache_bytes = {32 << 10, 1 << 20, 32 << 20},
    .cores_per_l3 = 4,
};

Test(peaks, find_takes_the_best_and_fills_gaps)
{
    cr_expect_eq(cake_peaks_find(&peaks, "f32_fma", CAKE_LEVEL_CORE, 1), 100);
    cr_expect_eq(cake_peaks_find(&peaks, "f32_fma", CAKE_LEVEL_CORE, 4), 380);
    cr_expect_eq(cake_peaks_find(&peaks, "f32_fma", CAKE_LEVEL_CORE, 2), 200, "twice the single one");
    cr_expect_eq(cake_peaks_find(&peaks, "read", CAKE_LEVEL_MEMORY, 2), 30, "no more than four have");
    cr_expect_eq(cake_peaks_find(&peaks, "f32_fma", CAKE_LEVEL_CORE, 8), 800);
    cr_expect_eq(cake_peaks_find(&peaks, NULL, CAKE_LEVEL_L1, 1), 250);
    cr_expect(isnan(cake_peaks_find(&peaks, "int8_dot", CAKE_LEVEL_CORE, 1)));
    cr_expect(isnan(cake_peaks_find(&peaks, "write", CAKE_LEVEL_MEMORY, 1)));
}

static cake_roofline bound(double flops, double bytes, int threads)
{
    return cake_peaks_roofline(&peaks,
                               &(cake_work){.flops = flops, .bytes = bytes, .dtype = CAKE_F32, .threads = threads});
}

Test(peaks, roofline_of_arithmetic_and_of_each_level)
{
    cake_roofline r = bound(1e6, 1000, 1);

    cr_expect_eq(r.level, CAKE_LEVEL_CORE);
    cr_expect_float_eq(r.bound_ns, 1e4, 1e-6);
    cr_expect_float_eq(r.memory_ns, 1000 / 250.0, 1e-9);

    r = bound(1, 20000, 1); /* fits in L1 */
    cr_expect_eq(r.level, CAKE_LEVEL_L1);
    cr_expect_float_eq(r.bound_ns, 20000 / 250.0, 1e-9);

    r = bound(1, 1e6, 1); /* all but 32 KiB comes from L2 */
    cr_expect_eq(r.level, CAKE_LEVEL_L2);
    cr_expect_float_eq(r.bound_ns, (1e6 - (32 << 10)) / 100, 1e-6);

    r = bound(1, 20e6, 1);
    cr_expect_eq(r.level, CAKE_LEVEL_L3);
    cr_expect_float_eq(r.bound_ns, (20e6 - (32 << 10) - (1 << 20)) / 50, 1e-6);

    r = bound(1, 1e9, 4);
    cr_expect_eq(r.level, CAKE_LEVEL_MEMORY);
    cr_expect_float_eq(r.bound_ns, (1e9 - 4 * (32 << 10) - 4 * (1 << 20) - (32 << 20)) / 30, 1e-3);
    cr_expect_eq(cake_level_name(r.level)[0], 'm');
}

Test(peaks, roofline_rises_with_the_clock_but_for_memory)
{
    cake_work arithmetic = {1e6, 1000, CAKE_F32, 1, false, 5}, cache = {1, 1e6, CAKE_F32, 1, false, 5},
              memory = {1, 1e9, CAKE_F32, 1, false, 5};

    cr_expect_float_eq(cake_peaks_roofline(&peaks, &arithmetic).bound_ns, 1e4 * 4 / 5, 1e-6);
    cr_expect_float_eq(cake_peaks_roofline(&peaks, &cache).bound_ns, (1e6 - (32 << 10)) / 100 * 4 / 5, 1e-6);
    cr_expect_float_eq(cake_peaks_roofline(&peaks, &memory).bound_ns, bound(1, 1e9, 1).bound_ns, 1e-3);
    arithmetic.clock_ghz = 3;
    cr_expect_float_eq(cake_peaks_roofline(&peaks, &arithmetic).bound_ns, 1e4, 1e-6, "a slow clock excuses nothing");
    arithmetic.clock_ghz = NAN;
    cr_expect_float_eq(cake_peaks_roofline(&peaks, &arithmetic).bound_ns, 1e4, 1e-6);
}

Test(peaks, clock_is_measured_and_leaves_the_thread_where_it_was)
{
    cake_topology *topology = load();
    cake_placement placement;
    cake_affinity before, after;
    cake_error error = {""};
    double ghz, slowest, fastest;

    cr_assert_eq(cake_topology_place(topology, 1, &placement, &error), CAKE_OK, "%s", error.text);
    cr_assert(cake_affinity_read(&before));
    ghz = cake_core_clock(&placement);
    cr_expect_eq(cake_core_clock_range(topology, &slowest, &fastest), !isnan(ghz));
    cr_assert(cake_affinity_read(&after));
    cr_expect_arr_eq(&before, &after, sizeof before);
    if (!isnan(ghz)) {
        cr_expect(ghz > 0.2 && ghz < 10, "%g GHz", ghz);
        cr_expect(0.1 < slowest && slowest <= fastest && fastest < 10, "%g to %g GHz", slowest, fastest);
    }
    cake_topology_free(topology);
}

Test(peaks, are_raised_and_never_lowered, .timeout = 60)
{
    cake_topology *topology = NULL;
    cake_peaks measured = {0};
    cake_error error = {""};
    const int one = 1;
    double fma, copy;

    cr_assert_eq(cake_topology_load(NULL, &topology, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_peaks_measure(topology, &one, 1, &measured, &error), CAKE_OK, "%s", error.text);
    for (size_t i = 0; i < measured.count; i++)
        measured.rows[i].value *= strcmp(measured.rows[i].kind, "f32_fma") == 0 ? 0.5 : 100;
    fma = cake_peaks_find(&measured, "f32_fma", CAKE_LEVEL_CORE, 1);
    copy = cake_peaks_find(&measured, "copy", CAKE_LEVEL_L1, 1);
    measured.count--; /* one that is not known yet */
    cr_assert_eq(cake_peaks_raise(topology, 1, &measured, &error), CAKE_OK, "%s", error.text);
    cr_expect_gt(cake_peaks_find(&measured, "f32_fma", CAKE_LEVEL_CORE, 1), fma);
    cr_expect_eq(cake_peaks_find(&measured, "copy", CAKE_LEVEL_L1, 1), copy);
    cr_expect_eq(measured.raises, 1);
    cake_peaks_free(&measured);
    cake_topology_free(topology);
}

Test(peaks, roofline_of_cold_caches_and_other_types)
{
    cake_work cold = {1, 20000, CAKE_F32, 1, true, 0}, bf16 = {1e6, 0, CAKE_BF16, 1, false, 0};
    cake_work unknown = {1e6, 100, CAKE_I8, 1, false, 0};
    cake_peaks amx = peaks, none = {0};

    cr_expect_float_eq(cake_peaks_roofline(&peaks, &cold).bound_ns, 20000 / 20.0, 1e-9);
    cr_expect_eq(cake_peaks_roofline(&peaks, &cold).level, CAKE_LEVEL_MEMORY);
    cr_expect_float_eq(cake_peaks_roofline(&peaks, &bf16).bound_ns, 5e3, 1e-9);
    cr_expect_float_eq(cake_peaks_roofline(&peaks, &unknown).bound_ns, 1e4, 1e-9, "f32 does it, too");
    amx.isa = CAKE_ISA_AMX;
    cr_expect(isnan(cake_peaks_roofline(&amx, &bf16).compute_ns), "nobody measured AMX");
    cr_expect(isnan(cake_peaks_roofline(&none, &unknown).bound_ns));
}

/* What is measured on this machine, busy as it may be: something of each kind, and no nonsense. */
Test(peaks, measured_on_this_machine, .timeout = 120)
{
    cake_topology *topology = load();
    cake_peaks measured = {0};
    cake_error error = {""};
    const int one = 1, too_many = 100000;

    cr_assert_eq(cake_peaks_measure(topology, &one, 1, &measured, &error), CAKE_OK, "%s", error.text);
    cr_expect_gt(cake_peaks_find(&measured, "f32_fma", CAKE_LEVEL_CORE, 1), 0.1);
    cr_expect_gt(cake_peaks_find(&measured, "read", CAKE_LEVEL_MEMORY, 1), 0.1);
    cr_expect_gt(cake_peaks_find(&measured, "copy", CAKE_LEVEL_L1, 1), 0.1);
    for (size_t i = 0; i < measured.count; i++) {
        cr_expect(isfinite(measured.rows[i].value) && measured.rows[i].value > 0, "%s", measured.rows[i].kind);
        cr_expect_eq(measured.rows[i].threads, 1);
    }
    cake_peaks_free(&measured);
    cr_expect_eq(measured.count, 0);
    cr_expect_eq(cake_peaks_measure(topology, &too_many, 1, &measured, &error), CAKE_E_USAGE);
    cr_expect(strstr(error.text, "found 100000"), "%s", error.text);
    cake_topology_free(topology);
}

Test(peaks, kept_between_runs)
{
    char folder[] = "/tmp/peaks-test-XXXXXX", command[128];
    cake_topology *topology = load();
    cake_peaks loaded = {0};
    cake_error error = {""};
    bool measured = true;
    FILE *file;

    cr_assert_not_null(mkdtemp(folder));
    setenv("XDG_CACHE_HOME", folder, 1);
    cr_expect_eq(cake_peaks_load(topology, &loaded, &error), CAKE_NOT_FOUND);
    cr_assert_eq(cake_peaks_save(topology, &peaks, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_peaks_get(topology, &loaded, &measured, &error), CAKE_OK, "%s", error.text);
    cr_expect_not(measured);
    cr_assert_eq(loaded.count, peaks.count);
    cr_expect_eq(loaded.rows[7].level, CAKE_LEVEL_L3);
    cr_expect_eq(cake_peaks_find(&loaded, "f32_fma", CAKE_LEVEL_CORE, 4), 380);
    cake_peaks_free(&loaded);

    /* A damaged file is as none. */
    snprintf(command, sizeof command, "for f in %s/layercake/*; do echo 'read,avx512,L1,0,200,GB/s' >> $f; done",
             folder);
    cr_assert_eq(system(command), 0);
    cr_expect_eq(cake_peaks_load(topology, &loaded, &error), CAKE_NOT_FOUND);
    cr_expect(strstr(error.text, ":14: expected a peak, found 'read,avx512,L1,0,200,GB/s'"), "%s", error.text);
    cr_expect_eq(loaded.count, 0);
    snprintf(command, sizeof command, "rm -r %s", folder);
    cr_assert_eq(system(command), 0);

    file = fopen(folder, "w"); /* a file where the folder should be */
    cr_assert_not_null(file);
    fclose(file);
    cr_expect_eq(cake_peaks_save(topology, &peaks, &error), CAKE_E_IO);
    remove(folder);
    unsetenv("XDG_CACHE_HOME");
    unsetenv("HOME");
    cr_expect_eq(cake_peaks_save(topology, &peaks, &error), CAKE_NOT_FOUND);
    cake_topology_free(topology);
}

Test(peaks, csv)
{
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    cake_peaks_write_csv(&peaks, file);
    fclose(file);
    cr_expect(strstr(text, "kind,isa,level,threads,value,unit\nf32_fma,avx2,core,1,90,GFLOP/s\n") == text, "%s",
              text);
    cr_expect(strstr(text, "\nread,avx512,memory,4,30,GB/s\n"), "%s", text);
    free(text);
}
