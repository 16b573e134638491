/* SPDX-License-Identifier: Apache-2.0 */
/* Tables on standard output. A value is never cut. On a terminal that is too narrow, text of
 * columns that wrap takes several lines, and then whole columns are left out; a line on standard
 * error says which. Elsewhere a table is as wide as it needs. */

#ifndef VP_TABLE_H
#define VP_TABLE_H 1

#include <stdbool.h>
#include <stddef.h>

struct table_column {
    const char *name;
    bool right; /* Numbers: aligned to the right. */
    bool wraps; /* Text of several words. */
    int rank;   /* The highest rank is left out first; 0: never. */
};

struct table;
struct cli;

/* Has tables follow --no-headings, and those with these columns (the same array) --columns. Returns
 * false, and says what is wrong, if --columns names another column, or one twice. Columns that were
 * asked for are never left out. */
bool table_choose(const struct cli *cli, const struct table_column *columns, size_t n);

/* `columns`, up to 16, are borrowed until table_print(). */
struct table *table_new(const struct table_column *columns, size_t n, bool headings);

/* Adds a row with a cell for each column, which are copied; NULL is shown as "-". Cell `coloured`
 * has that colour of libsmartcols (borrowed) on terminals that have colours; NULL: none. */
void table_add(struct table *table, const char *const *cells, size_t coloured, const char *colour);

/* Prints the table and frees it. */
void table_print(struct table *table);

#endif
