/* `layercake run --resume DIR`: the command that the run was begun with. */
#ifndef LAYERCAKE_CLI_RESUME_H
#define LAYERCAKE_CLI_RESUME_H

#include "cli/options.h"

/* The words after the verb as they are to be read. Without --resume among them: they themselves, and *folder is NULL.
 * With it: the rest of them, then the seed and the words of the run's context.json; *folder is DIR, the caller's.
 * CAKE_E_USAGE: no such run, or one whose command is not known. */
cake_status cake_resume_words(int argc, char *const *argv, cake_text_list *words, char **folder, cake_error *error);

#endif
