#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"

enum { ROWS_MAX = 24, COLUMNS_MAX = 16, CELL = 40, INDENT = 4 };

/* The shape without its dimensions of 1, as rows of columns. */
typedef struct grid {
    int64_t rows, columns;
    int64_t group; /* rows of one grid: a tensor of rank 3 is several, with a blank line between */
} grid;

static grid grid_of(const cake_tensor_spec *spec)
{
    int64_t shape[CAKE_MAX_RANK], rank = 0;
    grid g = {1, 1, 1};

    for (int d = 0; d < spec->rank; d++)
        if (spec->shape[d] != 1)
            shape[rank++] = spec->shape[d];
    for (int64_t d = 0; d + 1 < rank; d++)
        g.rows *= shape[d];
    if (rank > 0)
        g.columns = shape[rank - 1];
    g.group = rank > 1 ? shape[rank - 2] : 1;
    return g;
}

/* As many decimals as it takes to tell the values, at most three. */
static int decimals_of(const double *values, int64_t count)
{
    int decimals = 0;

    for (int64_t i = 0; i < count; i++)
        while (decimals < 3 && isfinite(values[i]) &&
               fabs(values[i] * pow(10, decimals) - nearbyint(values[i] * pow(10, decimals))) >
                   1e-9 * pow(10, decimals))
            decimals++;
    return decimals;
}

/* "2.944^2" where the square of a number is expected; a zero has no sign. */
static void format_cell(const cake_shown *shown, int64_t i, int decimals, char *cell)
{
    double value = shown->values[i];
    const char *text = shown->expected ? shown->expected->text[i].text : "";
    bool squared = strlen(text) > 2 && strcmp(text + strlen(text) - 2, "^2") == 0;

    if (fabs(value) < 0.5 * pow(10, -decimals))
        value = 0;
    snprintf(cell, CELL, "%.*f%s", squared ? 3 : decimals, squared ? sqrt(fmax(value, 0)) : value,
             squared ? "^2" : "");
}

static void print_row(const cake_shown *shown, const grid *g, int64_t row, int decimals, int width, FILE *out)
{
    int64_t columns = g->columns < COLUMNS_MAX ? g->columns : COLUMNS_MAX;
    char cell[CELL];

    fprintf(out, "%*s", INDENT, "");
    for (int64_t c = 0; c < columns; c++) {
        format_cell(shown, row * g->columns + c, decimals, cell);
        fprintf(out, "  %*s", width, cell);
    }
    if (columns < g->columns)
        fputs("  ...", out);
    if (shown->expected) {
        fputs("   |", out);
        for (int64_t c = 0; c < columns; c++)
            fprintf(out, "  %*s", width, shown->expected->text[row * g->columns + c].text);
    }
    fputc('\n', out);
}

/* Columns that a cell takes. */
static int cell_width(const cake_shown *shown, int64_t count, int decimals)
{
    size_t widest = 1;
    char cell[CELL];

    for (int64_t i = 0; i < count; i++) {
        format_cell(shown, i, decimals, cell);
        if (strlen(cell) > widest)
            widest = strlen(cell);
        if (shown->expected && strlen(shown->expected->text[i].text) > widest)
            widest = strlen(shown->expected->text[i].text);
    }
    return (int)widest;
}

static void print_text(const cake_shown *shown, FILE *out)
{
    int64_t length = cake_spec_elements(shown->spec), most = (int64_t)ROWS_MAX * COLUMNS_MAX;

    fprintf(out, "%*s  \"", INDENT, "");
    for (int64_t i = 0; i < length && i < most; i++) {
        double byte = shown->values[i];

        fputc(byte >= ' ' && byte <= '~' ? (int)byte : '?', out);
    }
    fprintf(out, "\"%s\n", length > most ? " ..." : "");
}

void cake_show_tensor(const cake_shown *shown, FILE *out)
{
    static const char *const roles[] = {
        [CAKE_ROLE_INPUT] = "in", [CAKE_ROLE_CONSTANT] = "with", [CAKE_ROLE_OUTPUT] = "out"};
    const cake_tensor_spec *spec = shown->spec;
    int64_t count = cake_spec_elements(spec);
    grid g = grid_of(spec);
    int decimals, width;

    fprintf(out, "  %-4s  %s  ", roles[spec->role], spec->name);
    for (int d = 0; d < spec->rank; d++)
        fprintf(out, "[%lld]", (long long)spec->shape[d]);
    fputs(shown->expected ? "   computed | expected\n" : "\n", out);
    if (spec->dtype == CAKE_U8) {
        print_text(shown, out);
        return;
    }
    decimals = decimals_of(shown->values, count);
    width = cell_width(shown, count, decimals);
    for (int64_t row = 0; row < g.rows && row < ROWS_MAX; row++) {
        if (row > 0 && row % g.group == 0)
            fputc('\n', out);
        print_row(shown, &g, row, decimals, width, out);
    }
    if (g.rows > ROWS_MAX)
        fprintf(out, "%*s  ... %lld rows in all\n", INDENT, "", (long long)g.rows);
}

/* Copy the token's bytes; [CLS] and [SEP] depend on no byte of the text. */
static void token_text(const cake_reference *reference, const int64_t *begin, int64_t i, int64_t count, char *token)
{
    const cake_tokenize *p = reference->params;
    int64_t end = p->len, used = 0;

    if (begin[i] < 0) {
        snprintf(token, CELL, "%s", i == 0 && p->ends ? "[CLS]" : i == count - 1 && p->ends ? "[SEP]" : "(unknown)");
        return;
    }
    for (int64_t next = i + 1; next < count; next++)
        if (begin[next] >= 0) {
            end = begin[next];
            break;
        }
    for (int64_t at = begin[i]; at < end && used < CELL - 1 && reference->values[0][at] > ' '; at++)
        token[used++] = (char)(p->kind == CAKE_TOKENS_WORD ? tolower((int)reference->values[0][at])
                                                           : (int)reference->values[0][at]);
    token[used] = '\0';
    if (used == 0)
        snprintf(token, CELL, "(blank)");
}

void cake_show_tokens(const cake_reference *reference, const double *ids, FILE *out)
{
    int output = reference->tensors.count - 2;
    int64_t all = cake_spec_elements(&reference->tensors.tensor[output]), count = 0;
    int64_t *begin = calloc((size_t)all, sizeof *begin);
    cake_random random = {0};

    if (!begin)
        return;
    for (; count < all && count < COLUMNS_MAX && ids[count] >= 0; count++) {
        cake_place place =
            reference->op->influence(reference, (cake_place){.tensor = output, .element = count}, &random);

        begin[count] = place.tensor < 0 ? -1 : place.element;
    }
    fprintf(out, "  token and id\n");
    for (int line = 0; line < 2; line++) {
        fprintf(out, "%*s", INDENT, "");
        for (int64_t i = 0; i < count; i++) {
            char token[CELL], id[CELL];
            int width;

            token_text(reference, begin, i, count, token);
            snprintf(id, sizeof id, "%.0f", ids[i]);
            width = (int)(strlen(token) > strlen(id) ? strlen(token) : strlen(id));
            fprintf(out, "  %*s", width, line == 0 ? token : id);
        }
        fputc('\n', out);
    }
    free(begin);
}
