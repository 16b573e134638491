/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the configuration again while the daemon runs. */

#ifndef VP_RELOAD_H
#define VP_RELOAD_H 1

#include "daemon/modules.h"

/* Begins to read the configuration. If that is under way already, it begins anew once that has
 * ended. */
void reload_begin(struct daemon *daemon);

/* Once the configuration is read, puts in force what can change, and says what waits for a restart.
 * A configuration with an error changes nothing. Call once per pass. */
void reload_run(struct daemon *daemon);
void reload_wait(const struct daemon *daemon);

#endif
