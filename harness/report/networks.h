/* Whole networks: a dataset's layers, each as often as it occurs. */
#ifndef LAYERCAKE_REPORT_NETWORKS_H
#define LAYERCAKE_REPORT_NETWORKS_H

#include "report/compare.h"

/* Add the networks of the run, or of both, to the comparison whose groups are made. CAKE_E_MEMORY. */
cake_status cake_networks_add(cake_comparison *comparison, const cake_compare_request *request);

#endif
