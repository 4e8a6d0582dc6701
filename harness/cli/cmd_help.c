#include "cli/command.h"

void cake_help_print(FILE *out)
{
    fputs(
        "Layercake checks and times neural-network layers on CPUs, with interchangeable implementations as plugins.\n"
        "\nUsage: layercake COMMAND [OPTION ...] [ARGUMENT ...]\n\nCommands:\n",
        out);
    for (const cake_command *command = cake_commands; command->verb; command++)
        fprintf(out, "  %-10s%s\n", command->verb, command->summary);
    fputs("\nExamples:\n"
          "  layercake run\n"
          "      check and time all plugins on layers of real networks, in about three minutes\n"
          "  layercake run --plugin naive --min-time 1ms 'conv2d n=1 ic=16 ih=14 iw=14 oc=16 kh=3 kw=3 pad=1'\n"
          "      one layer, by one plugin\n"
          "  layercake check --dataset smoke\n"
          "      only check, on small layers\n"
          "\n'layercake help COMMAND' shows a command's options.\n",
          out);
}

static void print_subjects(FILE *out)
{
    fputs("\nSubjects:\n", out);
    for (const cake_list_subject *subject = cake_list_subjects; subject->name; subject++)
        fprintf(out, "  %-10s%-16s%s\n", subject->name, subject->arguments, subject->summary);
}

void cake_help_print_command(const cake_command *command, FILE *out)
{
    fprintf(out, "layercake %s: %s\n\nUsage: layercake %s%s%s%s\n", command->verb, command->summary, command->verb,
            command->groups ? " [OPTION ...]" : "", *command->arguments ? " " : "", command->arguments);
    if (*command->description)
        fprintf(out, "\n%s", command->description);
    if (command->groups)
        cake_options_print(command->groups, out);
    if (command->run == cake_cmd_list)
        print_subjects(out);
}

int cake_cmd_help(int argc, char **argv)
{
    const cake_command *command;

    if (argc == 0) {
        cake_help_print(stdout);
        return CAKE_EXIT_OK;
    }
    command = cake_command_find(argv[0]);
    if (!command)
        return cake_command_unknown(argv[0]);
    cake_help_print_command(command, stdout);
    return CAKE_EXIT_OK;
}
