#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "cli/command.h"
#include "cli/run_options.h"
#include "plan/dataset.h"
#include "reference/reference.h"
#include "report/schema.h"

typedef struct list_options {
    cake_text_list names;
    char *benchdnn;
    cake_text_list batches;
} list_options;

static const cake_option option_table[] = {
    {.name = "benchdnn",
     .argument = "DRIVER",
     .meaning = "With workloads: those of input files of oneDNN's benchdnn, for this driver of it (conv, ...).",
     .kind = CAKE_OPTION_TEXT,
     .offset = offsetof(list_options, benchdnn)},
    {.name = "batch",
     .argument = "FILE",
     .meaning = "Such a file.",
     .kind = CAKE_OPTION_TEXTS,
     .offset = offsetof(list_options, batches)},
    {.name = NULL},
};

const cake_option_group cake_list_option_groups[] = {{"Options", option_table}, {.title = NULL}};

/* One op with its keys and tensors. */
static void print_op(const cake_op *op, FILE *out)
{
    fprintf(out, "%s (%s): %s\n", op->name, op->family, op->summary);
    for (const cake_param *param = op->params; param->key; param++) {
        char shown[32];

        snprintf(shown, sizeof shown, "%s=%s", param->key,
                 param->value                      ? param->value
                 : param->kind == CAKE_PARAM_ALIAS ? "..."
                                                   : "(required)");
        fprintf(out, "  %-24s%s", shown, param->meaning ? param->meaning : "");
        for (int i = 0; param->kind == CAKE_PARAM_CHOICE && param->choices[i]; i++)
            fprintf(out, "%s%s", i == 0 ? " (" : ", ", param->choices[i]);
        if (param->kind == CAKE_PARAM_CHOICE)
            fputc(')', out);
        for (int i = 0; param->kind == CAKE_PARAM_ALIAS && i < 8 && param->sets[i]; i++)
            fprintf(out, "%s%s", i == 0 ? " (sets " : ", ", param->sets[i]);
        fputs(param->kind == CAKE_PARAM_ALIAS ? ")\n" : "\n", out);
    }
}

static cake_status print_ops(const cake_text_list *names, FILE *out, cake_error *error)
{
    for (size_t i = 0; i < names->count; i++) {
        const cake_op *op = cake_op_find(names->items[i]);
        cake_nearest nearest = {.word = names->items[i]};
        const char *meant;

        if (op) {
            print_op(op, out);
            continue;
        }
        for (int j = 0; cake_ops[j]; j++)
            cake_nearest_offer(&nearest, cake_ops[j]->name);
        meant = cake_nearest_get(&nearest);
        return cake_fail(error, CAKE_E_USAGE, "expected an op ('layercake list ops' names them), found '%s'%s%s%s",
                         names->items[i], meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
    }
    for (int i = 0; names->count == 0 && cake_ops[i]; i++)
        fprintf(out, "%-20s %-16s %s\n", cake_ops[i]->name, cake_ops[i]->family, cake_ops[i]->summary);
    for (const cake_shorthand *s = cake_shorthands; names->count == 0 && s->name; s++) {
        fprintf(out, "%-20s short for %s with", s->name, s->op);
        for (int i = 0; s->ones[i]; i++)
            fprintf(out, " %s=1", s->ones[i]);
        for (int i = 0; s->renamed[i][0]; i++)
            fprintf(out, "%s%s for %s", i == 0 ? "; " : ", ", s->renamed[i][0], s->renamed[i][1]);
        fputc('\n', out);
    }
    return CAKE_OK;
}

static cake_status print_datasets(const cake_text_list *names, FILE *out, cake_error *error)
{
    cake_dataset_list list = {0};
    cake_status st = cake_dataset_find_all(&list, error);

    (void)names;
    if (st == CAKE_OK && list.count == 0)
        st = cake_fail(error, CAKE_E_USAGE,
                       "expected datasets beside the program (datasets/*.txt), installed, or in "
                       "LAYERCAKE_DATASET_PATH, found none");
    for (size_t i = 0; i < list.count; i++)
        fprintf(out, "%-20s %s\n", list.entries[i].name, list.entries[i].description);
    cake_dataset_list_free(&list);
    return st;
}

static void print_workload(const cake_workload *workload, FILE *out)
{
    char line[CAKE_WORKLOAD_TEXT];

    cake_workload_format_line(workload, line, sizeof line);
    fprintf(out, "%s\n", line);
}

static cake_status print_dataset(const char *name, FILE *out, cake_error *error)
{
    cake_dataset dataset = {0};
    cake_status st = cake_dataset_load(name, &dataset, error);

    for (size_t i = 0; i < dataset.count; i++)
        print_workload(&dataset.workloads[i], out);
    cake_dataset_free(&dataset);
    return st;
}

/* `list workloads --benchdnn DRIVER --batch FILE`: lines of a dataset; comments say what is left out. */
static cake_status print_benchdnn(const list_options *options, FILE *out, cake_error *error)
{
    cake_benchdnn all = {0};
    cake_status st = CAKE_OK;

    for (size_t i = 0; st == CAKE_OK && i < options->batches.count; i++)
        st = cake_benchdnn_read(options->benchdnn, options->batches.items[i], 0, &all, error);
    for (size_t i = 0; st == CAKE_OK && i < all.count; i++)
        print_workload(&all.workloads[i], out);
    if (st == CAKE_OK)
        cake_benchdnn_tell(&all, "# ", out);
    cake_benchdnn_free(&all);
    return st;
}

static cake_status print_workloads(const cake_text_list *names, FILE *out, cake_error *error)
{
    cake_status st = CAKE_OK;

    if (names->count == 0)
        return print_dataset("default", out, error);
    for (size_t i = 0; st == CAKE_OK && i < names->count; i++)
        st = print_dataset(names->items[i], out, error);
    return st;
}

static cake_status print_columns(const cake_text_list *names, FILE *out, cake_error *error)
{
    cake_text text = {0};
    cake_status st = CAKE_OK;

    (void)names;
    cake_columns_plain(&text);
    if (text.failed)
        st = cake_fail(error, CAKE_E_MEMORY, "out of memory");
    else
        fputs(text.data, out);
    cake_text_free(&text);
    return st;
}

const cake_list_subject cake_list_subjects[] = {
    {"ops", "[OP ...]", "layers by name; an op's keys, if it is named", print_ops},
    {"plugins", "[PLUGIN ...]", "plugins that are found, and what keeps one from being used", cake_list_plugins},
    {"kernels", "[PLUGIN ...]", "kernels of plugins: accuracy, threads, layouts", cake_list_kernels},
    {"datasets", "", "datasets, each with what it holds", print_datasets},
    {"workloads", "[DATASET ...]",
     "the workloads of datasets (of 'default', if none is named), or of benchdnn's files", print_workloads},
    {"columns", "", "columns of results.csv: type, unit, meaning", print_columns},
    {"machine", "", "CPU, cores, caches, memory, and what of them may be used", cake_list_machine},
    {"counters", "[NAME ...]", "hardware and software counters, and why some are missing", cake_list_counters},
    {.name = NULL},
};

static cake_status run(int argc, char **argv, list_options *options, cake_error *error)
{
    cake_text_list *names = &options->names;
    cake_nearest nearest = {.word = argc > 0 ? argv[0] : ""};
    char all[256] = "";
    size_t used = 0;
    const char *meant;

    for (const cake_list_subject *subject = cake_list_subjects; subject->name; subject++) {
        if (argc > 0 && strcmp(argv[0], subject->name) == 0) {
            cake_status st = cake_options_parse(cake_list_option_groups, argc - 1, argv + 1, options, names, error);

            if (st != CAKE_OK)
                return st;
            if (names->count > 0 && !*subject->arguments)
                return cake_fail(error, CAKE_E_USAGE, "expected nothing after '%s', found '%s'", subject->name,
                                 names->items[0]);
            if (!options->benchdnn != (options->batches.count == 0) ||
                (options->benchdnn && (subject->print != print_workloads || names->count > 0)))
                return cake_fail(error, CAKE_E_USAGE,
                                 "expected --benchdnn and --batch together, after 'workloads' alone");
            return options->benchdnn ? print_benchdnn(options, stdout, error) : subject->print(names, stdout, error);
        }
        cake_nearest_offer(&nearest, subject->name);
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", subject->name);
    }
    meant = cake_nearest_get(&nearest);
    return cake_fail(error, CAKE_E_USAGE, "expected one of %s, found %s%s%s%s%s%s", all, argc > 0 ? "'" : "nothing",
                     argc > 0 ? argv[0] : "", argc > 0 ? "'" : "", meant ? "; did you mean '" : "",
                     meant ? meant : "", meant ? "'?" : "");
}

int cake_cmd_list(int argc, char **argv)
{
    list_options options = {0};
    cake_error error = {""};
    cake_status st = run(argc, argv, &options, &error);

    cake_options_free(cake_list_option_groups, &options);
    cake_text_list_free(&options.names);
    return st == CAKE_OK ? CAKE_EXIT_OK : cake_command_failed("list", st, &error);
}
