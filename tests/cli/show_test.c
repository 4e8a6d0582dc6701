/* `layercake show`: the lecture's numbers, as a newcomer sees them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "program.h"

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* The lines, blanks squeezed, must stand in the text in this order. */
static void expect_in_order(const char *text, const char *const *lines)
{
    char line[512], squeezed[512];

    for (const char *at = text; *at && *lines; at += strcspn(at, "\n"), at += *at == '\n') {
        size_t used = 0;

        snprintf(line, sizeof line, "%.*s", (int)strcspn(at, "\n"), at);
        for (const char *c = line; *c; c++)
            if (*c != ' ' || (used > 0 && squeezed[used - 1] != ' '))
                squeezed[used++] = *c;
        squeezed[used] = '\0';
        if (strstr(squeezed, *lines) == squeezed)
            lines++;
    }
    cr_expect_null(*lines, "no line '%s' in:\n%s", *lines ? *lines : "", text);
}

Test(show, lecture_gives_every_number, .timeout = 60)
{
    static const char *const lines[] = {
        "1. Text to tokens to ids",
        "\"Please complete the module evaluation\"",
        "[CLS] please complete the module evaluation [SEP]",
        "1 3 4 5 6 7 2",
        "c h a t b o t",
        "99 104 97 116 98 111 116",
        "chat bot",
        "260 262",
        "embedding rows=7",
        "1.000 0.000 0.000 0.500 | 1.00 0.00 0.00 0.50",
        "positional_encoding len=4 dim=4 base=100",
        "0.000 1.000 0.000 1.000 | 0.00 1.00 0.00 1.00",
        "0.841 0.540 0.100 0.995 | 0.84 0.54 0.10 1.0",
        "0.909 -0.416 0.199 0.980 | 0.91 -0.42 0.20 0.98",
        "0.141 -0.990 0.296 0.955 | 0.14 -0.99 0.30 0.96",
        "positional_encoding len=7 dim=4 base=100 combine=multiply",
        "0.841 0.000 0.000 0.498 |",
        "0.000 -0.416 0.000 0.490 |",
        "batch_norm n=3 c=4",
        "1 3 5 7",
        "3 4 6 2",
        "8 3 2 1",
        "-1.019 -0.707 0.392 1.397 |",
        "4.000 3.333 4.333 3.333 | 4.00 3.33 4.33 3.33",
        "2.944^2 0.471^2 1.700^2 2.625^2 | 2.94^2 0.471^2 1.69^2 2.62^2",
        "layer_norm rows=3",
        "-1.342 -0.447 0.447 1.342 |",
        "conv2d ic=1 ih=7",
        "6600 | 6600.0",
        "conv2d ic=1 ih=7",
        "0 | 0.0",
        "pool2d kind=max",
        "6 5 |",
        "pool2d kind=avg",
        "3.5 2.0 |",
        "dropout elements=8 seed=7",
        "2 4 0 0 0 12 0 16 |",
        "dropout elements=8 training=0",
        "1 2 3 4 5 6 7 8 |",
        "rnn cell=tanh",
        "0.462 0.000 |",
        "attention heads=1",
        "1.712 1.276 |",
        "mha q_len=3",
        "3.346 2.259 0.654 0.950 |",
        "transformer_block len=3",
        "1.478 -0.219 -1.328 0.070 |",
        "deepseek_block len=3",
        "5.987 2.438 5.292 5.134 |",
        "Layers: 22. Expected numbers: 286, all of which come out.",
        NULL,
    };
    cake_said said = cake_run_program(NULL, WORDS("show", "lecture")), again;

    cr_assert_eq(said.code, 0, "%s", said.err);
    expect_in_order(said.out, lines);
    cr_expect_null(strstr(said.out, "differs"));
    cr_expect_null(strstr(said.out, "-0.000"));
    again = cake_run_program(NULL, WORDS("show"));
    cr_expect_str_eq(said.out, again.out);
    cake_said_free(&again);
    cake_said_free(&said);
}

static void write_text(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

Test(show, file_whose_numbers_do_not_come_out_fails)
{
    static const char *const lines[] = {
        "1. Half", "of it is wrong", "linear rows=2 in=1 out=1", "1 2 | 1.0 3.0", "2. dropout", "Layers: 2.", NULL};
    char folder[64], path[128];
    cake_said said;

    cake_make_folder(folder);
    snprintf(path, sizeof path, "%s/mine.txt", folder);
    write_text(
        path, "# Mine\n\n# Half\n# of it is wrong\nlinear rows=2 in=1 out=1\ngiven x = 1 2\ngiven w = 1\n"
              "expect y = 1.0 3.0\n\ndropout elements=20 training=0\n"
              "given x = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20\n"
              "expect y = 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0 10.0 11.0 12.0 13.0 14.0 15.0 16.0 17.0 18.0 19.0 ?\n");
    said = cake_run_program(NULL, WORDS("show", path));
    cr_expect_eq(said.code, 1, "%d: %s", said.code, said.err);
    expect_in_order(said.out, lines);
    cr_expect(strstr(said.out, "mine.txt:8: y[1]: expected 2.9 to 3.1, found 2"), "%s", said.out);
    cr_expect(strstr(said.out, "15  16  ...\n"), "not cut: %s", said.out);
    cr_expect(strstr(said.out, "not all of which come out"), "%s", said.out);
    cake_said_free(&said);

    said = cake_run_program(NULL, WORDS("show", "--op", "dropout", path));
    cr_expect_eq(said.code, 0, "%s", said.out);
    cr_expect_null(strstr(said.out, "linear"));
    cr_expect(strstr(said.out, "Layers: 1. Expected numbers: 19,"), "%s", said.out);
    cake_said_free(&said);
    cake_remove_folder(folder);
}

static void refuse(const char *const *words, const char *text)
{
    cake_said said = cake_run_program(NULL, words);

    cr_expect_eq(said.code, CAKE_EXIT_USAGE, "%d: %s", said.code, said.out);
    cr_expect(strstr(said.err, text), "said: %s", said.err);
    cake_said_free(&said);
}

Test(show, says_what_it_expected)
{
    refuse(WORDS("show", "resnet50"),
           "expected workloads with given and expected numbers (datasets/README.md), found none");
    refuse(WORDS("show", "--op", "linear"), "expected workloads of these ops with given");
    refuse(WORDS("show", "--op", "linera"), "expected an op ('layercake list ops' names them), found 'linera'");
    refuse(WORDS("show", "lecture", "smoke"), "expected one dataset, found 'smoke' too");
    refuse(WORDS("show", "lectures"), "did you mean 'lecture'?");
}
