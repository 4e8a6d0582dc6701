#include "measure/pmu.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* x86 tells in its CPU flags, Arm in the device tree, Xen in /sys. */
static bool look_for_hypervisor(void)
{
    bool found = access("/proc/device-tree/hypervisor", F_OK) == 0 || access("/sys/hypervisor/type", F_OK) == 0;
    FILE *file = fopen("/proc/cpuinfo", "re");
    char line[8192];

    while (file && !found && fgets(line, sizeof line, file))
        found = !strncmp(line, "flags", 5) && strstr(line, " hypervisor");
    if (file)
        fclose(file);
    return found;
}

bool cake_is_virtual_machine(void)
{
    static int answer = -1; /* does not change, and /proc/cpuinfo takes 0.1 ms to read */

    if (answer < 0)
        answer = look_for_hypervisor();
    return answer;
}

int cake_perf_paranoid(void)
{
    FILE *file = fopen("/proc/sys/kernel/perf_event_paranoid", "re");
    int value = -100;

    if (!file)
        return -100;
    if (fscanf(file, "%d", &value) != 1)
        value = -100;
    fclose(file);
    return value;
}

cake_status cake_perf_explain(int error_number, bool hardware, cake_error *why)
{
    switch (error_number) {
    case EACCES:
    case EPERM:
        return cake_fail(why, CAKE_NOT_SUPPORTED,
                         "not allowed: kernel.perf_event_paranoid is %d (mend: sysctl -w "
                         "kernel.perf_event_paranoid=1), or the container forbids perf_event_open",
                         cake_perf_paranoid());
    case ENOENT:
    case EOPNOTSUPP:
    case ENODEV:
        if (hardware)
            return cake_fail(why, CAKE_NOT_SUPPORTED, "%s",
                             cake_is_virtual_machine() ? "this virtual machine has no performance counters (PMU)"
                                                       : "this machine has no performance counters (PMU)");
        return cake_fail(why, CAKE_NOT_SUPPORTED, "the kernel has no such event");
    case ENOSYS:
        return cake_fail(why, CAKE_NOT_SUPPORTED, "the kernel was built without perf_event_open");
    default:
        return cake_fail(why, CAKE_NOT_SUPPORTED, "perf_event_open: %s", strerror(error_number));
    }
}

cake_status cake_pmu_check(cake_error *why)
{
    struct perf_event_attr attributes = {
        .type = PERF_TYPE_HARDWARE,
        .size = sizeof attributes,
        .config = PERF_COUNT_HW_INSTRUCTIONS,
        .exclude_kernel = 1,
        .exclude_hv = 1,
    };
    int fd = (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);

    if (fd < 0)
        return cake_perf_explain(errno, true, why);
    close(fd);
    return CAKE_OK;
}
