/* SPDX-License-Identifier: Apache-2.0 */
/* Opening files whose paths come from the configuration, or that other programs make: to open a
 * FIFO or a device can block until somebody else acts, and the daemon must not wait. */

#ifndef VP_PLAIN_FILE_H
#define VP_PLAIN_FILE_H 1

#include <stdio.h>

/* Opens `path` for reading if it is a regular file (those of procfs and sysfs are) or /dev/null.
 * Never blocks. Returns a descriptor that is closed on exec; or -1 with errno set: EISDIR for a
 * directory, ENODEV for any other file. */
int plain_file_open(const char *path);

/* The same, as a stream; NULL with errno set on failure. */
FILE *plain_file_stream(const char *path);

/* Describes an errno of these functions. */
const char *plain_file_error(int error);

#endif
