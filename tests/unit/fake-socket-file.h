/* SPDX-License-Identifier: Apache-2.0 */
/* A fake of ovs/socket-file.h: one file. */

#ifndef FAKE_SOCKET_FILE_H
#define FAKE_SOCKET_FILE_H 1

#include "ovs/socket-file.h"

struct fake_socket_file {
    char path[VIF_PATH_MAX + 1]; /* Only this file exists, as `file` says. */
    enum socket_file file;
    bool stays;        /* It cannot be removed. */
    bool leaves;       /* vswitchd removes it when it next looks at OVSDB. */
    bool no_directory; /* No directory exists. */
    int n_looks;       /* Calls with a path. */
    char removed[256]; /* "PATH, PATH" */
};
extern struct fake_socket_file fake_socket_file;

#endif
