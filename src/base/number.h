/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and lists in text: one way to read them for all. */

#ifndef VP_NUMBER_H
#define VP_NUMBER_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the decimal digits at *text and moves *text behind them. Returns false, and moves nothing,
 * if there is no digit or the number is above `max`. No sign, no blanks. */
bool number_take(const char **text, int64_t max, int64_t *value);

/* The same for a whole text: digits, with a minus sign before them if `min` is negative, and
 * nothing behind. Returns false if the number is not from `min` to `max`. */
bool number_parse(const char *text, int64_t min, int64_t max, int64_t *value);

/* Reads a whole text as a decimal number and gives its thousandths: "2.5" is 2500, ".001" is 1. At
 * most three decimals; no sign, no blanks. Returns false if *value is not from `min` to `max`. */
bool number_parse_thousandths(const char *text, int64_t min, int64_t max, int64_t *value);

/* Copies the next item of a list, whose items are parted by commas and blanks, to `item` and moves
 * *list behind it. Returns false at the end. An item that is longer than `size` - 1 bytes is cut;
 * give it as much room as the list has. */
bool list_next(const char **list, char *item, size_t size);

#endif
