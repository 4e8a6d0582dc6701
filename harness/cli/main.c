/* layercake: the program. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

/* Does the user ask for help among a command's options? */
static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

static int dispatch(int argc, char **argv)
{
    const cake_command *command;

    if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        cake_help_print(stdout);
        return CAKE_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("layercake " LAYERCAKE_VERSION);
        return CAKE_EXIT_OK;
    }
    command = cake_command_find(argv[1]);
    if (!command)
        return cake_command_unknown(argv[1]);
    if (wants_help(argc - 2, argv + 2)) {
        cake_help_print_command(command, stdout);
        return CAKE_EXIT_OK;
    }
    return command->run(argc - 2, argv + 2);
}

int main(int argc, char **argv)
{
    int code = dispatch(argc, argv);

    if (fflush(stdout) != 0 && code == CAKE_EXIT_OK) {
        fprintf(stderr, "layercake: cannot write to standard output: %s\n", strerror(errno));
        return CAKE_EXIT_HARNESS;
    }
    return code;
}
