/* Without PAPI there are software events only. */
#include "measure/counters_papi.h"

const char *cake_papi_library(void)
{
    return "none";
}

cake_status cake_papi_probe(const char *name, cake_error *why)
{
    (void)name;
    return cake_fail(why, CAKE_NOT_SUPPORTED, "layercake was built without PAPI");
}

bool cake_papi_counts(const char *name)
{
    (void)name;
    return false;
}

cake_status cake_papi_open(const char *const *names, size_t count, const pid_t *tids, size_t n_tids,
                           bool *multiplexed, cake_papi **opened, cake_error *error)
{
    (void)names, (void)count, (void)tids, (void)n_tids, (void)multiplexed, (void)opened;
    return cake_fail(error, CAKE_NOT_SUPPORTED, "layercake was built without PAPI");
}

void cake_papi_read(cake_papi *papi, double *values)
{
    (void)papi, (void)values;
}

void cake_papi_close(cake_papi *papi)
{
    (void)papi;
}

void cake_papi_each(cake_papi_visit *visit, void *user)
{
    (void)visit, (void)user;
}
