/* Prints the manual page, layercake.1, from the program's own tables. Run by the build. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

/* Text as troff takes it: hyphens that can be copied, backslashes that stay, no line that looks like a request. */
static void put(const char *text)
{
    bool line_begins = true;

    for (; *text; text++) {
        if (line_begins && (*text == '.' || *text == '\''))
            fputs("\\&", stdout);
        line_begins = *text == '\n';
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
    }
}

static void put_line(const char *before, const char *text, const char *after)
{
    fputs(before, stdout);
    put(text);
    fputs(after, stdout);
    putchar('\n');
}

static void print_option(const cake_option *option)
{
    puts(".TP");
    put_line(".B \\-\\-", option->name, "");
    if (option->argument)
        put_line(".I ", option->argument, "");
    put_line("", option->meaning, "");
    if (option->same_as) {
        puts("Also");
        put_line(".B \\-\\-", option->same_as, "");
        puts("(Google Benchmark's spelling).");
    }
}

static void print_command(const cake_command *command)
{
    put_line(".SS layercake ", command->verb, "");
    put_line("", command->summary, ".");
    if (*command->arguments) {
        puts(".PP\nArguments:");
        put_line(".I ", command->arguments, "");
    }
    if (*command->description)
        put_line(".PP\n", command->description, "");
    for (const cake_option_group *group = command->groups; group && group->title; group++) {
        put_line(".PP\n", group->title, ":");
        for (const cake_option *option = group->options; option->name; option++)
            print_option(option);
    }
    if (command->run != cake_cmd_list)
        return;
    puts(".PP\nSubjects:");
    for (const cake_list_subject *subject = cake_list_subjects; subject->name; subject++) {
        puts(".TP");
        put_line(".B ", subject->name, "");
        if (*subject->arguments)
            put_line(".I ", subject->arguments, "");
        put_line("", subject->summary, "");
    }
}

static const char head[] =
    ".TH LAYERCAKE 1 \"\" \"Layercake " LAYERCAKE_VERSION "\"\n"
    ".SH NAME\n"
    "layercake \\- check and time neural\\-network layers on CPUs\n"
    ".SH SYNOPSIS\n"
    ".B layercake\n"
    ".I COMMAND\n"
    "[\\fIOPTION\\fR ...] [\\fIARGUMENT\\fR ...]\n"
    ".SH DESCRIPTION\n"
    "Layercake loads interchangeable implementations of layers (kernels) from plugins, proves each one right against "
    "a\n"
    "reference, times it on pinned cores, and writes one row of CSV for each measurement.\n"
    ".PP\n"
    "What is computed is a workload: an op and its parameters in one line, the same on the command line, in a "
    "dataset\n"
    "and in the results. Options are written \\fB\\-\\-name=value\\fR or \\fB\\-\\-name value\\fR; lists have "
    "commas,\n"
    "or the option is given again. Times are in seconds or with a unit (500ms, 2min), sizes in bytes or with a unit\n"
    "(512MiB, 8GB).\n"
    ".SH COMMANDS\n";

static const char tail[] =
    ".SH EXIT STATUS\n"
    ".TP\n.B 0\nall is well\n"
    ".TP\n.B 1\na kernel failed its check, or a comparison its limit\n"
    ".TP\n.B 2\nthe command, a file or a plugin that was asked for is wrong; nothing was measured\n"
    ".TP\n.B 3\nthe harness itself failed\n"
    ".TP\n.B 130\ninterrupted (Ctrl\\-C); finished rows are kept\n"
    ".SH ENVIRONMENT\n"
    ".TP\n.B LAYERCAKE_DATASET_PATH\n"
    "folders of datasets, with colons between them; searched before those of the program\n"
    ".TP\n.B LAYERCAKE_PLUGIN_PATH\n"
    "folders of plugins, likewise\n"
    ".TP\n.B LAYERCAKE_WORKER_PATH\n"
    "folder of layercake\\-worker, if it is not where it was installed\n"
    ".SH FILES\n"
    ".TP\n.I datasets/*.txt\nworkloads, beside the program or in share/layercake/datasets\n"
    ".TP\n.I plugins/*.so\nplugins, beside the program or in lib/layercake/plugins\n"
    ".TP\n.I results/<run>/results.csv\none row a case\n"
    ".TP\n.I results/<run>/context.json\nthe machine, the program and the libraries of the run\n"
    ".SH EXAMPLES\n"
    ".nf\n"
    "layercake run\n"
    "layercake run \\-\\-plugin naive \\-\\-min\\-time 1ms "
    "\\(aqconv2d n=1 ic=16 ih=14 iw=14 oc=16 kh=3 kw=3 pad=1\\(aq\n"
    "layercake check \\-\\-dataset smoke\n"
    "layercake list ops conv2d\n"
    ".fi\n";

int main(void)
{
    fputs(head, stdout);
    for (const cake_command *command = cake_commands; command->verb; command++)
        print_command(command);
    fputs(tail, stdout);
    return fflush(stdout) == 0 ? 0 : 1;
}
