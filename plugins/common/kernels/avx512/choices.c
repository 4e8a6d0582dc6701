/* What the kernels that choose choose among, over vec_avx512.h. Built for the baseline CPU. */
#include "common/choose.h"
#include "common/kernels/costs.h"
#include "common/kernels/kernels.h"

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))
#define CHOOSER(candidates_, without_, refuse_)                                                                      \
    {                                                                                                                \
        .candidates = (candidates_), .count = COUNT(candidates_) - (without_),                                       \
        .core = {.lanes = 16, .tile_rows = 14}, .refuse = (refuse_)                                                  \
    }

enum {
    BLOCKED = CAKE_LAYOUT_BIT(CAKE_NCHW16C),
    CHANNELS_LAST = CAKE_LAYOUT_BIT(CAKE_NHWC),
    PLANAR = CAKE_LAYOUT_BIT(CAKE_NCHW)
};

static const cake_candidate attention[] = {
    {"decode", &cake_attention_decode_avx512, 0, cake_cost_attention_decode},
    {"tiled", &cake_attention_tiled_avx512, 0, cake_cost_attention_tiled},
};

static const cake_candidate batch_norm[] = {
    {"affine", &cake_batch_norm_affine_avx512, 0, cake_cost_none},
    {"training", &cake_batch_norm_training_avx512, 0, cake_cost_none},
};

/* The fast ones last: `auto` leaves them out. What the kernel `first` does is `direct` in nhwc. */
static const cake_candidate conv2d[] = {
    {"depthwise", &cake_conv2d_depthwise_avx512, BLOCKED, cake_cost_conv2d_depthwise},
    {"direct", &cake_conv2d_direct_avx512, BLOCKED | CHANNELS_LAST, cake_cost_conv2d_direct},
    {"direct split=pixels", &cake_conv2d_direct_pixels_avx512, BLOCKED | CHANNELS_LAST,
     cake_cost_conv2d_direct_pixels},
    {"winograd2", &cake_conv2d_winograd2_avx512, BLOCKED, cake_cost_conv2d_winograd2},
    {"winograd4", &cake_conv2d_winograd4_avx512, BLOCKED, cake_cost_conv2d_winograd4},
};

static const cake_candidate linear[] = {
    {"packed", &cake_linear_packed_avx512, 0, cake_cost_linear_panels},
    {"packed split=rows", &cake_linear_packed_rows_avx512, 0, cake_cost_linear_rows},
};

static const cake_candidate pool2d[] = {
    {"lanes", &cake_pool2d_lanes_avx512, BLOCKED | CHANNELS_LAST, cake_cost_none},
    {"planes", &cake_pool2d_planes_avx512, PLANAR, cake_cost_none},
};

static const cake_chooser of_attention = CHOOSER(attention, 0, NULL), of_batch_norm = CHOOSER(batch_norm, 0, NULL),
                          of_conv2d = CHOOSER(conv2d, 2, cake_refuse_few_channels_conv2d),
                          of_conv2d_fast = CHOOSER(conv2d, 0, cake_refuse_few_channels_conv2d),
                          of_linear = CHOOSER(linear, 0, NULL),
                          of_pool2d = CHOOSER(pool2d, 0, cake_refuse_few_channels_pool2d);

const cake_phased cake_attention_auto_avx512 = {.chooser = &of_attention};
const cake_phased cake_batch_norm_auto_avx512 = {.chooser = &of_batch_norm};
const cake_phased cake_conv2d_auto_avx512 = {.chooser = &of_conv2d};
const cake_phased cake_conv2d_auto_fast_avx512 = {.chooser = &of_conv2d_fast};
const cake_phased cake_linear_auto_avx512 = {.chooser = &of_linear};
const cake_phased cake_pool2d_auto_avx512 = {.chooser = &of_pool2d};
