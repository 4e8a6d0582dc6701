/* y = a x + b over a run of floats: what the norms of images end with. Include a vector header first. */
#ifndef LAYERCAKE_PLUGINS_COMMON_SCALE_RUN_INC_H
#define LAYERCAKE_PLUGINS_COMMON_SCALE_RUN_INC_H

#include <stdint.h>

#include "common/vec/unroll.h"

/* `stream`: write past the caches; y and whole runs aligned to vectors then. */
VEC_INLINE void scale_run(int stream, const float *restrict x, float *restrict y, vec a, vec b, int64_t count)
{
    enum { SETS = 4 };
    int64_t i = 0;

    for (; i + SETS * VEC_LANES <= count; i += SETS * VEC_LANES) {
        VEC_UNROLL
        for (int k = 0; k < SETS; k++) {
            vec v = vec_fma(vec_load(x + i + k * VEC_LANES), a, b);
            if (stream)
                vec_stream(y + i + k * VEC_LANES, v);
            else
                vec_store(y + i + k * VEC_LANES, v);
        }
    }
    for (; i + VEC_LANES <= count; i += VEC_LANES)
        vec_store(y + i, vec_fma(vec_load(x + i), a, b));
    if (i < count) {
        vmask tail = vec_mask((int)(count - i));
        vec_store_mask(y + i, vec_fma(vec_load_mask(x + i, tail), a, b), tail);
    }
}

#endif
