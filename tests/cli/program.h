/* The program, run as a user would: what it says and the code it exits with. */
#ifndef LAYERCAKE_TESTS_CLI_PROGRAM_H
#define LAYERCAKE_TESTS_CLI_PROGRAM_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct cake_said {
    int code;  /* exit code, or 1000 + the signal that ended it */
    char *out; /* standard output; freed with cake_said_free */
    char *err; /* standard error */
} cake_said;

/* Run `layercake` with the words (NULL-terminated, without the program's name) in the folder (NULL: this one). */
cake_said cake_run_program(const char *folder, const char *const *words);
void cake_said_free(cake_said *said);

/* Start it without waiting; its output is dropped. */
pid_t cake_start_program(const char *folder, const char *const *words);

/* The whole file as text, "" if there is none. The caller's to free. */
char *cake_read_text(const char *path);

/* A new folder under /tmp, and its removal with all that is in it. */
void cake_make_folder(char path[64]);
void cake_remove_folder(const char *path);

#endif
