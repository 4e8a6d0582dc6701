#include "measure/topology.h"

#include <hwloc.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "measure/cgroup.h"
#include "measure/isa.h"

struct cake_topology {
    hwloc_topology_t hwloc;
    hwloc_bitmap_t allowed; /* CPUs that this process may use */
    hwloc_bitmap_t first;   /* of each core that may be used, its first CPU that may be */
    cake_machine machine;
};

/* Cores, or CPUs on systems that don't tell of cores. */
static int core_depth(hwloc_topology_t hwloc)
{
    int depth = hwloc_get_type_depth(hwloc, HWLOC_OBJ_CORE);

    return depth >= 0 ? depth : hwloc_get_type_depth(hwloc, HWLOC_OBJ_PU);
}

static int count_of(hwloc_topology_t hwloc, hwloc_obj_type_t type)
{
    int count = hwloc_get_nbobjs_by_type(hwloc, type);

    return count > 0 ? count : 0;
}

/* The cache of that type above `cpu`, or NULL. */
static hwloc_obj_t cache_above(hwloc_topology_t hwloc, int cpu, hwloc_obj_type_t type)
{
    hwloc_obj_t object = hwloc_get_pu_obj_by_os_index(hwloc, (unsigned)cpu);

    while (object && object->type != type)
        object = object->parent;
    return object;
}

static int64_t cache_bytes(hwloc_topology_t hwloc, int cpu, hwloc_obj_type_t type)
{
    hwloc_obj_t cache = cache_above(hwloc, cpu, type);

    return cache ? (int64_t)cache->attr->cache.size : 0;
}

/* Fill `first`. */
static void find_first_cpus(cake_topology *topology)
{
    hwloc_topology_t hwloc = topology->hwloc;
    int depth = core_depth(hwloc);
    hwloc_obj_t core = NULL;

    while ((core = hwloc_get_next_obj_by_depth(hwloc, depth, core))) {
        int cpu = -1;

        do
            cpu = hwloc_bitmap_next(core->cpuset, cpu);
        while (cpu >= 0 && !hwloc_bitmap_isset(topology->allowed, (unsigned)cpu));
        if (cpu >= 0)
            hwloc_bitmap_set(topology->first, (unsigned)cpu);
    }
}

/* hwloc 2.9 names the CPU of x86 and of some others; /proc/cpuinfo and the device tree know more of them. */
static void find_cpu_name(hwloc_topology_t hwloc, char *name, size_t size)
{
    hwloc_obj_t package = hwloc_get_obj_by_type(hwloc, HWLOC_OBJ_PACKAGE, 0);
    const char *model = package ? hwloc_obj_get_info_by_name(package, "CPUModel") : NULL;

    if (!model)
        model = hwloc_obj_get_info_by_name(hwloc_get_root_obj(hwloc), "CPUModel");
    if (!model && package)
        model = hwloc_obj_get_info_by_name(package, "CPUVendor");
    snprintf(name, size, "%s", model ? model : "unknown");
    for (size_t n = strlen(name); n > 0 && name[n - 1] == ' '; n--)
        name[n - 1] = '\0';
}

static void describe_machine(cake_topology *topology, bool real)
{
    hwloc_topology_t hwloc = topology->hwloc;
    cake_machine *machine = &topology->machine;
    int cpu = hwloc_bitmap_first(topology->first);
    hwloc_obj_t last_level = cache_above(hwloc, cpu, HWLOC_OBJ_L3CACHE);
    cake_cgroup limits = {0};
    struct utsname system;

    find_cpu_name(hwloc, machine->cpu, sizeof machine->cpu);
    machine->packages = count_of(hwloc, HWLOC_OBJ_PACKAGE);
    machine->numa_nodes = count_of(hwloc, HWLOC_OBJ_NUMANODE);
    machine->cpus = count_of(hwloc, HWLOC_OBJ_PU);
    machine->cores = (int)hwloc_get_nbobjs_by_depth(hwloc, core_depth(hwloc));
    machine->cores_allowed = hwloc_bitmap_weight(topology->first);
    machine->cpus_allowed = hwloc_bitmap_weight(topology->allowed);
    hwloc_bitmap_list_snprintf(machine->cpus_allowed_list, sizeof machine->cpus_allowed_list, topology->allowed);
    machine->memory_bytes = (int64_t)hwloc_get_root_obj(hwloc)->total_memory;
    machine->l1d_bytes = cache_bytes(hwloc, cpu, HWLOC_OBJ_L1CACHE);
    machine->l2_bytes = cache_bytes(hwloc, cpu, HWLOC_OBJ_L2CACHE);
    machine->l3_bytes = cache_bytes(hwloc, cpu, HWLOC_OBJ_L3CACHE);
    machine->cores_per_l3 =
        last_level ? (int)hwloc_get_nbobjs_inside_cpuset_by_depth(hwloc, last_level->cpuset, core_depth(hwloc)) : 0;
    if (!real)
        return;
    /* hwloc adds up the nodes' memory, which leaves out what a virtual machine was given later. */
    machine->memory_bytes = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
    limits = cake_cgroup_read("/proc", "/sys");
    machine->cpu_quota = limits.cpus;
    machine->memory_limit_bytes = limits.memory_bytes;
    machine->isa = cake_isa_detect();
    if (uname(&system) == 0) {
        snprintf(machine->arch, sizeof machine->arch, "%.31s", system.machine);
        snprintf(machine->host, sizeof machine->host, "%.64s", system.nodename);
        snprintf(machine->kernel, sizeof machine->kernel, "%.64s", system.release);
    }
}

/* What the control group and this process's affinity leave. */
static void find_allowed(cake_topology *topology, bool real)
{
    hwloc_bitmap_t bound = hwloc_bitmap_alloc();

    hwloc_bitmap_copy(topology->allowed, hwloc_topology_get_allowed_cpuset(topology->hwloc));
    if (real && bound && hwloc_get_cpubind(topology->hwloc, bound, HWLOC_CPUBIND_THREAD) == 0)
        hwloc_bitmap_and(topology->allowed, topology->allowed, bound);
    hwloc_bitmap_free(bound);
}

cake_status cake_topology_load(const char *synthetic, cake_topology **out, cake_error *error)
{
    cake_topology *topology = calloc(1, sizeof *topology);

    if (!topology)
        return cake_fail(error, CAKE_E_MEMORY, "topology: out of memory");
    topology->allowed = hwloc_bitmap_alloc();
    topology->first = hwloc_bitmap_alloc();
    if (!topology->allowed || !topology->first || hwloc_topology_init(&topology->hwloc) != 0) {
        cake_topology_free(topology);
        return cake_fail(error, CAKE_E_MEMORY, "topology: out of memory");
    }
    if ((synthetic && hwloc_topology_set_synthetic(topology->hwloc, synthetic) != 0) ||
        hwloc_topology_load(topology->hwloc) != 0) {
        cake_topology_free(topology);
        return cake_fail(error, CAKE_E_INTERNAL, "hwloc cannot read the machine's topology%s%s",
                         synthetic ? " from " : "", synthetic ? synthetic : "");
    }
    find_allowed(topology, !synthetic);
    find_first_cpus(topology);
    describe_machine(topology, !synthetic);
    if (topology->machine.cores_allowed < 1) {
        cake_topology_free(topology);
        return cake_fail(error, CAKE_E_INTERNAL, "hwloc finds no CPU that this process may use");
    }
    *out = topology;
    return CAKE_OK;
}

void cake_topology_free(cake_topology *topology)
{
    if (!topology)
        return;
    if (topology->hwloc)
        hwloc_topology_destroy(topology->hwloc);
    hwloc_bitmap_free(topology->allowed);
    hwloc_bitmap_free(topology->first);
    free(topology);
}

const cake_machine *cake_topology_machine(const cake_topology *topology)
{
    return &topology->machine;
}

/* How many of `cpus` lie under the object. */
static int count_under(hwloc_obj_t object, hwloc_const_bitmap_t cpus, hwloc_bitmap_t scratch)
{
    hwloc_bitmap_and(scratch, object->cpuset, cpus);
    return hwloc_bitmap_weight(scratch);
}

/* The lowest object with at least `threads` of `cpus` under it; the first of those, or NULL. */
static hwloc_obj_t smallest_part(hwloc_topology_t hwloc, hwloc_const_bitmap_t cpus, int threads,
                                 hwloc_bitmap_t scratch)
{
    for (int depth = core_depth(hwloc); depth >= 0; depth--) {
        hwloc_obj_t object = NULL;

        while ((object = hwloc_get_next_obj_by_depth(hwloc, depth, object)))
            if (object->cpuset && count_under(object, cpus, scratch) >= threads)
                return object;
    }
    return NULL;
}

/* The first `threads` of `cpus` under the object, core by core in the machine's order. */
static void take(hwloc_topology_t hwloc, hwloc_obj_t part, hwloc_const_bitmap_t cpus, int threads,
                 hwloc_bitmap_t chosen)
{
    int depth = core_depth(hwloc), taken = 0;
    hwloc_obj_t core = NULL;

    while (taken < threads && (core = hwloc_get_next_obj_inside_cpuset_by_depth(hwloc, part->cpuset, depth, core))) {
        int cpu = -1;

        while ((cpu = hwloc_bitmap_next(core->cpuset, cpu)) >= 0)
            if (hwloc_bitmap_isset(cpus, (unsigned)cpu)) {
                hwloc_bitmap_set(chosen, (unsigned)cpu);
                taken++;
                break;
            }
    }
}

/* Choose from the fastest kinds of core first, adding slower ones until there are enough. */
static bool choose(const cake_topology *topology, int threads, hwloc_bitmap_t chosen)
{
    hwloc_topology_t hwloc = topology->hwloc;
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc(), kind = hwloc_bitmap_alloc(), scratch = hwloc_bitmap_alloc();
    int kinds = hwloc_cpukinds_get_nr(hwloc, 0);
    hwloc_obj_t part = NULL;

    if (!cpus || !kind || !scratch)
        goto out;
    for (int k = kinds - 1; k >= 0 && !part; k--) {
        if (hwloc_cpukinds_get_info(hwloc, (unsigned)k, kind, NULL, NULL, NULL, 0) != 0)
            break;
        hwloc_bitmap_and(kind, kind, topology->first);
        hwloc_bitmap_or(cpus, cpus, kind);
        part = smallest_part(hwloc, cpus, threads, scratch);
    }
    if (!part) {
        hwloc_bitmap_copy(cpus, topology->first);
        part = smallest_part(hwloc, cpus, threads, scratch);
    }
    if (part)
        take(hwloc, part, cpus, threads, chosen);
out:
    hwloc_bitmap_free(cpus);
    hwloc_bitmap_free(kind);
    hwloc_bitmap_free(scratch);
    return part != NULL;
}

static bool copy_mask(hwloc_const_bitmap_t bitmap, unsigned long *mask, int bits)
{
    if (hwloc_bitmap_last(bitmap) >= bits)
        return false;
    for (int word = 0; word < bits / CAKE_MASK_BITS; word++)
        mask[word] = hwloc_bitmap_to_ith_ulong(bitmap, (unsigned)word);
    return true;
}

static cake_status check_threads(const cake_machine *machine, int threads, cake_error *error)
{
    const char *hidden = machine->cpus > machine->cores ? "; SMT siblings are left idle" : "";

    if (threads < 1)
        return cake_fail(error, CAKE_E_USAGE, "threads: expected 1 or more, found %d", threads);
    if (threads > machine->cores_allowed)
        return cake_fail(error, CAKE_E_USAGE,
                         "threads: expected at most %d, one a core, found %d (%d of this machine's %d cores may be "
                         "used here, CPUs %s%s)",
                         machine->cores_allowed, threads, machine->cores_allowed, machine->cores,
                         machine->cpus_allowed_list, hidden);
    if (machine->cpu_quota > 0 && threads > machine->cpu_quota && threads > 1)
        return cake_fail(error, CAKE_E_USAGE,
                         "threads: expected at most %d, found %d (the control group's CPU quota is %.2f CPUs: more "
                         "threads would be stopped in turn)",
                         machine->cpu_quota < 1 ? 1 : (int)machine->cpu_quota, threads, machine->cpu_quota);
    return CAKE_OK;
}

cake_status cake_topology_place(const cake_topology *topology, int threads, cake_placement *placement,
                                cake_error *error)
{
    hwloc_bitmap_t chosen = hwloc_bitmap_alloc(), nodes = hwloc_bitmap_alloc();
    cake_status status = check_threads(&topology->machine, threads, error);
    cake_placement p = {.threads = threads, .nodes_of_machine = topology->machine.numa_nodes};
    int cpu;

    if (status != CAKE_OK)
        goto out;
    if (!chosen || !nodes || !choose(topology, threads, chosen)) {
        status = cake_fail(error, CAKE_E_MEMORY, "topology: out of memory");
        goto out;
    }
    hwloc_cpuset_to_nodeset(topology->hwloc, chosen, nodes);
    hwloc_bitmap_and(nodes, nodes, hwloc_topology_get_allowed_nodeset(topology->hwloc));
    if (!copy_mask(chosen, p.cpu_mask, CAKE_MAX_CPUS) || !copy_mask(nodes, p.node_mask, CAKE_MAX_NODES)) {
        status =
            cake_fail(error, CAKE_E_INTERNAL, "more than %d CPUs or %d NUMA nodes", CAKE_MAX_CPUS, CAKE_MAX_NODES);
        goto out;
    }
    hwloc_bitmap_list_snprintf(p.cpuset, sizeof p.cpuset, chosen);
    hwloc_bitmap_list_snprintf(p.nodes, sizeof p.nodes, nodes);
    cpu = hwloc_bitmap_first(chosen);
    p.l1d_bytes = cache_bytes(topology->hwloc, cpu, HWLOC_OBJ_L1CACHE);
    p.l2_bytes = cache_bytes(topology->hwloc, cpu, HWLOC_OBJ_L2CACHE);
    p.l3_bytes = cache_bytes(topology->hwloc, cpu, HWLOC_OBJ_L3CACHE);
    *placement = p;
out:
    hwloc_bitmap_free(chosen);
    hwloc_bitmap_free(nodes);
    return status;
}

/* --- For people ---------------------------------------------------------------------------------------------- */

static const char *size_text(int64_t bytes, char text[24])
{
    if (bytes >= INT64_C(1) << 30)
        snprintf(text, 24, "%.1f GiB", (double)bytes / 0x1p30);
    else if (bytes >= INT64_C(1) << 20)
        snprintf(text, 24, "%g MiB", (double)bytes / 0x1p20);
    else
        snprintf(text, 24, "%g KiB", (double)bytes / 0x1p10);
    return text;
}

/* The object and what is under it, an indented line each; a core and its own caches share one line. */
static void print_object(const cake_topology *topology, hwloc_obj_t object, int indent, FILE *file)
{
    char type[64], size[24], cpus[128];
    bool shown = object->arity != 1 || !object->first_child || object->first_child->type == HWLOC_OBJ_PU ||
                 object->type == HWLOC_OBJ_PACKAGE;

    if (object->type == HWLOC_OBJ_PU)
        return;
    hwloc_obj_type_snprintf(type, sizeof type, object, 0);
    fprintf(file, "%*s%s", indent, "", type);
    if (object->type == HWLOC_OBJ_PACKAGE || object->type == HWLOC_OBJ_CORE)
        fprintf(file, " %u", object->logical_index);
    if (hwloc_obj_type_is_cache(object->type))
        fprintf(file, " %s", size_text((int64_t)object->attr->cache.size, size));
    for (hwloc_obj_t node = object->memory_first_child; node; node = node->next_sibling)
        if (node->type == HWLOC_OBJ_NUMANODE)
            fprintf(file, "  NUMA node %u %s", node->os_index,
                    size_text((int64_t)node->attr->numanode.local_memory, size));
    if (object->type == HWLOC_OBJ_CORE) {
        hwloc_bitmap_list_snprintf(cpus, sizeof cpus, object->cpuset);
        fprintf(file, "  CPU %s%s", cpus,
                hwloc_bitmap_intersects(object->cpuset, topology->allowed) ? "" : " (not allowed here)");
    }
    fputs(shown ? "\n" : "  ", file);
    for (hwloc_obj_t child = object->first_child; child; child = child->next_sibling)
        print_object(topology, child, shown ? indent + 2 : 0, file);
}

void cake_topology_print(const cake_topology *topology, FILE *file)
{
    const cake_machine *machine = &topology->machine;
    char isa[128], a[24], b[24], c[24];

    fprintf(file, "cpu      %s, %s\n", machine->cpu, machine->arch);
    fprintf(file, "system   Linux %s on %s\n", machine->kernel, machine->host);
    fprintf(file, "cores    %d (packages %d, NUMA nodes %d, CPUs %d)\n", machine->cores, machine->packages,
            machine->numa_nodes, machine->cpus);
    fprintf(file, "allowed  %d cores, CPUs %s", machine->cores_allowed, machine->cpus_allowed_list);
    if (machine->cpu_quota > 0)
        fprintf(file, ", quota %.2f CPUs", machine->cpu_quota);
    fprintf(file, "\nmemory   %s", size_text(machine->memory_bytes, a));
    if (machine->memory_limit_bytes > 0)
        fprintf(file, ", limit %s", size_text(machine->memory_limit_bytes, b));
    fprintf(file, "\ncaches   L1d %s, L2 %s, L3 %s for %d cores\n", size_text(machine->l1d_bytes, a),
            size_text(machine->l2_bytes, b), size_text(machine->l3_bytes, c), machine->cores_per_l3);
    fprintf(file, "isa      %s\n\n", cake_isa_text(machine->isa, isa, sizeof isa));
    print_object(topology, hwloc_get_root_obj(topology->hwloc), 0, file);
}
