/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps the PFs that `nic` knows as those of the host: forgets them when the devices may have
 * changed (nic-events.h). Where nothing tells that, has them listed again by the scanner's thread
 * every NIC_REFRESH_MS.
 *
 * Only the main thread may call these functions. */

#ifndef VP_NIC_REFRESH_H
#define VP_NIC_REFRESH_H 1

#include "nic/nic-scanner.h"
#include "nic/nic.h"

/* From one listing to the next without events, ms. */
#define NIC_REFRESH_MS 10000

struct nic_refresh;

/* Borrows `sysfs_root`, `nic` and `scanner`. The result must not outlive `nic`, which must not be
 * asked for VFs any more once the result is destroyed. */
struct nic_refresh *nic_refresh_create(const char *sysfs_root, struct nic *nic,
                                       struct nic_scanner *scanner);
void nic_refresh_destroy(struct nic_refresh *refresh);

/* Call once per pass. */
void nic_refresh_run(struct nic_refresh *refresh);
void nic_refresh_wait(const struct nic_refresh *refresh);

#endif
