/* What the kernels that choose choose among. Included once by choices.c of each instruction set, which is built for the
 * baseline CPU and says
 *     ISA(name)                the kernel's name in that instruction set
 *     LANES, TILE_ROWS, BLOCK  the vector's and the tile's size, and the layout in blocks of channels */
#include "common/choose.h"
#include "common/kernels/costs.h"
#include "common/kernels/kernels.h"

#define COUNT(array) (int)(sizeof(array) / sizeof *(array))
#define CHOOSER(candidates_, without_, refuse_)                                                                      \
    {                                                                                                                \
        .candidates = (candidates_), .count = COUNT(candidates_) - (without_),                                       \
        .core = {.lanes = LANES, .tile_rows = TILE_ROWS}, .refuse = (refuse_)                                        \
    }

enum {
    BLOCKED = CAKE_LAYOUT_BIT(BLOCK),
    CHANNELS_LAST = CAKE_LAYOUT_BIT(CAKE_NHWC),
    PLANAR = CAKE_LAYOUT_BIT(CAKE_NCHW)
};

static const cake_candidate attention[] = {
    {"decode", &ISA(cake_attention_decode), 0, cake_cost_attention_decode},
    {"tiled", &ISA(cake_attention_tiled), 0, cake_cost_attention_tiled},
};

static const cake_candidate batch_norm[] = {
    {"affine", &ISA(cake_batch_norm_affine), 0, cake_cost_none},
    {"training", &ISA(cake_batch_norm_training), 0, cake_cost_none},
};

/* The fast ones last: `auto` leaves them out. What the kernel `first` does is `direct` in nhwc. */
static const cake_candidate conv2d[] = {
    {"depthwise", &ISA(cake_conv2d_depthwise), BLOCKED, cake_cost_conv2d_depthwise},
    {"direct", &ISA(cake_conv2d_direct), BLOCKED | CHANNELS_LAST, cake_cost_conv2d_direct},
    {"direct split=pixels", &ISA(cake_conv2d_direct_pixels), BLOCKED | CHANNELS_LAST, cake_cost_conv2d_direct_pixels},
    {"hopcroft_kerr", &ISA(cake_conv2d_hopcroft_kerr), BLOCKED | CHANNELS_LAST, cake_cost_conv2d_hopcroft_kerr},
    {"strassen", &ISA(cake_conv2d_strassen), BLOCKED | CHANNELS_LAST, cake_cost_conv2d_strassen},
    {"winograd2", &ISA(cake_conv2d_winograd2), BLOCKED, cake_cost_conv2d_winograd2},
    {"winograd4", &ISA(cake_conv2d_winograd4), BLOCKED, cake_cost_conv2d_winograd4},
};

/* As conv2d's. */
static const cake_candidate linear[] = {
    {"packed", &ISA(cake_linear_packed), 0, cake_cost_linear_panels},
    {"packed split=rows", &ISA(cake_linear_packed_rows), 0, cake_cost_linear_rows},
    {"hopcroft_kerr", &ISA(cake_linear_hopcroft_kerr), 0, cake_cost_linear_hopcroft_kerr},
    {"strassen", &ISA(cake_linear_strassen), 0, cake_cost_linear_strassen},
};

static const cake_candidate pool2d[] = {
    {"lanes", &ISA(cake_pool2d_lanes), BLOCKED | CHANNELS_LAST, cake_cost_none},
    {"planes", &ISA(cake_pool2d_planes), PLANAR, cake_cost_none},
};

static const cake_chooser of_attention = CHOOSER(attention, 0, NULL), of_batch_norm = CHOOSER(batch_norm, 0, NULL),
                          of_conv2d = CHOOSER(conv2d, 4, cake_refuse_few_channels_conv2d),
                          of_conv2d_fast = CHOOSER(conv2d, 0, cake_refuse_few_channels_conv2d),
                          of_linear = CHOOSER(linear, 2, NULL), of_linear_fast = CHOOSER(linear, 0, NULL),
                          of_pool2d = CHOOSER(pool2d, 0, cake_refuse_few_channels_pool2d);

const cake_phased ISA(cake_attention_auto) = {.chooser = &of_attention};
const cake_phased ISA(cake_batch_norm_auto) = {.chooser = &of_batch_norm};
const cake_phased ISA(cake_conv2d_auto) = {.chooser = &of_conv2d};
const cake_phased ISA(cake_conv2d_auto_fast) = {.chooser = &of_conv2d_fast};
const cake_phased ISA(cake_linear_auto) = {.chooser = &of_linear};
const cake_phased ISA(cake_linear_auto_fast) = {.chooser = &of_linear_fast};
const cake_phased ISA(cake_pool2d_auto) = {.chooser = &of_pool2d};
