/* From an entrant to its row. */
#ifndef LAYERCAKE_RUN_ROWS_H
#define LAYERCAKE_RUN_ROWS_H

#include "report/schema.h"
#include "run/bout.h"

/* What names the case: all that is known before it is run. */
cake_status cake_entrant_identify(const cake_bout *bout, const cake_entrant *entrant, cake_row *row);

/* The baseline of a bout: what speed-ups are over. */
typedef struct cake_baseline {
    char name[160]; /* "naive/direct"; "" if there is none */
    double median_ns;
    const cake_entrant *entrant; /* NULL if it ran in another bout */
} cake_baseline;

/* Verdict, times, counters, roofline, speed-up. A time that cannot be changes the entrant's finding. */
cake_status cake_entrant_report(const cake_bout *bout, cake_entrant *entrant, const cake_baseline *baseline,
                                cake_row *row);

#endif
