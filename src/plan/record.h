/* SPDX-License-Identifier: Apache-2.0 */
/* Records: ports as OVSDB has them. A record outlives a pass of the loop, unless it is
 * `borrowed`. */

#ifndef VP_RECORD_H
#define VP_RECORD_H 1

#include <stdbool.h>
#include <stdint.h>

#include "plan/port-spec.h"

/* Space for the longest value of Interface:link_state, and its terminator. */
#define LINK_STATE_LEN 8

/* One port as OVSDB has it. */
struct record {
    bool borrowed; /* Its maps and `error` belong to a row: valid until the next ovs_run(), and
                    * read-only. */
    struct port_spec spec;           /* With all options and external_ids of the row. */
    bool ours;                       /* Has vifplug-owner=vifplugd and a VIF id. */
    int64_t ofport;                  /* > 0; -1: vswitchd could not make it; 0: no verdict yet. */
    int mtu;                         /* The MTU that vswitchd has applied; 0: not known. */
    char vf_mac[VIF_MAC_LEN];        /* The VF's MAC that vswitchd has applied; or "". */
    char link_state[LINK_STATE_LEN]; /* "up", "down"; "": vswitchd has not said. */
    bool has_tag;
    int tag;                         /* The Port's VLAN tag, if has_tag. */
    char *error;                     /* vswitchd's error text, or NULL. */
    bool foreign_qos;                /* The port has QoS rows that spec.qos cannot express. */
    bool lacks_port_bridge;          /* Its spec.port_bridge is gone, or another program's. */
    char qos_type[QOS_TYPE_MAX + 1]; /* The type of the port's QoS row; "": it has none. */
    char boot_id[VIF_ID_MAX + 1];
    char instance[VIF_ID_MAX + 1];
};

/* What other programs, above all Neutron's agent, have set on a Port row. An undo that makes the
 * port again writes these, so that the port is never on the network without its VLAN. */
struct port_settings {
    bool has_tag;
    int64_t tag;
    char *vlan_mode; /* Or NULL. */
    int64_t *trunks;
    size_t n_trunks;
    struct smap other_config;
};

void port_settings_free(struct port_settings *settings); /* NULL is allowed. */

void record_init(struct record *record);
void record_destroy(struct record *record);
void record_clone(struct record *dst, const struct record *src); /* dst: uninitialised; owned. */

/* Fills what type, options and external_ids say: in record->spec the kind, VIF id, VF and
 * vhost-user path; and `ours`, boot_id and instance. */
void record_interpret(struct record *record);

/* Whether vswitchd has reported that the port failed. A port that waits for the netdev of another
 * program has not failed. */
bool record_failed(const struct record *record);

/* The type of the port, or the one that the second step of a replacement is about to give it. */
const char *record_settled_type(const struct record *record);

/* Whether the port has limits, and an undo can write them again. */
bool record_has_limits(const struct record *record);

/* Fills in the MAC and the MTU that the tap had when it was plugged, for one that vifplugd has to
 * make again. */
void record_describe_tap(const struct record *record, struct link_spec *links);

/* Whether another program makes the port's netdev, maybe later than the port. */
bool record_netdev_may_come_later(const struct record *record);

/* Whether the port waits for a netdev that another program makes. */
bool record_awaits_netdev(const struct record *record);

#endif
