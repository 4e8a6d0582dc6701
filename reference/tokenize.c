/* tokenize: from bytes to token ids, by character, by word, or by byte pairs (Gage 1994; Sennrich et al. 2016)
 * trained on a given corpus; ops.h has the definition.
 *
 * No error: ids are whole numbers. `prepare` learns from the corpus, which is a constant, and keeps the text's
 * tokens; an element after a changed byte tokenizes the text anew. */
#include <stdlib.h>
#include <string.h>

#include "reference/carry.h"

enum { UNKNOWN = 0, WORD_CLS = 1, FIRST_WORD = 3, BYTE_CLS = 256, FIRST_PAIR = 258 };
enum { MERGES_MAX = 4096 };
enum { BREAK = -1 }; /* between words, and after the last token */

static const cake_param keys[] = {
    CAKE_CHOICE_ROW(cake_tokenize, kind, NULL, "what a token is", "word", "character", "bpe"),
    CAKE_SIZE_ROW(cake_tokenize, len, NULL, 1, CAKE_EXTENT_MAX, "bytes of the text"),
    CAKE_SIZE_ROW(cake_tokenize, corpus_len, "0", 0, CAKE_EXTENT_MAX, "bytes of the text to learn from"),
    CAKE_SIZE_ROW(cake_tokenize, merges, "0", 0, MERGES_MAX, "bpe: tokens to learn at most"),
    CAKE_FLAG_ROW(cake_tokenize, ends, "0", "1: [CLS] before and [SEP] after the tokens"),
    {.key = NULL},
};

static cake_status validate(void *params, cake_error *error)
{
    cake_tokenize *p = params;
    bool learns = p->kind != CAKE_TOKENS_CHARACTER;

    if (learns != (p->corpus_len > 0))
        return cake_fail(error, CAKE_E_USAGE, "corpus_len must be %s for this kind, found corpus_len=%lld",
                         learns ? "1 or more" : "0", (long long)p->corpus_len);
    if (p->merges > 0 && p->kind != CAKE_TOKENS_BPE)
        return cake_fail(error, CAKE_E_USAGE, "merges is for kind=bpe only, found merges=%lld", (long long)p->merges);
    return cake_validate_tensors(&cake_op_tokenize, p, error);
}

/* Random bytes are drawn up to 'z': white space, punctuation, digits, letters. */
static void add_text(cake_tensor_list *list, const char *name, cake_role role, int64_t len)
{
    cake_tensor_spec *spec = cake_tensor_add(list, name, role, 1, &len);

    spec->dtype = CAKE_U8;
    spec->fill = CAKE_FILL_INDEX;
    spec->limit = 'z' + 1;
}

static int64_t capacity(const cake_tokenize *p)
{
    return p->len + 2 * p->ends;
}

static void tensors(const void *params, cake_tensor_list *list)
{
    const cake_tokenize *p = params;

    add_text(list, "text", CAKE_ROLE_INPUT, p->len);
    if (p->kind != CAKE_TOKENS_CHARACTER)
        add_text(list, "corpus", CAKE_ROLE_CONSTANT, p->corpus_len);
    cake_tensor_add(list, "ids", CAKE_ROLE_OUTPUT, 1, (int64_t[]){capacity(p)})->dtype = CAKE_I32;
    cake_tensor_add(list, "count", CAKE_ROLE_OUTPUT, 1, (int64_t[]){1})->dtype = CAKE_I32;
}

static double flops(const void *params)
{
    (void)params;
    return 0;
}

static bool exact_on_integers(const void *params)
{
    (void)params;
    return true;
}

/* Tokens, with BREAKs between words; `place` is where in the text each begins. */
typedef struct tokens {
    int32_t *id;
    int64_t *place;
    int64_t count;
} tokens;

typedef struct memo {
    int64_t merges;       /* learned */
    int32_t (*pair)[2];   /* bpe: what each merge joins */
    int64_t words;        /* different words of the corpus */
    const double **word;  /* word: where each begins in the corpus, sorted by text; */
    int64_t *length, *id; /* its length and id */
    tokens text;          /* of the text that `prepare` saw */
} memo;

static bool is_space(double c)
{
    return c <= 32;
}

static bool is_letter(double c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 128;
}

/* The length of the word at `text`, or of the white space (then *space). */
static int64_t word_length(const double *text, int64_t len, bool *space)
{
    int64_t n = 1;

    *space = is_space(text[0]);
    while (n < len && ((*space && is_space(text[n])) || (is_letter(text[0]) && is_letter(text[n]))))
        n++;
    return n;
}

static tokens tokens_begin(int64_t count)
{
    return (tokens){.id = (int32_t *)cake_scratch(count), .place = (int64_t *)cake_scratch(count)};
}

static void tokens_end(tokens *t)
{
    free(t->id);
    free(t->place);
    *t = (tokens){0};
}

static void push(tokens *t, int32_t id, int64_t place)
{
    t->id[t->count] = id;
    t->place[t->count++] = place;
}

/* The bytes of all words, a BREAK after each. */
static tokens bytes_of_words(const double *text, int64_t len)
{
    tokens t = tokens_begin(2 * len);
    bool space;

    for (int64_t i = 0, n; i < len; i += n) {
        n = word_length(text + i, len - i, &space);
        for (int64_t k = i; !space && k < i + n; k++)
            push(&t, (int32_t)text[k], k);
        if (!space)
            push(&t, BREAK, i + n);
    }
    return t;
}

/* Join each `first second` to `id`, from left to right. */
static void join(tokens *t, int32_t first, int32_t second, int32_t id)
{
    int64_t to = 0;

    for (int64_t i = 0; i < t->count; i++) {
        bool pair = i + 1 < t->count && t->id[i] == first && t->id[i + 1] == second;

        t->place[to] = t->place[i];
        t->id[to++] = pair ? id : t->id[i];
        i += pair;
    }
    t->count = to;
}

/* The most frequent pair; its frequency. table: zeros [vocab][vocab], and zeros again afterwards. */
static int64_t most_frequent(const tokens *t, int32_t *table, int64_t vocab, int32_t best[2])
{
    int64_t most = 0;

    for (int64_t i = 0; i + 1 < t->count; i++)
        if (t->id[i] != BREAK && t->id[i + 1] != BREAK)
            table[t->id[i] * vocab + t->id[i + 1]]++;
    for (int64_t i = 0; i + 1 < t->count; i++) {
        int32_t a = t->id[i], b = t->id[i + 1], n = a == BREAK || b == BREAK ? 0 : table[a * vocab + b];

        if (n > most || (n > 0 && n == most && (a < best[0] || (a == best[0] && b < best[1])))) {
            most = n;
            best[0] = a;
            best[1] = b;
        }
    }
    for (int64_t i = 0; i + 1 < t->count; i++)
        if (t->id[i] != BREAK && t->id[i + 1] != BREAK)
            table[t->id[i] * vocab + t->id[i + 1]] = 0;
    return most;
}

static void learn_pairs(memo *m, const cake_tokenize *p, const double *corpus)
{
    int64_t vocab = FIRST_PAIR + p->merges;
    tokens t = bytes_of_words(corpus, p->corpus_len);
    int32_t *table = (int32_t *)cake_scratch(vocab * vocab / 2 + 1);

    m->pair = (int32_t(*)[2])cake_scratch(p->merges);
    while (m->merges < p->merges && most_frequent(&t, table, vocab, m->pair[m->merges]) >= 2) {
        join(&t, m->pair[m->merges][0], m->pair[m->merges][1], (int32_t)(FIRST_PAIR + m->merges));
        m->merges++;
    }
    tokens_end(&t);
    free(table);
}

static double lower(double c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static int compare_words(const double *a, int64_t a_len, const double *b, int64_t b_len)
{
    for (int64_t i = 0; i < a_len && i < b_len; i++)
        if (lower(a[i]) != lower(b[i]))
            return lower(a[i]) < lower(b[i]) ? -1 : 1;
    return (a_len > b_len) - (a_len < b_len);
}

/* Where the word is or would be among those known. */
static int64_t find_word(const memo *m, const double *word, int64_t length, bool *found)
{
    int64_t low = 0, high = m->words;

    *found = false;
    while (low < high && !*found) {
        int64_t middle = (low + high) / 2;
        int order = compare_words(word, length, m->word[middle], m->length[middle]);

        *found = order == 0;
        if (order <= 0)
            high = middle;
        else
            low = middle + 1;
    }
    return high;
}

static void learn_words(memo *m, const cake_tokenize *p, const double *corpus)
{
    m->word = (const double **)cake_scratch(p->corpus_len);
    m->length = (int64_t *)cake_scratch(p->corpus_len);
    m->id = (int64_t *)cake_scratch(p->corpus_len);
    for (int64_t i = 0, n; i < p->corpus_len; i += n) {
        bool space, found = true;
        int64_t at = 0;

        n = word_length(corpus + i, p->corpus_len - i, &space);
        if (!space)
            at = find_word(m, corpus + i, n, &found);
        if (found)
            continue;
        memmove(m->word + at + 1, m->word + at, (size_t)(m->words - at) * sizeof *m->word);
        memmove(m->length + at + 1, m->length + at, (size_t)(m->words - at) * sizeof *m->length);
        memmove(m->id + at + 1, m->id + at, (size_t)(m->words - at) * sizeof *m->id);
        m->word[at] = corpus + i;
        m->length[at] = n;
        m->id[at] = FIRST_WORD + m->words++;
    }
}

/* The tokens of the present text, without BREAKs. */
static tokens tokenize(const cake_reference *reference, const memo *m)
{
    const cake_tokenize *p = reference->params;
    const double *text = reference->values[0];
    int32_t cls = p->kind == CAKE_TOKENS_WORD ? WORD_CLS : BYTE_CLS;
    tokens all = tokens_begin(capacity(p)), words;
    bool space, found;

    if (p->ends)
        push(&all, cls, 0);
    for (int64_t i = 0; i < p->len && p->kind == CAKE_TOKENS_CHARACTER; i++)
        push(&all, (int32_t)text[i], i);
    for (int64_t i = 0, n; i < p->len && p->kind == CAKE_TOKENS_WORD; i += n) {
        n = word_length(text + i, p->len - i, &space);
        if (!space) {
            int64_t at = find_word(m, text + i, n, &found);

            push(&all, found ? (int32_t)m->id[at] : UNKNOWN, i);
        }
    }
    if (p->kind == CAKE_TOKENS_BPE) {
        words = bytes_of_words(text, p->len);
        for (int64_t k = 0; k < m->merges; k++)
            join(&words, m->pair[k][0], m->pair[k][1], (int32_t)(FIRST_PAIR + k));
        for (int64_t i = 0; i < words.count; i++)
            if (words.id[i] != BREAK)
                push(&all, words.id[i], words.place[i]);
        tokens_end(&words);
    }
    if (p->ends)
        push(&all, cls + 1, p->len);
    return all;
}

static void release(cake_reference *reference)
{
    memo *m = reference->memo;

    if (m) {
        free(m->pair);
        free(m->word);
        free(m->length);
        free(m->id);
        tokens_end(&m->text);
    }
    free(m);
    reference->memo = NULL;
}

static cake_status prepare(cake_reference *reference, cake_error *error)
{
    const cake_tokenize *p = reference->params;
    memo *m = calloc(1, sizeof *m);

    if (!m)
        return cake_fail(error, CAKE_E_MEMORY, "tokenize: no memory for the reference");
    reference->memo = m;
    if (p->kind == CAKE_TOKENS_BPE)
        learn_pairs(m, p, reference->values[1]);
    if (p->kind == CAKE_TOKENS_WORD)
        learn_words(m, p, reference->values[1]);
    m->text = tokenize(reference, m);
    return CAKE_OK;
}

static cake_expected answer(const cake_reference *reference, const tokens *t, cake_place output)
{
    if (reference->tensors.tensor[output.tensor].name[0] == 'c')
        return (cake_expected){(double)t->count, 0};
    return (cake_expected){output.element < t->count ? t->id[output.element] : BREAK, 0};
}

static int64_t blocks(const void *params)
{
    (void)params;
    return 1;
}

static void block(const cake_reference *reference, int64_t index, cake_expected *const *expected)
{
    const memo *m = reference->memo;
    int first = reference->tensors.count - 2;

    (void)index;
    for (int64_t i = 0; i < capacity(reference->params); i++)
        expected[0][i] = answer(reference, &m->text, (cake_place){first, i});
    expected[1][0] = answer(reference, &m->text, (cake_place){first + 1, 0});
}

static cake_expected element(const cake_reference *reference, const cake_place *changed, cake_place output)
{
    const memo *m = reference->memo;
    cake_expected e;
    tokens t;

    if (!changed)
        return answer(reference, &m->text, output);
    t = tokenize(reference, m);
    e = answer(reference, &t, output);
    tokens_end(&t);
    return e;
}

/* The byte that the token begins with: another byte makes another token of it, unless it is unknown before and after.
 */
static cake_place influence(const cake_reference *reference, cake_place output, cake_random *random)
{
    const cake_tokenize *p = reference->params;
    const memo *m = reference->memo;
    int64_t i = output.element, last = m->text.count - p->ends;

    (void)random;
    if (reference->tensors.tensor[output.tensor].name[0] == 'c' || i < p->ends || i >= last)
        return (cake_place){.tensor = -1};
    if (p->kind == CAKE_TOKENS_WORD && m->text.id[i] == UNKNOWN)
        return (cake_place){.tensor = -1};
    return (cake_place){0, m->text.place[i]};
}

const cake_op cake_op_tokenize = {
    .name = "tokenize",
    .family = "embedding",
    .summary = "bytes to token ids: by character, by word, or by byte pairs learned from a corpus",
    .params_size = sizeof(cake_tokenize),
    .params = keys,
    .validate = validate,
    .tensors = tensors,
    .flops = flops,
    .exact_on_integers = exact_on_integers,
    .blocks = blocks,
    .block = block,
    .element = element,
    .influence = influence,
    .prepare = prepare,
    .release = release,
};
