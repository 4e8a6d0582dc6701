/* Built where protobuf-c or onnx.proto is missing. */
#include "onnx/onnx.h"

bool cake_onnx_available(void)
{
    return false;
}

cake_status cake_onnx_load(const char *folder, int threads, cake_onnx_suite *suite, cake_error *error)
{
    (void)threads;
    (void)suite;
    return cake_fail(error, CAKE_E_USAGE,
                     "%s: ONNX is not built in: protobuf-c or onnx.proto was missing (Debian: libprotobuf-c-dev "
                     "protobuf-c-compiler libonnx-dev)",
                     folder);
}

void cake_onnx_suite_free(cake_onnx_suite *suite)
{
    *suite = (cake_onnx_suite){0};
}
