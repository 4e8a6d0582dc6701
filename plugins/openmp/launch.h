/* How a team's threads come to their work. One launch_*.c is compiled: OpenMP's for the plugin; plain threads for the test
 * under ThreadSanitizer, which does not see what OpenMP's runtime orders. */
#ifndef LAYERCAKE_PLUGINS_OPENMP_LAUNCH_H
#define LAYERCAKE_PLUGINS_OPENMP_LAUNCH_H

#include <stdint.h>

/* Call member(user, 0 .. threads-1), each on a thread of its own, all at once; return when all have. */
void cake_launch(int threads, void (*member)(void *user, int member), void *user);

/* Work that moves fewer bytes than this is done sooner by one thread than shared. */
extern const uint64_t cake_launch_least_bytes;

#endif
