/* SPDX-License-Identifier: Apache-2.0 */
/* Tells whether the configuration file has changed since it was read. */

#ifndef VP_CONFIG_FILE_H
#define VP_CONFIG_FILE_H 1

#include <stdbool.h>
#include <time.h>

/* The configuration file when it was last read. */
struct config_file {
    const char *path;
    bool exists;
    struct timespec mtime;
};

/* Notes how the file is now; call it before it is read. */
void config_file_note(struct config_file *file);

#endif
