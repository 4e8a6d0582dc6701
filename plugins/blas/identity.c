#include <stddef.h>
#include <stdio.h>

#include "blas/library.h"

/* Weak: each library has its own, and the others stay NULL. Not from the headers, so that one source fits all. */
extern void openblas_set_num_threads(int threads) __attribute__((weak));
extern int openblas_get_parallel(void) __attribute__((weak)); /* 0: built without threads */
extern char *openblas_get_config(void) __attribute__((weak)); /* "OpenBLAS 0.3.21 NO_LAPACKE ..." */
extern void bli_thread_set_num_threads(intptr_t threads) __attribute__((weak));
extern intptr_t bli_info_get_enable_threading(void) __attribute__((weak));
extern char *bli_info_get_version_str(void) __attribute__((weak));
extern void MKL_Set_Num_Threads(int threads) __attribute__((weak));
extern void MKL_Get_Version_String(char *text, int size) __attribute__((weak));

int library_set_threads(int32_t threads)
{
    if (openblas_set_num_threads && (!openblas_get_parallel || openblas_get_parallel())) {
        openblas_set_num_threads(threads);
        return 0;
    }
    if (bli_thread_set_num_threads && (!bli_info_get_enable_threading || bli_info_get_enable_threading())) {
        bli_thread_set_num_threads(threads);
        return 0;
    }
    if (MKL_Set_Num_Threads) {
        MKL_Set_Num_Threads(threads);
        return 0;
    }
    return threads == 1 ? 0 : -1;
}

int library_is_blis(void)
{
    return bli_info_get_version_str != NULL;
}

void library_version(char *text, int size)
{
    if (openblas_get_config) {
        char number[32] = "";

        sscanf(openblas_get_config(), "OpenBLAS %31s", number);
        snprintf(text, (size_t)size, "OpenBLAS %s", number);
    } else if (bli_info_get_version_str) {
        snprintf(text, (size_t)size, "BLIS %s", bli_info_get_version_str());
    } else if (MKL_Get_Version_String) {
        MKL_Get_Version_String(text, size);
    } else {
        snprintf(text, (size_t)size, "%s of unknown version", BLAS_NAME);
    }
}
