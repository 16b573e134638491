/* SPDX-License-Identifier: Apache-2.0 */
/* A reply that is made and taken piece by piece: a tree of thousands of VIFs would take ten times
 * the memory, and its printing would keep others waiting. */

#ifndef VP_PIECES_H
#define VP_PIECES_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct json_object;

struct pieces {
    FILE *stream; /* What is written here comes next. */
    char *text;
    size_t size;
    bool any; /* The array that was begun last has an element. */
};

/* Begins the line of a reply: {"jsonrpc":"2.0","id":ID,"result": and what `format` says. `id` is
 * JSON text. */
void pieces_init(struct pieces *pieces, const char *id, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Adds an element to an array, with a comma before all but the first. Takes `element`. */
void pieces_add(struct pieces *pieces, struct json_object *element);

/* Returns what was written since the last call, malloc'ed. */
char *pieces_take(struct pieces *pieces);

/* Ends the line with what `format` says; it has to close what is open, the result as well. Returns
 * what was written since the last call, malloc'ed, and frees what `pieces` holds. */
char *pieces_finish(struct pieces *pieces, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
