/* SPDX-License-Identifier: Apache-2.0 */
/* systemd's journal, by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): entries with
 * fields, which journalctl can search. */

#ifndef VP_JOURNAL_H
#define VP_JOURNAL_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

/* The most bytes of an entry: less than what a datagram socket takes at once by default. */
enum { JOURNAL_ENTRY_MAX = 16384 };

/* The journal's socket if `fd` is the journal's, as $JOURNAL_STREAM says; else NULL. */
const char *journal_of(int fd);

/* Whether `fd` is the journal's, as JOURNAL_STREAM (`variable`, or NULL) says: "DEVICE:INODE",
 * systemd.exec(5). */
bool journal_is_stream(const char *variable, int fd);

/* An entry under construction. */
struct journal_entry {
    char text[JOURNAL_ENTRY_MAX];
    size_t length;
    bool overflow; /* A field did not fit. */
};

/* Begins an entry: MESSAGE, PRIORITY (that of syslog) and SYSLOG_IDENTIFIER. */
void journal_begin(struct journal_entry *entry, const char *identifier, int priority,
                   const char *message);

/* Adds a field, unless `value` is "". `name` has capital letters, digits and '_'. Escapes `value`
 * (base/display.h), so it is one line. */
void journal_add(struct journal_entry *entry, const char *name, const char *value);
void journal_add_int(struct journal_entry *entry, const char *name, int64_t value);

/* Opens a socket to the journal at `path`. Returns -1 with errno set on failure. */
int journal_open(const char *path);

/* Sends an entry without waiting. Returns false if the journal did not take it. */
bool journal_send(int fd, const struct journal_entry *entry);

#endif
