/* SPDX-License-Identifier: Apache-2.0 */
/* The socket at which monitoring reads the metrics over HTTP, without rights of its own. Whoever
 * can connect may read; so it has its own few connections, and a fifth of the loop's time at most.
 */

#ifndef VP_METRICS_LISTENER_H
#define VP_METRICS_LISTENER_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "daemon/dispatch.h"

struct metrics_listener;

/* Whether `listen` is "", "unix:PATH" or "127.0.0.1:PORT". If not, stores what is wrong. */
bool metrics_listen_check(const char *listen, char *why, size_t size);

/* `dispatch` is borrowed. It does not listen yet. */
struct metrics_listener *metrics_listener_create(const struct dispatch *dispatch);
void metrics_listener_destroy(struct metrics_listener *listener);

/* Listens at `listen` from now on, and only there; "": nowhere. Changes nothing if it listens
 * there. The socket file gets mode 0666, and goes when the listener does. Returns false with *error
 * filled, and listens nowhere, on failure. */
bool metrics_listener_set(struct metrics_listener *listener, const char *listen,
                          struct error *error);

/* Call each once per pass. */
void metrics_listener_run(struct metrics_listener *listener);
void metrics_listener_wait(const struct metrics_listener *listener);

#endif
