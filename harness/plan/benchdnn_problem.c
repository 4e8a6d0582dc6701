/* What each of benchdnn's drivers computes, in the project's words. */
#include "plan/benchdnn_problem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "plan/benchdnn_desc.h"

typedef cake_benchdnn_problem problem;
typedef cake_benchdnn_driver driver;

static cake_status out_of_scope(problem *p, const char *format, ...) __attribute__((format(printf, 2, 3)));

static cake_status out_of_scope(problem *p, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(p->reason, sizeof p->reason, format, args);
    va_end(args);
    return CAKE_OK;
}

static bool is(const problem *p, cake_benchdnn_key key, const char *text)
{
    return strcasecmp(p->value[key], text) == 0;
}

static bool is_unset(const problem *p, cake_benchdnn_key key)
{
    return p->value[key][0] == '\0';
}

/* "f32", "f32:f32:f32". */
static bool is_f32(const char *types)
{
    while (strncmp(types, "f32", 3) == 0) {
        types += 3;
        if (*types == '\0' || strcmp(types, "_wino") == 0)
            return true;
        types += *types == ':';
    }
    return false;
}

/* What no driver here can have: gradients, other element types. */
static bool is_ours(problem *p)
{
    static const cake_benchdnn_key types[] = {CAKE_BENCHDNN_DT, CAKE_BENCHDNN_CFG, CAKE_BENCHDNN_SDT,
                                              CAKE_BENCHDNN_DDT};
    const char *dir = p->value[is_unset(p, CAKE_BENCHDNN_DIR) ? CAKE_BENCHDNN_PROP : CAKE_BENCHDNN_DIR];

    if (*dir && strncasecmp(dir, "FWD", 3) != 0) {
        out_of_scope(p, "backward");
        return false;
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (!is_unset(p, types[i]) && !is_f32(p->value[types[i]])) {
            out_of_scope(p, "elements that are not f32");
            return false;
        }
    return true;
}

static cake_status wrong(const problem *p, const char *what, cake_error *error)
{
    return cake_fail_at(error, p->source, p->word.column, "expected %s, found %s", what,
                        cake_found_word(&p->word).text);
}

/* A descriptor of keys; those of images must have channels. */
static cake_status read_desc(const driver *self, const problem *p, cake_desc *d, cake_error *error)
{
    cake_status st = cake_desc_read(self->name, self->keys, p->source, &p->word, d, error);

    for (int k = 0; st == CAKE_OK && self->keys[k]; k++)
        if ((strcmp(self->keys[k], "ic") == 0 || strcmp(self->keys[k], "oc") == 0) && d->value[k] < 1)
            st = wrong(p, self->keys[k][0] == 'i' ? "ic with a number of channels" : "oc with a number of channels",
                       error);
    return st;
}

static int64_t minibatch(const problem *p, const cake_desc *d)
{
    long long forced = 0;

    cake_parse_whole(p->value[CAKE_BENCHDNN_MB], strlen(p->value[CAKE_BENCHDNN_MB]), &forced);
    return forced > 0 ? forced : cake_desc_get(d, "mb", 2);
}

static cake_status add_line(problem *p, const char *name, int64_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static cake_status add_line(problem *p, const char *name, int64_t count, const char *format, ...)
{
    char *line = p->line[p->lines++];
    size_t used;
    va_list args;

    va_start(args, format);
    used = (size_t)vsnprintf(line, CAKE_BENCHDNN_LINE, format, args);
    va_end(args);
    if (*name && used < CAKE_BENCHDNN_LINE)
        used += (size_t)snprintf(line + used, CAKE_BENCHDNN_LINE - used, " name=%s", name);
    if (count != 1 && used < CAKE_BENCHDNN_LINE)
        snprintf(line + used, CAKE_BENCHDNN_LINE - used, " count=%lld", (long long)count);
    return CAKE_OK;
}

static bool has_bias(const problem *p)
{
    return is_unset(p, CAKE_BENCHDNN_DIR) || is(p, CAKE_BENCHDNN_DIR, "FWD_B");
}

typedef long long ll;

/* The three axes of a window, as parameters of a workload. */
typedef struct windows {
    cake_desc_axis depth, rows, columns;
} windows;

/* A descriptor with a window; false: *status is an error, or the reason says why it is none of ours. */
static bool read_windows(const driver *self, problem *p, cake_desc *d, windows *w, cake_status *status,
                         cake_error *error)
{
    *w = (windows){0};
    *status = read_desc(self, p, d, error);
    if (*status != CAKE_OK)
        return false;
    if (!cake_desc_read_axis(d, 'd', &w->depth) || !cake_desc_read_axis(d, 'h', &w->rows) ||
        !cake_desc_read_axis(d, 'w', &w->columns))
        *status = wrong(p, "sizes of the image and the window (ih and kh, or iw and kw), each 1 or more", error);
    else if (w->depth.pad_begin < 0 || w->depth.pad_end < 0 || w->rows.pad_begin < 0 || w->rows.pad_end < 0 ||
             w->columns.pad_begin < 0 || w->columns.pad_end < 0)
        out_of_scope(p, "negative padding");
    return *status == CAKE_OK && !p->reason[0];
}

static bool is_flat(const windows *w)
{
    return w->depth.in == 1 && w->depth.kernel == 1 && w->depth.pad_begin == 0 && w->depth.pad_end == 0;
}

/* "ih=8 kh=3 ...", with what the depth has unless it is flat. */
static void format_windows(const windows *w, char *text, size_t size)
{
    const cake_desc_axis *d = &w->depth, *h = &w->rows, *v = &w->columns;
    size_t used = 0;

    if (!is_flat(w))
        used =
            (size_t)snprintf(text, size, "id=%lld kd=%lld stride_d=%lld dil_d=%lld pad_f=%lld pad_k=%lld ", (ll)d->in,
                             (ll)d->kernel, (ll)d->stride, (ll)d->dilation, (ll)d->pad_begin, (ll)d->pad_end);
    snprintf(
        text + used, size - used,
        "ih=%lld iw=%lld kh=%lld kw=%lld stride_h=%lld stride_w=%lld dil_h=%lld dil_w=%lld pad_t=%lld pad_b=%lld "
        "pad_l=%lld pad_r=%lld",
        (ll)h->in, (ll)v->in, (ll)h->kernel, (ll)v->kernel, (ll)h->stride, (ll)v->stride, (ll)h->dilation,
        (ll)v->dilation, (ll)h->pad_begin, (ll)h->pad_end, (ll)v->pad_begin, (ll)v->pad_end);
}

static cake_status translate_conv(const driver *self, problem *p, cake_error *error)
{
    char text[CAKE_BENCHDNN_LINE / 2 + 128];
    cake_status st;
    cake_desc d;
    windows w;

    if (!read_windows(self, p, &d, &w, &st, error))
        return st;
    format_windows(&w, text, sizeof text);
    return add_line(p, d.name.text, d.name.count, "%s n=%lld ic=%lld oc=%lld groups=%lld bias=%d %s",
                    is_flat(&w) ? "conv2d" : "conv3d", (ll)minibatch(p, &d), (ll)cake_desc_get(&d, "ic", 0),
                    (ll)cake_desc_get(&d, "oc", 0), (ll)cake_desc_get(&d, "g", 1), has_bias(p), text);
}

static cake_status translate_pool(const driver *self, problem *p, cake_error *error)
{
    bool max =
        is_unset(p, CAKE_BENCHDNN_ALG) || is(p, CAKE_BENCHDNN_ALG, "max") || is(p, CAKE_BENCHDNN_ALG, "pooling_max");
    bool count_pad = is(p, CAKE_BENCHDNN_ALG, "avg_p") || is(p, CAKE_BENCHDNN_ALG, "pooling_avg_include_padding");
    bool without_pad = is(p, CAKE_BENCHDNN_ALG, "avg_np") || is(p, CAKE_BENCHDNN_ALG, "pooling_avg_exclude_padding");
    char text[CAKE_BENCHDNN_LINE / 2 + 128];
    cake_status st;
    cake_desc d;
    windows w;

    if (!read_windows(self, p, &d, &w, &st, error))
        return st;
    if (!max && !count_pad && !without_pad)
        return out_of_scope(p, "neither the largest nor the mean value (--alg)");
    format_windows(&w, text, sizeof text);
    return add_line(p, d.name.text, d.name.count, "%s kind=%s count_pad=%d n=%lld c=%lld %s",
                    is_flat(&w) ? "pool2d" : "pool3d", max ? "max" : "avg", count_pad, (ll)minibatch(p, &d),
                    (ll)cake_desc_get(&d, "ic", 0), text);
}

/* Rows of the image, those of all planes one after the other. */
static int64_t rows_of(const cake_desc *d)
{
    return cake_desc_extent(d, 'd') * cake_desc_extent(d, 'h');
}

/* Scale and shift: both (S, or C and H), none, or only one, which no norm of ours has. */
static bool read_affine(problem *p, bool *affine)
{
    const char *flags = p->value[CAKE_BENCHDNN_FLAGS];
    bool scale = strpbrk(flags, "SC") != NULL, shift = strpbrk(flags, "SH") != NULL;

    *affine = scale;
    if (scale != shift)
        out_of_scope(p, "scale or shift alone (--flags)");
    else if (strpbrk(flags, "RA"))
        out_of_scope(p, "fused activation or addition (--flags)");
    else if (strspn(flags, "GSCHRAM") != strlen(flags))
        out_of_scope(p, "flags of another library version");
    return !p->reason[0];
}

static bool has_given_statistics(const problem *p)
{
    return strchr(p->value[CAKE_BENCHDNN_FLAGS], 'G') != NULL;
}

/* Batch norm has scale and shift here, whatever the flags. */
static cake_status translate_bnorm(const driver *self, problem *p, cake_error *error)
{
    bool affine;
    cake_status st;
    cake_desc d;

    if ((st = read_desc(self, p, &d, error)) != CAKE_OK || !read_affine(p, &affine))
        return st;
    return add_line(p, d.name.text, d.name.count, "batch_norm training=%d n=%lld c=%lld h=%lld w=%lld eps=%.9g",
                    !has_given_statistics(p), (ll)minibatch(p, &d), (ll)cake_desc_get(&d, "ic", 0), (ll)rows_of(&d),
                    (ll)cake_desc_extent(&d, 'w'), d.eps);
}

static cake_status translate_gnorm(const driver *self, problem *p, cake_error *error)
{
    bool affine;
    cake_status st;
    cake_desc d;

    if ((st = read_desc(self, p, &d, error)) != CAKE_OK || !read_affine(p, &affine))
        return st;
    if (has_given_statistics(p))
        return out_of_scope(p, "given mean and variance (--flags=G)");
    return add_line(p, d.name.text, d.name.count,
                    "group_norm affine=%d n=%lld c=%lld h=%lld w=%lld groups=%lld eps=%.9g", affine,
                    (ll)minibatch(p, &d), (ll)cake_desc_get(&d, "ic", 0), (ll)rows_of(&d),
                    (ll)cake_desc_extent(&d, 'w'), (ll)cake_desc_get(&d, "g", 1), d.eps);
}

static cake_status translate_ip(const driver *self, problem *p, cake_error *error)
{
    int64_t inputs;
    cake_status st;
    cake_desc d;

    if ((st = read_desc(self, p, &d, error)) != CAKE_OK)
        return st;
    inputs = cake_desc_get(&d, "ic", 0) * rows_of(&d) * cake_desc_extent(&d, 'w');
    return add_line(p, d.name.text, d.name.count, "linear rows=%lld in=%lld out=%lld bias=%d", (ll)minibatch(p, &d),
                    (ll)inputs, (ll)cake_desc_get(&d, "oc", 0), has_bias(p));
}

static cake_status translate_lnorm(const driver *self, problem *p, cake_error *error)
{
    cake_desc_shapes s;
    bool affine;
    cake_status st;

    (void)self;
    if ((st = cake_desc_read_shapes(p->source, &p->word, &s, error)) != CAKE_OK || !read_affine(p, &affine))
        return st;
    if (has_given_statistics(p))
        return out_of_scope(p, "given mean and variance (--flags=G)");
    return add_line(p, s.name.text, s.name.count, "layer_norm affine=%d rows=%lld hidden=%lld eps=%.9g", affine,
                    (ll)cake_desc_product(s.dim[0], s.rank[0] - 1), (ll)s.dim[0][s.rank[0] - 1], 1.0 / 16);
}

static cake_status translate_softmax(const driver *self, problem *p, cake_error *error)
{
    long long axis = 1;
    cake_desc_shapes s;
    cake_status st;

    (void)self;
    if ((st = cake_desc_read_shapes(p->source, &p->word, &s, error)) != CAKE_OK)
        return st;
    if (!is_unset(p, CAKE_BENCHDNN_AXIS) &&
        !cake_parse_whole(p->value[CAKE_BENCHDNN_AXIS], strlen(p->value[CAKE_BENCHDNN_AXIS]), &axis))
        return wrong(p, "a whole number for --axis", error);
    if (axis >= s.rank[0])
        return out_of_scope(p, "no such axis (--axis)");
    return add_line(p, s.name.text, s.name.count, "softmax outer=%lld axis=%lld inner=%lld log=%d",
                    (ll)cake_desc_product(s.dim[0], (int)axis), (ll)s.dim[0][axis],
                    (ll)cake_desc_product(s.dim[0] + axis + 1, s.rank[0] - (int)axis - 1),
                    is(p, CAKE_BENCHDNN_ALG, "LOGSOFTMAX") || is(p, CAKE_BENCHDNN_ALG, "softmax_log"));
}

/* x [batch ..][M][K] times w [batch ..][K][N]. Weights of their own for each matrix of a batch are as many layers. */
static cake_status translate_matmul(const driver *self, problem *p, cake_error *error)
{
    const char *bias = p->value[CAKE_BENCHDNN_BIA_DT];
    bool has_bias_vector = *bias && strcmp(bias, "undef") != 0;
    int64_t rows, batch = 1, weights;
    long long mask;
    int rank;
    cake_desc_shapes s;
    cake_status st;

    (void)self;
    if ((st = cake_desc_read_shapes(p->source, &p->word, &s, error)) != CAKE_OK)
        return st;
    rank = s.rank[0];
    if (s.count < 2 || rank < 2 || s.rank[1] != rank || s.dim[0][rank - 1] != s.dim[1][rank - 2])
        return wrong(p, "two matrices MxK:KxN, of the same number of dimensions", error);
    if (has_bias_vector && strcmp(bias, "f32") != 0)
        return out_of_scope(p, "elements that are not f32");
    if (has_bias_vector && !is_unset(p, CAKE_BENCHDNN_BIA_MASK) &&
        (!cake_parse_whole(p->value[CAKE_BENCHDNN_BIA_MASK], strlen(p->value[CAKE_BENCHDNN_BIA_MASK]), &mask) ||
         mask != 1LL << (rank - 1)))
        return out_of_scope(p, "a bias that is no row (--bia_mask)");
    rows = s.dim[0][rank - 2];
    batch = cake_desc_product(s.dim[0], rank - 2);
    weights = cake_desc_product(s.dim[1], rank - 2);
    if (weights != 1 && weights != batch)
        return out_of_scope(p, "weights repeated over part of a batch");
    return add_line(p, s.name.text, s.name.count * weights, "linear rows=%lld in=%lld out=%lld bias=%d",
                    (ll)(weights == 1 ? rows * batch : rows), (ll)s.dim[0][rank - 1], (ll)s.dim[1][rank - 1],
                    has_bias_vector);
}

/* The cell's key and value in a workload, or NULL. */
static const char *cell_of(const problem *p)
{
    static const struct {
        const char *alg, *activation, *cell;
    } cells[] = {
        {"", "", "relu"},
        {"VANILLA_RNN", "", "relu"},
        {"VANILLA_RNN", "RELU", "relu"},
        {"VANILLA_RNN", "TANH", "tanh"},
        {"VANILLA_RNN", "LOGISTIC", "tanh f=sigmoid"},
        {"VANILLA_LSTM", NULL, "lstm"},
        {"VANILLA_GRU", NULL, "gru"},
        {"LBR_GRU", NULL, "gru linear_before_reset=1"},
    };

    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
        if ((is(p, CAKE_BENCHDNN_ALG, cells[i].alg) || (i > 1 && i < 5 && is_unset(p, CAKE_BENCHDNN_ALG))) &&
            (!cells[i].activation || is(p, CAKE_BENCHDNN_ACTIVATION, cells[i].activation)))
            return cells[i].cell;
    return NULL;
}

static int64_t forced(const problem *p, cake_benchdnn_key key, int64_t otherwise)
{
    long long value = 0;

    cake_parse_whole(p->value[key], strlen(p->value[key]), &value);
    return value > 0 ? value : otherwise;
}

/* The first layer has the input's features, each further one those of the layer before. */
static cake_status translate_rnn(const driver *self, problem *p, cake_error *error)
{
    bool both = is(p, CAKE_BENCHDNN_DIRECTION, "concat"), reverse = is(p, CAKE_BENCHDNN_DIRECTION, "right2left");
    const char *cell = cell_of(p), *direction = both ? "bidirectional" : reverse ? "reverse" : "forward";
    const char *peepholes = is(p, CAKE_BENCHDNN_PEEPHOLE, "true") ? " peepholes=1" : "";
    int64_t layers, sic, slc, dhc, input;
    cake_status st;
    cake_desc d;

    if ((st = read_desc(self, p, &d, error)) != CAKE_OK)
        return st;
    sic = cake_desc_get(&d, "sic", CAKE_DESC_UNSET);
    if (sic == CAKE_DESC_UNSET)
        return wrong(p, "sic with the size of the state", error);
    slc = cake_desc_get(&d, "slc", sic);
    dhc = cake_desc_get(&d, "dhc", sic);
    layers = forced(p, CAKE_BENCHDNN_L, cake_desc_get(&d, "l", 1));
    if (!cell)
        return out_of_scope(p, "a cell that is not tanh, relu, logistic, LSTM or GRU (--alg, --activation)");
    if (is(p, CAKE_BENCHDNN_DIRECTION, "sum"))
        return out_of_scope(p, "sum of both directions (--direction)");
    if (is(p, CAKE_BENCHDNN_PROJECTION, "true") || cake_desc_get(&d, "dic", dhc) != dhc || sic != dhc)
        return out_of_scope(p, "a projection of the state");
    input = slc;
    for (int i = 0; i < CAKE_BENCHDNN_LINES && layers > 0; i++) {
        int64_t count = i == 0 && input != dhc * (1 + both) ? 1 : layers;

        add_line(p, d.name.text, d.name.count * count,
                 "rnn cell=%s direction=%s steps=%lld batch=%lld input=%lld hidden=%lld bias=1 initial_state=1%s",
                 cell, direction, (ll)forced(p, CAKE_BENCHDNN_T, cake_desc_get(&d, "t", 1)), (ll)minibatch(p, &d),
                 (ll)input, (ll)dhc, peepholes);
        layers -= count;
        input = dhc * (1 + both);
    }
    return CAKE_OK;
}

#define IMAGE_KEYS "mb", "ic", "id", "ih", "iw"
#define WINDOW_KEYS "od", "oh", "ow", "kd", "kh", "kw", "sd", "sh", "sw", "pd", "ph", "pw", "dd", "dh", "dw"

static const char *const conv_keys[] = {"g", IMAGE_KEYS, "oc", WINDOW_KEYS, NULL};
static const char *const pool_keys[] = {IMAGE_KEYS, WINDOW_KEYS, NULL};
static const char *const bnorm_keys[] = {IMAGE_KEYS, "eps", NULL};
static const char *const gnorm_keys[] = {"g", IMAGE_KEYS, "eps", NULL};
static const char *const ip_keys[] = {IMAGE_KEYS, "oc", NULL};
static const char *const rnn_keys[] = {"l", "t", "mb", "sic", "slc", "dhc", "dic", NULL};

const cake_benchdnn_driver cake_benchdnn_drivers[] = {
    {"conv", conv_keys, translate_conv},  {"bnorm", bnorm_keys, translate_bnorm},
    {"lnorm", NULL, translate_lnorm},     {"gnorm", gnorm_keys, translate_gnorm},
    {"pool", pool_keys, translate_pool},  {"ip", ip_keys, translate_ip},
    {"matmul", NULL, translate_matmul},   {"rnn", rnn_keys, translate_rnn},
    {"softmax", NULL, translate_softmax}, {.name = NULL},
};

cake_status cake_benchdnn_translate(const cake_benchdnn_driver *self, problem *p, cake_error *error)
{
    return is_ours(p) ? self->translate(self, p, error) : CAKE_OK;
}
