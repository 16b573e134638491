/* SPDX-License-Identifier: Apache-2.0 */
/* Tables. A value is never cut: on a terminal that is too narrow, whole columns are left out. */

#include "cli/table.h"

#include <libsmartcols.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "base/memory.h"
#include "base/number.h"
#include "base/utf8.h"
#include "cli/cli.h"

/* A column that wraps gets at least this width, if it has that much text. */
enum { WRAP_MIN = 36, WIDTH_DEFAULT = 80, COLUMNS_MAX = 16 };

struct row {
    char *cells[COLUMNS_MAX];
    const char *colour; /* NULL: none. */
    size_t coloured;
};

struct table {
    const struct table_column *columns;
    size_t n_columns;
    bool headings;
    struct row *rows;
    size_t n_rows;
    size_t rows_size;
    size_t widths[COLUMNS_MAX]; /* The widest text of each column. */
    bool left_out[COLUMNS_MAX];
};

/* What the command line says about tables (table_choose()). */
static struct {
    bool headings_off;
    const struct table_column *of; /* The table's columns, of which some were chosen. */
    size_t n;                      /* 0: all columns, as far as there is room. */
    size_t columns[COLUMNS_MAX];
} choice;

/* The column of that name, in any case; n: there is none. */
static size_t column_named(const char *name, const struct table_column *columns, size_t n)
{
    size_t i = 0;

    while (i < n && strcasecmp(columns[i].name, name) != 0) {
        i++;
    }
    return i;
}

static bool is_chosen(size_t column)
{
    size_t i = 0;

    while (i < choice.n && choice.columns[i] != column) {
        i++;
    }
    return i < choice.n;
}

/* Says that --columns has `name`, and what there is. */
static bool refuse_column(const struct cli *cli, const char *name,
                          const struct table_column *columns, size_t n)
{
    char names[256] = "";

    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(names);

        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", columns[i].name);
    }
    usage_error(cli->command, "--columns names '%s'; each of %s can be named once", name, names);
    return false;
}

bool table_choose(const struct cli *cli, const struct table_column *columns, size_t n)
{
    const char *at = cli->values[OPTION_COLUMNS];

    choice.headings_off = cli->values[OPTION_NO_HEADINGS] != NULL;
    choice.of = columns;
    choice.n = 0;
    while (at) {
        size_t length = strcspn(at, ",");
        char name[32];
        size_t column;

        snprintf(name, sizeof name, "%.*s", (int)length, at);
        column = column_named(name, columns, n);
        if (length >= sizeof name || column == n || is_chosen(column)) {
            return refuse_column(cli, name, columns, n);
        }
        choice.columns[choice.n++] = column;
        at = at[length] ? at + length + 1 : NULL;
    }
    return true;
}

/* The width of the terminal; SIZE_MAX if standard output is none. */
static size_t output_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize window;
    int64_t number;

    if (!isatty(STDOUT_FILENO)) {
        return SIZE_MAX;
    }
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0) {
        return window.ws_col;
    }
    return columns && number_parse(columns, 1, 10000, &number) ? (size_t)number : WIDTH_DEFAULT;
}

/* The columns that a terminal takes for an escaped text. */
static size_t text_width(const char *text)
{
    size_t length = strlen(text);
    size_t width = 0;
    size_t n;

    for (size_t i = 0; i < length; i += n) {
        uint32_t code_point = 0;
        int columns;

        n = utf8_decode(text + i, length - i, &code_point);
        columns = wcwidth((wchar_t)code_point);
        width += columns < 0 ? 1 : (size_t)columns;
        n = n ? n : 1;
    }
    return width;
}

static void note_width(struct table *table, size_t column, const char *text)
{
    size_t width = text_width(text);

    if (width > table->widths[column]) {
        table->widths[column] = width;
    }
}

struct table *table_new(const struct table_column *columns, size_t n, bool headings)
{
    struct table *table = need_memory(calloc(1, sizeof *table));

    table->columns = columns;
    table->n_columns = n;
    table->headings = headings && !choice.headings_off;
    for (size_t i = 0; i < n && table->headings; i++) {
        note_width(table, i, columns[i].name);
    }
    return table;
}

void table_add(struct table *table, const char *const *cells, size_t coloured, const char *colour)
{
    struct row *row;

    if (table->n_rows == table->rows_size) {
        table->rows_size = table->rows_size ? 2 * table->rows_size : 64;
        table->rows = need_memory(realloc(table->rows, table->rows_size * sizeof *table->rows));
    }
    row = &table->rows[table->n_rows++];
    *row = (struct row){.colour = colour, .coloured = coloured};
    for (size_t i = 0; i < table->n_columns; i++) {
        row->cells[i] = show_copy(cells[i] ? cells[i] : "-");
        note_width(table, i, row->cells[i]);
    }
}

/* The width that a column cannot do without. */
static size_t least_width(const struct table *table, size_t column)
{
    size_t width = table->widths[column];

    return table->columns[column].wraps && width > WRAP_MIN ? WRAP_MIN : width;
}

/* How many of the table's columns were chosen; 0: all, as far as there is room. */
static size_t n_chosen(const struct table *table)
{
    return table->columns == choice.of ? choice.n : 0;
}

/* The column at that place from the left. */
static size_t column_at(const struct table *table, size_t place)
{
    return n_chosen(table) ? choice.columns[place] : place;
}

/* How many places there are. */
static size_t n_places(const struct table *table)
{
    return n_chosen(table) ? n_chosen(table) : table->n_columns;
}

/* The width of the columns that stay, with a blank between each; without `except`. */
static size_t total_width(const struct table *table, size_t except)
{
    size_t total = 0;

    for (size_t i = 0; i < table->n_columns; i++) {
        if (!table->left_out[i] && i != except) {
            total += least_width(table, i) + 1;
        }
    }
    return total - (total > 0);
}

/* The column to leave out next; n_columns: none. */
static size_t dispensable(const struct table *table)
{
    size_t found = table->n_columns;

    for (size_t i = 0; i < table->n_columns; i++) {
        if (!table->left_out[i] && table->columns[i].rank > 0 &&
            (found == table->n_columns || table->columns[i].rank > table->columns[found].rank)) {
            found = i;
        }
    }
    return found;
}

static void fit(struct table *table, size_t width)
{
    size_t column;

    if (n_chosen(table)) {
        for (size_t i = 0; i < table->n_columns; i++) {
            table->left_out[i] = !is_chosen(i);
        }
        return;
    }
    column = dispensable(table);

    while (total_width(table, SIZE_MAX) > width && column < table->n_columns) {
        table->left_out[column] = true;
        column = dispensable(table);
    }
}

/* Says which columns are left out; once for tables that follow each other. */
static void tell_left_out(const struct table *table, size_t width)
{
    static char last[160];
    char names[sizeof last] = "";

    for (size_t i = 0; i < table->n_columns && !n_chosen(table); i++) {
        size_t used = strlen(names);

        if (table->left_out[i]) {
            snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "",
                     table->columns[i].name);
        }
    }
    if (*names && strcmp(names, last)) {
        fflush(stdout);
        show_error("columns left out at %zu columns: %s; widen the terminal or use --format=json",
                   width, names);
        memcpy(last, names, sizeof last);
    }
}

/* Makes line ends of the blanks in `text` where it would be wider than `width`. */
static void wrap(char *text, size_t width)
{
    char *line = text;
    char *blank = NULL;

    for (char *at = text; *at; at++) {
        if ((size_t)(at - line) >= width && blank) {
            *blank = '\n';
            line = blank + 1;
            blank = NULL;
        }
        if (*at == ' ') {
            blank = at;
        }
    }
}

static struct libscols_table *new_scols(const struct table *table)
{
    struct libscols_table *scols;

    scols_init_debug(0);
    scols = need_memory(scols_new_table());
    scols_table_enable_colors(scols, show_has_colour());
    scols_table_enable_maxout(scols, 0);
    scols_table_enable_noheadings(scols, !table->headings);
    scols_table_enable_noencoding(scols, true);              /* table_add() has escaped it. */
    scols_table_set_termforce(scols, SCOLS_TERMFORCE_NEVER); /* It cuts nothing then. */
    for (size_t place = 0; place < n_places(table); place++) {
        size_t i = column_at(table, place);
        const struct table_column *column = &table->columns[i];

        if (!table->left_out[i]) {
            struct libscols_column *added = need_memory(scols_table_new_column(
                scols, column->name, 0,
                (column->right ? SCOLS_FL_RIGHT : 0) | (column->wraps ? SCOLS_FL_WRAP : 0)));

            if (column->wraps) {
                scols_column_set_safechars(added, "\n");
                scols_column_set_wrapfunc(added, scols_wrapnl_chunksize, scols_wrapnl_nextchunk,
                                          NULL);
            }
        }
    }
    return scols;
}

static void add_line(const struct table *table, struct libscols_table *scols, struct row *row,
                     size_t width)
{
    struct libscols_line *line = need_memory(scols_table_new_line(scols, NULL));
    size_t at = 0;

    for (size_t place = 0; place < n_places(table); place++) {
        size_t i = column_at(table, place);

        if (table->left_out[i]) {
            continue;
        }
        if (table->columns[i].wraps && width != SIZE_MAX) {
            size_t others = total_width(table, i) + 1;

            wrap(row->cells[i], width > others + WRAP_MIN ? width - others : WRAP_MIN);
        }
        scols_line_set_data(line, at, row->cells[i]);
        if (row->colour && row->coloured == i) {
            scols_cell_set_color(scols_line_get_cell(line, at), row->colour);
        }
        at++;
    }
}

void table_print(struct table *table)
{
    size_t width = output_width();
    struct libscols_table *scols;

    fit(table, width);
    scols = new_scols(table);
    for (size_t i = 0; i < table->n_rows; i++) {
        add_line(table, scols, &table->rows[i], width);
        for (size_t k = 0; k < table->n_columns; k++) {
            free(table->rows[i].cells[k]);
        }
    }
    scols_print_table(scols);
    scols_unref_table(scols);
    tell_left_out(table, width);
    free(table->rows);
    free(table);
}
