#include "cli/resume.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/context.h"

static cake_status add(cake_text_list *words, const char *word, cake_error *error)
{
    return cake_text_list_add(words, word, strlen(word), error);
}

/* "--resume=DIR" or "--resume" "DIR": DIR, with *used the number of words; NULL: something else. */
static const char *resume_at(int argc, char *const *argv, int i, int *used)
{
    static const char option[] = "--resume";
    const size_t length = sizeof option - 1;

    *used = 1;
    if (strncmp(argv[i], option, length) != 0)
        return NULL;
    if (argv[i][length] == '=')
        return argv[i] + length + 1;
    if (argv[i][length] != '\0' || i + 1 >= argc)
        return NULL;
    *used = 2;
    return argv[i + 1];
}

static bool is_option(const char *word, const char *name)
{
    size_t length = strlen(name);

    return strncmp(word, name, length) == 0 && (word[length] == '\0' || word[length] == '=');
}

/* The words that the run was begun with, but for the folder that it wrote, which is the one it goes on with. */
static cake_status add_begun(cake_text_list *words, const cake_context *context, cake_error *error)
{
    double seed = cake_context_get_number(context, "run", "seed");
    cake_status status = CAKE_OK;
    bool seeded = false;
    const char *word;
    char text[64];

    for (size_t i = 0; (word = cake_context_get_item(context, "run", "command", i)) && strcmp(word, "--") != 0; i++)
        seeded = seeded || is_option(word, "--seed");
    /* Before them, for behind a "--" of theirs there are only workloads. */
    if (!seeded && seed >= 0 && seed <= 0x1p53) {
        snprintf(text, sizeof text, "--seed=%.0f", seed);
        status = add(words, text, error);
    }
    for (size_t i = 0; status == CAKE_OK && (word = cake_context_get_item(context, "run", "command", i)); i++) {
        if (strcmp(word, "--out") == 0)
            i++;
        else if (!is_option(word, "--out"))
            status = add(words, word, error);
    }
    return status;
}

cake_status cake_resume_words(int argc, char *const *argv, cake_text_list *words, char **folder, cake_error *error)
{
    cake_context *context = NULL;
    cake_status status = CAKE_OK;
    bool options = true;

    *folder = NULL;
    for (int i = 0, used = 1; status == CAKE_OK && i < argc && argv[i]; i += used) {
        const char *given = options ? resume_at(argc, argv, i, &used) : NULL;

        options = options && strcmp(argv[i], "--") != 0;
        if (!given) {
            used = 1;
            status = add(words, argv[i], error);
        } else if (*folder) {
            status = cake_fail(error, CAKE_E_USAGE, "expected --resume once, found it again");
        } else if (!(*folder = strdup(given))) {
            status = cake_fail(error, CAKE_E_MEMORY, "out of memory");
        }
    }
    if (status != CAKE_OK || !*folder)
        return status;
    status = cake_context_read(&context, *folder, error);
    if (status == CAKE_OK && !cake_context_get_item(context, "run", "command", 0) &&
        isnan(cake_context_get_number(context, "run", "seed")))
        status = cake_fail(error, CAKE_E_USAGE, "%s: expected the run's command in " CAKE_CONTEXT_FILE ", found none",
                           *folder);
    if (status == CAKE_OK)
        status = add_begun(words, context, error);
    cake_context_free(context);
    return status == CAKE_NOT_FOUND ? CAKE_E_USAGE : status;
}
