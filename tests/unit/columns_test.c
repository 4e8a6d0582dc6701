/* results/README.md has the table of columns that the schema has. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "report/files.h"
#include "report/schema.h"

Test(columns, readme_tells_them_all)
{
    char *readme = NULL;
    size_t size = 0;
    cake_error error = {0};
    cake_text table = {0};

    cr_assert_eq(cake_file_read(LAYERCAKE_SOURCE "/results/README.md", 1 << 20, &readme, &size, &error), CAKE_OK,
                 "%s", error.text);
    cake_columns_markdown(&table);
    cr_assert_not(table.failed);
    cr_assert_not_null(strstr(readme, table.data), "results/README.md should have this table:\n%s", table.data);
    cake_text_free(&table);
    free(readme);
}

Test(columns, names_are_unique_and_fit_everywhere)
{
    for (size_t i = 0; i < cake_columns_count; i++) {
        cr_assert_eq(cake_columns[i].name[strspn(cake_columns[i].name, "abcdefghijklmnopqrstuvwxyz0123456789_")],
                     '\0', "%s", cake_columns[i].name);
        cr_assert_eq(cake_column_find(cake_columns[i].name), &cake_columns[i]);
        cr_assert_null(strchr(cake_columns[i].meaning, '|'), "%s", cake_columns[i].name);
    }
}
