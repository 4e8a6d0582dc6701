#include "parts.h"

#include <math.h>

void naive_project(const float *x, int64_t rows, int64_t in, const float *w, const float *b, int64_t out, float *y)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t o = 0; o < out; o++) {
            float sum = b ? b[o] : 0;

            for (int64_t i = 0; i < in; i++)
                sum += x[r * in + i] * w[o * in + i];
            y[r * out + o] = sum;
        }
}

void naive_norm(const float *x, int64_t n, const float *scale, const float *shift, double eps, float *y)
{
    float mean = 0, var = 0;

    for (int64_t i = 0; i < n && shift; i++)
        mean += x[i] / (float)n;
    for (int64_t i = 0; i < n; i++)
        var += (x[i] - mean) * (x[i] - mean) / (float)n;
    for (int64_t i = 0; i < n; i++)
        y[i] = scale[i] * ((x[i] - mean) / sqrtf(var + (float)eps)) + (shift ? shift[i] : 0);
}

void naive_swiglu(const float *x, int64_t rows, int64_t n, float *y)
{
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < n; i++)
            y[r * n + i] = naive_activate(CAKE_ACTIVATION_SILU, x[r * 2 * n + i]) * x[r * 2 * n + n + i];
}

void naive_attend(const float *q, const float *k, const float *v, int64_t keys, int64_t stride, int64_t head_dim,
                  int64_t v_dim, float scale, float *score, float *y)
{
    float largest = -INFINITY, sum = 0;

    for (int64_t j = 0; j < keys; j++) {
        score[j] = 0;
        for (int64_t d = 0; d < head_dim; d++)
            score[j] += q[d] * k[j * stride + d];
        score[j] *= scale;
        largest = fmaxf(largest, score[j]);
    }
    for (int64_t j = 0; j < keys; j++) {
        score[j] = expf(score[j] - largest);
        sum += score[j];
    }
    for (int64_t d = 0; d < v_dim; d++) {
        y[d] = 0;
        for (int64_t j = 0; j < keys; j++)
            y[d] += score[j] / sum * v[j * stride + d];
    }
}

void naive_attend_heads(const naive_heads *p, const float *q, const float *k, const float *v, float *score, float *y)
{
    int64_t d = p->head_dim, group = p->heads / p->kv_heads;

    for (int64_t i = 0; i < p->q_len; i++)
        for (int64_t h = 0; h < p->heads; h++)
            naive_attend(q + (i * p->heads + h) * d, k + h / group * d, v + h / group * d,
                         naive_visible_keys(p->causal, p->q_len, p->kv_len, i), p->kv_heads * d, d, d,
                         1 / sqrtf((float)d), score, y + (i * p->heads + h) * d);
}

int64_t naive_visible_keys(int32_t causal, int64_t q_len, int64_t kv_len, int64_t i)
{
    int64_t visible = kv_len;

    if (causal == CAKE_CAUSAL_UPPER_LEFT)
        visible = i + 1;
    if (causal == CAKE_CAUSAL_LOWER_RIGHT)
        visible = i + 1 + kv_len - q_len;
    return visible < kv_len ? visible : kv_len;
}
