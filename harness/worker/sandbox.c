#include "worker/sandbox.h"

#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>

static bool limit(__rlimit_resource_t resource, rlim_t value)
{
    struct rlimit now;

    if (getrlimit(resource, &now) != 0)
        return false;
    if (now.rlim_max < value)
        value = now.rlim_max;
    now.rlim_cur = now.rlim_max = value;
    return setrlimit(resource, &now) == 0;
}

/* AddressSanitizer reserves terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__)
static const bool limit_address_space = false;
#else
static const bool limit_address_space = true;
#endif

static bool enter_rlimits(const cake_request_load *request)
{
    return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) &&
           (!request->cpu_seconds || limit(RLIMIT_CPU, request->cpu_seconds)) &&
           (!request->memory_bytes || !limit_address_space || limit(RLIMIT_AS, request->memory_bytes));
}

uint32_t cake_sandbox_enter(const cake_request_load *request, char *text)
{
    uint32_t in_force = 0;

    (void)text;
    if (request->layers & CAKE_LAYER_NO_NEW_PRIVS && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
        in_force |= CAKE_LAYER_NO_NEW_PRIVS;
    if (request->layers & CAKE_LAYER_RLIMITS && enter_rlimits(request))
        in_force |= CAKE_LAYER_RLIMITS;
    return in_force;
}
