#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plan/workload.h"

/* What the reference keeps of an element: a double, or a value with its bound. */
enum { REFERENCE_INPUT_BYTES = 8, REFERENCE_OUTPUT_BYTES = 16 };

uint64_t cake_workload_memory(const cake_workload *workload, int32_t dtype)
{
    cake_tensor_list list = {0};
    unsigned __int128 sum = 0;

    workload->op->tensors(workload->params, &list);
    for (int i = 0; i < list.count; i++) {
        const cake_tensor_spec *spec = &list.tensor[i];
        int64_t element = cake_dtype_size(spec->dtype ? spec->dtype : dtype) +
                          (spec->role == CAKE_ROLE_OUTPUT ? REFERENCE_OUTPUT_BYTES : REFERENCE_INPUT_BYTES);

        sum += (unsigned __int128)cake_spec_elements(spec) * (unsigned __int128)element;
    }
    return sum > UINT64_MAX ? UINT64_MAX : (uint64_t)sum;
}

/* The number in a one-line file, or UINT64_MAX ("max", or no such file). */
static uint64_t read_number(const char *path)
{
    FILE *file = fopen(path, "re");
    uint64_t value = UINT64_MAX;

    if (!file)
        return UINT64_MAX;
    if (fscanf(file, "%" SCNu64, &value) != 1)
        value = UINT64_MAX;
    fclose(file);
    return value;
}

static uint64_t system_available(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    uint64_t kib = UINT64_MAX;
    char line[256];

    if (!file)
        return UINT64_MAX;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "MemAvailable: %" SCNu64 " kB", &kib) == 1)
            break;
    fclose(file);
    return kib > UINT64_MAX / 1024 ? UINT64_MAX : kib * 1024;
}

uint64_t cake_memory_available(void)
{
    /* A container sees its own control group as the root: version 2, then version 1. */
    static const char *const groups[][2] = {
        {"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"},
        {"/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"},
    };
    uint64_t available = system_available();

    for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++) {
        uint64_t limit = read_number(groups[i][0]), used = read_number(groups[i][1]);

        if (limit == UINT64_MAX || used == UINT64_MAX)
            continue;
        limit = limit > used ? limit - used : 0;
        if (limit < available)
            available = limit;
    }
    return available;
}

void cake_format_bytes(double bytes, char *buffer, size_t size)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;

    while (bytes >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
        bytes /= 1000;
        unit++;
    }
    snprintf(buffer, size, "%.*f %s", unit ? 1 : 0, bytes, units[unit]);
}

cake_status cake_workload_fits(const cake_workload *workload, int32_t dtype, uint64_t limit, cake_error *error)
{
    uint64_t needed = cake_workload_memory(workload, dtype);
    uint64_t allowed = limit ? limit : cake_memory_available();
    char needed_text[32], allowed_text[32];

    if (needed <= allowed)
        return CAKE_OK;
    cake_format_bytes((double)needed, needed_text, sizeof needed_text);
    cake_format_bytes((double)allowed, allowed_text, sizeof allowed_text);
    return cake_fail(error, CAKE_E_USAGE, "%s:%d: %s%s%s needs %s of memory to be checked, more than the %s that %s",
                     workload->file, workload->line, workload->op->name, workload->name[0] ? " " : "", workload->name,
                     needed_text, allowed_text, limit ? "--memory allows" : "are available");
}
