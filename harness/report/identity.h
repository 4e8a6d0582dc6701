/* Which file was it? Its SHA-256, and the build-id that its linker gave it. */
#ifndef LAYERCAKE_REPORT_IDENTITY_H
#define LAYERCAKE_REPORT_IDENTITY_H

#include "base/status.h"

typedef struct cake_identity {
    char sha256[65];   /* hexadecimal */
    char build_id[81]; /* hexadecimal; "": no ELF file of this machine's class, or without one */
} cake_identity;

/* Of a regular file, which may hold anything. CAKE_NOT_FOUND; CAKE_E_USAGE: not a regular file; CAKE_E_IO. */
cake_status cake_identity_of(const char *path, cake_identity *identity, cake_error *error);

#endif
