/* A comparison as tables for people: text and Markdown. */
#include <inttypes.h>
#include <libsmartcols.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/by_op.h"
#include "report/compare.h"

enum { COLUMNS_MAX = 8 };

typedef struct grid_column {
    const char *title;
    bool number; /* stands on the right */
} grid_column;

/* A table of texts. */
typedef struct text_grid {
    const char *title;
    const grid_column *columns;
    size_t n_columns, n_rows;
    cake_text *cells; /* [rows][columns] */
} text_grid;

static const grid_column line_columns[] = {{"op", false}, {"workload", false},  {"kernel", false}, {"base", true},
                                           {"new", true}, {"new / base", true}, {"verdict", false}};
static const grid_column op_columns[] = {{"op", false},        {"workloads", true}, {"base / new", true},
                                         {"worst", false},     {"its ratio", true}, {"slower", true},
                                         {"roofline %", true}, {"least", true}};
static const grid_column network_columns[] = {{"network", false},   {"layers", true},  {"plugin", false},
                                              {"base", true},       {"new", true},     {"base / new", true},
                                              {"new / base", true}, {"verdict", false}};
static const grid_column rank_columns[] = {{"op", false}, {"plugin", false}, {"score", true}, {"workloads", true}};

static bool grid_make(text_grid *grid, size_t n_rows)
{
    grid->n_rows = n_rows;
    grid->cells = calloc(n_rows * grid->n_columns + 1, sizeof *grid->cells);
    for (size_t i = 0; grid->cells && i < n_rows * grid->n_columns; i++)
        cake_text_put(&grid->cells[i], "");
    return grid->cells;
}

static void grid_free(text_grid *grid)
{
    for (size_t i = 0; grid->cells && i < grid->n_rows * grid->n_columns; i++)
        cake_text_free(&grid->cells[i]);
    free(grid->cells);
    grid->cells = NULL;
}

static bool grid_failed(const text_grid *grid)
{
    for (size_t i = 0; i < grid->n_rows * grid->n_columns; i++)
        if (grid->cells[i].failed)
            return true;
    return false;
}

/* Three digits behind the point, or that count. */
static void put_factor(cake_text *out, double factor)
{
    if (factor >= 0.1)
        cake_text_printf(out, "%.3f", factor);
    else
        cake_text_short(out, factor);
}

/* "1.020 [0.991, 1.043]" */
static void put_ratio(cake_text *out, cake_ratio ratio)
{
    if (isnan(ratio.ratio))
        return;
    put_factor(out, ratio.ratio);
    if (!isfinite(ratio.low) || !isfinite(ratio.high))
        return;
    cake_text_put(out, " [");
    put_factor(out, ratio.low);
    cake_text_put(out, ", ");
    put_factor(out, ratio.high);
    cake_text_put(out, "]");
}

static void put_kernel(cake_text *out, const cake_row *row)
{
    cake_text_printf(out, "%s/%s", cake_row_string(row->plugin), cake_row_string(row->kernel));
}

static void put_kernels(cake_text *out, const cake_row *base, const cake_row *now)
{
    cake_text second = {0};

    put_kernel(out, base ? base : now);
    if (base && now) {
        put_kernel(&second, now);
        if (!out->failed && !second.failed && strcmp(out->data, second.data) != 0)
            cake_text_printf(out, " -> %s", second.data);
        cake_text_free(&second);
    }
}

/* What is not the usual is said. */
static void put_conditions(cake_text *out, const cake_row *row)
{
    if (row->threads > 1)
        cake_text_printf(out, ", %" PRId64 " threads", row->threads);
    if (row->dtype && strcmp(row->dtype, "f32") != 0)
        cake_text_printf(out, ", %s", row->dtype);
    if (row->cache && strcmp(row->cache, "warm") != 0)
        cake_text_printf(out, ", %s", row->cache);
}

static void put_line(cake_text cells[COLUMNS_MAX], const cake_compared *line)
{
    const cake_row *row = line->base ? line->base : line->now;

    cake_text_put(&cells[0], cake_row_string(row->op));
    cake_text_put(&cells[1], cake_row_title(row));
    put_conditions(&cells[1], row);
    put_kernels(&cells[2], line->base, line->now);
    if (line->base)
        cake_put_time(&cells[3], line->base->time_ns_median);
    if (line->now)
        cake_put_time(&cells[4], line->now->time_ns_median);
    put_ratio(&cells[5], line->ratio);
    cake_text_put(&cells[6], cake_change_name(line->change));
    cake_text_printf(&cells[6], line->change != CAKE_CHANGE_NONE && line->note[0] ? ": %s" : "%s", line->note);
    cake_text_put(&cells[6], line->gated ? " !" : "");
}

static void put_op(cake_text cells[COLUMNS_MAX], const cake_by_op *op)
{
    cake_text_put(&cells[0], cake_row_string(op->like->op));
    put_conditions(&cells[0], op->like);
    cake_text_printf(&cells[1], "%zu/%zu", op->compared, op->workloads);
    if (op->worst) {
        put_factor(&cells[2], op->speedup);
        cake_text_put(&cells[3], cake_row_title(op->worst->now));
        put_factor(&cells[4], 1 / op->worst->ratio.ratio);
    }
    cake_text_printf(&cells[5], "%zu", op->slower);
    cake_text_short(&cells[6], op->roofline);
    cake_text_short(&cells[7], op->roofline_worst);
}

static void put_network(cake_text cells[COLUMNS_MAX], const cake_network *network)
{
    cake_text_put(&cells[0], cake_row_string(network->like->dataset));
    put_conditions(&cells[0], network->like);
    cake_text_printf(&cells[1], "%zu/%zu", network->compared, network->layers);
    cake_text_put(&cells[2], network->base_plugin);
    if (strcmp(network->base_plugin, network->now_plugin) != 0)
        cake_text_printf(&cells[2], " -> %s", network->now_plugin);
    cake_put_time(&cells[3], network->base_ns);
    cake_put_time(&cells[4], network->now_ns);
    if (!isnan(network->ratio.ratio))
        put_factor(&cells[5], 1 / network->ratio.ratio);
    put_ratio(&cells[6], network->ratio);
    cake_text_put(&cells[7], cake_change_name(network->change));
    cake_text_printf(&cells[7], network->note[0] ? ": %s" : "%s", network->note);
    cake_text_put(&cells[7], network->gated ? " !" : "");
}

static void put_rank(cake_text cells[COLUMNS_MAX], const cake_rank *rank)
{
    cake_text_put(&cells[0], rank->op);
    cake_text_put(&cells[1], rank->plugin);
    cake_text_printf(&cells[2], "%.3f", rank->score);
    cake_text_printf(&cells[3], "%zu/%zu", rank->done, rank->workloads);
}

static void print_clean(const char *text, FILE *out)
{
    for (; *text; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

static cake_status print_text(const text_grid *grid, FILE *out)
{
    struct libscols_table *table = scols_new_table();
    bool failed = !table;

    for (size_t c = 0; !failed && c < grid->n_columns; c++)
        failed =
            !scols_table_new_column(table, grid->columns[c].title, 0, grid->columns[c].number ? SCOLS_FL_RIGHT : 0);
    for (size_t r = 0; !failed && r < grid->n_rows; r++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);

        failed = !line;
        for (size_t c = 0; !failed && c < grid->n_columns; c++)
            failed = scols_line_set_data(line, c, grid->cells[r * grid->n_columns + c].data) != 0;
    }
    if (!failed) {
        fprintf(out, "%s\n", grid->title);
        scols_table_set_stream(table, out);
        scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
        failed = scols_print_table(table) != 0;
        fputc('\n', out);
    }
    scols_unref_table(table);
    return failed ? CAKE_E_MEMORY : CAKE_OK;
}

static void print_cell(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '<')
            fputs("&lt;", out);
        else if (strchr("|\\`*_{}[]#!~", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc((unsigned char)*text < 0x20 ? ' ' : *text, out);
    }
}

static cake_status print_markdown(const text_grid *grid, FILE *out)
{
    fprintf(out, "## %s\n\n|", grid->title);
    for (size_t c = 0; c < grid->n_columns; c++)
        fprintf(out, " %s |", grid->columns[c].title);
    fputs("\n|", out);
    for (size_t c = 0; c < grid->n_columns; c++)
        fputs(grid->columns[c].number ? "---:|" : "---|", out);
    for (size_t r = 0; r < grid->n_rows; r++) {
        fputs("\n|", out);
        for (size_t c = 0; c < grid->n_columns; c++) {
            fputc(' ', out);
            print_cell(grid->cells[r * grid->n_columns + c].data, out);
            fputs(" |", out);
        }
    }
    fputs("\n\n", out);
    return CAKE_OK;
}

typedef cake_status grid_printer(const text_grid *grid, FILE *out);

static cake_status print_grid(const text_grid *grid, grid_printer *print, FILE *out)
{
    cake_status status = grid_failed(grid) ? CAKE_E_MEMORY : CAKE_OK;

    if (status == CAKE_OK && grid->n_rows > 0)
        status = print(grid, out);
    return status;
}

static cake_status print_grids(const cake_comparison *comparison, grid_printer *print, FILE *out, cake_error *error)
{
    text_grid lines = {.title = "Workloads", .columns = line_columns, .n_columns = 7};
    text_grid ops = {.title = "Ops, geometric means", .columns = op_columns, .n_columns = 8};
    text_grid networks = {
        .title = "Networks, each layer as often as it occurs", .columns = network_columns, .n_columns = 8};
    text_grid ranks = {
        .title = "Plugins by op (geometric mean of best time / own time)", .columns = rank_columns, .n_columns = 4};
    text_grid *const grids[] = {&lines, &ops, &networks, &ranks};
    cake_status status = CAKE_OK;

    if (!grid_make(&lines, cake_comparison_count(comparison, CAKE_COMPARE_WORKLOADS)) ||
        !grid_make(&ops, cake_comparison_count(comparison, CAKE_COMPARE_OPS)) ||
        !grid_make(&networks, cake_comparison_count(comparison, CAKE_COMPARE_NETWORKS)) ||
        !grid_make(&ranks, cake_comparison_count(comparison, CAKE_COMPARE_RANKING))) {
        status = CAKE_E_MEMORY;
        goto out;
    }
    for (size_t i = 0; i < lines.n_rows; i++)
        put_line(&lines.cells[i * lines.n_columns], &comparison->line[i]);
    for (size_t i = 0; i < ops.n_rows; i++)
        put_op(&ops.cells[i * ops.n_columns], &comparison->op[i]);
    for (size_t i = 0; i < networks.n_rows; i++)
        put_network(&networks.cells[i * networks.n_columns], &comparison->network[i]);
    for (size_t i = 0; i < ranks.n_rows; i++)
        put_rank(&ranks.cells[i * ranks.n_columns], &comparison->rank[i]);
    for (size_t i = 0; status == CAKE_OK && i < sizeof grids / sizeof grids[0]; i++)
        status = print_grid(grids[i], print, out);
out:
    for (size_t i = 0; i < sizeof grids / sizeof grids[0]; i++)
        grid_free(grids[i]);
    return status == CAKE_OK ? CAKE_OK : cake_fail(error, status, "out of memory");
}

/* "3 faster, 1 slower, ...; within 2 % counts as the same" */
static void print_summary(const cake_comparison *comparison, FILE *out)
{
    for (cake_change change = CAKE_CHANGE_FASTER; change <= CAKE_CHANGE_UNCLEAR; change++) {
        size_t count = 0;

        for (size_t i = 0; i < comparison->n_lines; i++)
            count += comparison->line[i].change == change;
        fprintf(out, "%zu %s, ", count, cake_change_name(change));
    }
    fprintf(out, "at 95 %% confidence; within %.3g %% counts as the same%s\n", 100 * comparison->margin,
            comparison->gate_failed ? "; ! fails the gate" : "");
}

cake_status cake_compare_text(const cake_comparison *comparison, FILE *out, cake_error *error)
{
    const char *note = comparison->notes.data;
    cake_status status = print_grids(comparison, print_text, out, error);

    for (size_t length; *note; note += length) {
        cake_text line = {0};

        length = strcspn(note, "\n");
        cake_text_add(&line, note, length);
        if (!line.failed)
            print_clean(line.data, out);
        fputc('\n', out);
        cake_text_free(&line);
        length += note[length] == '\n';
    }
    print_summary(comparison, out);
    return status;
}

cake_status cake_compare_markdown(const cake_comparison *comparison, FILE *out, cake_error *error)
{
    const char *note = comparison->notes.data;
    cake_status status;

    fputs("# Layercake comparison\n\n", out);
    print_summary(comparison, out);
    fputs("\n", out);
    for (size_t length; *note; note += length) {
        cake_text line = {0};

        length = strcspn(note, "\n");
        cake_text_add(&line, note, length);
        fputs("- ", out);
        if (!line.failed)
            print_cell(line.data, out);
        fputc('\n', out);
        cake_text_free(&line);
        length += note[length] == '\n';
    }
    fputs("\n", out);
    status = print_grids(comparison, print_markdown, out, error);
    return status;
}
