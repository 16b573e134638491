/* SPDX-License-Identifier: Apache-2.0 */
/* A fake of ovs/ovs.h: OVSDB as a few tables in memory. The tests link it instead of the real one.
 *
 * A transaction changes the tables only in the next ovs_run() after it was sent, with the result
 * that the script says. Tests read and change the tables directly, like another program, and then
 * call fake_ovs_touch(), like OVSDB's notifications. */

#ifndef FAKE_OVS_H
#define FAKE_OVS_H 1

#include "base/keys.h"
#include "ovs/ovs.h"

enum { FAKE_PORTS_MAX = 32, FAKE_BRIDGES_MAX = 16, FAKE_STEPS_MAX = 32, FAKE_SCRIPT_MAX = 32 };

/* A port with its interface. */
struct fake_port {
    char name[PORT_NAME_MAX + 1];
    char bridge[PORT_NAME_MAX + 1];
    char type[INTERFACE_TYPE_MAX + 1];
    struct smap options;
    struct smap external_ids;
    int mtu_request;
    struct vif_qos qos;
    char qos_type[QOS_TYPE_MAX + 1];
    bool foreign_qos;
    int64_t tag; /* 0: none. */
    /* What vswitchd writes. */
    int64_t ofport;
    int mtu;
    char vf_mac[VIF_MAC_LEN];
    char *error;
    char link_state[LINK_STATE_LEN];
    int64_t link_down_at; /* When the link went down, or the last operation ended, ms. */
};

struct fake_bridge {
    char name[PORT_NAME_MAX + 1];
    char datapath_type[INTERFACE_TYPE_MAX + 1];
    char fail_mode[FAIL_MODE_MAX + 1];
};

/* How a transaction ends. */
struct fake_ending {
    enum ovs_txn_result result;
    bool happens;           /* UNCERTAIN: OVSDB has committed it. */
    const char *error_text; /* ERROR: OVSDB's error text. */
};

/* A plan of a transaction, with what it borrows. */
struct fake_step {
    struct plan plan;
    struct port_spec restored;
    int64_t tag;
    int64_t restored_tag;
};

struct ovs {
    struct fake_port *ports[FAKE_PORTS_MAX];
    size_t n_ports;
    struct fake_bridge bridges[FAKE_BRIDGES_MAX];
    size_t n_bridges;
    struct ovs_globals globals;
    char *hw_offload_set; /* That of `globals`. */
    struct controller_facts controllers;
    size_t n_dpdk_ports; /* What ovs_n_dpdk_ports() says. */
    bool synced;
    int64_t unanswered_ms; /* What ovs_unanswered_ms() says; 0: by the clock. */
    bool unseen;           /* vswitchd has not applied the last transaction. */
    struct sset changed_vifs;
    bool bridges_changed;
    struct sset failed_sockets; /* Ports; see ovs_socket_failed(). */

    /* The transaction. */
    bool open;
    bool sent;
    long long int sent_at; /* ms. */
    bool bumped;
    bool replied;
    int n_bumps; /* Calls of ovs_bump(). */
    bool silent; /* OVSDB does not reply. */
    int slow_ms; /* How long each search for a VIF takes. */
    struct fake_step steps[FAKE_STEPS_MAX];
    size_t n_steps;
    char comment[160];
    int64_t bumped_to;
    struct fake_ending ending;

    struct fake_ending script[FAKE_SCRIPT_MAX]; /* The next results; later transactions commit. */
    size_t n_script;
    size_t script_at;
    int n_violations;        /* Transactions that were refused because they made a port twice. */
    size_t refuse_stage;     /* How many more plans fail because their rows were removed. */
    void (*on_commit)(void); /* Called once, before the next transaction changes the tables. */
};

/* --- The tables. --- */

/* NULL if there is none. */
struct fake_port *fake_port(const struct ovs *ovs, const char *name);
struct fake_port *fake_add_port(struct ovs *ovs, const char *name, const char *bridge,
                                const char *type);
void fake_remove_port(struct ovs *ovs, const char *name);
struct fake_bridge *fake_bridge(const struct ovs *ovs, const char *name);
struct fake_bridge *fake_add_bridge(struct ovs *ovs, const char *name, const char *datapath_type);

/* Removes the bridge and all of its ports. */
void fake_remove_bridge(struct ovs *ovs, const char *name);
size_t fake_n_ports_on(const struct ovs *ovs, const char *bridge);

/* Sets the columns that vswitchd writes; `error` may be NULL. */
void fake_port_say(struct fake_port *port, int64_t ofport, int mtu, const char *error);

/* Notes that a port has changed, or (bridges) that ports were added, removed or moved. */
void fake_ovs_touch(struct ovs *ovs, const struct fake_port *port);

/* --- The script. --- */

/* Appends a result to the script of the next transactions. */
void fake_ovs_script(struct ovs *ovs, struct fake_ending ending);

/* Breaks the connection; `happens`: OVSDB still commits the transaction under way. */
void fake_ovs_disconnect(struct ovs *ovs, bool happens);
void fake_ovs_reconnect(struct ovs *ovs);

/* --- Between the files of the fake. --- */

/* Whether the transaction would make a port whose name is taken, which OVSDB refuses. */
bool fake_violates_names(const struct ovs *ovs);

void fake_carry_out(struct ovs *ovs, const struct fake_step *step);

#endif
