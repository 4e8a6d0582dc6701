/* layercake show: the layers of a lecture, one after the other, in numbers. */
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/show.h"
#include "plan/dataset.h"
#include "report/table.h"
#include "run/subject.h"

enum { PROSE_WIDTH = 100 };

typedef struct show_options {
    cake_text_list ops;
    cake_text_list names;
} show_options;

static const cake_option option_table[] = {
    {.name = "op",
     .argument = "OP",
     .meaning = "Only layers of this op.",
     .kind = CAKE_OPTION_TEXTS,
     .offset = offsetof(show_options, ops)},
    {.name = NULL},
};

const cake_option_group cake_show_option_groups[] = {{"Options", option_table}, {.title = NULL}};

/* What was found, over all layers. */
typedef struct tally {
    int layers, numbers, wrong;
} tally;

/* The words of the text, in lines that fit the terminal. */
static void print_prose(const char *text, cake_table_style style, FILE *out)
{
    int width = style.width > 0 && style.width < PROSE_WIDTH ? style.width : PROSE_WIDTH, column = 0;

    for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
        int length = (int)strcspn(text, " \n");

        if (column > 0 && column + 1 + length > width) {
            fputc('\n', out);
            column = 0;
        }
        column += fprintf(out, "%s%.*s", column > 0 ? " " : "", length, text);
        text += length;
    }
    fputs(column > 0 ? "\n" : "", out);
}

/* The comment's first line is the layer's title, the others say what happens. */
static void print_heading(const cake_workload *workload, int number, cake_table_style style, FILE *out)
{
    const char *comment = workload->comment ? workload->comment : "";
    size_t title = strcspn(comment, "\n");
    char line[CAKE_WORKLOAD_TEXT];

    cake_workload_format(workload, line, sizeof line);
    fprintf(out, "%s%d. %.*s%s\n", style.colours ? "\033[1m" : "", number,
            title ? (int)title : (int)strlen(workload->op->name), title ? comment : workload->op->name,
            style.colours ? "\033[0m" : "");
    print_prose(comment + title, style, out);
    fprintf(out, "\n  %s\n", line);
}

static void compare(const cake_workload *workload, const cake_shown *shown, int tensor, tally *found, FILE *out)
{
    cake_error error = {""};

    for (int64_t i = 0; i < shown->expected->count; i++)
        found->numbers += strcmp(shown->expected->text[i].text, "?") != 0;
    if (cake_golden_compare(workload, tensor, shown->values, &error) == CAKE_OK)
        return;
    fprintf(out, "  differs: %s\n", error.text);
    found->wrong++;
}

static cake_status print_output(const cake_subject *subject, int tensor, int output, tally *found, FILE *out,
                                cake_error *error)
{
    const cake_trial *trial = &subject->trials[0];
    int64_t count = cake_spec_elements(&subject->list.tensor[tensor]);
    double *values = malloc((size_t)count * sizeof *values);
    cake_shown shown = {&subject->list.tensor[tensor], values, cake_golden_find(subject->workload->golden, tensor)};

    if (!values)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    for (int64_t i = 0; i < count; i++)
        values[i] = trial->expected[CAKE_STANDARD][output][i].value;
    /* What is left of the array of ids says nothing. */
    if (strcmp(subject->workload->op->name, "tokenize") == 0 && output == 0)
        cake_show_tokens(&trial->reference[CAKE_STANDARD], values, out);
    else
        cake_show_tensor(&shown, out);
    if (shown.expected)
        compare(subject->workload, &shown, tensor, found, out);
    free(values);
    return CAKE_OK;
}

/* Inputs and constants as given, outputs as the reference computes them now. */
static cake_status show_layer(const cake_workload *workload, cake_table_style style, tally *found, FILE *out,
                              cake_error *error)
{
    cake_subject subject = {0};
    int output = 0;
    cake_status st = cake_subject_make(&subject, workload, CAKE_F32, 0, 1, error);

    if (st == CAKE_OK)
        st = cake_subject_expect(&subject, 0, CAKE_STANDARD, error);
    if (st == CAKE_OK)
        print_heading(workload, ++found->layers, style, out);
    for (int i = 0; st == CAKE_OK && i < subject.list.count; i++) {
        cake_shown shown = {&subject.list.tensor[i], subject.trials[0].values[i], NULL};

        if (shown.spec->role != CAKE_ROLE_OUTPUT)
            cake_show_tensor(&shown, out);
        else
            st = print_output(&subject, i, output++, found, out, error);
    }
    fputc('\n', out);
    cake_subject_free(&subject);
    return st;
}

/* The dataset of that name among those with expected numbers, else what is named. */
static cake_status load(const char *name, cake_dataset *dataset, cake_error *error)
{
    char golden[CAKE_NAME_SIZE];
    cake_dataset_list list = {0};
    cake_status st = cake_dataset_find_all(&list, error);

    if (st != CAKE_OK)
        return st;
    snprintf(golden, sizeof golden, "golden/%s", name);
    for (size_t i = 0; i < list.count; i++)
        if (strcmp(list.entries[i].name, golden) == 0)
            name = golden;
    st = cake_dataset_load(name, dataset, error);
    cake_dataset_list_free(&list);
    return st;
}

static bool wanted(const show_options *options, const cake_workload *workload)
{
    for (size_t i = 0; i < options->ops.count; i++)
        if (strcmp(options->ops.items[i], workload->op->name) == 0)
            return workload->golden != NULL;
    return options->ops.count == 0 && workload->golden;
}

static void print_introduction(const cake_dataset *dataset, cake_table_style style)
{
    print_prose(dataset->description, style, stdout);
    printf("from %s\n\n", dataset->path);
    print_prose("\"in\" comes into the layer, \"with\" are its weights and the like, \"out\" is what the reference "
                "computes of "
                "them now, beside what is expected.",
                style, stdout);
    putchar('\n');
}

static cake_status show(const show_options *options, const cake_dataset *dataset, tally *found, cake_error *error)
{
    cake_table_style style = cake_table_style_for(stdout);
    cake_status st = CAKE_OK;

    for (size_t i = 0; i < dataset->count; i++)
        if (st == CAKE_OK && wanted(options, &dataset->workloads[i])) {
            if (found->layers == 0)
                print_introduction(dataset, style);
            st = show_layer(&dataset->workloads[i], style, found, stdout, error);
        }
    if (st == CAKE_OK && found->layers == 0)
        st = cake_fail(error, CAKE_E_USAGE,
                       "%s: expected workloads%s with given and expected numbers (datasets/README.md), found none",
                       dataset->path, options->ops.count ? " of these ops" : "");
    if (st == CAKE_OK)
        printf("Layers: %d. Expected numbers: %d, %s.\n"
               "'layercake list ops conv2d' explains an op's keys, reference/<op>.c defines what it computes, and\n"
               "plugins/naive/<op>.c is the plainest way to do so.\n",
               found->layers, found->numbers, found->wrong ? "not all of which come out" : "all of which come out");
    return st;
}

int cake_cmd_show(int argc, char **argv)
{
    show_options options = {0};
    cake_dataset dataset = {0};
    tally found = {0};
    cake_error error = {""};
    cake_status st = cake_options_parse(cake_show_option_groups, argc, argv, &options, &options.names, &error);

    if (st == CAKE_OK && options.names.count > 1)
        st = cake_fail(&error, CAKE_E_USAGE, "expected one dataset, found '%s' too", options.names.items[1]);
    for (size_t i = 0; st == CAKE_OK && i < options.ops.count; i++)
        if (!cake_op_find(options.ops.items[i]))
            st = cake_fail(&error, CAKE_E_USAGE, "expected an op ('layercake list ops' names them), found '%s'",
                           options.ops.items[i]);
    if (st == CAKE_OK)
        st = load(options.names.count ? options.names.items[0] : "lecture", &dataset, &error);
    if (st == CAKE_OK)
        st = show(&options, &dataset, &found, &error);
    cake_dataset_free(&dataset);
    cake_options_free(cake_show_option_groups, &options);
    cake_text_list_free(&options.names);
    if (st != CAKE_OK)
        return cake_command_failed("show", st, &error);
    return found.wrong ? CAKE_EXIT_VERDICT : CAKE_EXIT_OK;
}
