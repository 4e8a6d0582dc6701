#include "report/schema.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <string.h>

#define FIXED_HEADER                                                                                                 \
    "run,op,dataset,workload,params,count,dtype,layout,plugin,plugin_version,kernel,accuracy,threads,cpuset,cache,"  \
    "verdict,reason,error_in_bounds,iterations,repetitions,time_ns_median,time_ns_min,time_ns_mean,time_ns_stddev,"  \
    "time_ns_ci_low,time_ns_ci_high,gflops,gb_per_s,setup_ns,workspace_bytes,baseline,speedup,seed,"                 \
    "cycles,instructions,l1d_misses,l2_misses,llc_misses,branch_misses,page_faults,context_switches,migrations,"     \
    "task_clock_ns,"

static void fill(cake_row *row)
{
    cake_row_init(row);
    for (size_t i = 0; i < cake_columns_count; i++) {
        char *cell = (char *)row + cake_columns[i].offset;

        if (cake_columns[i].type == CAKE_COLUMN_TEXT)
            cr_assert(cake_row_textf((char **)(void *)cell, "%s, \"%zu\"", cake_columns[i].name, i) == CAKE_OK);
        else if (cake_columns[i].type == CAKE_COLUMN_INTEGER)
            *(int64_t *)(void *)cell = (int64_t)i - 20;
        else
            *(double *)(void *)cell = (double)i / 7 * (i % 2 ? 1e300 : -1e-300);
    }
}

/* Write the row, read it back. */
static void round_trip(const cake_row *row, cake_row *back)
{
    cake_text header_line = {0}, line = {0};
    cake_csv_record record = {0};
    cake_header header = {0};
    cake_error error = {0};
    size_t consumed = 0;

    cake_row_header(&header_line);
    cake_row_line(row, &line);
    cr_assert_not(line.failed);
    cr_assert_eq(cake_csv_read(header_line.data, header_line.length, &record, &consumed, &error), CAKE_OK);
    cr_assert_eq(consumed, header_line.length);
    cr_assert_eq(cake_header_read(&header, &record, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(cake_csv_read(line.data, line.length, &record, &consumed, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(consumed, line.length);
    cake_row_init(back);
    cr_assert_eq(cake_row_read(back, &header, &record, &error), CAKE_OK, "%s", error.text);
    cr_assert(cake_row_intact(line.data, line.length));
    cake_csv_record_free(&record);
    cake_header_free(&header);
    cake_text_free(&line);
    cake_text_free(&header_line);
}

Test(schema, header_begins_with_the_fixed_columns)
{
    cake_text header = {0};

    cake_row_header(&header);
    cr_assert_eq(strncmp(header.data, FIXED_HEADER, strlen(FIXED_HEADER)), 0, "%s", header.data);
    cr_assert_str_eq(header.data + header.length - strlen(",crc32\n"), ",crc32\n");
    cake_text_free(&header);
}

Test(schema, rows_survive_the_file)
{
    cake_row row, back;
    cake_text a = {0}, b = {0};

    fill(&row);
    round_trip(&row, &back);
    cake_row_line(&row, &a);
    cake_row_line(&back, &b);
    cr_assert_str_eq(a.data, b.data);
    cr_assert_str_eq(back.kernel, "kernel, \"10\"");
    for (size_t i = 0; i < cake_columns_count; i++)
        if (cake_columns[i].type != CAKE_COLUMN_TEXT)
            cr_assert_eq(cake_row_number(&row, &cake_columns[i]), cake_row_number(&back, &cake_columns[i]));
    cake_row_free(&row);
    cake_row_free(&back);
    cake_text_free(&a);
    cake_text_free(&b);
}

Test(schema, empty_cells_stay_empty)
{
    cake_row row, back;
    cake_text cell = {0};

    cake_row_init(&row);
    round_trip(&row, &back);
    for (size_t i = 0; i + 1 < cake_columns_count; i++)
        cake_row_cell(&back, &cake_columns[i], &cell);
    cr_assert_eq(cell.length, 0);
    cr_assert(isnan(back.cycles));
    cr_assert_eq(back.workspace_bytes, CAKE_ROW_EMPTY);
    cr_assert_null(back.op);
    cake_row_free(&back);
}

Test(schema, texts_become_clean)
{
    cake_row row, back;

    cake_row_init(&row);
    cake_row_text(&row.reason, "two\nlines\x1b[31m\xff \xe2\x82\xac \xed\xa0\x80");
    round_trip(&row, &back);
    cr_assert_str_eq(back.reason, "two lines\xef\xbf\xbd[31m\xef\xbf\xbd \xe2\x82\xac "
                                  "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
    cake_row_free(&row);
    cake_row_free(&back);
}

Test(schema, numbers_have_a_point_in_every_locale)
{
    cake_text text = {0};
    double value = 0;

    /* Not every machine has this locale; where it is missing, the test shows less. */
    setlocale(LC_ALL, "de_DE.UTF-8");
    cake_text_real(&text, 0.1);
    cake_text_put(&text, " ");
    cake_text_real(&text, 1.0 / 3);
    cake_text_put(&text, " ");
    cake_text_real(&text, 12345678);
    cake_text_put(&text, " ");
    cake_text_real(&text, INFINITY);
    cake_text_real(&text, NAN);
    cr_assert_str_eq(text.data, "0.1 0.3333333333333333 12345678 inf");
    cr_assert(cake_real_parse("2.5", &value) && value == 2.5);
    cr_assert_not(cake_real_parse("2,5", &value));
    cr_assert_not(cake_real_parse(" 2.5", &value));
    cr_assert_not(cake_real_parse("0x10", &value));
    cr_assert_not(cake_real_parse("2.5ns", &value));
    cr_assert_not(cake_real_parse("", &value));
    cake_text_free(&text);
}

Test(schema, copies_are_independent)
{
    cake_row row, copy;
    cake_text a = {0}, b = {0};

    fill(&row);
    cake_row_init(&copy);
    cr_assert_eq(cake_row_copy(&copy, &row), CAKE_OK);
    cake_row_line(&row, &a);
    cake_row_free(&row);
    cake_row_line(&copy, &b);
    cr_assert_str_eq(a.data, b.data);
    cake_row_free(&copy);
    cake_text_free(&a);
    cake_text_free(&b);
}

/* Any byte of a line changed to any other is noticed. */
Test(schema, damaged_lines_are_known)
{
    cake_row row;
    cake_text line = {0};

    fill(&row);
    cake_row_line(&row, &line);
    for (size_t i = 0; i < line.length; i++) {
        char old = line.data[i];

        for (int bit = 0; bit < 8; bit++) {
            line.data[i] = (char)(old ^ 1 << bit);
            cr_assert_not(cake_row_intact(line.data, line.length), "byte %zu bit %d", i, bit);
        }
        line.data[i] = old;
    }
    cr_assert(cake_row_intact(line.data, line.length));
    cake_row_free(&row);
    cake_text_free(&line);
}

Test(schema, keys_tell_cases_apart)
{
    static const size_t parts[] = {
        offsetof(cake_row, plugin_sha256), offsetof(cake_row, kernel),   offsetof(cake_row, op),
        offsetof(cake_row, dataset),       offsetof(cake_row, workload), offsetof(cake_row, params),
        offsetof(cake_row, dtype),         offsetof(cake_row, cache),    offsetof(cake_row, mode)};
    cake_row row, other;
    cake_text a = {0}, b = {0};

    fill(&row);
    cake_row_init(&other);
    cake_row_key(&row, &a);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        cake_row_copy(&other, &row);
        cake_row_text((char **)(void *)((char *)&other + parts[i]), "x");
        cake_text_clear(&b);
        cake_row_key(&other, &b);
        cr_assert_str_neq(a.data, b.data, "part %zu", i);
    }
    cake_row_copy(&other, &row);
    other.threads++;
    cake_row_text(&other.verdict, "x");
    cake_row_text(&other.layout, "x");
    cake_text_clear(&b);
    cake_row_key(&other, &b);
    cr_assert_str_neq(a.data, b.data);
    other.threads--;
    other.time_ns_median = 3;
    cake_text_clear(&b);
    cake_row_key(&other, &b);
    cr_assert_str_eq(a.data, b.data);
    cake_row_free(&row);
    cake_row_free(&other);
    cake_text_free(&a);
    cake_text_free(&b);
}

static const struct {
    const char *line;
    cake_status status;
    size_t count;
    const char *last;
} lines[] = {
    {"a,b,c\n", CAKE_OK, 3, "c"},
    {"a,b,\n", CAKE_OK, 3, ""},
    {"\n", CAKE_OK, 1, ""},
    {"a,\"b\"\"c,\nd\"\r\n", CAKE_OK, 2, "b\"c,\nd"},
    {"\"\"\n", CAKE_OK, 1, ""},
    {"\"\",\"\"\n", CAKE_OK, 2, ""},
    {"a,b", CAKE_NOT_FOUND, 0, NULL},
    {"a,\"b\n", CAKE_NOT_FOUND, 0, NULL},
    {"a\"b\"\n", CAKE_E_USAGE, 0, NULL},
    {"\"a\"b\n", CAKE_E_USAGE, 0, NULL},
    {"a\rb\n", CAKE_E_USAGE, 0, NULL},
    {"a\xff\n", CAKE_E_USAGE, 0, NULL},
    {"\xc0\x80\n", CAKE_E_USAGE, 0, NULL},
    {"\xf4\x90\x80\x80\n", CAKE_E_USAGE, 0, NULL},
};

Test(schema, csv_is_read_as_the_rfc_says)
{
    cake_csv_record record = {0};

    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        cake_error error = {0};
        size_t consumed = 0;

        cr_assert_eq(cake_csv_read(lines[i].line, strlen(lines[i].line), &record, &consumed, &error), lines[i].status,
                     "line %zu: %s", i, error.text);
        if (lines[i].status != CAKE_OK)
            continue;
        cr_assert_eq(consumed, strlen(lines[i].line), "line %zu", i);
        cr_assert_eq(record.count, lines[i].count, "line %zu", i);
        cr_assert_str_eq(record.fields[record.count - 1], lines[i].last);
    }
    cake_csv_record_free(&record);
}

Test(schema, bad_rows_say_why)
{
    cake_csv_record record = {0};
    cake_header header = {0};
    cake_error error = {0};
    cake_row row;
    size_t consumed = 0;
    static const char head[] = "run,op,dataset,threads,unknown,gflops\n";
    static const char *const bad[] = {"r,o,d,1.5,x,2\n", "r,o,d,1,x,fast\n", "r,o,d,1,x\n", "r,o,d,1,x,2,3\n",
                                      "r,o,d,99999999999999999999,x,2\n"};

    cake_row_init(&row);
    cr_assert_eq(cake_csv_read(head, strlen(head), &record, &consumed, &error), CAKE_OK);
    cr_assert_eq(cake_header_read(&header, &record, &error), CAKE_OK, "%s", error.text);
    cr_assert_eq(header.count, 6);
    cr_assert_null(header.columns[4]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        error.text[0] = '\0';
        cr_assert_eq(cake_csv_read(bad[i], strlen(bad[i]), &record, &consumed, &error), CAKE_OK);
        cr_assert_eq(cake_row_read(&row, &header, &record, &error), CAKE_E_USAGE, "%s", bad[i]);
        cr_assert_str_neq(error.text, "");
        cr_assert_null(row.run);
    }
    cake_header_free(&header);
    cr_assert_eq(cake_csv_read("op,run\n", 7, &record, &consumed, &error), CAKE_OK);
    cr_assert_eq(cake_header_read(&header, &record, &error), CAKE_E_USAGE);
    cr_assert_eq(cake_csv_read("run,op,dataset,op\n", 18, &record, &consumed, &error), CAKE_OK);
    cr_assert_eq(cake_header_read(&header, &record, &error), CAKE_E_USAGE);
    cake_csv_record_free(&record);
}
