/* SPDX-License-Identifier: Apache-2.0 */
/* Clients: the processes at the other ends of connections. */

#ifndef VP_CLIENT_H
#define VP_CLIENT_H 1

#include <sys/types.h>

/* The length of a process's name, with its NUL: TASK_COMM_LEN of Linux. */
enum { CLIENT_NAME_LEN = 16 };

struct client {
    uid_t uid;
    pid_t pid;                  /* 0: not known (in another PID namespace). */
    char name[CLIENT_NAME_LEN]; /* As the process calls itself, so it proves nothing; or "". */
};

#endif
