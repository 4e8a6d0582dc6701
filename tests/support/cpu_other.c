#include "host.h"

uint64_t cake_test_cpu_isa(void)
{
    return 0;
}
