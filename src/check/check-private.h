/* SPDX-License-Identifier: Apache-2.0 */
/* What checks share, and the functions of the table of checks (check.c). */

#ifndef VP_CHECK_PRIVATE_H
#define VP_CHECK_PRIVATE_H 1

#include "check/check.h"

/* finding.c: tells a finding of the check under way, and counts it. check_add() leaves out those
 * that are too many. */
void check_tell(struct check_run *run, enum check_result result, const char *object,
                const char *message);

/* QEMU's user, and where its name comes from unless libvirt's file has it, for messages. */
#define CHECK_QEMU_LEN 512
const char *check_qemu_user(const struct host_facts *host, char text[CHECK_QEMU_LEN]);

/* check-daemon.c */
void check_host_read(struct check_run *run);
void check_access(struct check_run *run);
void check_socket_group(struct check_run *run);
void check_settings(struct check_run *run);

/* check-switch.c */
void check_ovsdb(struct check_run *run);
void check_vswitchd(struct check_run *run);
void check_vswitchd_settings(struct check_run *run);
void check_vswitchd_sockets(struct check_run *run);
void check_dpdk(struct check_run *run);
void check_versions(struct check_run *run);
void check_offload(struct check_run *run);
void check_dpdk_ports(struct check_run *run);
void check_foreign_ports(struct check_run *run);
void check_left_links(struct check_run *run);

/* check-card.c */
void check_card_devices(struct check_run *run);
void check_vfs(struct check_run *run);
void check_vf_drivers(struct check_run *run);
void check_eswitch(struct check_run *run);
void check_card_sockets(struct check_run *run);
void check_hugepages(struct check_run *run);
void check_iommu(struct check_run *run);
void check_socket_dirs(struct check_run *run);

/* check-vif.c */
void check_vif_state(struct check_run *run, const struct vif_facts *vif);
void check_vif_link(struct check_run *run, const struct vif_facts *vif);
void check_vif_mtu(struct check_run *run, const struct vif_facts *vif);
void check_vif_uplink(struct check_run *run, const struct vif_facts *vif);
void check_vif_vlan(struct check_run *run, const struct vif_facts *vif);
void check_vif_mac(struct check_run *run, const struct vif_facts *vif);
void check_vif_iface_id(struct check_run *run, const struct vif_facts *vif);
void check_vif_socket(struct check_run *run, const struct vif_facts *vif);
void check_vif_socket_dir(struct check_run *run, const struct vif_facts *vif);

#endif
