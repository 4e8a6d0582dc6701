/* Where runs are kept: results/<UTC time>-<host>/, and the link results/latest. */
#ifndef LAYERCAKE_REPORT_FOLDER_H
#define LAYERCAKE_REPORT_FOLDER_H

#include <stdbool.h>

#include "base/status.h"

/* Make a folder with its parents, each for good (synced). One that is there is fine. */
cake_status cake_folder_make(const char *path, cake_error *error);

/* Make a new folder under `root`, called after the time and the host: 20260131T123456Z-host, then ...-2, ...-3 for
 * others of the same second. Nobody else gets the same. *folder is the caller's. */
cake_status cake_folder_make_run(const char *root, char **folder, cake_error *error);

/* The folder's parent has a link `latest`. */
bool cake_folder_is_published(const char *folder);

/* Point the parent's link `latest` at the folder; whoever looks sees the old one or the new one. */
cake_status cake_folder_publish(const char *folder, cake_error *error);

#endif
