/* A plugin's file: vetted on its descriptor, hashed, copied. What was hashed is what runs. */
#ifndef LAYERCAKE_RUN_VET_H
#define LAYERCAKE_RUN_VET_H

#include "run/finding.h"

typedef struct cake_plugin_file_image {
    int descriptor;  /* a sealed memfd with the file's bytes, or, loaded in place, the file; -1: none */
    char sha256[65]; /* hexadecimal */
} cake_plugin_file_image;

/* Open the file at `path`, refuse it if others could have written it or it is no shared object of this machine, and
 * make the image. Refusals are in the finding: unsafe-file, load-error; false then. The caller closes. */
bool cake_vet_open(const char *path, bool in_place, cake_plugin_file_image *image, cake_finding *finding);
void cake_vet_close(cake_plugin_file_image *image);

/* The SHA-256 of what can be read from `descriptor`, from its start. */
bool cake_vet_hash(int descriptor, char hexadecimal[65]);

#endif
