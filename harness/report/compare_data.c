/* A comparison for programs: CSV and JSON, and the table of formats. */
#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "report/by_op.h"
#include "report/compare.h"

const cake_compare_format cake_compare_formats[] = {{"text", cake_compare_text},
                                                    {"csv", cake_compare_csv},
                                                    {"markdown", cake_compare_markdown},
                                                    {"json", cake_compare_json},
                                                    {.name = NULL}};

/* Lines, networks and ranks in one shape, so that each format is written once. */
typedef struct change_record {
    const char *kind;
    const char *op, *dataset, *workload, *params, *dtype, *cache;
    double count, threads;
    char base[160], now[160]; /* plugin/kernel, or plugin */
    double base_ns, now_ns;
    cake_ratio ratio;
    double roofline_percent; /* of the new row, or the op's median */
    const char *verdict, *note;
} change_record;

typedef struct record_field {
    const char *name;
    size_t offset;
    enum { TEXT, NUMBER, NAME } kind; /* NAME: an array in the record */
} record_field;

static const record_field fields[] = {
    {"kind", offsetof(change_record, kind), TEXT},
    {"op", offsetof(change_record, op), TEXT},
    {"dataset", offsetof(change_record, dataset), TEXT},
    {"workload", offsetof(change_record, workload), TEXT},
    {"params", offsetof(change_record, params), TEXT},
    {"count", offsetof(change_record, count), NUMBER},
    {"dtype", offsetof(change_record, dtype), TEXT},
    {"threads", offsetof(change_record, threads), NUMBER},
    {"cache", offsetof(change_record, cache), TEXT},
    {"base", offsetof(change_record, base), NAME},
    {"new", offsetof(change_record, now), NAME},
    {"base_ns", offsetof(change_record, base_ns), NUMBER},
    {"new_ns", offsetof(change_record, now_ns), NUMBER},
    {"ratio", offsetof(change_record, ratio.ratio), NUMBER},
    {"ratio_ci_low", offsetof(change_record, ratio.low), NUMBER},
    {"ratio_ci_high", offsetof(change_record, ratio.high), NUMBER},
    {"confidence", offsetof(change_record, ratio.confidence), NUMBER},
    {"roofline_percent", offsetof(change_record, roofline_percent), NUMBER},
    {"verdict", offsetof(change_record, verdict), TEXT},
    {"note", offsetof(change_record, note), TEXT},
};
enum { N_FIELDS = sizeof fields / sizeof fields[0] };

static void from_row(change_record *made, const cake_row *row)
{
    made->op = cake_row_string(row->op);
    made->dataset = cake_row_string(row->dataset);
    made->workload = cake_row_string(row->workload);
    made->params = cake_row_string(row->params);
    made->dtype = cake_row_string(row->dtype);
    made->cache = cake_row_string(row->cache);
    made->count = row->count == CAKE_ROW_EMPTY ? NAN : (double)row->count;
    made->threads = row->threads == CAKE_ROW_EMPTY ? NAN : (double)row->threads;
}

static void name_kernel(char name[160], const cake_row *row)
{
    if (row)
        snprintf(name, 160, "%s/%s", cake_row_string(row->plugin), cake_row_string(row->kernel));
}

static change_record of_line(const cake_compared *line)
{
    change_record made = {.kind = "workload",
                          .base_ns = line->base ? line->base->time_ns_median : NAN,
                          .now_ns = line->now ? line->now->time_ns_median : NAN,
                          .ratio = line->ratio,
                          .roofline_percent = line->now ? line->now->roofline_percent : NAN,
                          .verdict = cake_change_name(line->change),
                          .note = line->note};

    assert(line->base || line->now);
    from_row(&made, line->base ? line->base : line->now);
    name_kernel(made.base, line->base);
    name_kernel(made.now, line->now);
    return made;
}

static change_record of_op(const cake_by_op *op)
{
    change_record made = {.kind = "op",
                          .base_ns = NAN,
                          .now_ns = NAN,
                          .ratio = {1 / op->speedup, NAN, NAN, NAN, CAKE_RATIO_UNKNOWN},
                          .roofline_percent = op->roofline,
                          .verdict = "",
                          .note = op->compared < op->workloads ? "not all workloads" : ""};

    from_row(&made, op->like);
    made.dataset = op->worst ? cake_row_string(op->worst->now->dataset) : "";
    made.workload = op->worst ? cake_row_string(op->worst->now->workload) : "";
    made.params = op->worst ? cake_row_string(op->worst->now->params) : "";
    made.count = (double)op->compared;
    return made;
}

static change_record of_network(const cake_network *network)
{
    change_record made = {.kind = "network",
                          .base_ns = network->base_ns,
                          .now_ns = network->now_ns,
                          .ratio = network->ratio,
                          .roofline_percent = NAN,
                          .verdict = cake_change_name(network->change),
                          .note = network->note};

    from_row(&made, network->like);
    made.op = made.workload = made.params = "";
    made.count = (double)network->compared;
    snprintf(made.base, sizeof made.base, "%s", network->base_plugin);
    snprintf(made.now, sizeof made.now, "%s", network->now_plugin);
    return made;
}

static change_record of_rank(const cake_rank *rank)
{
    change_record made = {.kind = "rank",
                          .op = rank->op,
                          .dataset = "",
                          .workload = "",
                          .params = "",
                          .dtype = "",
                          .cache = "",
                          .count = (double)rank->done,
                          .threads = NAN,
                          .base_ns = NAN,
                          .now_ns = NAN,
                          .ratio = {rank->score, NAN, NAN, NAN, CAKE_RATIO_UNKNOWN},
                          .roofline_percent = NAN,
                          .verdict = "",
                          .note = rank->done < rank->workloads ? "not all workloads" : ""};

    snprintf(made.now, sizeof made.now, "%s", rank->plugin);
    return made;
}

/* Visit them all. */
static void each_record(const cake_comparison *comparison, void (*visit)(void *user, const change_record *record),
                        void *user)
{
    change_record made;

    for (size_t i = 0; i < cake_comparison_count(comparison, CAKE_COMPARE_WORKLOADS); i++) {
        made = of_line(&comparison->line[i]);
        visit(user, &made);
    }
    for (size_t i = 0; i < cake_comparison_count(comparison, CAKE_COMPARE_OPS); i++) {
        made = of_op(&comparison->op[i]);
        visit(user, &made);
    }
    for (size_t i = 0; i < cake_comparison_count(comparison, CAKE_COMPARE_NETWORKS); i++) {
        made = of_network(&comparison->network[i]);
        visit(user, &made);
    }
    for (size_t i = 0; i < cake_comparison_count(comparison, CAKE_COMPARE_RANKING); i++) {
        made = of_rank(&comparison->rank[i]);
        visit(user, &made);
    }
}

static const char *text_of(const change_record *record, const record_field *field)
{
    const char *at = (const char *)record + field->offset;

    return field->kind == NAME ? at : *(const char *const *)(const void *)at;
}

static double number_of(const change_record *record, const record_field *field)
{
    return *(const double *)(const void *)((const char *)record + field->offset);
}

static void add_csv(void *user, const change_record *record)
{
    cake_text *out = user;

    for (size_t i = 0; i < N_FIELDS; i++) {
        if (fields[i].kind == NUMBER)
            cake_text_real(out, number_of(record, &fields[i]));
        else
            cake_csv_put(out, text_of(record, &fields[i]));
        cake_text_put(out, i + 1 < N_FIELDS ? "," : "\n");
    }
}

cake_status cake_compare_csv(const cake_comparison *comparison, FILE *out, cake_error *error)
{
    cake_text text = {0};
    bool failed;

    for (size_t i = 0; i < N_FIELDS; i++)
        cake_text_printf(&text, "%s%c", fields[i].name, i + 1 < N_FIELDS ? ',' : '\n');
    each_record(comparison, add_csv, &text);
    failed = text.failed;
    if (!failed)
        fwrite(text.data, 1, text.length, out);
    cake_text_free(&text);
    return failed ? cake_fail(error, CAKE_E_MEMORY, "out of memory") : CAKE_OK;
}

typedef struct json_writer {
    json_t *root;
    bool failed;
} json_writer;

static void add_json(void *user, const change_record *record)
{
    json_writer *writer = user;
    const char *list = strcmp(record->kind, "workload") == 0  ? "workloads"
                       : strcmp(record->kind, "op") == 0      ? "ops"
                       : strcmp(record->kind, "network") == 0 ? "networks"
                                                              : "ranking";
    json_t *object = json_object();

    for (size_t i = 1; i < N_FIELDS; i++) {
        json_t *value = fields[i].kind != NUMBER                  ? json_string(text_of(record, &fields[i]))
                        : isfinite(number_of(record, &fields[i])) ? json_real(number_of(record, &fields[i]))
                                                                  : json_null();

        if (json_object_set_new(object, fields[i].name, value) != 0)
            writer->failed = true;
    }
    if (json_array_append_new(json_object_get(writer->root, list), object) != 0)
        writer->failed = true;
}

cake_status cake_compare_json(const cake_comparison *comparison, FILE *out, cake_error *error)
{
    json_writer writer = {.root = json_pack("{s:f, s:b, s:[], s:[], s:[], s:[], s:[]}", "margin", comparison->margin,
                                            "gate_failed", (int)comparison->gate_failed, "notes", "workloads", "ops",
                                            "networks", "ranking")};
    const char *note = comparison->notes.data;
    bool written = false;

    if (!writer.root)
        return cake_fail(error, CAKE_E_MEMORY, "out of memory");
    for (size_t length; *note; note += length) {
        length = strcspn(note, "\n");
        if (json_array_append_new(json_object_get(writer.root, "notes"), json_stringn(note, length)) != 0)
            writer.failed = true;
        length += note[length] == '\n';
    }
    each_record(comparison, add_json, &writer);
    if (!writer.failed)
        written = json_dumpf(writer.root, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 && fputc('\n', out) != EOF;
    json_decref(writer.root);
    return written ? CAKE_OK : cake_fail(error, CAKE_E_MEMORY, "JSON: out of memory");
}
