/* SPDX-License-Identifier: Apache-2.0 */
/* Reads all PFs and VFs in a separate thread: sysfs takes some 10 ms for a hundred VFs, and the
 * loop must not wait. All who ask within NIC_SCAN_PAUSE_MS share a scan.
 *
 * Only the main thread may call these functions. */

#ifndef VP_NIC_SCANNER_H
#define VP_NIC_SCANNER_H 1

#include <stddef.h>
#include <stdint.h>

#include "nic/dpdk-extra.h"
#include "nic/nic-list.h"
#include "nic/nic-profile.h"

/* From the start of a scan to that of the next, at least, ms. */
#define NIC_SCAN_PAUSE_MS 100

struct nic_scanner;

/* The result of a scan. */
struct nic_scan;

/* `sysfs_root` and `extra` are borrowed. */
struct nic_scanner *nic_scanner_create(const char *sysfs_root, const struct dpdk_extra *extra);

/* Waits for the scan under way. */
void nic_scanner_destroy(struct nic_scanner *scanner);

/* Sets the profiles for scans that begin from now on. Borrowed. */
void nic_scanner_set_profiles(struct nic_scanner *scanner, const struct nic_profile *profiles,
                              size_t n_profiles);

/* Asks for a scan that begins after this call. Returns its number. */
uint64_t nic_scanner_ask(struct nic_scanner *scanner);

/* Returns the result of scan `number` or of a later one, for nic_scan_release(); NULL if there is
 * none yet. */
struct nic_scan *nic_scanner_take(struct nic_scanner *scanner, uint64_t number);
const struct nic_list *nic_scan_list(const struct nic_scan *scan);
void nic_scan_release(struct nic_scan *scan);

/* Takes the result of the scan under way, and begins the next. Call once per pass. */
void nic_scanner_run(struct nic_scanner *scanner);
void nic_scanner_wait(const struct nic_scanner *scanner);

#endif
