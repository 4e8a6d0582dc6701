/* Work that makes every basic counter count. A CPU may take an event that it does not implement and count nothing:
 * such a 0 must not be believed. Part of counters_papi.c. */
#ifndef LAYERCAKE_MEASURE_COUNTERS_TRIAL_H
#define LAYERCAKE_MEASURE_COUNTERS_TRIAL_H

/* Some milliseconds of instructions, loads that miss the caches of one core, and branches that nobody can predict. */
void cake_counters_trial_work(void);

#endif
