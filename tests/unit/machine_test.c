#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "measure/cgroup.h"
#include "measure/doctor.h"
#include "measure/machine_state.h"

/* --- A /proc and a /sys of our own -------------------------------------------------------------------------------
 */

static char root[] = "/tmp/machine-test-XXXXXX", proc[64], sys[64];

static void put(const char *path, const char *text)
{
    char full[512];
    FILE *file;

    snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *slash = full + strlen(root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    file = fopen(full, "w");
    cr_assert_not_null(file, "%s", full);
    fputs(text, file);
    fclose(file);
}

static void make_root(void)
{
    cr_assert_not_null(mkdtemp(root));
    snprintf(proc, sizeof proc, "%s/proc", root);
    snprintf(sys, sizeof sys, "%s/sys", root);
}

static void remove_root(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", root);
    cr_assert_eq(system(command), 0);
}

TestSuite(machine, .init = make_root, .fini = remove_root);
TestSuite(doctor, .init = make_root, .fini = remove_root, .timeout = 60);

/* --- Snapshots ---------------------------------------------------------------------------------------------------
 */

Test(machine, snapshot_of_the_cpus_asked_for)
{
    cake_placement second = {.threads = 1, .cpu_mask = {2}};
    double tick = 1.0 / (double)sysconf(_SC_CLK_TCK);
    cake_machine_state all, one;

    put("proc/stat", "cpu  1 1 1 1 1 1 1 1 0 0\ncpu0 100 10 20 900 5 3 7 40 0 0\ncpu1 200 0 50 800 0 0 0 60 0 0\n"
                     "intr 5\n");
    put("proc/loadavg", "1.25 0.50 0.10 1/100 42\n");
    put("proc/meminfo", "MemTotal: 2048 kB\nMemAvailable:    1024 kB\n");
    all = cake_machine_state_read_from(NULL, proc, sys);
    one = cake_machine_state_read_from(&second, proc, sys);
    cr_expect_float_eq(all.busy_s, (140 + 250) * tick, 1e-9);
    cr_expect_float_eq(all.steal_s, 100 * tick, 1e-9);
    cr_expect_float_eq(one.busy_s, 250 * tick, 1e-9);
    cr_expect_float_eq(one.steal_s, 60 * tick, 1e-9);
    cr_expect_eq(all.load_average, 1.25);
    cr_expect_eq(all.memory_available_bytes, 1024 * 1024);
    cr_expect(isnan(all.frequency_mhz) && isnan(all.throttled_s));

    put("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "2400000\n");
    cr_expect_eq(cake_machine_state_read_from(NULL, proc, sys).frequency_mhz, 2400);
    put("proc/self/cgroup", "0::/job\n");
    put("sys/fs/cgroup/job/cpu.stat", "usage_usec 5\nthrottled_usec 2500000\n");
    cr_expect_float_eq(cake_machine_state_read_from(NULL, proc, sys).throttled_s, 2.5, 1e-12);
    put("proc/self/cgroup", "3:cpu:/\n");
    put("sys/fs/cgroup/cpu/cpu.stat", "nr_throttled 2\nthrottled_time 500000000\n");
    cr_expect_float_eq(cake_machine_state_read_from(NULL, proc, sys).throttled_s, 0.5, 1e-12);
}

Test(machine, nothing_is_known_without_proc)
{
    cake_machine_state state = cake_machine_state_read_from(NULL, proc, sys);
    cake_disturbance d = cake_machine_state_between(&state, &state, 1, 0);
    char text[64];

    cr_expect(isnan(state.busy_s) && isnan(state.steal_s) && isnan(state.load_average));
    d.seconds = 10;
    cr_expect_str_eq(cake_disturbance_flags(&d, text, sizeof text), "");
}

Test(machine, what_disturbs_is_flagged)
{
    cake_machine_state before = {.at_s = 10, .busy_s = 100, .steal_s = 5, .throttled_s = 0, .frequency_mhz = 3000};
    cake_machine_state after = {
        .at_s = 12, .busy_s = 103.5, .steal_s = 5.1, .throttled_s = 0.1, .frequency_mhz = 2700};
    cake_disturbance d = cake_machine_state_between(&before, &after, 2, 3);
    char text[64], cut[8];

    cr_expect_float_eq(d.seconds, 2, 1e-12);
    cr_expect_float_eq(d.others, 0.5 / 4, 1e-12);
    cr_expect_float_eq(d.steal, 0.1 / 4, 1e-9);
    cr_expect_float_eq(d.throttled, 0.05, 1e-9);
    cr_expect_float_eq(d.frequency, -0.1, 1e-9);
    cr_expect_str_eq(cake_disturbance_flags(&d, text, sizeof text), "steal;load;throttled;frequency");
    cr_expect_str_eq(cake_disturbance_flags(&d, cut, sizeof cut), "steal;l");

    after = before, after.at_s = 12, after.busy_s = 103;
    d = cake_machine_state_between(&before, &after, 2, 3.01);
    cr_expect_eq(d.others, 0, "own time may look larger, by a tick");
    cr_expect_str_eq(cake_disturbance_flags(&d, text, sizeof text), "");
    d.others = 1, d.seconds = 0.01;
    cr_expect_str_eq(cake_disturbance_flags(&d, text, sizeof text), "", "too short to tell");
}

Test(machine, this_one_goes_on)
{
    cake_machine_state before = cake_machine_state_read(NULL), after;
    volatile double x = 1;

    for (int i = 0; i < 20000000; i++)
        x = x * 1.0000001;
    after = cake_machine_state_read(NULL);
    cr_expect_gt(after.at_s, before.at_s);
    cr_expect_geq(after.busy_s, before.busy_s);
    cr_expect_gt(after.memory_available_bytes, 0);
}

/* --- Doctor ------------------------------------------------------------------------------------------------------
 */

typedef struct seen {
    int count;
    struct {
        char name[32], value[128], command[256];
        cake_health health;
    } finding[32];
} seen;

static void note(const cake_symptom *finding, void *user)
{
    seen *s = user;

    cr_assert_lt(s->count, 32);
    snprintf(s->finding[s->count].name, 32, "%s", finding->name);
    snprintf(s->finding[s->count].value, 128, "%s", finding->value);
    snprintf(s->finding[s->count].command, 256, "%s", finding->command);
    s->finding[s->count++].health = finding->health;
    cr_expect(finding->health == CAKE_HEALTH_GOOD || *finding->meaning, "%s: a warning says why", finding->name);
    cr_expect(*finding->value, "%s has a value", finding->name);
}

static seen examine(const char *from_proc, const char *from_sys)
{
    cake_topology *topology = NULL;
    seen s = {0};

    cr_assert_eq(cake_topology_load(NULL, &topology, NULL), CAKE_OK);
    cake_doctor_from(topology, from_proc, from_sys, note, &s);
    cake_topology_free(topology);
    return s;
}

static void expect(const seen *s, const char *name, cake_health health, const char *value, const char *command)
{
    for (int i = 0; i < s->count; i++)
        if (!strcmp(s->finding[i].name, name)) {
            cr_expect_eq(s->finding[i].health, health, "%s is %s", name, cake_health_name(s->finding[i].health));
            cr_expect(strstr(s->finding[i].value, value), "%s: %s", name, s->finding[i].value);
            cr_expect(strstr(s->finding[i].command, command), "%s: %s", name, s->finding[i].command);
            return;
        }
    cr_expect(false, "nothing said of %s", name);
}

Test(doctor, finds_what_is_wrong)
{
    seen s;

    put("proc/stat", "cpu0 100 0 0 900 0 0 0 40 0 0\n");
    put("proc/loadavg", "7.50 0.50 0.10 1/100 42\n");
    put("proc/meminfo", "MemAvailable: 1024 kB\n");
    put("proc/sys/kernel/perf_event_paranoid", "4\n");
    put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "powersave\n");
    put("sys/devices/system/cpu/cpufreq/boost", "1\n");
    put("sys/devices/system/cpu/smt/active", "1\n");
    put("sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n");
    put("sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
    setenv("OMP_NUM_THREADS", "3", 1);
    s = examine(proc, sys);
    expect(&s, "governor", CAKE_HEALTH_WARNING, "powersave", "echo performance");
    expect(&s, "turbo", CAKE_HEALTH_WARNING, "on", "echo 0");
    expect(&s, "smt", CAKE_HEALTH_WARNING, "on", "smt/control");
    expect(&s, "load", CAKE_HEALTH_WARNING, "7.50", "ps -eo");
    expect(&s, "steal", CAKE_HEALTH_WARNING, "28.57 %", "");
    expect(&s, "memory", CAKE_HEALTH_WARNING, "0.0 GiB", "ps -eo");
    expect(&s, "huge pages", CAKE_HEALTH_WARNING, "never", "madvise");
    expect(&s, "clock", CAKE_HEALTH_WARNING, "hpet", "tsc");
    expect(&s, "perf_event_paranoid", CAKE_HEALTH_WARNING, "4", "sysctl");
    expect(&s, "thread pools", CAKE_HEALTH_NOTE, "OMP_NUM_THREADS=3", "");
}

Test(doctor, finds_what_is_right)
{
    seen s;

    put("proc/stat", "cpu0 1000 0 0 900 0 0 0 0 0 0\n");
    put("proc/loadavg", "0.02 0.50 0.10 1/100 42\n");
    put("proc/meminfo", "MemAvailable: 8388608 kB\n");
    put("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "performance\n");
    put("sys/devices/system/cpu/intel_pstate/no_turbo", "1\n");
    put("sys/devices/system/cpu/smt/active", "0\n");
    put("sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n");
    put("sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n");
    s = examine(proc, sys);
    expect(&s, "governor", CAKE_HEALTH_GOOD, "performance", "");
    expect(&s, "turbo", CAKE_HEALTH_GOOD, "off", "");
    expect(&s, "smt", CAKE_HEALTH_GOOD, "off", "");
    expect(&s, "load", CAKE_HEALTH_GOOD, "0.02", "");
    expect(&s, "steal", CAKE_HEALTH_GOOD, "0.00 %", "");
    expect(&s, "memory", CAKE_HEALTH_GOOD, "8.0 GiB", "");
    expect(&s, "huge pages", CAKE_HEALTH_GOOD, "madvise", "");
    expect(&s, "clock", CAKE_HEALTH_GOOD, "tsc", "");
}

Test(doctor, bears_a_machine_that_says_nothing)
{
    seen s = examine(proc, sys);

    expect(&s, "governor", CAKE_HEALTH_NOTE, "none", "");
    expect(&s, "steal", CAKE_HEALTH_NOTE, "unknown", "");
    cr_expect_geq(examine("/proc", "/sys").count, 14);
}
