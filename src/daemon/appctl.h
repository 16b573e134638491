/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of `ovs-appctl -t vifplugd` that show the daemon's configuration, VIFs and NICs. */

#ifndef VP_APPCTL_H
#define VP_APPCTL_H 1

#include "daemon/config-reader.h"
#include "daemon/config.h"
#include "daemon/dispatch.h"

struct appctl;

/* Registers config/show, vif/show and nic/show. All are borrowed; `config` is the configuration in
 * force, also after it has changed. */
struct appctl *appctl_create(const struct dispatch *dispatch, const struct config *config,
                             const struct config_reader *reader, const char *path);

/* Only when no command can come any more. */
void appctl_destroy(struct appctl *appctl);

/* Replies to nic/show once a scan has ended. Call it once per pass, after nic_scanner_run(). */
void appctl_run(struct appctl *appctl);

#endif
