#include "report/differences.h"

#include <string.h>

static void note_difference(cake_text *notes, const char *what, const char *base, const char *now)
{
    if (strcmp(base, now) != 0)
        cake_text_printf(notes, "%s differs: BASE %s, NEW %s\n", what, base[0] ? base : "unknown",
                         now[0] ? now : "unknown");
}

/* A context's value as text; "" where it is not known. */
static void put_value(const cake_results *results, const char *section, const char *key, cake_text *out)
{
    const char *text = results->context ? cake_context_get_text(results->context, section, key) : NULL;

    cake_text_put(out, text ? text : "");
    if (!text && results->context)
        cake_text_real(out, cake_context_get_number(results->context, section, key));
}

static void note_contexts(const cake_results *base_run, const cake_results *now_run, cake_text *notes)
{
    static const struct {
        const char *what, *section, *key;
    } values[] = {{"the machine (host)", "machine", "host"},
                  {"the machine (CPU)", "machine", "cpu"},
                  {"the machine (CPUs)", "machine", "cpus"},
                  {"the kernel", "system", "kernel"},
                  {"the CPU governor", "system", "governor"},
                  {"the schema version", "layercake", "schema"},
                  {"the compiler", "layercake", "compiler"},
                  {"the flags", "layercake", "flags"},
                  {"the seed", "run", "seed"}};

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        cake_text base = {0}, now = {0};

        put_value(base_run, values[i].section, values[i].key, &base);
        put_value(now_run, values[i].section, values[i].key, &now);
        if (base.failed || now.failed)
            notes->failed = true;
        else
            note_difference(notes, values[i].what, base.data, now.data);
        cake_text_free(&base);
        cake_text_free(&now);
    }
}

/* Datasets of one run that the other has no workload of, each once. */
static void note_datasets(const cake_results *run, const cake_results *other, const char *only_in, cake_text *notes)
{
    for (size_t i = 0; i < run->rows.count; i++) {
        const char *dataset = cake_row_string(run->rows.row[i].dataset);
        bool news = dataset[0];

        for (size_t j = 0; news && j < i; j++)
            news = strcmp(cake_row_string(run->rows.row[j].dataset), dataset) != 0;
        for (size_t j = 0; news && j < other->rows.count; j++)
            news = strcmp(cake_row_string(other->rows.row[j].dataset), dataset) != 0;
        if (news)
            cake_text_printf(notes, "the dataset %s is only in %s\n", dataset, only_in);
    }
}

/* Rows that were measured while something else was going on. */
static void note_disturbed(const cake_results *run, const char *which, cake_text *notes)
{
    size_t disturbed = 0;

    for (size_t i = 0; i < run->rows.count; i++)
        disturbed += cake_row_string(run->rows.row[i].machine_flags)[0] != '\0';
    if (disturbed > 0)
        cake_text_printf(notes, "%zu of %zu rows of %s were measured on a disturbed machine (machine_flags)\n",
                         disturbed, run->rows.count, which);
}

void cake_compare_note_differences(const cake_results *base, const cake_results *now, cake_text *notes)
{
    note_disturbed(base, base == now ? "the run" : "BASE", notes);
    if (base == now)
        return;
    note_disturbed(now, "NEW", notes);
    note_contexts(base, now, notes);
    note_datasets(base, now, "BASE", notes);
    note_datasets(now, base, "NEW", notes);
}
