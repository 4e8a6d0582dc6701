/* The last vector of a run, where fewer elements than lanes are left. Include a vector header first.
 *
 * With whole vectors these are plain loads and stores: a masked store costs dozens of cycles on some AVX2 machines.
 */
#ifndef LAYERCAKE_PLUGINS_COMMON_VEC_TAIL_H
#define LAYERCAKE_PLUGINS_COMMON_VEC_TAIL_H

#include <stdint.h>

#include "common/vec/unroll.h"

/* The mask of `left` elements, or of all lanes if there are more. */
VEC_INLINE vmask vec_mask_left(int64_t left)
{
    return vec_mask(left < VEC_LANES ? (int)left : VEC_LANES);
}

/* Load `left` elements, 0 beyond; all lanes if there are more. */
VEC_INLINE vec vec_load_left(const float *p, int64_t left)
{
    return left >= VEC_LANES ? vec_load(p) : vec_load_mask(p, vec_mask((int)left));
}

VEC_INLINE void vec_store_left(float *p, vec a, int64_t left)
{
    if (left >= VEC_LANES)
        vec_store(p, a);
    else
        vec_store_mask(p, a, vec_mask((int)left));
}

#endif
