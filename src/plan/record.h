/* SPDX-License-Identifier: Apache-2.0 */
/* Records: ports as they stand in OVSDB. A record survives a pass of the loop, unless it is
 * `borrowed`. */

#ifndef VP_RECORD_H
#define VP_RECORD_H 1

#include <stdbool.h>
#include <stdint.h>

#include "plan/port-spec.h"

/* One port as it stands in OVSDB. */
struct record {
    bool borrowed; /* Its maps and `error` are a row's: good until the next ovs_run(), not to be
                    * changed. */
    struct port_spec spec;    /* All options and external_ids of the row, ours and others'. */
    bool ours;                /* Carries our owner mark. */
    int64_t ofport;           /* > 0; -1: vswitchd could not make it; 0: no verdict yet. */
    int mtu;                  /* As vswitchd applied it; 0: not known. */
    char vf_mac[VIF_MAC_LEN]; /* The VF's MAC as vswitchd applied it (status:dpdk-vf-mac); or "". */
    char *error;              /* vswitchd's error text, or NULL. */
    bool foreign_qos;         /* Its QoS rows say more than spec.qos can. */
    char boot_id[VIF_ID_MAX + 1];
    char instance[VIF_ID_MAX + 1];
};

/* What others, Neutron's agent above all, have set on a Port row: for an undo that has to make the
 * port anew, so that it is not on the network without its VLAN. */
struct port_settings {
    bool has_tag;
    int64_t tag;
    char *vlan_mode; /* Or NULL. */
    int64_t *trunks;
    size_t n_trunks;
    struct smap other_config;
};

void port_settings_free(struct port_settings *settings); /* NULL is taken. */

void record_init(struct record *record);
void record_destroy(struct record *record);
void record_clone(struct record *dst, const struct record *src); /* dst: uninitialised; owned. */

/* Fills the parts of record->spec that are told by its type, options and external_ids: kind, VIF
 * id, VF, vhost-user path, owner mark, boot id, instance. */
void record_interpret(struct record *record);

/* Whether vswitchd has said that it could not make the port. A port whose netdev somebody else
 * makes later has not failed. */
bool record_failed(const struct record *record);

/* Whether it has limits, and such as can be written again. */
bool record_has_limits(const struct record *record);

/* Whether the port waits for a netdev that somebody else makes. */
bool record_awaits_netdev(const struct record *record);

#endif
