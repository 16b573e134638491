/* SPDX-License-Identifier: Apache-2.0 */
/* What ovs-vswitchd's log says about a port: picks lines of a text, knows no file. */

#ifndef VP_LOG_LINES_H
#define VP_LOG_LINES_H 1

#include <stddef.h>

/* The most lines that are picked, and the most bytes that they take together. */
enum { LOG_LINES_MAX = 6, LOG_LINES_LEN = 1024 };

enum { LOG_NAMES_MAX = 5, LOG_NAME_LEN = 256 };

/* What a port is called in the log: its name, device arguments, PCI address, socket. */
struct log_names {
    char names[LOG_NAMES_MAX][LOG_NAME_LEN];
    size_t n;
};

/* Adds a name, unless it is NULL, "" or too long. */
void log_names_add(struct log_names *names, const char *name);

/* Picks the warnings and errors of `text` that have one of the names as a whole word, and those of
 * DPDK's drivers right before them: drivers name the PF at best. Of more than LOG_LINES_MAX the
 * last ones. Writes them to `out` without time and number, "; " between them: "netdev|WARN|p1:
 * ...".
 * "" if there are none. */
void log_lines_pick(const char *text, size_t length, const struct log_names *names,
                    char out[LOG_LINES_LEN]);

#endif
