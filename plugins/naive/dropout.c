/* dropout: y = x / (1 - p) where the element is kept, else 0 (Srivastava et al. 2014); at inference y = x
 *
 * Element i is kept if its random word is at least p 2^32: word i % 4 of the block i / 4 of Philox 4x32-10 (Salmon et
 * al. 2011), a block cipher with few rounds that is given the number of the block and the seed as its key. */
#include "naive.h"

/* The block's four words. */
static void philox(uint64_t block, uint64_t seed, uint32_t word[4])
{
    uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};

    word[0] = (uint32_t)block;
    word[1] = (uint32_t)(block >> 32);
    word[2] = word[3] = 0;
    for (int round = 0; round < 10; round++) {
        uint64_t a = 0xd2511f53ull * word[0], b = 0xcd9e8d57ull * word[2];
        uint32_t odd[2] = {word[1], word[3]};

        word[0] = (uint32_t)(b >> 32) ^ odd[0] ^ key[0];
        word[1] = (uint32_t)b;
        word[2] = (uint32_t)(a >> 32) ^ odd[1] ^ key[1];
        word[3] = (uint32_t)a;
        key[0] += 0x9e3779b9; /* the golden ratio */
        key[1] += 0xbb67ae85; /* sqrt(3) - 1 */
    }
}

static void compute(const void *params, const naive_tensors *t)
{
    const cake_dropout *p = params;
    float scale = 1 / (1 - (float)p->p);
    uint32_t word[4];

    for (int64_t i = 0; i < p->elements; i++) {
        float x = t->input[0][i];

        if (p->training && i % 4 == 0)
            philox((uint64_t)i / 4, (uint64_t)p->seed, word);
        if (!p->training)
            t->output[0][i] = x;
        else
            t->output[0][i] = word[i % 4] >= p->p * 0x1p32 ? x * scale : 0;
    }
}

const naive_layer naive_dropout = {.compute = compute};
