/* The ops: for each its parameters, and its tensors in the order in which kernels get them.
 *
 * What an op computes is defined by `reference/<op>.c`; the formulas here are its summary. A kernel
 * finds the parameters in `cake_problem.params`, valid and with every derived value filled in.
 *
 * Every struct begins with `struct_size`, the size that the host filled; members are only appended.
 * Tensors are marked: image (rank 4: n, c, h, w, in any image layout that the kernel accepts), else
 * plain (row-major). Inputs go to `run`, constants to `open`, outputs to `run`. A tensor in [brackets]
 * is there only with the parameter named beside it. */
#ifndef LAYERCAKE_OPS_H
#define LAYERCAKE_OPS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* linear: y = x wT + b
 * inputs     x [rows][in]
 * constants  w [out][in]   [bias: b [out]]
 * outputs    y [rows][out] */
typedef struct cake_linear {
    uint32_t struct_size;
    int32_t bias; /* 0, 1 */
    int64_t rows, in, out;
} cake_linear;

/* conv2d: cross-correlation, as every framework calls convolution
 *   y[n,o,p,q] = b[o] + sum over c, r, s of
 *                x[n, g*(ic/groups)+c, p*stride_h - pad_t + r*dil_h, q*stride_w - pad_l + s*dil_w] w[o,c,r,s]
 * with g = o / (oc/groups), and x zero outside of the image.
 * inputs     x image [n][ic][ih][iw]
 * constants  w [oc][ic/groups][kh][kw]   [bias: b [oc]]
 * outputs    y image [n][oc][oh][ow]
 * oh = (ih + pad_t + pad_b - ((kh-1) dil_h + 1)) / stride_h + 1, rounded down; ow likewise. */
typedef struct cake_conv2d {
    uint32_t struct_size;
    int32_t bias; /* 0, 1 */
    int64_t n, ic, ih, iw, oc, kh, kw;
    int64_t stride_h, stride_w;
    int64_t pad_t, pad_b, pad_l, pad_r;
    int64_t dil_h, dil_w; /* 1 = none */
    int64_t groups;       /* 1 .. ic; divides ic and oc; = ic: depthwise */
    int64_t oh, ow;       /* derived */
} cake_conv2d;

enum { CAKE_POOL_MAX = 0, CAKE_POOL_AVG = 1 };

/* pool2d: the largest or the mean value of each window
 * A maximum leaves the padding out. A mean divides by kh kw if count_pad, else by the number of the
 * window's places inside the image; places beyond the padding (with ceil_mode) never count.
 * inputs     x image [n][c][ih][iw]
 * outputs    y image [n][c][oh][ow]   [indices: index [n][c][oh][ow], i32]
 * index (of maxima): where in its channel the maximum stands, i iw + j, the first one of several.
 * oh as in conv2d, rounded up if ceil_mode, where a last window that would begin beyond the image and
 * its leading padding is dropped.
 * A kernel that does not know the members after `ow` must refuse a problem where one is not 0. */
typedef struct cake_pool2d {
    uint32_t struct_size;
    int32_t kind;      /* CAKE_POOL_MAX, CAKE_POOL_AVG */
    int32_t count_pad; /* 0, 1; means only */
    int32_t ceil_mode; /* 0, 1 */
    int64_t n, c, ih, iw, kh, kw;
    int64_t stride_h, stride_w;
    int64_t pad_t, pad_b, pad_l, pad_r; /* each smaller than the dilated window */
    int64_t dil_h, dil_w;               /* 1 = none */
    int64_t oh, ow;                     /* derived */
    int32_t indices;                    /* 0, 1; maxima only */
    int32_t reserved;
} cake_pool2d;

/* conv3d: conv2d with a depth, for volumes
 *   y[n,o,m,p,q] = b[o] + sum over c, t, r, s of w[o,c,t,r,s] x[n, g (ic/groups) + c, i, j, k]
 *   at i = m stride_d - pad_f + t dil_d, j = p stride_h - pad_t + r dil_h, k = q stride_w - pad_l + s dil_w
 * with g = o / (oc/groups), and x zero outside of the volume.
 * inputs     x [n][ic][id][ih][iw]
 * constants  w [oc][ic/groups][kd][kh][kw]   [bias: b [oc]]
 * outputs    y [n][oc][od][oh][ow]
 * od, oh, ow as in conv2d. */
typedef struct cake_conv3d {
    uint32_t struct_size;
    int32_t bias; /* 0, 1 */
    int64_t n, ic, id, ih, iw, oc, kd, kh, kw;
    int64_t stride_d, stride_h, stride_w;
    int64_t pad_f, pad_k, pad_t, pad_b, pad_l, pad_r; /* front, back, top, bottom, left, right */
    int64_t dil_d, dil_h, dil_w;                      /* 1 = none */
    int64_t groups;                                   /* 1 .. ic; divides ic and oc */
    int64_t od, oh, ow;                               /* derived */
} cake_conv3d;

/* conv_transpose2d: each place of x lays its filters, times its value, onto the output: conv2d's transpose
 *   y[n,o,p,q] = b[o] + sum over c, r, s of x[n, g (ic/groups) + c, i, j] w[g (ic/groups) + c, o - g (oc/groups), r, s]
 *   over the places i, j of x with i stride_h + r dil_h - pad_t = p and j stride_w + s dil_w - pad_l = q
 * with g = o / (oc/groups).
 * inputs     x image [n][ic][ih][iw]
 * constants  w [ic][oc/groups][kh][kw]   [bias: b [oc]]
 * outputs    y image [n][oc][oh][ow]
 * oh = (ih - 1) stride_h + (kh - 1) dil_h + 1 + out_pad_h - pad_t - pad_b; ow likewise. */
typedef struct cake_conv_transpose2d {
    uint32_t struct_size;
    int32_t bias; /* 0, 1 */
    int64_t n, ic, ih, iw, oc, kh, kw;
    int64_t stride_h, stride_w;
    int64_t pad_t, pad_b, pad_l, pad_r;
    int64_t out_pad_h, out_pad_w; /* more rows below, columns right */
    int64_t dil_h, dil_w;         /* 1 = none */
    int64_t groups;               /* 1 .. ic; divides ic and oc */
    int64_t oh, ow;               /* derived */
} cake_conv_transpose2d;

/* pool3d: pool2d with a depth, for volumes; a mean with count_pad divides by kd kh kw
 * inputs     x [n][c][id][ih][iw]
 * outputs    y [n][c][od][oh][ow]   [indices: index [n][c][od][oh][ow], i32: (i ih + j) iw + k]
 * A kernel that does not know the members after `ow` must refuse a problem where one is not 0. */
typedef struct cake_pool3d {
    uint32_t struct_size;
    int32_t kind;      /* CAKE_POOL_MAX, CAKE_POOL_AVG */
    int32_t count_pad; /* 0, 1; means only */
    int32_t ceil_mode; /* 0, 1 */
    int64_t n, c, id, ih, iw, kd, kh, kw;
    int64_t stride_d, stride_h, stride_w;
    int64_t pad_f, pad_k, pad_t, pad_b, pad_l, pad_r; /* each smaller than the dilated window */
    int64_t dil_d, dil_h, dil_w;                      /* 1 = none */
    int64_t od, oh, ow;                               /* derived */
    int32_t indices;                                  /* 0, 1; maxima only */
    int32_t reserved;
} cake_pool3d;

/* batch_norm: per channel, y = scale (x - mean) / sqrt(var + eps) + shift
 * Inference: mean and var are given. Training: they are those of the batch (n, h, w; the variance is the
 * population's), and new_mean = momentum mean + (1 - momentum) batch mean, new_var likewise (ONNX).
 * inputs     x image [n][c][h][w]                 [training: mean [c], var [c]]
 * constants  scale [c], shift [c]                 [inference: mean [c], var [c]]
 * outputs    y image [n][c][h][w]                 [training: new_mean [c], new_var [c]] */
typedef struct cake_batch_norm {
    uint32_t struct_size;
    int32_t training; /* 0, 1 */
    int64_t n, c, h, w;
    double eps, momentum;
} cake_batch_norm;

/* layer_norm: per row, y = scale (x - mean) / sqrt(var + eps) + shift, mean and population variance of the row
 * inputs     x [rows][hidden]
 * constants  [affine: scale [hidden], shift [hidden]]
 * outputs    y [rows][hidden] */
typedef struct cake_layer_norm {
    uint32_t struct_size;
    int32_t affine; /* 0, 1 */
    int64_t rows, hidden;
    double eps;
} cake_layer_norm;

/* rms_norm: per row, y = scale x / sqrt(mean of x^2 + eps)
 * inputs     x [rows][hidden]
 * constants  [affine: scale [hidden]]
 * outputs    y [rows][hidden] */
typedef struct cake_rms_norm {
    uint32_t struct_size;
    int32_t affine; /* 0, 1 */
    int64_t rows, hidden;
    double eps;
} cake_rms_norm;

/* group_norm: like layer_norm over the c/groups channels and all places of a group of one image, with
 * scale and shift per channel. groups = c: instance norm.
 * inputs     x image [n][c][h][w]
 * constants  [affine: scale [c], shift [c]]
 * outputs    y image [n][c][h][w] */
typedef struct cake_group_norm {
    uint32_t struct_size;
    int32_t affine; /* 0, 1 */
    int64_t n, c, h, w;
    int64_t groups; /* divides c */
    double eps;
} cake_group_norm;

enum {
    CAKE_CAUSAL_NO = 0,
    CAKE_CAUSAL_UPPER_LEFT = 1, /* query i sees keys 0 .. i */
    CAKE_CAUSAL_LOWER_RIGHT = 2 /* query i sees keys 0 .. i + kv_len - q_len: the last query sees all */
};

enum {
    CAKE_SCORES_NO = 0,
    CAKE_SCORES_PRODUCTS = 1, /* scale q kT */
    CAKE_SCORES_STEP1 = 2,    /* after the first of cap and mask */
    CAKE_SCORES_STEP2 = 3,    /* after both */
    CAKE_SCORES_WEIGHTS = 4   /* after the softmax */
};

/* attention: scaled dot product, y = softmax(scale q kT + mask) v for each batch and head; the heads share
 * the key-value heads in groups of heads/kv_heads neighbours.
 * softcap: a score s becomes softcap tanh(s / softcap), before the mask is added, or after it if mask_first.
 * inputs     q [batch][heads][q_len][head_dim]
 *            k [batch][kv_heads][kv_len][head_dim]
 *            v [batch][kv_heads][kv_len][v_dim]      [mask: mask [q_len][kv_len], added to the scores]
 * outputs    y [batch][heads][q_len][v_dim]          [scores: s [batch][heads][q_len][kv_len]]
 * A kernel that does not know the members after `scale` must refuse a problem where one is not 0. */
typedef struct cake_attention {
    uint32_t struct_size;
    int32_t causal; /* CAKE_CAUSAL_NO, ... */
    int32_t mask;   /* 0, 1 */
    int32_t reserved;
    int64_t batch, heads, kv_heads, q_len, kv_len, head_dim, v_dim;
    double scale;       /* what the user left out is 1 / sqrt(head_dim) here */
    double softcap;     /* 0: none */
    int32_t mask_first; /* 0, 1 */
    int32_t scores;     /* CAKE_SCORES_NO, ...; only without causal */
} cake_attention;

enum { CAKE_RNN_TANH = 0, CAKE_RNN_RELU = 1, CAKE_RNN_LSTM = 2, CAKE_RNN_GRU = 3 };
enum { CAKE_RNN_FORWARD = 0, CAKE_RNN_REVERSE = 1, CAKE_RNN_BIDIRECTIONAL = 2 };

/* Activation functions that ONNX's recurrent operators may have. */
enum {
    CAKE_FUNCTION_DEFAULT = 0, /* the one of the cell's formula */
    CAKE_FUNCTION_SIGMOID = 1,
    CAKE_FUNCTION_TANH = 2,
    CAKE_FUNCTION_RELU = 3,
    CAKE_FUNCTION_AFFINE = 4,           /* alpha x + beta */
    CAKE_FUNCTION_LEAKY_RELU = 5,       /* x, below 0 alpha x */
    CAKE_FUNCTION_THRESHOLDED_RELU = 6, /* x, below alpha 0 */
    CAKE_FUNCTION_SCALED_TANH = 7,      /* alpha tanh(beta x) */
    CAKE_FUNCTION_HARD_SIGMOID = 8,     /* alpha x + beta, clamped to 0 .. 1 */
    CAKE_FUNCTION_ELU = 9,              /* x, below 0 alpha (exp(x) - 1) */
    CAKE_FUNCTION_SOFTSIGN = 10,        /* x / (1 + |x|) */
    CAKE_FUNCTION_SOFTPLUS = 11         /* log(1 + exp(x)) */
};

/* rnn: recurrent layer over `steps` steps; gate orders and formulas are those of ONNX's RNN, LSTM and GRU.
 *   tanh, relu   h' = f(x wT + h rT + wb + rb)
 *   lstm         gates i o f c:  i,o,f = sigmoid(..), c' = f c + i tanh(..), h' = o tanh(c')
 *   gru          gates z r h:    z,r = sigmoid(..), h' = (1 - z) n + z h, with
 *                n = tanh(x whT + wbh + r (h rhT + rbh))   if linear_before_reset (cuDNN's, PyTorch's)
 *                n = tanh(x whT + wbh + (r h) rhT + rbh)   else
 * G gates (1, 4, 3), D directions (1, 2); the reverse direction runs from the last step to the first, and
 * in y each step's output stands at its step.
 * peepholes (LSTM): i and f also get p c, o gets p c'. clip: every function's argument is first clamped to
 * [-clip, clip], except that of tanh(c'). sequence_lens: batch row b has only lens[b] steps (0 .. steps), the reverse
 * direction begins at its last one; y is 0 beyond, and h_last, c_last are the states after its own last step.
 * f, g, h: functions instead of the formula's: f its sigmoids, or the only one of cells tanh and relu; g the tanh of the
 * candidate, h that of c'. input_forget (LSTM): the forget gate is 1 - i, its own weights are not used.
 * batchwise: batch is the first dimension of x, y, h0, c0, h_last and c_last (ONNX's layout = 1):
 * x [batch][steps][input], y [batch][steps][D][hidden], h0 [batch][D][hidden].
 * inputs     x [steps][batch][input]     [initial_state: h0 [D][batch][hidden], lstm also c0 [D][batch][hidden]]
 *            [sequence_lens: lens [batch], i32]
 * constants  w [D][G hidden][input], r [D][G hidden][hidden]     [bias: b [D][2 G hidden], wb then rb]
 *            [peepholes: p [D][3 hidden], for i o f]
 * outputs    y [steps][D][batch][hidden], h_last [D][batch][hidden], lstm also c_last [D][batch][hidden]
 * A kernel that does not know the members after `hidden` must refuse a problem where one is not 0. */
typedef struct cake_rnn {
    uint32_t struct_size;
    int32_t cell;      /* CAKE_RNN_TANH, ... */
    int32_t direction; /* CAKE_RNN_FORWARD, ... */
    int32_t bias;      /* 0, 1 */
    int32_t initial_state;
    int32_t linear_before_reset; /* GRU only */
    int64_t steps, batch, input, hidden;
    int32_t sequence_lens; /* 0, 1 */
    int32_t peepholes;     /* 0, 1; LSTM only */
    int32_t batchwise;     /* 0, 1 */
    int32_t reserved;
    double clip;                                              /* 0: none */
    int32_t input_forget;                                     /* 0, 1; LSTM only */
    int32_t f;                                                /* CAKE_FUNCTION_DEFAULT, ... */
    int32_t g;                                                /* likewise; LSTM and GRU only */
    int32_t h;                                                /* likewise; LSTM only */
    double f_alpha, f_beta, g_alpha, g_beta, h_alpha, h_beta; /* of f, g, h; 0 where a function has none */
} cake_rnn;

/* softmax: along the dimension `axis`, y = exp(x) / sum of exp(x), or the logarithm of that
 * inputs     x [outer][axis][inner]
 * outputs    y [outer][axis][inner] */
typedef struct cake_softmax {
    uint32_t struct_size;
    int32_t log; /* 0, 1 */
    int64_t outer, axis, inner;
} cake_softmax;

enum {
    CAKE_ACTIVATION_RELU = 0,      /* max(x, 0) */
    CAKE_ACTIVATION_GELU = 1,      /* x (1 + erf(x / sqrt 2)) / 2 */
    CAKE_ACTIVATION_GELU_TANH = 2, /* x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 */
    CAKE_ACTIVATION_SILU = 3,      /* x sigmoid(x) */
    CAKE_ACTIVATION_SIGMOID = 4,   /* 1 / (1 + exp(-x)) */
    CAKE_ACTIVATION_TANH = 5
};

/* activation: a function of each element
 * inputs     x [elements]
 * outputs    y [elements] */
typedef struct cake_activation {
    uint32_t struct_size;
    int32_t kind; /* CAKE_ACTIVATION_RELU, ... */
    int64_t elements;
} cake_activation;

/* embedding: the row of a table for each id; y = table[ids]
 * inputs     ids [rows], i32, each in 0 .. vocab-1
 * constants  table [vocab][dim]
 * outputs    y [rows][dim] */
typedef struct cake_embedding {
    uint32_t struct_size;
    int32_t reserved;
    int64_t rows, vocab, dim;
} cake_embedding;

enum { CAKE_COMBINE_ADD = 0, CAKE_COMBINE_MULTIPLY = 1 };

/* positional_encoding: y = x + P or x P, with P[t][2i] = sin(a), P[t][2i+1] = cos(a), a = (start + t) / base^(2i/dim)
 * inputs     x [batch][len][dim]
 * outputs    y [batch][len][dim] */
typedef struct cake_positional_encoding {
    uint32_t struct_size;
    int32_t combine; /* CAKE_COMBINE_ADD, CAKE_COMBINE_MULTIPLY */
    int64_t batch, len, dim;
    int64_t start; /* position of the first row */
    double base;
} cake_positional_encoding;

enum {
    CAKE_ROPE_INTERLEAVED = 0, /* the pair i is elements 2i and 2i + 1 */
    CAKE_ROPE_HALF = 1         /* the pair i is elements i and i + rotary_dim/2 */
};

/* rope: rotary position embedding; the elements from rotary_dim on stay as they are
 * The pair (a, b) number i at position t turns by w = (start + t) / base^(2i/rotary_dim):
 *   a' = a cos w - b sin w,  b' = b cos w + a sin w
 * tables: the cosines and sines are inputs (ONNX's caches), whatever angles they are of.
 * inputs     x [batch][heads][len][head_dim]   [tables: cos, sin [batch][len][rotary_dim/2]]
 * outputs    y [batch][heads][len][head_dim]
 * A kernel that does not know the members after `base` must refuse a problem where one is not 0. */
typedef struct cake_rope {
    uint32_t struct_size;
    int32_t style; /* CAKE_ROPE_INTERLEAVED, CAKE_ROPE_HALF */
    int64_t batch, heads, len, head_dim;
    int64_t rotary_dim; /* even; what the user left out is head_dim here */
    int64_t start;      /* position of the first row */
    double base;
    int32_t tables; /* 0, 1 */
    int32_t reserved;
} cake_rope;

/* dropout: in training y = x / (1 - p) where the element is kept, else 0; at inference y = x
 * Element i is kept if word i % 4 of Philox 4x32-10 (Salmon et al. 2011) with counter (i/4 low, i/4 high, 0, 0) and
 * key (seed low, seed high), low and high 32 bits each, is at least p 2^32.
 * inputs     x [elements]
 * outputs    y [elements] */
typedef struct cake_dropout {
    uint32_t struct_size;
    int32_t training; /* 0, 1 */
    int64_t elements, seed;
    double p; /* 0 <= p < 1 */
} cake_dropout;

/* mha: multi-head attention with its projections
 *   q = x wqT + bq,  k = m wkT + bk,  v = m wvT + bv,  where m is x itself or, if cross, the tensor memory
 *   y = a woT + bo,  where a holds the heads' attention side by side
 * Head h attends with columns h head_dim .. of q, and columns (h / (heads / kv_heads)) head_dim .. of k and v.
 * inputs     x [batch][q_len][model]     [cross: memory [batch][kv_len][model]]
 * constants  wq [heads head_dim][model], wk, wv [kv_heads head_dim][model], wo [model][heads head_dim]
 *            [bias: bq [heads head_dim], bk, bv [kv_heads head_dim], bo [model]]
 * outputs    y [batch][q_len][model] */
typedef struct cake_mha {
    uint32_t struct_size;
    int32_t causal; /* CAKE_CAUSAL_NO, ... */
    int32_t cross;  /* 0, 1 */
    int32_t bias;   /* 0, 1 */
    int64_t batch, q_len, kv_len, model, heads, kv_heads, head_dim;
} cake_mha;

enum { CAKE_NORM_POST = 0, CAKE_NORM_PRE = 1 };
enum { CAKE_NORM_LAYER = 0, CAKE_NORM_RMS = 1 };
enum { CAKE_FFN_RELU = 0, CAKE_FFN_GELU = 1, CAKE_FFN_GELU_TANH = 2, CAKE_FFN_SWIGLU = 3 };
enum { CAKE_ROTARY_NO = 0, CAKE_ROTARY_INTERLEAVED = 1, CAKE_ROTARY_HALF = 2 };

/* transformer_block: self-attention and a feed-forward network, each with a residual connection and a norm
 *   post   h = norm1(x + attention(x)),         y = norm2(h + ffn(h))
 *   pre    h = x + attention(norm1(x)),         y = h + ffn(norm2(h))
 * attention as in mha (wqkv: the rows of wq, wk, wv); with rotary, q and k are turned as in rope, by whole heads.
 * ffn(h) = f(h w1T + b1) w2T + b2;  swiglu: (silu(h gT) (h uT)) w2T with w1 the rows of g, then of u.
 * inputs     x [batch][len][model]
 * constants  wqkv [(heads + 2 kv_heads) head_dim][model], wo [model][heads head_dim],
 *            w1 [ffn, swiglu: 2 ffn][model], w2 [model][ffn], scale1 [model], scale2 [model]
 *            [norm_kind layer: shift1 [model], shift2 [model]]
 *            [bias: bqkv [(heads + 2 kv_heads) head_dim], bo [model], b1 [rows of w1], b2 [model]]
 * outputs    y [batch][len][model] */
typedef struct cake_transformer_block {
    uint32_t struct_size;
    int32_t norm;      /* CAKE_NORM_POST, CAKE_NORM_PRE */
    int32_t norm_kind; /* CAKE_NORM_LAYER, CAKE_NORM_RMS */
    int32_t ffn_kind;  /* CAKE_FFN_RELU, ... */
    int32_t causal;    /* CAKE_CAUSAL_NO, ... */
    int32_t rotary;    /* CAKE_ROTARY_NO, ... */
    int32_t bias;      /* 0, 1 */
    int32_t reserved;
    int64_t batch, len, model, heads, kv_heads, head_dim, ffn;
    double eps;
    double base; /* of rotary */
} cake_transformer_block;

enum { CAKE_SCORE_SOFTMAX = 0, CAKE_SCORE_SIGMOID = 1 };

/* moe: mixture of experts. Each row goes to the top_k experts with the largest scores s (softmax over all experts, or
 * sigmoid, of x gateT):  y = shared(x) + route_scale * sum over those e of g[e] expert[e](x),  g = s, divided by the
 * sum of the chosen s if normalize. An expert, and the shared ones taken together, is a swiglu network:
 *   (silu(x gT) (x uT)) w2T with w1 the rows of g, then of u.
 * inputs     x [rows][model]
 * constants  gate [experts][model], w1 [experts][2 ffn][model], w2 [experts][model][ffn]
 *            [shared: s1 [2 shared ffn][model], s2 [model][shared ffn]]
 * outputs    y [rows][model]
 * Two scores so near that rounding decides between them may be chosen between either way. */
typedef struct cake_moe {
    uint32_t struct_size;
    int32_t scoring;   /* CAKE_SCORE_SOFTMAX, CAKE_SCORE_SIGMOID */
    int32_t normalize; /* 0, 1 */
    int32_t reserved;
    int64_t rows, model, ffn, experts, top_k;
    int64_t shared; /* experts that every row goes to; 0: none */
    double route_scale;
} cake_moe;

/* mla: multi-head latent attention of DeepSeek-V2 and -V3, causal
 * For each position, R the rotation of rope (interleaved) by its position past + t:
 *   q      = wq_b rms_norm(wq_a x)  (wq_b x without q_lora);  per head: qn [nope_dim], qr [rope_dim]
 *   (a, b) = wkv_a x;  latent c = rms_norm(a) [kv_lora],  r = R b [rope_dim], one for all heads
 *   o      = per head, with its rows wk [nope_dim], wv [v_dim] of wkv_b, and weights p over the positions j:
 *            p = softmax((qn . wk c_j + R qr . r_j) / sqrt(nope_dim + rope_dim)),  o = sum over j of p_j wv c_j
 *   y      = wo o, the heads side by side
 * The first `past` positions are known by their c and r (cache); x holds the `len` after them.
 * Multiplying qn with wk first ("absorbed") gives the same.
 * inputs     x [batch][len][model]     [past: cache [batch][past][kv_lora + rope_dim], c then r]
 * constants  [q_lora: wq_a [q_lora][model], q_norm [q_lora]]
 *            wq_b [heads (nope_dim + rope_dim)][q_lora, or model]
 *            wkv_a [kv_lora + rope_dim][model], kv_norm [kv_lora]
 *            wkv_b [heads (nope_dim + v_dim)][kv_lora], wo [model][heads v_dim]
 * outputs    y [batch][len][model] */
typedef struct cake_mla {
    uint32_t struct_size;
    int32_t reserved;
    int64_t batch, len, past, model, heads;
    int64_t q_lora; /* 0: queries are not compressed */
    int64_t kv_lora, nope_dim, rope_dim, v_dim;
    double eps, base;
} cake_mla;

/* deepseek_block: a layer of DeepSeek-V2 or -V3 (prefill):  h = x + mla(rms_norm1(x)),  y = h + moe(rms_norm2(h))
 * inputs     x [batch][len][model]
 * constants  scale1 [model], those of mla, scale2 [model], those of moe
 * outputs    y [batch][len][model] */
typedef struct cake_deepseek_block {
    uint32_t struct_size;
    int32_t scoring;   /* of moe, as there */
    int32_t normalize; /* of moe */
    int32_t reserved;
    int64_t batch, len, model;
    int64_t heads, q_lora, kv_lora, nope_dim, rope_dim, v_dim; /* of mla */
    int64_t ffn, experts, top_k, shared;                       /* of moe */
    double route_scale;                                        /* of moe */
    double eps, base;                                          /* of the norms and of mla */
} cake_deepseek_block;

enum { CAKE_TOKENS_WORD = 0, CAKE_TOKENS_CHARACTER = 1, CAKE_TOKENS_BPE = 2 };

/* tokenize: bytes to ids
 * Words are the longest runs of letters and digits (bytes from 128 on count as letters), and every other byte that is
 * not white space (0 .. 32) alone.
 *   character  The id of a byte is the byte: white space is kept.
 *   word       A .. Z count as a .. z. The different words of corpus have the ids 3, 4, .. in the order in which they
 *              first stand there; a word that is not among them is 0.
 *   bpe        Byte-pair encoding (Gage 1994, Sennrich et al. 2016) trained on corpus. Tokens are single bytes at
 *              first, with the byte as id. Up to `merges` times the pair of neighbouring tokens within a word that
 *              stands most often in corpus, if that is twice at least, becomes a token, in each word from left to
 *              right, with the next id from 258 on. Of equally frequent pairs it is the one with the smaller first,
 *              then the smaller second id. A text's words are bytes at first, then the same merges are done to them
 *              in their order.
 * ends: a token [CLS] before all others and [SEP] after them, with the ids 1 and 2 (word), 256 and 257 (else).
 * inputs     text [len], u8
 * constants  [not character: corpus [corpus_len], u8]
 * outputs    ids [len + 2 ends], i32: the tokens', then -1;  count [1], i32: of tokens */
typedef struct cake_tokenize {
    uint32_t struct_size;
    int32_t kind; /* CAKE_TOKENS_WORD, ... */
    int32_t ends; /* 0, 1 */
    int32_t reserved;
    int64_t len, corpus_len, merges;
} cake_tokenize;

#ifdef __cplusplus
}
#endif
#endif
