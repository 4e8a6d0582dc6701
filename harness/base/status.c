#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *cake_status_text(cake_status status)
{
    switch (status) {
#define X(name, value, text)                                                                                         \
    case name:                                                                                                       \
        return text;
        CAKE_STATUS_LIST(X)
#undef X
    }
    return "unknown status";
}

cake_status cake_fail(cake_error *error, cake_status status, const char *format, ...)
{
    va_list args;

    if (!error)
        return status;
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    return status;
}

cake_status cake_fail_within(cake_error *error, cake_status status, const char *format, ...)
{
    char inner[sizeof error->text];
    size_t used;
    va_list args;

    if (!error)
        return status;
    memcpy(inner, error->text, sizeof inner);
    va_start(args, format);
    vsnprintf(error->text, sizeof error->text, format, args);
    va_end(args);
    used = strlen(error->text);
    snprintf(error->text + used, sizeof error->text - used, ": %s", inner);
    return status;
}
