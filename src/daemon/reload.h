/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the configuration again while the daemon runs. */

#ifndef VP_RELOAD_H
#define VP_RELOAD_H 1

#include "daemon/modules.h"

/* Puts in force what can change, and says what waits for a restart. A configuration with an error
 * changes nothing. */
void reload(struct daemon *daemon);

#endif
