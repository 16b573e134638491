/* SPDX-License-Identifier: Apache-2.0 */
/* The file that ovs-vswitchd logs to: where it is, and what was added to it since a mark. These
 * functions may wait for a disk, so all but log_file_mark() are for a thread. */

#ifndef VP_LOG_FILE_H
#define VP_LOG_FILE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { LOG_FILE_PATH_LEN = 512, LOG_FILE_PROBLEM_LEN = 256 };

/* How much is read at most: the end of what was added, bytes. */
enum { LOG_FILE_READ_MAX = 256 * 1024 };

struct log_file {
    char path[LOG_FILE_PATH_LEN]; /* As ovs-vswitchd has it; "": not known. */
    char here[LOG_FILE_PATH_LEN]; /* The path by which this process reaches that file. */
    bool assumed; /* `path` is only where Open vSwitch puts it: vswitchd itself cannot be seen. */
    char problem[LOG_FILE_PROBLEM_LEN]; /* Why it cannot be read, and where to look; or "". */
};

/* A place in the file. */
struct log_mark {
    bool known;   /* The path was known. */
    dev_t device; /* With `inode`: which file it was; inode 0: there was none. */
    ino_t inode;
    off_t size;
};

/* Finds the file of the ovs-vswitchd `pid` (0: not known): `given` if it is not "", else by its
 * command line, else by its open files, else where Open vSwitch puts it. `proc` is "/proc". */
void log_file_find(const char *proc, pid_t pid, const char *given, struct log_file *file);

/* The end of the file now. One stat(). */
struct log_mark log_file_mark(const struct log_file *file);

/* Returns what was added since `mark` (malloc'ed), and its length; NULL with file->problem filled
 * if the file cannot be read. If the file was truncated or replaced meanwhile, it is all of the new
 * one, after the rest of the old one if that is FILE.1. */
char *log_file_read(struct log_file *file, const struct log_mark *mark, size_t *length);

#endif
