/* In what, beside their times, do two runs differ? */
#ifndef LAYERCAKE_REPORT_DIFFERENCES_H
#define LAYERCAKE_REPORT_DIFFERENCES_H

#include "report/results.h"

/* Add a line for each thing: machine, kernel, governor, schema version, compiler, seed; datasets that one lacks, rows
 * measured on a disturbed machine. The same results twice: only the last. */
void cake_compare_note_differences(const cake_results *base, const cake_results *now, cake_text *notes);

#endif
