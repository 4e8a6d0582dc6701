#include "run/finding.h"

#include <stdarg.h>
#include <stdio.h>

bool cake_find(cake_finding *finding, cake_verdict verdict, const char *format, ...)
{
    va_list args;

    if (finding->verdict != CAKE_V_OK)
        return false;
    finding->verdict = verdict;
    va_start(args, format);
    vsnprintf(finding->reason, sizeof finding->reason, format, args);
    va_end(args);
    for (char *c = finding->reason; *c; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    return verdict == CAKE_V_OK;
}
