/* SPDX-License-Identifier: Apache-2.0 */
/* Checks whether a NIC profile can work for any VF at all, when the configuration is read, so that
 * errors do not show only at a plug. */

#ifndef VP_NIC_CHECK_H
#define VP_NIC_CHECK_H 1

#include <stdbool.h>
#include <stddef.h>

/* Each function takes the value of a setting. On failure it writes to `why` what is wrong with it,
 * as text that follows the setting's name in a sentence. */

/* A template of dpdk-devargs: filled in for any VF, it must fit, have DPDK's form (base/devargs.h),
 * and name only that VF, of its own PF (or of a PF address in the template). The daemon finds out
 * by that name whether two ports use one VF. */
bool nic_check_devargs(const char *template, char *why, size_t size);

/* A template of a vhost-user socket: filled in for any VF, it must be an absolute path that fits a
 * socket's address, and must not be the same for all VFs. */
bool nic_check_socket(const char *template, char *why, size_t size);

/* An option of a dpdk Interface. If ovs-vswitchd cannot parse a value, it uses the default without
 * an error; so this checks options that have a type in ovs-vswitchd.conf.db(5). It accepts all
 * others. */
bool nic_check_option(const char *key, const char *value, char *why, size_t size);

#endif
