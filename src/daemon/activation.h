/* SPDX-License-Identifier: Apache-2.0 */
/* Sockets that the service manager passes, sd_listen_fds(3). */

#ifndef VP_ACTIVATION_H
#define VP_ACTIVATION_H 1

#include <stdbool.h>

/* Returns the descriptor, nonblocking, of the stream socket that listens at `path` and that the
 * service manager has passed, or -1 if there is none. Closes the others, and warns of them. Must be
 * called once, before other files are opened in the process. */
int activation_take(const char *path);

/* Whether activation_take() has returned a socket. */
bool activation_has_taken(void);

#endif
