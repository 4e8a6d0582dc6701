/* Datasets: text files of workloads. A network's layers, one a line; `datasets/README.md` tells the syntax. */
#ifndef LAYERCAKE_PLAN_DATASET_H
#define LAYERCAKE_PLAN_DATASET_H

#include "plan/workload.h"

typedef struct cake_dataset {
    char name[CAKE_NAME_SIZE]; /* "resnet50": the file's name without folder and ".txt" */
    char *path;
    char *description; /* the first comment line, "" if there is none */
    cake_workload *workloads;
    size_t count;
} cake_dataset;

/* Read a dataset by name ("resnet50", "golden/lecture") from the search path, or by the path of a file (with ".txt"
 * at its end, or a '/' and no dataset of that name). CAKE_E_USAGE: no such dataset, with the nearest name; a wrong
 * line, with its place; no workload in it. */
cake_status cake_dataset_load(const char *name_or_path, cake_dataset *dataset, cake_error *error);

/* Free what it holds; a zeroed one holds nothing. */
void cake_dataset_free(cake_dataset *dataset);

/* A dataset that was found: the files are not read beyond their first lines. */
typedef struct cake_dataset_entry {
    char name[CAKE_NAME_SIZE];
    char *path;
    char *description;
} cake_dataset_entry;

typedef struct cake_dataset_list {
    cake_dataset_entry *entries; /* sorted by name; of those of one name the first found */
    size_t count;
} cake_dataset_list;

/* Every dataset of the search path: the folders of LAYERCAKE_DATASET_PATH (colons between them), datasets/ beside the
 * program, ../share/layercake/datasets from there. A folder that is not there is passed over. */
cake_status cake_dataset_find_all(cake_dataset_list *list, cake_error *error);

void cake_dataset_list_free(cake_dataset_list *list);

#endif
