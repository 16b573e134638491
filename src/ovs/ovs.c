/* SPDX-License-Identifier: Apache-2.0 */
/* The connection to OVSDB and the life of a transaction. */

#include "ovs/ovs-private.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/keys.h"
#include "openvswitch/poll-loop.h"
#include "ovs/offload.h"
#include "ovsdb-idl-provider.h"
#include "ovsdb-idl.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(ovs);

/* How often to try a lost server again, ms. */
#define PROBE_INTERVAL 250

/* How long OVSDB may take to answer before the IDL closes the connection, ms. */
#define IDL_PROBE_INTERVAL 5000

static void monitor_columns(struct ovsdb_idl *idl)
{
    static const struct ovsdb_idl_column *const columns[] = {
        &ovsrec_open_vswitch_col_bridges,
        &ovsrec_open_vswitch_col_next_cfg,
        &ovsrec_open_vswitch_col_cur_cfg,
        &ovsrec_open_vswitch_col_other_config,
        &ovsrec_open_vswitch_col_external_ids,
        &ovsrec_open_vswitch_col_dpdk_initialized,
        &ovsrec_open_vswitch_col_dpdk_version,
        &ovsrec_open_vswitch_col_ovs_version,
        &ovsrec_bridge_col_name,
        &ovsrec_bridge_col_datapath_type,
        &ovsrec_bridge_col_fail_mode,
        &ovsrec_bridge_col_controller,
        &ovsrec_bridge_col_ports,
        &ovsrec_port_col_name,
        &ovsrec_port_col_interfaces,
        &ovsrec_port_col_qos,
        &ovsrec_port_col_tag,
        &ovsrec_port_col_vlan_mode,
        &ovsrec_port_col_trunks,
        &ovsrec_port_col_other_config,
        &ovsrec_qos_col_type,
        &ovsrec_qos_col_other_config,
        &ovsrec_qos_col_queues,
        &ovsrec_queue_col_other_config,
        &ovsrec_interface_col_ingress_policing_rate,
        &ovsrec_interface_col_ingress_policing_burst,
        &ovsrec_interface_col_ingress_policing_kpkts_rate,
        &ovsrec_interface_col_ingress_policing_kpkts_burst,
        &ovsrec_interface_col_name,
        &ovsrec_interface_col_type,
        &ovsrec_interface_col_options,
        &ovsrec_interface_col_external_ids,
        &ovsrec_interface_col_mtu_request,
        &ovsrec_interface_col_mtu,
        &ovsrec_interface_col_ofport,
        &ovsrec_interface_col_error,
        &ovsrec_interface_col_status,
        /* vswitchd writes it when it changes. It writes `statistics` every 5 s, so these are read
         * only on demand (ovs-counters.c). */
        &ovsrec_interface_col_link_state,
    };

    for (size_t i = 0; i < ARRAY_SIZE(columns); i++) {
        ovsdb_idl_add_column(idl, columns[i]);
    }
    ovsdb_idl_track_add_column(idl, &ovsrec_interface_col_name);
    ovsdb_idl_track_add_column(idl, &ovsrec_interface_col_type);
    ovsdb_idl_track_add_column(idl, &ovsrec_interface_col_options);
    ovsdb_idl_track_add_column(idl, &ovsrec_interface_col_external_ids);
    ovsdb_idl_track_add_column(idl, &ovsrec_interface_col_mtu_request);
    ovsdb_idl_track_add_column(idl, &ovsrec_interface_col_error);
    ovsdb_idl_track_add_column(idl, &ovsrec_interface_col_ofport);
    ovsdb_idl_track_add_column(idl, &ovsrec_interface_col_link_state);
    ovsdb_idl_track_add_column(idl, &ovsrec_bridge_col_ports);
    ovsdb_idl_track_add_column(idl, &ovsrec_bridge_col_name);
    ovsdb_idl_track_add_column(idl, &ovsrec_port_col_name);
    ovsdb_idl_track_add_column(idl, &ovsrec_port_col_tag);
}

static void parse_nothing(struct ovsdb_idl_row *row, const struct ovsdb_datum *datum)
{
    (void)row;
    (void)datum;
}

static void unparse_nothing(struct ovsdb_idl_row *row)
{
    (void)row;
}

/* The IDL would make an array of all ports of a bridge, and record each of these references,
 * whenever a port is added or removed: with many ports this is the larger part of a plug's cost.
 * vifplugd reads only few of them, so `ports` and `n_ports` of bridges stay empty, and
 * ovs_n_ports() and ovs_port_at() read the column. (ovsdb-idl-provider.h declares the two callbacks
 * of a column, which ovsdb-idlc generates.) */
static void leave_ports_unparsed(void)
{
    ovsrec_bridge_col_ports.parse = parse_nothing;
    ovsrec_bridge_col_ports.unparse = unparse_nothing;
}

struct ovs *ovs_create(const char *remote)
{
    struct ovs *ovs = xzalloc(sizeof *ovs);

    leave_ports_unparsed();
    ovs->remote = xstrdup(remote);
    ovs->registry = registry_create();
    sset_init(&ovs->changed_vifs);
    sset_init(&ovs->failed_sockets);
    shash_init(&ovs->dead_vlans);
    shash_init(&ovs->links_down);
    ovs_list_init(&ovs->staged_bridges);
    ovs->idl = ovsdb_idl_create(remote, &ovsrec_idl_class, false, true);
    monitor_columns(ovs->idl);
    ovs->bridges = rownames_create();
    ovs->ports = rownames_create();
    ovs->interfaces = rownames_create();
    ovs->port_by_qos = ovsdb_idl_index_create1(ovs->idl, &ovsrec_port_col_qos);
    ovsdb_idl_set_probe_interval(ovs->idl, IDL_PROBE_INTERVAL);
    ovs->lost_seqno = ovsdb_idl_get_seqno(ovs->idl);
    return ovs;
}

void ovs_destroy(struct ovs *ovs)
{
    if (!ovs) {
        return;
    }
    if (ovs->txn) {
        ovsdb_idl_txn_destroy(ovs->txn);
    }
    ovs_clear_staged_bridges(ovs);
    ovsdb_idl_destroy(ovs->idl);
    registry_destroy(ovs->registry);
    rownames_destroy(ovs->bridges);
    rownames_destroy(ovs->ports);
    rownames_destroy(ovs->interfaces);
    sset_destroy(&ovs->changed_vifs);
    sset_destroy(&ovs->failed_sockets);
    shash_destroy_free_data(&ovs->dead_vlans);
    shash_destroy_free_data(&ovs->links_down);
    started_value_destroy(&ovs->vhost_sock_dir);
    free(ovs->remote);
    free(ovs);
}

/* Whether a server listens at a "unix:PATH" remote. */
static bool server_listens(const char *remote)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    bool listens;
    int fd;

    if (strlen(remote + 5) >= sizeof addr.sun_path) {
        return false;
    }
    strcpy(addr.sun_path, remote + 5);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return false;
    }
    listens = connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
    close(fd);
    return listens;
}

/* The IDL waits 1, 2, 4, 8 s between tries, and this cannot be changed, but it tries a newly set
 * remote immediately. Testing the socket first keeps failed tries out of the log. */
static void seek_server(struct ovs *ovs)
{
    if (time_msec() < ovs->next_probe) {
        return;
    }
    ovs->next_probe = time_msec() + PROBE_INTERVAL;
    if (!strncmp(ovs->remote, "unix:", 5) && server_listens(ovs->remote)) {
        ovsdb_idl_set_remote(ovs->idl, NULL, false);
        ovsdb_idl_set_remote(ovs->idl, ovs->remote, true);
        ovsdb_idl_set_probe_interval(ovs->idl, IDL_PROBE_INTERVAL);
        ovs->next_probe += 3LL * PROBE_INTERVAL; /* Time for the new connection. */
    }
}

static enum ovs_state present_state(const struct ovs *ovs)
{
    /* The monitor reply always increments the sequence number. */
    if (!ovsdb_idl_is_connected(ovs->idl) || ovsdb_idl_get_seqno(ovs->idl) == ovs->lost_seqno) {
        return OVS_DISCONNECTED;
    }
    return ovsrec_open_vswitch_first(ovs->idl) ? OVS_SYNCED : OVS_UNINITIALISED;
}

/* Says what the new state means. */
static void tell_state(const struct ovs *ovs)
{
    switch (ovs->state) {
    case OVS_DISCONNECTED:
        SLOG_WARN("%s: connection to OVSDB lost; requests wait until it is back", ovs->remote);
        break;
    case OVS_UNINITIALISED:
        SLOG_WARN("%s: the database has no row in its table Open_vSwitch; requests wait until it "
                  "has one (ovs-vsctl --no-wait init)",
                  ovs->remote);
        break;
    case OVS_SYNCED:
        SLOG_INFO("%s: in step with OVSDB, %zu VIFs on record", ovs->remote,
                  registry_n_vifs(ovs->registry));
        break;
    }
}

static void follow_connection(struct ovs *ovs)
{
    enum ovs_state state;

    if (!ovsdb_idl_is_connected(ovs->idl)) {
        ovs->lost_seqno = ovsdb_idl_get_seqno(ovs->idl);
        seek_server(ovs);
    }
    state = present_state(ovs);
    if (state == ovs->state) {
        return;
    }
    if (state == OVS_DISCONNECTED) {
        ovs->n_losses++;
    } else if (ovs->state == OVS_DISCONNECTED && ovs->n_losses) {
        ovs_track_anew(ovs);
    }
    ovs->state = state;
    tell_state(ovs);
}

static void end_unawaited(struct ovs *ovs);

void ovs_run(struct ovs *ovs)
{
    ovsdb_idl_run(ovs->idl);
    ovs_track(ovs);
    follow_connection(ovs);
    end_unawaited(ovs);
}

void ovs_wait(struct ovs *ovs)
{
    ovsdb_idl_wait(ovs->idl);
    if (ovs->txn && ovs->sent) {
        ovsdb_idl_txn_wait(ovs->txn);
    }
    if (!ovsdb_idl_is_connected(ovs->idl)) {
        poll_timer_wait_until(ovs->next_probe);
    }
}

const char *ovs_remote(const struct ovs *ovs)
{
    return ovs->remote;
}

bool ovs_synced(const struct ovs *ovs)
{
    return ovs->state == OVS_SYNCED;
}

bool ovs_unavailable(const struct ovs *ovs, struct error *error)
{
    if (ovs->state == OVS_UNINITIALISED) {
        return error_set(error, REASON_SWITCH_UNAVAILABLE, "",
                         "The database at %s has no row in its table Open_vSwitch; run "
                         "'ovs-vsctl --no-wait init', as Open vSwitch's start does, and try again.",
                         ovs->remote);
    }
    return error_set(error, REASON_SWITCH_UNAVAILABLE, "",
                     "OVSDB at %s cannot be reached; start ovsdb-server (or correct db in the "
                     "configuration) and try again.",
                     ovs->remote);
}

int64_t ovs_unanswered_ms(const struct ovs *ovs)
{
    return ovs->txn && ovs->sent ? time_msec() - ovs->sent_at : 0;
}

const struct sset *ovs_changed_vifs(const struct ovs *ovs)
{
    return &ovs->changed_vifs;
}

bool ovs_bridges_changed(const struct ovs *ovs)
{
    return ovs->bridges_changed;
}

void ovs_changes_clear(struct ovs *ovs)
{
    if (!sset_is_empty(&ovs->changed_vifs)) {
        sset_clear(&ovs->changed_vifs);
    }
    ovs->bridges_changed = false;
}

bool ovs_txn_ready(const struct ovs *ovs)
{
    return ovs_synced(ovs) && !ovs->txn;
}

void ovs_txn_start(struct ovs *ovs)
{
    ovs_assert(!ovs->txn);
    ovs->txn = ovsdb_idl_txn_create(ovs->idl);
    ovs->sent = ovs->bumped = false;
}

void ovs_txn_bump(struct ovs *ovs)
{
    const struct ovsrec_open_vswitch *globals = ovsrec_open_vswitch_first(ovs->idl);

    if (globals && !ovs->bumped) {
        ovsdb_idl_txn_increment(ovs->txn, &globals->header_, &ovsrec_open_vswitch_col_next_cfg,
                                true);
        ovs->bumped = true;
    }
}

void ovs_txn_abort(struct ovs *ovs)
{
    ovs_clear_staged_bridges(ovs);
    ovsdb_idl_txn_abort(ovs->txn);
    ovsdb_idl_txn_destroy(ovs->txn);
    ovs->txn = NULL;
}

void ovs_txn_commit(struct ovs *ovs, const char *comment)
{
    ovs_stage_bridges(ovs);
    ovs_clear_staged_bridges(ovs);
    ovsdb_idl_txn_add_comment(ovs->txn, "%s", comment);
    ovs->sent = true;
    ovs->sent_losses = ovs->n_losses;
    ovs->sent_at = time_msec();
    ovsdb_idl_txn_commit(ovs->txn);
}

void ovs_set_hw_offload(struct ovs *ovs, const char *set)
{
    const struct ovsrec_open_vswitch *globals = ovsrec_open_vswitch_first(ovs->idl);

    ovs_txn_start(ovs);
    ovsrec_open_vswitch_update_other_config_setkey(globals, CONFIG_HW_OFFLOAD, "true");
    ovsrec_open_vswitch_update_external_ids_setkey(globals, KEY_OFFLOAD_SET, set);
    ovs_txn_commit(ovs, "vifplugd: ensure_hw_offload = set");
    ovs->unawaited = true;
}

void ovs_bump(struct ovs *ovs)
{
    ovs_txn_start(ovs);
    ovs_txn_bump(ovs);
    ovs_txn_commit(ovs, "vifplugd: has ovs-vswitchd begun?");
    ovs->unawaited = true;
}

/* Ends a transaction that no caller waits for. */
static void end_unawaited(struct ovs *ovs)
{
    int64_t next_cfg;
    char *error;
    enum ovs_txn_result result;

    if (!ovs->unawaited) {
        return;
    }
    ovs->unawaited = false;
    result = ovs_txn_result(ovs, &next_cfg, &error);
    ovs->unawaited = result == OVS_TXN_PENDING;
    if (result == OVS_TXN_ERROR) {
        SLOG_WARN("%s: OVSDB refused to %s: %s", ovs->remote,
                  ovs->bumped ? "increment next_cfg" : "set hw-offload", error);
    }
    free(error);
}

enum ovs_txn_result ovs_txn_result(struct ovs *ovs, int64_t *next_cfg, char **error)
{
    enum ovs_txn_result result;
    enum ovsdb_idl_txn_status status;

    *next_cfg = 0;
    *error = NULL;
    if (!ovs->txn || !ovs->sent || ovs->unawaited) {
        return OVS_TXN_NONE;
    }
    status = ovsdb_idl_txn_commit(ovs->txn);
    switch (status) {
    case TXN_INCOMPLETE:
        return OVS_TXN_PENDING;
    case TXN_SUCCESS:
    case TXN_UNCHANGED:
        result = OVS_TXN_COMMITTED;
        *next_cfg = ovs->bumped ? ovsdb_idl_txn_get_increment_new_value(ovs->txn) : 0;
        break;
    case TXN_TRY_AGAIN:
        result = ovs->n_losses != ovs->sent_losses || !ovsdb_idl_is_connected(ovs->idl)
                     ? OVS_TXN_UNCERTAIN
                     : OVS_TXN_TRY_AGAIN;
        break;
    default:
        result = OVS_TXN_ERROR;
        *error = xstrdup(ovsdb_idl_txn_get_error(ovs->txn));
        break;
    }
    ovsdb_idl_txn_destroy(ovs->txn);
    ovs->txn = NULL;
    return result;
}
