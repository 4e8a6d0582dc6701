/* Was built for another version of the ABI. */
#include "fault.h"

FAULT_TABLES(fault_honest, fault_can_run, fault_run, CAKE_ABI_MAJOR + 1);
FAULT_ENTRY
