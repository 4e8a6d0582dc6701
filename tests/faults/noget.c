/* Exports no entry. */
#include "fault.h"

CAKE_EXPORT int something_else(void);

CAKE_EXPORT int something_else(void)
{
    return 42;
}
