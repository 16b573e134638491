/* SPDX-License-Identifier: Apache-2.0 */
/* Parses numbers and lists. */

#ifndef VP_NUMBER_H
#define VP_NUMBER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the decimal digits at *text and moves *text past them. Accepts no sign and no blanks.
 * Returns false, and does not move *text, if there is no digit or the number is above `max`. */
bool number_take(const char **text, int64_t max, int64_t *value);

/* Reads a whole text as a number: digits, with a minus sign before them if `min` is negative.
 * Returns false if the text is anything else or the number is not from `min` to `max`. */
bool number_parse(const char *text, int64_t min, int64_t max, int64_t *value);

/* Reads a whole text as a decimal number and returns its thousandths: "2.5" is 2500, ".001" is 1.
 * Accepts at most three decimals, no sign and no blanks. Returns false if *value is not from `min`
 * to `max`. */
bool number_parse_thousandths(const char *text, int64_t min, int64_t max, int64_t *value);

/* Reads a whole text as an age: a number of seconds, or with `s`, `m` or `h` at its end: "90",
 * "10m", "2h". Returns false if *ms is not from 1 to `max`. */
bool number_parse_age(const char *text, int64_t max, int64_t *ms);

/* Copies the next item of a list to `item` and moves *list past it. Commas and blanks separate
 * items. Returns false at the end. Cuts an item that is longer than `size` - 1 bytes: give it as
 * much room as the list has. */
bool list_next(const char **list, char *item, size_t size);

#endif
