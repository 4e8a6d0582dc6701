/* How this program was built. Written by build_info.cmake at each build. */
#ifndef LAYERCAKE_REPORT_BUILD_INFO_H
#define LAYERCAKE_REPORT_BUILD_INFO_H

extern const char cake_build_version[];  /* "0.1.0" */
extern const char cake_build_commit[];   /* git describe, with -dirty; "": not built from a git repository */
extern const char cake_build_compiler[]; /* "GNU 12.2.0" */
extern const char cake_build_flags[];    /* of the C compiler */

#endif
