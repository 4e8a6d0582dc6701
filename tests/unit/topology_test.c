#include <criterion/criterion.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "layercake/plugin.h"
#include "measure/cgroup.h"
#include "measure/isa.h"
#include "measure/topology.h"

static cake_topology *load(const char *synthetic)
{
    cake_topology *topology = NULL;
    cake_error error = {""};

    cr_assert_eq(cake_topology_load(synthetic, &topology, &error), CAKE_OK, "%s", error.text);
    return topology;
}

static void expect_cpus(const cake_topology *topology, int threads, const char *cpus, const char *nodes)
{
    cake_placement placement = {0};
    cake_error error = {""};

    cr_expect_eq(cake_topology_place(topology, threads, &placement, &error), CAKE_OK, "%s", error.text);
    cr_expect_str_eq(placement.cpuset, cpus, "%d threads on %s", threads, placement.cpuset);
    cr_expect_str_eq(placement.nodes, nodes);
    cr_expect_eq(placement.threads, threads);
}

Test(topology, siblings_stay_idle_and_threads_stay_close)
{
    /* Two packages, each a NUMA node of two last-level caches with four cores of two CPUs. */
    cake_topology *topology = load("package:2 [numa] l3:2 core:4 pu:2");

    expect_cpus(topology, 1, "0", "0");
    expect_cpus(topology, 4, "0,2,4,6", "0");
    expect_cpus(topology, 5, "0,2,4,6,8", "0");
    expect_cpus(topology, 8, "0,2,4,6,8,10,12,14", "0");
    expect_cpus(topology, 9, "0,2,4,6,8,10,12,14,16", "0-1");
    cake_topology_free(topology);
}

Test(topology, a_cache_that_holds_all_threads_comes_before_order)
{
    cake_topology *topology = load("package:1 l3:2 core:2 pu:1");

    expect_cpus(topology, 2, "0-1", "0");
    expect_cpus(topology, 3, "0-2", "0");
    cake_topology_free(topology);
}

Test(topology, more_threads_than_cores_is_a_clear_error)
{
    cake_topology *topology = load("package:1 core:2 pu:2");
    cake_placement placement = {.threads = 7};
    cake_error error = {""};

    cr_assert_eq(cake_topology_place(topology, 3, &placement, &error), CAKE_E_USAGE);
    cr_assert(strstr(error.text, "expected at most 2, one a core, found 3"), "%s", error.text);
    cr_assert(strstr(error.text, "SMT siblings are left idle"), "%s", error.text);
    cr_assert_eq(placement.threads, 7, "unchanged on error");
    cr_assert_eq(cake_topology_place(topology, 0, &placement, &error), CAKE_E_USAGE);
    cr_assert_eq(cake_topology_place(topology, -1, &placement, &error), CAKE_E_USAGE);
    cake_topology_free(topology);
    cr_assert_neq(cake_topology_load("nonsense", &topology, &error), CAKE_OK);
}

Test(topology, this_machine)
{
    cake_topology *topology = load(NULL);
    const cake_machine *machine = cake_topology_machine(topology);
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    cr_assert_geq(machine->cores, machine->cores_allowed);
    cr_assert_geq(machine->cores_allowed, 1);
    cr_assert_geq(machine->cpus_allowed, machine->cores_allowed);
    cr_assert_gt(machine->memory_bytes, INT64_C(1) << 20);
    cr_assert_geq(machine->l2_bytes, machine->l1d_bytes);
    cr_assert_neq(machine->kernel[0], '\0');
    cake_topology_print(topology, file);
    fclose(file);
    cr_assert(strstr(text, "Machine"));
    cr_assert(strstr(text, machine->cpu));
    free(text);
    cake_topology_free(topology);
}

Test(topology, only_allowed_cpus_are_used)
{
    cake_topology *all = load(NULL), *one;
    cake_placement placement;
    cpu_set_t last;
    size_t cpu = CPU_SETSIZE - 1;
    char expected[16];

    cr_assert_eq(sched_getaffinity(0, sizeof last, &last), 0);
    while (!CPU_ISSET(cpu, &last))
        cpu--;
    CPU_ZERO(&last);
    CPU_SET(cpu, &last);
    cr_assert_eq(sched_setaffinity(0, sizeof last, &last), 0);
    one = load(NULL);
    snprintf(expected, sizeof expected, "%zu", cpu);
    cr_assert_eq(cake_topology_place(one, 1, &placement, NULL), CAKE_OK);
    cr_assert_str_eq(placement.cpuset, expected);
    cr_assert_eq(cake_topology_place(one, 2, &placement, NULL), CAKE_E_USAGE);
    cake_topology_free(all);
    cake_topology_free(one);
}

Test(topology, a_process_is_bound_and_its_child_inherits)
{
    cake_topology *topology = load(NULL);
    cake_placement placement;
    cake_error error = {""};
    cake_affinity own;
    cpu_set_t set;
    int status;
    pid_t pid;

    cr_assert_eq(cake_topology_place(topology, 1, &placement, &error), CAKE_OK, "%s", error.text);
    cake_topology_free(topology);
    cr_assert_eq(cake_placement_bind(&placement, 0, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_placement_bind_memory(&placement, &error), CAKE_OK, "%s", error.text);
    pid = fork();
    if (pid == 0)
        _exit(sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 99);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(WEXITSTATUS(status), 1);
    cr_assert_eq(sched_getaffinity(0, sizeof set, &set), 0);
    cr_assert(CPU_ISSET((size_t)atoi(placement.cpuset), &set));
    cr_assert(!cake_placement_avoid(&placement, &own), "none would be left");
    cr_assert_neq(cake_placement_bind(&placement, 999999999, &error), CAKE_OK);
    cr_assert(strstr(error.text, "999999999"), "%s", error.text);
}

Test(topology, a_thread_leaves_the_cores_of_a_placement)
{
    cake_topology *topology = load(NULL);
    cake_placement placement;
    cake_affinity own;
    cake_error error = {""};
    cpu_set_t before, now;

    cr_assert_eq(cake_topology_place(topology, 1, &placement, &error), CAKE_OK, "%s", error.text);
    cake_topology_free(topology);
    cr_assert_eq(sched_getaffinity(0, sizeof before, &before), 0);
    if (CPU_COUNT(&before) < 2)
        cr_skip_test("needs two CPUs");
    cr_assert(cake_placement_avoid(&placement, &own));
    cr_assert_eq(sched_getaffinity(0, sizeof now, &now), 0);
    cr_expect_eq(CPU_COUNT(&now), CPU_COUNT(&before) - 1);
    cr_expect(!CPU_ISSET((size_t)atoi(placement.cpuset), &now));
    cake_affinity_restore(&own);
    cr_assert_eq(sched_getaffinity(0, sizeof now, &now), 0);
    cr_expect(CPU_EQUAL(&now, &before));
}

/* --- Control groups ------------------------------------------------------------------------------------------ */

static char root[] = "/tmp/cgroup-test-XXXXXX";

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

static cake_cgroup read_root(void)
{
    char proc[64], sys[64];

    snprintf(proc, sizeof proc, "%s/proc", root);
    snprintf(sys, sizeof sys, "%s/sys", root);
    return cake_cgroup_read(proc, sys);
}

static void remove_root(void)
{
    char command[64];

    snprintf(command, sizeof command, "rm -r %s", root);
    cr_assert_eq(system(command), 0);
}

Test(cgroup, version_2_takes_the_tightest_of_all_parents)
{
    cake_cgroup limits;

    cr_assert_not_null(mkdtemp(root));
    put("proc/self/cgroup", "0::/user/job\n");
    put("sys/fs/cgroup/user/job/cpu.max", "max 100000\n");
    put("sys/fs/cgroup/user/cpu.max", "150000 100000\n");
    put("sys/fs/cgroup/user/memory.max", "1073741824\n");
    put("sys/fs/cgroup/user/job/memory.max", "max\n");
    limits = read_root();
    cr_expect_float_eq(limits.cpus, 1.5, 1e-12);
    cr_expect_eq(limits.memory_bytes, 1073741824);
    remove_root();
}

Test(cgroup, version_1_and_no_limits)
{
    cake_cgroup limits;

    cr_assert_not_null(mkdtemp(root));
    put("proc/self/cgroup", "4:memory:/a\n3:cpu,cpuacct:/elsewhere\nrubbish\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    put("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712\n");
    limits = read_root();
    cr_expect_float_eq(limits.cpus, 0.5, 1e-12);
    cr_expect_eq(limits.memory_bytes, 0);
    put("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    cr_expect_eq(read_root().cpus, 0);
    put("proc/self/cgroup", "");
    cr_expect_eq(read_root().cpus, 0);
    remove_root();
    cr_expect_eq(cake_cgroup_read("/nonexistent", "/nonexistent").cpus, 0);
}

/* --- Instruction sets ---------------------------------------------------------------------------------------- */

Test(isa, agrees_with_the_compiler)
{
    uint64_t isa = cake_isa_detect();

#if defined(__x86_64__)
    __builtin_cpu_init();
    cr_expect_eq((isa & CAKE_ISA_AVX2) != 0, __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"));
    cr_expect_eq((isa & CAKE_ISA_AVX512) != 0,
                 __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw"));
    cr_expect_eq((isa & CAKE_ISA_AVX512_VNNI) != 0, __builtin_cpu_supports("avx512vnni") != 0);
#elif defined(__aarch64__)
    cr_expect_eq(isa, CAKE_ISA_NEON);
#endif
    (void)isa;
}

Test(isa, text)
{
    char text[64], cut[6];

    cr_expect_str_eq(cake_isa_text(0, text, sizeof text), "none");
    cr_expect_str_eq(cake_isa_text(CAKE_ISA_AVX2 | CAKE_ISA_AMX, text, sizeof text), "avx2 amx");
    cr_expect_str_eq(cake_isa_text(CAKE_ISA_AVX2 | CAKE_ISA_AMX, cut, sizeof cut), "avx2 ");
}
