/* tokenize: bytes to token ids, by character, by word, or by byte pairs (Sennrich et al. 2016); ops.h has the
 * definition
 *
 * What is learned from the corpus is kept in the scratch memory: the vocabulary's words, as where they begin and how
 * long they are, or the pairs to join. Words are looked up one by one. */
#include <string.h>

#include "naive.h"

enum { SPACE, LETTER, OTHER };

static int class_of(uint8_t c)
{
    if (c <= 32)
        return SPACE;
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128 ? LETTER : OTHER;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Set begin and end to the next word from *end on; 0 if there is none. */
static int next_word(const uint8_t *text, int64_t len, int64_t *begin, int64_t *end)
{
    int64_t i = *end;

    while (i < len && class_of(text[i]) == SPACE)
        i++;
    *begin = i;
    if (i == len)
        return 0;
    for (i++; i < len && class_of(text[*begin]) == LETTER && class_of(text[i]) == LETTER; i++)
        ;
    *end = i;
    return 1;
}

static int same_word(const uint8_t *a, const uint8_t *b, int64_t length)
{
    for (int64_t i = 0; i < length; i++)
        if (lower(a[i]) != lower(b[i]))
            return 0;
    return 1;
}

/* known[0]: how many; then two numbers for each: where in the corpus it begins, its length. */
static int32_t find_word(const int32_t *known, const uint8_t *corpus, const uint8_t *word, int64_t length)
{
    for (int32_t i = 0; i < known[0]; i++)
        if (known[2 + 2 * i] == length && same_word(corpus + known[1 + 2 * i], word, length))
            return i;
    return -1;
}

static void learn_words(const uint8_t *corpus, int64_t len, int32_t *known)
{
    int64_t begin, end = 0;

    known[0] = 0;
    while (next_word(corpus, len, &begin, &end))
        if (find_word(known, corpus, corpus + begin, end - begin) < 0) {
            known[1 + 2 * known[0]] = (int32_t)begin;
            known[2 + 2 * known[0]++] = (int32_t)(end - begin);
        }
}

/* All words' bytes, -1 after each word; how many numbers that are. */
static int64_t spell(const uint8_t *text, int64_t len, int32_t *token)
{
    int64_t begin, end = 0, n = 0;

    while (next_word(text, len, &begin, &end)) {
        for (int64_t i = begin; i < end; i++)
            token[n++] = text[i];
        token[n++] = -1;
    }
    return n;
}

static int64_t join(int32_t *token, int64_t n, int32_t first, int32_t second, int32_t id)
{
    int64_t to = 0;

    for (int64_t i = 0; i < n; i++)
        if (i + 1 < n && token[i] == first && token[i + 1] == second) {
            token[to++] = id;
            i++;
        } else {
            token[to++] = token[i];
        }
    return to;
}

/* pair[0]: how many were learned; then the two tokens of each. counts: [vocab][vocab]. */
static void learn_pairs(const cake_tokenize *p, const uint8_t *corpus, int32_t *pair, int32_t *token, int32_t *counts)
{
    int32_t vocab = 258 + (int32_t)p->merges;
    int64_t n = spell(corpus, p->corpus_len, token);

    for (pair[0] = 0; pair[0] < p->merges; pair[0]++) {
        int32_t most = 1, best = -1;

        memset(counts, 0, (size_t)vocab * (size_t)vocab * sizeof *counts);
        for (int64_t i = 0; i + 1 < n; i++)
            if (token[i] >= 0 && token[i + 1] >= 0)
                counts[token[i] * vocab + token[i + 1]]++;
        for (int32_t k = 0; k < vocab * vocab; k++)
            if (counts[k] > most) {
                most = counts[k];
                best = k;
            }
        if (best < 0)
            break;
        pair[1 + 2 * pair[0]] = best / vocab;
        pair[2 + 2 * pair[0]] = best % vocab;
        n = join(token, n, best / vocab, best % vocab, 258 + pair[0]);
    }
}

/* Where the parts of the scratch memory begin: what was learned, tokens, counts. */
static int64_t tokens_at(const cake_tokenize *p)
{
    return p->kind == CAKE_TOKENS_WORD ? 1 + 2 * p->corpus_len : 1 + 2 * p->merges;
}

static int64_t counts_at(const cake_tokenize *p)
{
    return tokens_at(p) + 2 * (p->len > p->corpus_len ? p->len : p->corpus_len);
}

static int64_t scratch(const void *params)
{
    const cake_tokenize *p = params;
    int64_t vocab = p->kind == CAKE_TOKENS_BPE ? 258 + p->merges : 0;

    return counts_at(p) + vocab * vocab;
}

static void learn(const void *params, const naive_tensors *t)
{
    const cake_tokenize *p = params;
    const uint8_t *corpus = (const void *)t->constant[0];
    int32_t *memory = (void *)t->scratch;

    if (p->kind == CAKE_TOKENS_WORD)
        learn_words(corpus, p->corpus_len, memory);
    if (p->kind == CAKE_TOKENS_BPE)
        learn_pairs(p, corpus, memory, memory + tokens_at(p), memory + counts_at(p));
}

static int64_t pair_ids(const cake_tokenize *p, const uint8_t *text, const int32_t *pair, int32_t *token,
                        int32_t *ids)
{
    int64_t n = spell(text, p->len, token), count = 0;

    for (int32_t k = 0; k < pair[0]; k++)
        n = join(token, n, pair[1 + 2 * k], pair[2 + 2 * k], 258 + k);
    for (int64_t i = 0; i < n; i++)
        if (token[i] >= 0)
            ids[count++] = token[i];
    return count;
}

static int64_t word_ids(const cake_tokenize *p, const uint8_t *text, const uint8_t *corpus, const int32_t *known,
                        int32_t *ids)
{
    int64_t begin, end = 0, count = 0;

    while (next_word(text, p->len, &begin, &end)) {
        int32_t i = find_word(known, corpus, text + begin, end - begin);

        ids[count++] = i < 0 ? 0 : 3 + i;
    }
    return count;
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_tokenize *p = params;
    const uint8_t *text = (const void *)t->input[0];
    int32_t *memory = (void *)t->scratch, *ids = (void *)t->output[0], *number = (void *)t->output[1];
    int32_t cls = p->kind == CAKE_TOKENS_WORD ? 1 : 256;
    int64_t count = 0;

    if (p->ends)
        *ids++ = cls;
    if (p->kind == CAKE_TOKENS_CHARACTER)
        for (; count < p->len; count++)
            ids[count] = text[count];
    else if (p->kind == CAKE_TOKENS_WORD)
        count = word_ids(p, text, (const void *)t->constant[0], memory, ids);
    else
        count = pair_ids(p, text, memory, memory + tokens_at(p), ids);
    *number = (int32_t)count + 2 * p->ends;
    if (p->ends)
        ids[count++] = cls + 1;
    for (; count < p->len + p->ends; count++)
        ids[count] = -1;
}

const naive_layer naive_tokenize = {.compute = compute, .scratch = scratch, .prepare = learn};
