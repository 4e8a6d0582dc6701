/* Do the tables of bilinear_algorithms.inc.h multiply matrices? Followed term by term, in whole numbers. */
#include <criterion/criterion.h>
#include <string.h>

#include "common/vec/vec_portable.h"

#include "common/kernels/bilinear_algorithms.inc.h"

enum { A = 2 * BILINEAR_K, B = BILINEAR_K * BILINEAR_N, C = 2 * BILINEAR_N };

/* How often a block of a times a block of b is in a sum. */
typedef struct terms {
    int of[A][B];
} terms;

static void add(terms *sum, const terms *other, int sign)
{
    for (int i = 0; i < A; i++)
        for (int j = 0; j < B; j++)
            sum->of[i][j] += sign * other->of[i][j];
}

static void add_product(terms *sum, const bilinear_product *product)
{
    for (int i = 0; i < A; i++)
        for (int j = 0; j < B; j++)
            sum->of[i][j] += product->a[i] * product->b[j];
}

/* c[block] = what the chains add to it. */
static void run_chains(const bilinear_algorithm *algorithm, terms *c)
{
    for (int chain = 0; chain < algorithm->chains; chain++) {
        terms sum = {0};
        for (int p = algorithm->chain[chain]; p < algorithm->chain[chain + 1]; p++) {
            const bilinear_product *product = algorithm->product + p;
            add_product(&sum, product);
            if (product->goal > 0)
                add(&c[product->goal - 1], &sum, 1);
            else if (product->goal < 0)
                add(&c[-product->goal - 1], &sum, -1);
        }
    }
}

static void check_product(const bilinear_algorithm *algorithm)
{
    terms c[C] = {0};

    run_chains(algorithm, c);
    for (int block = 0; block < 2 * algorithm->n; block++) {
        terms exact = {0};
        for (int k = 0; k < algorithm->k; k++)
            exact.of[block / algorithm->n * algorithm->k + k][k * algorithm->n + block % algorithm->n] = 1;
        cr_expect_arr_eq(&c[block], &exact, sizeof exact, "block %d of c", block + 1);
    }
}

/* The kernel begins a sum with a block that is added, and holds a chain's products in an array. */
static void check_table(const bilinear_algorithm *algorithm)
{
    cr_expect_leq(algorithm->products, 32, "a bit for each in bilinear's `first`");
    for (int p = 0; p < algorithm->products; p++) {
        const bilinear_product *product = &algorithm->product[p];
        cr_expect(memchr(product->a, 1, (size_t)(2 * algorithm->k)), "product %d", p);
        cr_expect(product->goal >= -2 * algorithm->n && product->goal <= 2 * algorithm->n, "product %d", p);
    }
    for (int chain = 0; chain < algorithm->chains; chain++) {
        int count = algorithm->chain[chain + 1] - algorithm->chain[chain];
        cr_expect(count > 0 && count <= BILINEAR_CHAIN, "chain %d", chain);
    }
    cr_expect_eq(algorithm->chain[0], 0);
    cr_expect_eq(algorithm->chain[algorithm->chains], algorithm->products);
    cr_expect_eq(algorithm->round[0], 0);
    cr_expect_eq(algorithm->round[algorithm->rounds], algorithm->chains);
}

Test(bilinear, strassen)
{
    check_product(&bilinear_strassen);
    check_table(&bilinear_strassen);
}

Test(bilinear, hopcroft_kerr)
{
    check_product(&bilinear_hopcroft_kerr);
    check_table(&bilinear_hopcroft_kerr);
    cr_expect_eq(hopcroft_kerr_chains[hopcroft_kerr_rounds[1]], HOPCROFT_KERR_ROUND);
}
