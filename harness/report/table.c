#include "report/table.h"

#include <errno.h>
#include <inttypes.h>
#include <libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "report/results.h"

typedef struct table_column {
    const char *title;
    int flags;                                  /* of libsmartcols */
    double width;                               /* a share of the terminal, or a least width */
    void (*put)(const cake_row *, cake_text *); /* what the cell says */
    bool optional;                              /* shown where the rows differ in it */
} table_column;

static void put_title(const cake_row *row, cake_text *out)
{
    cake_text_put(out, cake_row_title(row));
}

static void put_kernel(const cake_row *row, cake_text *out)
{
    cake_text_printf(out, "%s/%s", cake_row_string(row->plugin), cake_row_string(row->kernel));
}

static void put_dtype(const cake_row *row, cake_text *out)
{
    cake_text_put(out, cake_row_string(row->dtype));
}

static void put_threads(const cake_row *row, cake_text *out)
{
    if (row->threads != CAKE_ROW_EMPTY)
        cake_text_printf(out, "%" PRId64, row->threads);
}

static void put_cache(const cake_row *row, cake_text *out)
{
    cake_text_put(out, cake_row_string(row->cache));
}

static void put_median(const cake_row *row, cake_text *out)
{
    cake_put_time(out, row->time_ns_median);
}

static void put_rate(const cake_row *row, cake_text *out)
{
    cake_put_rate(out, row);
}

static void put_speedup(const cake_row *row, cake_text *out)
{
    cake_put_factor(out, row->speedup);
}

static void put_verdict(const cake_row *row, cake_text *out)
{
    cake_text_put(out, cake_row_string(row->verdict));
}

static const table_column columns[] = {
    {"workload", SCOLS_FL_TRUNC, 0.3, put_title, false},
    {"kernel", SCOLS_FL_TRUNC, 0.2, put_kernel, false},
    {"dtype", 0, 4, put_dtype, true},
    {"threads", SCOLS_FL_RIGHT, 3, put_threads, true},
    {"cache", 0, 4, put_cache, true},
    {"time", SCOLS_FL_RIGHT, 8, put_median, false},
    {"rate", SCOLS_FL_RIGHT, 12, put_rate, false},
    {"speed-up", SCOLS_FL_RIGHT, 8, put_speedup, false},
    {"verdict", 0, 8, put_verdict, false},
};
enum { N_COLUMNS = sizeof columns / sizeof columns[0], VERDICT = N_COLUMNS - 1 };

cake_table_style cake_table_style_for(FILE *out)
{
    const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");
    struct winsize size;
    cake_table_style style = {0};
    int fd = fileno(out);

    if (fd < 0 || !isatty(fd))
        return style;
    style.colours = !(no_color && no_color[0]) && term && strcmp(term, "dumb") != 0;
    style.width = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    return style;
}

/* Do two rows differ in the column? */
static bool differs(const cake_rows *rows, const table_column *column)
{
    cake_text first = {0}, other = {0};
    bool found = false;

    cake_text_put(&first, "");
    if (rows->count > 0)
        column->put(&rows->row[0], &first);
    for (size_t i = 1; i < rows->count && !found; i++) {
        cake_text_clear(&other);
        cake_text_put(&other, "");
        column->put(&rows->row[i], &other);
        found = !first.failed && !other.failed && strcmp(first.data, other.data) != 0;
    }
    cake_text_free(&first);
    cake_text_free(&other);
    return found;
}

/* One line; the workload's name only in its first. */
static int add_line(struct libscols_table *table, const bool shown[N_COLUMNS], const cake_row *row, bool first)
{
    struct libscols_line *line = scols_table_new_line(table, NULL);
    size_t at = 0;
    int failed = line ? 0 : -ENOMEM;

    for (size_t i = 0; i < N_COLUMNS && !failed; i++) {
        cake_text cell = {0};

        if (!shown[i])
            continue;
        cake_text_put(&cell, "");
        if (first || i > 0)
            columns[i].put(row, &cell);
        failed = cell.failed ? -ENOMEM : scols_line_set_data(line, at, cell.data);
        if (!failed && i == VERDICT && !cake_row_is_ok(row))
            failed = scols_cell_set_color(scols_line_get_cell(line, at), cake_row_fails(row) ? "red" : "darkgray");
        cake_text_free(&cell);
        at++;
    }
    return failed;
}

static int print_family(const cake_groups *groups, const char *family, const bool shown[N_COLUMNS],
                        cake_table_style style, FILE *out)
{
    struct libscols_table *table = scols_new_table();
    int failed = table ? 0 : -ENOMEM;

    if (!table)
        return failed;
    for (size_t i = 0; i < N_COLUMNS && !failed; i++)
        if (shown[i] && !scols_table_new_column(table, columns[i].title, columns[i].width, columns[i].flags))
            failed = -ENOMEM;
    for (size_t g = 0; g < groups->count && !failed; g++) {
        const cake_group *group = &groups->group[g];

        if (strcmp(cake_row_family(group->rows[0]), family) != 0)
            continue;
        for (size_t i = 0; i < group->count && !failed; i++)
            failed = add_line(table, shown, group->rows[i], i == 0);
    }
    if (!failed) {
        scols_table_set_stream(table, out);
        scols_table_enable_colors(table, style.colours);
        scols_table_set_termforce(table, style.width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
        if (style.width)
            scols_table_set_termwidth(table, (size_t)style.width);
        fprintf(out, "%s%s%s\n", style.colours ? "\033[1m" : "", family, style.colours ? "\033[0m" : "");
        failed = scols_print_table(table);
        fputc('\n', out);
    }
    scols_unref_table(table);
    return failed;
}

/* "30 rows: 24 ok, 4 unsupported, 2 mismatch" in the order of their first rows. */
static void print_counts(const cake_rows *rows, FILE *out)
{
    fprintf(out, "%zu row%s", rows->count, rows->count == 1 ? "" : "s");
    for (size_t i = 0, shown = 0; i < rows->count; i++) {
        const char *word = cake_row_string(rows->row[i].verdict);
        size_t before = 0, count = 0;

        for (size_t j = 0; j < rows->count; j++) {
            bool same = strcmp(cake_row_string(rows->row[j].verdict), word) == 0;

            before += same && j < i;
            count += same;
        }
        if (before == 0)
            fprintf(out, "%s%zu %s", shown++ ? ", " : ": ", count, word[0] ? word : "without a verdict");
    }
    fputc('\n', out);
}

/* How many times are to be taken with care, and who knows more. */
static void print_imprecise(const cake_rows *rows, FILE *out)
{
    size_t count = 0;

    for (size_t i = 0; i < rows->count; i++)
        count += strstr(cake_row_string(rows->row[i].warnings), "imprecise") != NULL;
    if (count > 0)
        fprintf(out,
                "%zu of them imprecise: their times did not settle within --max-time; 'layercake doctor' tells what "
                "disturbs this machine\n",
                count);
}

/* Control characters of a table that somebody edited must not reach the terminal. */
static void print_clean(const char *text, FILE *out)
{
    for (; *text; text++)
        fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
}

static void print_failure(const cake_row *row, FILE *out)
{
    cake_text line = {0};

    cake_text_printf(&line, "FAIL %s %s/%s  %s", cake_row_string(row->plugin), cake_row_string(row->op),
                     cake_row_string(row->kernel), cake_row_string(row->verdict));
    if (row->reason && row->reason[0])
        cake_text_printf(&line, ": %s", row->reason);
    if (row->seed != CAKE_ROW_EMPTY) {
        cake_text_printf(&line, "   repeat: layercake check --plugin %s --kernel %s", cake_row_string(row->plugin),
                         cake_row_string(row->kernel));
        if (row->threads != CAKE_ROW_EMPTY)
            cake_text_printf(&line, " --threads %" PRId64, row->threads);
        cake_text_printf(&line, " --seed %" PRId64 " '%s %s'", row->seed, cake_row_string(row->op),
                         cake_row_string(row->params));
    }
    if (!line.failed)
        print_clean(line.data, out);
    fputc('\n', out);
    cake_text_free(&line);
}

cake_status cake_table_print(const cake_rows *rows, cake_table_style style, FILE *out, cake_error *error)
{
    cake_groups groups = {0};
    bool shown[N_COLUMNS];
    int failed = cake_groups_make(&groups, rows) == CAKE_OK ? 0 : -ENOMEM;

    for (size_t i = 0; i < N_COLUMNS; i++)
        shown[i] = !columns[i].optional || differs(rows, &columns[i]);
    for (size_t g = 0; g < groups.count && !failed; g++) {
        const char *family = cake_row_family(groups.group[g].rows[0]);

        if (g == 0 || strcmp(cake_row_family(groups.group[g - 1].rows[0]), family) != 0)
            failed = print_family(&groups, family, shown, style, out);
    }
    cake_groups_free(&groups);
    if (failed)
        return cake_fail(error, failed == -ENOMEM ? CAKE_E_MEMORY : CAKE_E_IO, "the table cannot be made: %s",
                         strerror(-failed));
    print_counts(rows, out);
    print_imprecise(rows, out);
    for (size_t i = 0; i < rows->count; i++)
        if (cake_row_fails(&rows->row[i]))
            print_failure(&rows->row[i], out);
    if (fflush(out) != 0)
        return cake_fail(error, CAKE_E_IO, "the table cannot be written: %s", strerror(errno));
    return CAKE_OK;
}
