#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"

/* What a failed allocation leaves behind is noticed once, at the end. */
typedef struct json_writer {
    json_t *root;
    bool failed;
} json_writer;

static void set(json_writer *writer, json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0)
        writer->failed = true;
}

/* Numbers that JSON cannot hold, and unknown ones, are left out. */
static void set_real(json_writer *writer, json_t *object, const char *key, double value)
{
    if (isfinite(value))
        set(writer, object, key, json_real(value));
}

static void add_context(void *user, const char *section, const char *key, const char *text)
{
    json_writer *writer = user;
    json_t *context = json_object_get(writer->root, "context"), *old;
    cake_text name = {0}, value = {0};

    cake_text_printf(&name, "%s.%s", section, key);
    old = name.failed ? NULL : json_object_get(context, name.data);
    if (old)
        cake_text_printf(&value, "%s; ", json_string_value(old));
    cake_text_put(&value, text);
    if (name.failed || value.failed)
        writer->failed = true;
    else
        set(writer, context, name.data, json_string(value.data));
    cake_text_free(&name);
    cake_text_free(&value);
}

/* The keys that Google Benchmark's tools look at, then ours as texts, as its --benchmark_context makes them. */
static void write_context(json_writer *writer, const cake_results *results)
{
    const cake_row *first = results->rows.count ? &results->rows.row[0] : NULL;
    const cake_context *context = results->context;
    const char *host = context ? cake_context_get_text(context, "machine", "host") : NULL;
    double cpus = context ? cake_context_get_number(context, "machine", "cpus") : NAN;
    json_t *object = json_object();

    set(writer, writer->root, "context", object);
    set(writer, object, "date", json_string(first ? cake_row_string(first->started_utc) : ""));
    set(writer, object, "host_name", json_string(host ? host : ""));
    set(writer, object, "executable", json_string("layercake"));
    if (isfinite(cpus))
        set(writer, object, "num_cpus", json_integer((json_int_t)cpus));
    set(writer, object, "caches", json_array());
    set(writer, object, "library_build_type", json_string("release"));
    if (context)
        cake_context_walk(context, add_context, writer);
}

static void put_name(const cake_row *row, cake_text *out)
{
    cake_text_printf(out, "%s/%s%s%s/%s/%s/%s/%s/threads:%" PRId64, cake_row_string(row->op),
                     cake_row_string(row->dataset), row->dataset && row->dataset[0] ? ":" : "", cake_row_title(row),
                     cake_row_string(row->plugin), cake_row_string(row->kernel), cake_row_string(row->dtype),
                     cake_row_string(row->cache), row->threads);
}

/* Every number of the row that is not a time of its own field. */
static void add_counters(json_writer *writer, json_t *entry, const cake_row *row)
{
    static const char *const told[] = {"count", "threads", "iterations", "repetitions", "row", "samples"};

    for (size_t i = 0; i < cake_columns_count; i++) {
        const cake_column *column = &cake_columns[i];
        bool skip = column->type == CAKE_COLUMN_TEXT || strncmp(column->name, "time_ns_", 8) == 0;

        for (size_t j = 0; j < sizeof told / sizeof told[0]; j++)
            skip = skip || strcmp(column->name, told[j]) == 0;
        if (!skip)
            set_real(writer, entry, column->name, cake_row_number(row, column));
    }
    set_real(writer, entry, "bytes_per_second", row->gb_per_s * 1e9);
}

/* What a workload's entries have in common. */
static json_t *new_entry(json_writer *writer, const char *list, const cake_row *row, size_t family, const char *name,
                         const char *type)
{
    json_t *entry = json_object();

    set(writer, entry, "name", json_string(name));
    set(writer, entry, "family_index", json_integer((json_int_t)family));
    set(writer, entry, "per_family_instance_index", json_integer(0));
    set(writer, entry, "run_name", json_string(name));
    set(writer, entry, "run_type", json_string(type));
    set(writer, entry, "threads", json_integer(row->threads == CAKE_ROW_EMPTY ? 1 : row->threads));
    if (json_array_append_new(json_object_get(writer->root, list), entry) != 0) {
        writer->failed = true;
        return NULL;
    }
    return entry;
}

static void add_times(json_writer *writer, json_t *entry, double real, double cpu)
{
    set_real(writer, entry, "real_time", real);
    set_real(writer, entry, "cpu_time", isnan(cpu) ? real : cpu);
    set(writer, entry, "time_unit", json_string("ns"));
}

static void add_repetition(json_writer *writer, const cake_row *row, size_t family, const char *name, size_t index,
                           size_t repetitions, double iterations, double ns)
{
    json_t *entry = new_entry(writer, "benchmarks", row, family, name, "iteration");

    set(writer, entry, "repetitions", json_integer((json_int_t)repetitions));
    set(writer, entry, "repetition_index", json_integer((json_int_t)index));
    if (isfinite(iterations))
        set(writer, entry, "iterations", json_integer((json_int_t)iterations));
    add_times(writer, entry, ns, row->task_clock_ns);
    add_counters(writer, entry, row);
}

static void add_aggregates(json_writer *writer, const cake_row *row, size_t family, const char *name,
                           size_t repetitions)
{
    const struct {
        const char *name, *unit;
        double value;
        bool counters;
    } aggregates[] = {
        {"mean", "time", row->time_ns_mean, true},
        {"median", "time", row->time_ns_median, true},
        {"stddev", "time", row->time_ns_stddev, false},
        {"cv", "percentage", row->time_ns_stddev / row->time_ns_mean, false},
    };

    for (size_t i = 0; i < sizeof aggregates / sizeof aggregates[0]; i++) {
        cake_text full = {0};
        json_t *entry;

        cake_text_printf(&full, "%s_%s", name, aggregates[i].name);
        if (!isfinite(aggregates[i].value) || full.failed) {
            writer->failed = writer->failed || full.failed;
            cake_text_free(&full);
            continue;
        }
        entry = new_entry(writer, "benchmarks", row, family, full.data, "aggregate");
        set(writer, entry, "run_name", json_string(name));
        set(writer, entry, "repetitions", json_integer((json_int_t)repetitions));
        set(writer, entry, "aggregate_name", json_string(aggregates[i].name));
        set(writer, entry, "aggregate_unit", json_string(aggregates[i].unit));
        set(writer, entry, "iterations", json_integer((json_int_t)repetitions));
        add_times(writer, entry, aggregates[i].value, NAN);
        if (aggregates[i].counters)
            add_counters(writer, entry, row);
        cake_text_free(&full);
    }
}

static void add_row(json_writer *writer, const cake_results *results, size_t index)
{
    const cake_row *row = &results->rows.row[index];
    cake_text name = {0};
    size_t n = 0;
    const cake_sample *samples = cake_results_samples(results, index, &n);

    put_name(row, &name);
    if (name.failed) {
        writer->failed = true;
    } else if (!cake_row_is_ok(row)) {
        json_t *entry = new_entry(writer, "not_measured", row, index, name.data, "iteration");
        cake_text message = {0};

        cake_text_printf(&message, "%s: %s", cake_row_string(row->verdict), cake_row_string(row->reason));
        set(writer, entry, "error_occurred", json_true());
        set(writer, entry, "error_message", json_string(message.failed ? NULL : message.data));
        cake_text_free(&message);
    } else {
        for (size_t i = 0; i < n; i++)
            add_repetition(writer, row, index, name.data, i, n, (double)samples[i].iterations,
                           samples[i].ns / (double)samples[i].iterations);
        if (n == 0)
            add_repetition(writer, row, index, name.data, 0, 1,
                           row->iterations == CAKE_ROW_EMPTY ? NAN : (double)row->iterations, row->time_ns_median);
        if (n > 1)
            add_aggregates(writer, row, index, name.data, n);
    }
    cake_text_free(&name);
}

cake_status cake_report_json(const cake_results *results, FILE *out, cake_error *error)
{
    json_writer writer = {.root = json_object()};
    bool written = false;

    set(&writer, writer.root, "context", json_object());
    write_context(&writer, results);
    set(&writer, writer.root, "benchmarks", json_array());
    set(&writer, writer.root, "not_measured", json_array());
    for (size_t i = 0; i < results->rows.count; i++)
        add_row(&writer, results, i);
    if (!writer.failed)
        written = json_dumpf(writer.root, out, JSON_INDENT(2) | JSON_ENSURE_ASCII) == 0 && fputc('\n', out) != EOF;
    json_decref(writer.root);
    return written ? CAKE_OK : cake_fail(error, CAKE_E_MEMORY, "JSON: out of memory");
}
