#include "cli/resume.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run_options.h"
#include "report/context.h"

static cake_status add(cake_text_list *words, const char *word, cake_error *error)
{
    return cake_text_list_add(words, word, strlen(word), error);
}

static const cake_option *option_of(const char *word, int *n_words)
{
    return cake_option_of(cake_run_option_groups, word, n_words);
}

static bool names(const cake_option *option, const char *name)
{
    return option && strcmp(option->name, name) == 0;
}

static cake_status refuse(const char *word, cake_error *error)
{
    char all[256] = "";
    size_t used = 0;

    for (const cake_option_group *group = cake_run_option_groups; group->title; group++)
        for (const cake_option *option = group->options; option->name; option++)
            if (option->with_resume && used < sizeof all)
                used += (size_t)snprintf(all + used, sizeof all - used, "%s--%s", used ? ", " : "", option->name);
    return cake_fail(error, CAKE_E_USAGE,
                     "expected nothing but %s beside --resume, which goes on with the command that the run was begun "
                     "with; found '%s'",
                     all, word);
}

/* The words beside --resume, which are options that say nothing of what is measured. argv has been parsed. */
static cake_status add_anew(cake_text_list *words, int argc, char *const *argv, cake_error *error)
{
    cake_status status = CAKE_OK;

    for (int i = 0, n; status == CAKE_OK && i < argc; i += n) {
        const cake_option *option = option_of(argv[i], &n);

        if (names(option, "resume"))
            continue;
        if (!option || !option->with_resume)
            return refuse(argv[i], error);
        for (int word = i; status == CAKE_OK && word < i + n; word++)
            status = add(words, argv[word], error);
    }
    return status;
}

static bool has_option(const cake_text_list *words, const cake_option *option)
{
    for (int i = 0, n; i < (int)words->count && strcmp(words->items[i], "--") != 0; i += n)
        if (option_of(words->items[i], &n) == option)
            return true;
    return false;
}

/* The seed that was drawn, if the run was begun without one, as an option. */
static cake_status add_seed(cake_text_list *words, const cake_text_list *begun, const cake_context *context,
                            cake_error *error)
{
    double seed = cake_context_get_number(context, "run", "seed");
    char text[64];
    int n;

    if (!(seed >= 0 && seed <= 0x1p53) || has_option(begun, option_of("--seed", &n)))
        return CAKE_OK;
    snprintf(text, sizeof text, "--seed=%.0f", seed);
    return add(words, text, error);
}

/* The words that the run was begun with, but for the folder that it wrote, which is the one it goes on with, and for
 * the options that are among the words already. */
static cake_status add_begun(cake_text_list *words, const cake_text_list *begun, cake_error *error)
{
    const size_t anew = words->count;
    cake_status status = CAKE_OK;
    bool options = true;

    for (int i = 0, n = 1; status == CAKE_OK && i < (int)begun->count; i += n) {
        const cake_option *option = options ? option_of(begun->items[i], &n) : NULL;

        options = options && strcmp(begun->items[i], "--") != 0;
        if (option && (names(option, "out") || has_option(&(cake_text_list){words->items, anew}, option)))
            continue;
        for (int word = i; status == CAKE_OK && word < i + n && word < (int)begun->count; word++)
            status = add(words, begun->items[word], error);
    }
    return status;
}

/* The command of the run in the folder, in its context. */
static cake_status read_begun(const char *folder, cake_context **context, cake_text_list *begun, cake_error *error)
{
    cake_status status = cake_context_read(context, folder, error);
    const char *word;

    for (size_t i = 0; status == CAKE_OK && (word = cake_context_get_item(*context, "run", "command", i)); i++)
        status = add(begun, word, error);
    if (status == CAKE_OK && begun->count == 0 && isnan(cake_context_get_number(*context, "run", "seed")))
        status = cake_fail(error, CAKE_E_USAGE, "%s: expected the run's command in " CAKE_CONTEXT_FILE ", found none",
                           folder);
    return status == CAKE_NOT_FOUND ? CAKE_E_USAGE : status;
}

cake_status cake_resume_words(int argc, char *const *argv, cake_text_list *words, char **folder, cake_error *error)
{
    cake_run_options said = {0};
    cake_text_list begun = {0};
    cake_context *context = NULL;
    cake_status status = cake_options_parse(cake_run_option_groups, argc, argv, &said, &said.workloads, error);

    *folder = NULL;
    if (status == CAKE_OK && !said.resume) {
        for (int i = 0; status == CAKE_OK && i < argc; i++)
            status = add(words, argv[i], error);
    } else if (status == CAKE_OK) {
        *folder = said.resume, said.resume = NULL; /* the caller's now */
        status = add_anew(words, argc, argv, error);
        if (status == CAKE_OK)
            status = read_begun(*folder, &context, &begun, error);
        /* Behind a "--" of the words of then there are only workloads, so those come last. */
        if (status == CAKE_OK)
            status = add_seed(words, &begun, context, error);
        if (status == CAKE_OK)
            status = add_begun(words, &begun, error);
    }
    cake_context_free(context);
    cake_text_list_free(&begun);
    cake_run_options_free(&said);
    return status;
}
