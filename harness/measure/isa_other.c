#include "isa.h"

uint64_t cake_isa_detect(void)
{
    return 0;
}
