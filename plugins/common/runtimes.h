/* Which threading runtimes a vendor's library has brought along. */
#ifndef LAYERCAKE_PLUGINS_COMMON_RUNTIMES_H
#define LAYERCAKE_PLUGINS_COMMON_RUNTIMES_H

#ifdef __cplusplus
extern "C" {
#endif

/* NULL, or that this process holds two OpenMP runtimes, whose thread pools fight for the same cores: what a plugin
 * then says to refuse every problem. Cheap after the first call; valid for the life of the process. */
const char *cake_mixed_runtimes(void);

#ifdef __cplusplus
}
#endif
#endif
