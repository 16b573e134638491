/* SPDX-License-Identifier: Apache-2.0 */
/* Lock files: at most one process has each, and the kernel releases it when that process ends. */

#ifndef VP_LOCK_H
#define VP_LOCK_H 1

/* Locks the file at `path`, which it creates if it is missing; nobody removes the file. Returns a
 * descriptor that holds the lock until it is closed; or -1 with errno set: EWOULDBLOCK if another
 * process has the lock. Never waits. */
int lock_take(const char *path);

#endif
