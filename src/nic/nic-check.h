/* SPDX-License-Identifier: Apache-2.0 */
/* Whether what a NIC profile says can work for any VF at all: told when the configuration is read,
 * so that no plug has to find out. */

#ifndef VP_NIC_CHECK_H
#define VP_NIC_CHECK_H 1

#include <stdbool.h>
#include <stddef.h>

/* Each takes a setting's value and, on failure, writes to `why` what is wrong with it, to stand
 * behind the setting's name in a sentence. */

/* A template of dpdk-devargs: filled in for a VF, it must fit, be of DPDK's form (base/devargs.h),
 * and name that VF alone, of its own PF (or of one that is written out). Whether two ports are on
 * one VF is told by that name. */
bool nic_check_devargs(const char *template, char *why, size_t size);

/* A template of a vhost-user socket: filled in, an absolute path that fits a socket's address, and
 * not the same for all VFs. */
bool nic_check_socket(const char *template, char *why, size_t size);

/* An option of a dpdk Interface. ovs-vswitchd takes a value that it cannot read for the default,
 * without a word; so those that ovs-vswitchd.conf.db(5) gives a type are held to it. Others pass.
 */
bool nic_check_option(const char *key, const char *value, char *why, size_t size);

#endif
