/* Where in a plugin a fault happened: functions and lines from its debug information. */
#ifndef LAYERCAKE_RUN_BACKTRACE_H
#define LAYERCAKE_RUN_BACKTRACE_H

#include "worker/protocol.h"

/* Write "run (fast.c:12) < step (fast.c:40)", innermost first, for the fault's frames that lie in the plugin behind
 * the descriptor; "" if there are none or they have no names. The file is read by a child that can be lost, since it
 * may have been made to break its reader. */
void cake_backtrace(const cake_fault *fault, int plugin, char *text, size_t size);

#endif
