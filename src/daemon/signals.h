/* SPDX-License-Identifier: Apache-2.0 */
/* Signals: SIGTERM and SIGINT stop the daemon, SIGHUP makes it read its configuration again. */

#ifndef VP_SIGNALS_H
#define VP_SIGNALS_H 1

#include <stdbool.h>

/* Catches the signals. Call it before OVS's libraries install handlers of their own, which would
 * exit with 143; they leave signals alone that have a handler. */
void signals_catch(void);

/* Wakes up the loop when a signal has come. */
void signals_wait(void);

/* Whether the daemon shall read its configuration again; asked once for each signal. */
bool signals_take_reload(void);

/* Whether the daemon shall stop. */
bool signals_stop(void);

/* Stops the daemon as SIGTERM does. */
void signals_set_stop(void);

#endif
