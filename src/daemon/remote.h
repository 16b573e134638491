/* SPDX-License-Identifier: Apache-2.0 */
/* Which remotes of OVSDB vifplugd can connect to. */

#ifndef VP_REMOTE_H
#define VP_REMOTE_H 1

#include <stdbool.h>
#include <stddef.h>

/* Whether the IDL of this libopenvswitch can connect to `remote`: "unix:PATH", "tcp:ADDRESS" or
 * "tcp:ADDRESS:PORT". If not, stores why, and what to use instead. */
bool remote_check(const char *remote, char *why, size_t size);

#endif
