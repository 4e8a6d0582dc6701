/* `layercake run --resume DIR`: the command that the run was begun with. */
#ifndef LAYERCAKE_CLI_RESUME_H
#define LAYERCAKE_CLI_RESUME_H

#include "cli/options.h"

/* The words after the verb as they are to be read, by the options of `run`. Without --resume among them: they
 * themselves, and *folder is NULL. With it: the seed and the words of the run's context.json, but for the options that
 * are said anew; *folder is DIR, the caller's.
 * CAKE_E_USAGE: no such run, one whose command is not known, or words beside --resume that would change what is
 * measured. */
cake_status cake_resume_words(int argc, char *const *argv, cake_text_list *words, char **folder, cake_error *error);

#endif
