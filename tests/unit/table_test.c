#include "report/table.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "report/results.h"

typedef struct example {
    const char *op, *workload, *params, *plugin, *kernel, *verdict, *reason;
    double ns, gflops, gb_per_s, speedup;
    int64_t threads;
} example;

static const example examples[] = {
    {"linear", "fc", "rows=1 in=2048 out=1000", "naive", "plain", "ok", NULL, 1234567, 3.32, 6.66, 1, 1},
    {"attention", "", "batch=1 heads=8", "naive", "plain", "ok", NULL, 5.5e9, 10.25, 0.5, 1, 1},
    {"linear", "fc", "rows=1 in=2048 out=1000", "blas", "sgemv", "ok", NULL, 123456, 33.2, 66.6, 10, 1},
    {"attention", "", "batch=1 heads=8", "blas", "sgemm", "mismatch", "max error 12 bounds at [0,\x1b[31m1]", NAN,
     NAN, NAN, NAN, 1},
    {"attention", "", "batch=1 heads=8", "avx2", "flash", "unsupported", "no AVX2", NAN, NAN, NAN, NAN, 1},
};

static void make_rows(cake_rows *rows)
{
    rows->count = rows->capacity = sizeof examples / sizeof examples[0];
    rows->row = calloc(rows->count, sizeof *rows->row);
    for (size_t i = 0; i < rows->count; i++) {
        cake_row *row = &rows->row[i];

        cake_row_init(row);
        cake_row_text(&row->op, examples[i].op);
        cake_row_text(&row->workload, examples[i].workload);
        cake_row_text(&row->params, examples[i].params);
        cake_row_text(&row->plugin, examples[i].plugin);
        cake_row_text(&row->kernel, examples[i].kernel);
        cake_row_text(&row->verdict, examples[i].verdict);
        cake_row_text(&row->reason, examples[i].reason);
        row->time_ns_median = examples[i].ns;
        row->gflops = examples[i].gflops;
        row->gb_per_s = examples[i].gb_per_s;
        row->speedup = examples[i].speedup;
        row->threads = examples[i].threads;
        row->seed = 42;
    }
}

static char *print(const cake_rows *rows, cake_table_style style)
{
    cake_error error = {0};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    cr_assert_eq(cake_table_print(rows, style, out, &error), CAKE_OK, "%s", error.text);
    fclose(out);
    return text;
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, part)); at++)
        n++;
    return n;
}

/* Whether the first line that has a column `kernel` has this one too. */
static bool has_column(const char *text, const char *name)
{
    const char *head = strstr(text, "kernel "), *end = head ? strchr(head, '\n') : NULL;
    const char *column = head ? strstr(head, name) : NULL;

    cr_assert_not_null(end, "%s", text);
    return column && column < end;
}

Test(table, tells_each_row_by_family)
{
    cake_rows rows = {0};
    char *text;

    make_rows(&rows);
    text = print(&rows, (cake_table_style){0});
    cr_assert_eq(strncmp(text, "linear\n", 7), 0, "%s", text);
    cr_assert_eq(count(text, "\nattention\n"), 1, "%s", text);
    cr_assert_lt(strstr(text, "blas/sgemv"), strstr(text, "\nattention\n"), "%s", text);
    cr_assert_eq(count(text, "fc "), 1, "the workload's name stands once:\n%s", text);
    cr_assert_not_null(strstr(text, "1.23 ms"), "%s", text);
    cr_assert_not_null(strstr(text, "6.66 GB/s"), "%s", text);
    cr_assert_not_null(strstr(text, "5.50 s"), "%s", text);
    cr_assert_not_null(strstr(text, "10.2 GFLOP/s"), "%s", text);
    cr_assert_not_null(strstr(text, "10.0x"), "%s", text);
    cr_assert_not_null(strstr(text, "5 rows: 3 ok, 1 mismatch, 1 unsupported\n"), "%s", text);
    cr_assert_not_null(
        strstr(
            text,
            "repeat: layercake check --plugin blas --kernel sgemm --threads 1 --seed 42 'attention batch=1 heads=8'"),
        "%s", text);
    cr_assert_not(has_column(text, "threads"), "%s", text);
    cr_assert_null(strstr(text, "imprecise"), "%s", text);
    cr_assert_null(strchr(text, '\x1b'), "%s", text);
    free(text);
    rows.row[0].threads = 2;
    cake_row_text(&rows.row[0].warnings, "avx-dirty;imprecise");
    text = print(&rows, (cake_table_style){0});
    cr_assert_not_null(strstr(text, "\n1 of them imprecise"), "%s", text);
    cr_assert(has_column(text, "threads"), "%s", text);
    free(text);
    rows.row[1].threads = CAKE_ROW_EMPTY;
    text = print(&rows, (cake_table_style){0});
    cr_assert_null(strstr(text, "--threads -"), "%s", text);
    free(text);
    cake_rows_free(&rows);
}

Test(table, stays_within_the_terminal)
{
    cake_rows rows = {0};
    char *text;

    make_rows(&rows);
    cake_row_textf(&rows.row[0].workload, "%0200d", 7);
    rows.row[3].verdict[0] = 'x';
    cake_row_text(&rows.row[3].reason, NULL);
    text = print(&rows, (cake_table_style){.colours = true, .width = 80});
    cr_assert_not_null(strstr(text, "\033[31m"), "%s", text);
    for (char *line = strtok(text, "\n"); line && !strstr(line, "rows:"); line = strtok(NULL, "\n")) {
        size_t width = 0;

        for (const char *at = line; *at; at++) {
            if (*at == '\033')
                at += strcspn(at, "m");
            else
                width++;
        }
        cr_assert_leq(width, 80, "%s", line);
    }
    free(text);
    cake_rows_free(&rows);
}

Test(table, no_rows_are_no_table)
{
    cake_rows rows = {0};
    char *text = print(&rows, (cake_table_style){0});

    cr_assert_str_eq(text, "0 rows\n");
    free(text);
}

static const struct {
    double ns;
    const char *text;
} times[] = {{0.5, "0.500 ns"}, {999.4, "999 ns"},  {999.6, "1.00 us"},  {12345, "12.3 us"}, {9.999e5, "1.00 ms"},
             {1.5e9, "1.50 s"}, {3.6e12, "3600 s"}, {123.4e6, "123 ms"}, {NAN, ""}};

Test(table, times_have_units)
{
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        cake_text text = {0};

        cake_text_put(&text, "");
        cake_put_time(&text, times[i].ns);
        cr_assert_str_eq(text.data, times[i].text);
        cake_text_free(&text);
    }
}
