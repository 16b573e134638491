/* SPDX-License-Identifier: Apache-2.0 */
/* What the files ovs*.c share. Nobody else includes this: it is where IDL types end. */

#ifndef VP_OVS_PRIVATE_H
#define VP_OVS_PRIVATE_H 1

#include "openvswitch/list.h"
#include "ovs/ovs.h"
#include "ovs/registry.h"
#include "ovs/rownames.h"
#include "vswitch-idl.h"

/* Bridges that the transaction under construction touches in a way that single mutations cannot
 * express: made by it, or dropped if they are empty after it. */
struct staged_bridge {
    struct ovs_list node;
    const struct ovsrec_bridge *row;
    bool created;
    struct ovsrec_port **ports; /* Of a created one, set at commit. */
    size_t n_ports;
    bool drop; /* Drop if nothing but the local port (of a trunk bridge: and patch ports) is left...
                */
    size_t n_removed; /* ...after so many were taken away... */
    size_t n_added;   /* ...and none was added. */
};

struct ovs {
    char *remote;
    struct ovsdb_idl *idl;
    struct rownames *bridges;
    struct rownames *ports;
    struct rownames *interfaces;
    struct ovsdb_idl_index *port_by_qos;
    struct registry *registry;
    struct sset changed_vifs;
    bool bridges_changed;
    char usual_bridge[PORT_NAME_MAX + 1]; /* Where the last VIF was put; or "". */

    bool synced;
    unsigned int lost_seqno;  /* The IDL's seqno when the connection was lost. */
    unsigned int n_losses;    /* How often it was. */
    long long int next_probe; /* When to look for the server again, ms. */

    struct ovsdb_idl_txn *txn;
    bool sent;
    bool untold; /* It is ours, and nobody waits for its end. */
    bool bumped;
    unsigned int sent_losses; /* n_losses when it was sent. */
    struct ovs_list staged_bridges;
};

const struct ovsrec_bridge *ovs_bridge_row(const struct ovs *ovs, const char *name);
const struct ovsrec_port *ovs_port_row(const struct ovs *ovs, const char *name);
const struct ovsrec_interface *ovs_interface_row(const struct ovs *ovs, const char *name);

/* How many ports `bridge` has, and one of them (0 <= i < that), by the column as it is in this
 * transaction; NULL if there is no such row. The row's own members are empty (ovs.c). */
size_t ovs_n_ports(const struct ovsrec_bridge *bridge);
const struct ovsrec_port *ovs_port_at(const struct ovs *ovs, const struct ovsrec_bridge *bridge,
                                      size_t i);

/* The bridge that has `port`; tried first: the one called `hint` (NULL: where VIFs are as a rule).
 */
const struct ovsrec_bridge *ovs_bridge_of(const struct ovs *ovs, const struct ovsrec_port *port,
                                          const char *hint);

/* Takes note of the rows that changed since the last call. */
void ovs_track(struct ovs *ovs);

/* Takes note of all rows, and that all VIFs may have changed. After a connection that was lost: the
 * IDL then takes in the whole database anew, and does not tell which rows went (ovsdb_idl_clear()
 * ends the tracking of what it deletes). */
void ovs_track_anew(struct ovs *ovs);

/* Reads the limits of a port (NULL: it has no Port row) into record->spec.qos (ovs-qos.c). */
void ovs_read_qos(const struct ovsrec_port *port, const struct ovsrec_interface *interface,
                  struct record *record);

/* Stages the limits of `spec`, or for a created port its default QoS type. */
void ovs_stage_qos(struct ovs *ovs, const struct port_spec *spec, const struct ovsrec_port *port,
                   const struct ovsrec_interface *interface, bool created);

/* Stages the removal of the QoS and Queue rows that only `port` refers to. */
void ovs_stage_qos_removal(struct ovs *ovs, const struct ovsrec_port *port);

/* Writes what the staged bridges came to; called once, before the commit. */
void ovs_stage_bridges(struct ovs *ovs);
void ovs_clear_staged_bridges(struct ovs *ovs);

#endif
