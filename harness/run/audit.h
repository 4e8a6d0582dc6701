/* Calls that cannot be foreseen: fresh inputs, one call a message, every output element checked, timed from outside.
 *
 * A plugin that finds the probes of the timed loop in its own worker's memory can please them; it cannot know these
 * inputs before the call, nor how long it seems to take. */
#ifndef LAYERCAKE_RUN_AUDIT_H
#define LAYERCAKE_RUN_AUDIT_H

#include "base/random.h"
#include "run/session.h"

/* One call on inputs that the bout's kernels share; made when the first asks. */
bool cake_audit_once(cake_session *session, cake_random *random);

/* Calls for at least `least_ns`, at most CAKE_AUDIT_CALLS, each on inputs of its own. Their number and sum of times
 * (message included). */
enum { CAKE_AUDIT_CALLS = 64 };
bool cake_audit_calls(cake_session *session, cake_random *random, double least_ns, int64_t *calls, double *sum_ns);

#endif
