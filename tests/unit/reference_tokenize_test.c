#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "naive_check.h"

static void set_text(evaluation *e, const char *name, const char *text)
{
    double *to = tensor_values(e, name);

    for (size_t i = 0; i < strlen(text); i++)
        to[i] = (unsigned char)text[i];
}

/* Tokenize text after learning from corpus (NULL: nothing) and compare the ids; `options` goes into the line. The
 * naive kernel must give the same. */
static void check_ids(const char *options, const char *text, const char *corpus, int n, const int *ids)
{
    char line[200];
    evaluation e;

    snprintf(line, sizeof line, "tokenize %s len=%zu corpus_len=%zu", options, strlen(text),
             corpus ? strlen(corpus) : 0);
    e = evaluate_line(line, CAKE_EXACT, 1);
    set_text(&e, "text", text);
    if (corpus)
        set_text(&e, "corpus", corpus);
    evaluate_again(&e);
    cr_assert_eq(e.expected[1][0].value, n, "%s of '%s': %g tokens, not %d", options, text, e.expected[1][0].value,
                 n);
    for (int64_t i = 0; i < e.count[0]; i++)
        cr_assert_eq(e.expected[0][i].value, i < n ? ids[i] : -1, "%s of '%s': token %ld is %g", options, text,
                     (long)i, e.expected[0][i].value);
    cr_assert_eq(naive_error(&e, &naive_tokenize, false), 0);
    evaluation_free(&e);
}

/* The lecture's sentence: [CLS] please complete the module evaluation [SEP]. */
Test(tokenize, by_word)
{
    check_ids("kind=word ends=1", "Please complete the module evaluation", "please complete the module evaluation", 7,
              (const int[]){1, 3, 4, 5, 6, 7, 2});
    check_ids("kind=word", " The  cat, THE dog.", "the cat. The mat", 6, (const int[]){3, 4, 0, 3, 0, 5});
    check_ids("kind=word", "abc a1 \xc3\xa9", "a \xc3\xa9 A1", 3, (const int[]){0, 5, 4});
    check_ids("kind=word", " \t\n", "a", 0, NULL);
}

Test(tokenize, by_character)
{
    check_ids("kind=character", "A b", NULL, 3, (const int[]){'A', ' ', 'b'});
    check_ids("kind=character ends=1", "\xff", NULL, 3, (const int[]){256, 255, 257});
}

/* Sub-words: "chat" and "bot" are learned from a corpus where they stand alone, so "chatbot" falls into the two. */
Test(tokenize, chatbot_is_chat_and_bot)
{
    /* Pairs of chat (3 times) first: at, ch, chat... "at" (a < c) = 258, "ch" = 259, "chat" = 260; then bot: "bo" =
     * 261, "bot" = 262. */
    check_ids("kind=bpe merges=5", "chatbot", "chat chat chat bot bot", 2, (const int[]){260, 262});
    check_ids("kind=bpe merges=5 ends=1", "bots chat", "chat chat chat bot bot", 5,
              (const int[]){256, 262, 's', 260, 257});
}

Test(tokenize, pairs)
{
    /* Ties go to the smaller ids; merging stops when no pair stands twice; no merge across words. */
    check_ids("kind=bpe merges=9", "ab cd", "cd ab cd ab", 2, (const int[]){258, 259});
    check_ids("kind=bpe merges=9", "ab bc", "abc", 4, (const int[]){'a', 'b', 'b', 'c'});
    check_ids("kind=bpe merges=9", "a b ab", "a b a b a b", 4, (const int[]){'a', 'b', 'a', 'b'});
    check_ids("kind=bpe merges=1", "ab ac", "ac ac ab ab", 3, (const int[]){258, 'a', 'c'});
    check_ids("kind=bpe merges=1", "bc ac", "bc bc ac ac", 3, (const int[]){'b', 'c', 258});
    /* aaa: the pair stands twice, is joined from the left. */
    check_ids("kind=bpe merges=1", "aaaaa", "aaa", 3, (const int[]){258, 258, 'a'});
    check_ids("kind=bpe merges=0", "ab", "ab ab", 2, (const int[]){'a', 'b'});
}

Test(tokenize, holds_and_catches)
{
    check_against_naive((const char *[]){"tokenize kind=character len=100 ends=1",
                                         "tokenize kind=word len=300 corpus_len=3000",
                                         "tokenize kind=bpe len=400 corpus_len=5000 merges=100 ends=1",
                                         "tokenize kind=bpe len=1 corpus_len=1", NULL},
                        &naive_tokenize, false);
}

Test(tokenize, refuses)
{
    check_invalid_line("tokenize kind=word len=3", "corpus_len must be 1 or more");
    check_invalid_line("tokenize kind=character len=3 corpus_len=3", "corpus_len must be 0");
    check_invalid_line("tokenize kind=word len=3 corpus_len=3 merges=1", "merges is for kind=bpe only");
    check_invalid_line("tokenize kind=bpe len=3 corpus_len=3 merges=5000", "merges");
}
