/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files ovs*.c. Only they include this, so that no other file sees IDL types. */

#ifndef VP_OVS_PRIVATE_H
#define VP_OVS_PRIVATE_H 1

#include "openvswitch/list.h"
#include "openvswitch/shash.h"
#include "ovs/options.h"
#include "ovs/ovs.h"
#include "ovs/registry.h"
#include "ovs/rownames.h"
#include "ovs/socket-file.h"
#include "vswitch-idl.h"

/* A bridge that the transaction changes in a way that single mutations cannot express: the
 * transaction makes it, or drops it if it is empty afterwards. */
struct staged_bridge {
    struct ovs_list node;
    const struct ovsrec_bridge *row;
    bool created;
    struct ovsrec_port **ports; /* Ports of a created bridge, set at commit. */
    size_t n_ports;
    bool drop;        /* Drop if only the local port (and a trunk's patch ports) are left... */
    size_t n_removed; /* ...after so many removals of ports that keep it... */
    size_t n_added;   /* ...and no addition. */
};

/* What the daemon knows of the database. */
enum ovs_state {
    OVS_DISCONNECTED,  /* Not connected, or no monitor reply yet. */
    OVS_UNINITIALISED, /* It has no row in Open_vSwitch, which all others hang on. */
    OVS_SYNCED
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
    struct sset failed_sockets; /* Ports; see ovs_socket_failed(). */
    struct shash dead_vlans;    /* Ports with the VLAN 4095, and since when, ms. */
    struct shash links_down;    /* The UUIDs of Interface rows of ours whose link is down, and since
                                 * when, ms. */
    char usual_bridge[PORT_NAME_MAX + 1]; /* The bridge of the last VIF; or "". */

    struct started_value vhost_sock_dir;
    struct socket_dirs socket_dirs;

    enum ovs_state state;
    unsigned int lost_seqno;  /* The IDL's seqno when the connection was lost. */
    unsigned int n_losses;    /* How often the connection was lost. */
    long long int next_probe; /* When to try the server again, ms. */

    struct ovsdb_idl_txn *txn;
    bool sent;
    bool unawaited; /* This module sent it, and no caller waits for its end. */
    bool bumped;
    unsigned int sent_losses; /* n_losses when it was sent. */
    long long int sent_at;    /* When it was sent, ms. */
    struct ovs_list staged_bridges;
};

const struct ovsrec_bridge *ovs_bridge_row(const struct ovs *ovs, const char *name);
const struct ovsrec_port *ovs_port_row(const struct ovs *ovs, const char *name);
const struct ovsrec_interface *ovs_interface_row(const struct ovs *ovs, const char *name);

/* The number of ports of `bridge`, and its i-th port, from the column as it is in this transaction;
 * NULL if the row does not exist. The members of the row are empty (ovs.c). */
size_t ovs_n_ports(const struct ovsrec_bridge *bridge);
const struct ovsrec_port *ovs_port_at(const struct ovs *ovs, const struct ovsrec_bridge *bridge,
                                      size_t i);

/* The bridge that has `port`. Tries first the bridge `hint` (NULL: the usual bridge of VIFs). */
const struct ovsrec_bridge *ovs_bridge_of(const struct ovs *ovs, const struct ovsrec_port *port,
                                          const char *hint);

/* Records the rows that changed since the last call. */
void ovs_track(struct ovs *ovs);

/* Records all rows, and that all VIFs may have changed. For a lost connection: the IDL then reads
 * the whole database again, and does not report which rows were removed (ovsdb_idl_clear() ends the
 * tracking of deleted rows). */
void ovs_track_anew(struct ovs *ovs);

/* Notes whether a Port row has the VLAN 4095, and since when (ovs-ports.c). */
void ovs_note_vlan(struct ovs *ovs, const struct ovsrec_port *port, bool exists);

/* Notes whether the link of a row of ours is down, and since when; after the registry knows the
 * row. */
void ovs_note_link(struct ovs *ovs, const struct ovsrec_interface *row, bool exists);

/* Forgets since when links have been down. */
void ovs_forget_links(struct ovs *ovs);

/* Forgets the VLANs of ports without a row. */
void ovs_sweep_vlans(struct ovs *ovs);

/* Reads the limits of a port (NULL: no Port row) into record->spec.qos (ovs-qos.c). */
void ovs_read_qos(const struct ovsrec_port *port, const struct ovsrec_interface *interface,
                  struct record *record);

/* Whether the server's schema has the columns for packets per second (Open vSwitch 2.16 and later).
 */
bool ovs_has_packet_limits(const struct ovs *ovs);

/* Stages the limits of `spec`, or for a created port its default QoS type. */
void ovs_stage_qos(struct ovs *ovs, const struct port_spec *spec, const struct ovsrec_port *port,
                   const struct ovsrec_interface *interface, bool created);

/* Stages the removal of the QoS and Queue rows that only `port` refers to. */
void ovs_stage_qos_removal(struct ovs *ovs, const struct ovsrec_port *port);

/* Writes the staged bridges; called once, before the commit. */
void ovs_stage_bridges(struct ovs *ovs);
void ovs_clear_staged_bridges(struct ovs *ovs);

/* The bridge of that name in the present transaction, or NULL (ovs-read.c). */
struct staged_bridge *ovs_staged_bridge(const struct ovs *ovs, const char *name);

/* Whether OVSDB has the rows that `plan` changes (ovs-check.c); fills *error if not. */
bool ovs_can_stage(const struct ovs *ovs, const struct plan *plan, struct error *error);

#endif
