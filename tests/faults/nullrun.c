/* Has no run function. */
#include "fault.h"

FAULT_TABLES(fault_honest, fault_can_run, NULL, CAKE_ABI_MAJOR);
FAULT_ENTRY
