/* The verbs of the program, in one table. */
#ifndef LAYERCAKE_CLI_COMMAND_H
#define LAYERCAKE_CLI_COMMAND_H

#include "base/status.h"
#include "cli/options.h"

typedef struct cake_command {
    const char *verb;                /* "run" */
    const char *arguments;           /* "[WORKLOAD ...]", or "" */
    const char *summary;             /* one line */
    const char *description;         /* for `help VERB`: lines of at most 90 columns, each ended */
    const cake_option_group *groups; /* ends with title NULL; NULL: no options */
    /* The words after the verb. Returns the program's exit code, and has said on stderr what went wrong. */
    int (*run)(int argc, char **argv);
} cake_command;

/* Ends with verb NULL. */
extern const cake_command cake_commands[];

/* The command, or NULL. */
const cake_command *cake_command_find(const char *verb);

/* Say on stderr what failed in the verb (and how to get help, where the command was wrong); returns the exit code. */
int cake_command_failed(const char *verb, cake_status status, const cake_error *error);

/* CAKE_EXIT_USAGE for an unknown verb, with the nearest one. */
int cake_command_unknown(const char *verb);

/* The screen that `layercake` shows without arguments. */
void cake_help_print(FILE *out);
/* What `layercake help VERB` shows. */
void cake_help_print_command(const cake_command *command, FILE *out);

/* One a verb, each in cmd_<verb>.c. */
int cake_cmd_run(int argc, char **argv);
int cake_cmd_check(int argc, char **argv);
int cake_cmd_compare(int argc, char **argv);
int cake_cmd_doctor(int argc, char **argv);
int cake_cmd_help(int argc, char **argv);
int cake_cmd_list(int argc, char **argv);
int cake_cmd_peaks(int argc, char **argv);
int cake_cmd_report(int argc, char **argv);
int cake_cmd_show(int argc, char **argv);

/* Their options, where they have their own. */
extern const cake_option_group cake_compare_option_groups[], cake_peaks_option_groups[], cake_list_option_groups[],
    cake_report_option_groups[], cake_show_option_groups[];

/* What `layercake list` lists; ends with name NULL. */
typedef struct cake_list_subject {
    const char *name;
    const char *arguments; /* "[OP ...]", or "": takes none */
    const char *summary;
    cake_status (*print)(const cake_text_list *names, FILE *out, cake_error *error);
} cake_list_subject;

extern const cake_list_subject cake_list_subjects[];

/* In list_measure.c. */
cake_status cake_list_machine(const cake_text_list *names, FILE *out, cake_error *error);
cake_status cake_list_counters(const cake_text_list *names, FILE *out, cake_error *error);

/* Plugins by name or path (none: all of the search path), each with its version or what keeps it from being used; and
 * their kernels. */
cake_status cake_list_plugins(const cake_text_list *names, FILE *out, cake_error *error);
cake_status cake_list_kernels(const cake_text_list *names, FILE *out, cake_error *error);

#endif
