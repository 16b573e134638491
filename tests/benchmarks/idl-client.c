/* SPDX-License-Identifier: Apache-2.0 */
/* A bare client of libopenvswitch's IDL: a daemon cannot be faster than this. It has a copy of the
 * database, writes the requested rows, and waits.
 *
 * idl-client [--minimal] REMOTE
 *
 * copies the same columns as vifplugd; with --minimal only those that it needs to write a port and
 * to see it realized. Prints {"ready":true} once it is in step. It reads commands from standard
 * input, one JSON object per line, and replies to each with one line:
 *
 *   {"do":"plug","bridge":B,"batch":N,"wait":BOOL,"rows":[ROW,...]}
 *       Plugs the ports in transactions of N, one at a time; with `wait` it then waits for
 *       vswitchd. ROW is {"name","type","mtu_request","options":{},"external_ids":{}}.
 *   {"do":"unplug","bridge":B,"batch":N,"wait":BOOL,"names":[NAME,...]}
 *   {"do":"catch up","next_cfg":N}
 *       Waits until it has read that.
 *
 * The reply is {"us":T,"transactions":N,"failed":N,"cpu_us":T}: how long it took, ports without an
 * ofport, and the CPU time of the process since its start, without reading commands and writing
 * replies. An error ends the process. */

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "openvswitch/json-array.h"
#include "openvswitch/json.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "openvswitch/vlog.h"
#include "ovsdb-idl.h"
#include "util.h"
#include "vswitch-idl.h"

/* How long anything may take, s. */
enum { DEADLINE_S = 120 };

struct row {
    const char *name;
    const char *type;
    int64_t mtu_request;
    struct smap options;
    struct smap external_ids;
    struct uuid uuid; /* Of its Interface. */
};

struct client {
    struct ovsdb_idl *idl;
    struct ovsdb_idl_index *bridge_by_name;
    struct ovsdb_idl_index *port_by_name;
    int64_t uncounted_ns; /* CPU time for commands and replies. */
    int64_t next_cfg;     /* Of the last transaction. */
    int n_transactions;
    int input; /* Standard input. */
};

/* A parsed command. */
struct order {
    const struct ovsrec_bridge *bridge;
    size_t batch;
    bool wait;
    bool unplug;
    struct row *rows;
    size_t n_rows;
};

static int64_t clock_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void monitor(struct ovsdb_idl *idl, bool minimal)
{
    static const struct ovsdb_idl_column *const needed[] = {
        &ovsrec_open_vswitch_col_bridges, &ovsrec_open_vswitch_col_next_cfg,
        &ovsrec_open_vswitch_col_cur_cfg, &ovsrec_bridge_col_name,
        &ovsrec_bridge_col_ports,         &ovsrec_port_col_name,
        &ovsrec_port_col_interfaces,      &ovsrec_interface_col_name,
        &ovsrec_interface_col_ofport,     &ovsrec_interface_col_error,
    };
    static const struct ovsdb_idl_column *const further[] = {
        &ovsrec_open_vswitch_col_other_config,
        &ovsrec_open_vswitch_col_external_ids,
        &ovsrec_open_vswitch_col_dpdk_initialized,
        &ovsrec_open_vswitch_col_dpdk_version,
        &ovsrec_open_vswitch_col_ovs_version,
        &ovsrec_bridge_col_datapath_type,
        &ovsrec_port_col_qos,
        &ovsrec_qos_col_type,
        &ovsrec_qos_col_other_config,
        &ovsrec_qos_col_queues,
        &ovsrec_queue_col_other_config,
        &ovsrec_interface_col_ingress_policing_rate,
        &ovsrec_interface_col_ingress_policing_burst,
        &ovsrec_interface_col_ingress_policing_kpkts_rate,
        &ovsrec_interface_col_ingress_policing_kpkts_burst,
        &ovsrec_interface_col_type,
        &ovsrec_interface_col_options,
        &ovsrec_interface_col_external_ids,
        &ovsrec_interface_col_mtu_request,
        &ovsrec_interface_col_mtu,
        &ovsrec_interface_col_status,
    };

    for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
        ovsdb_idl_add_column(idl, needed[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(further) && !minimal; i++) {
        ovsdb_idl_add_column(idl, further[i]);
    }
}

/* Waits for a change in the database, and reads it. */
static void next_event(struct client *client, int64_t started)
{
    ovsdb_idl_wait(client->idl);
    poll_timer_wait(1000);
    poll_block();
    ovsdb_idl_run(client->idl);
    if (clock_ns(CLOCK_MONOTONIC) - started > (int64_t)DEADLINE_S * 1000000000) {
        ovs_fatal(0, "no end within %d s", DEADLINE_S);
    }
}

static void stage_plug(struct ovsdb_idl_txn *txn, const struct order *order, struct row *row)
{
    struct ovsrec_interface *interface = ovsrec_interface_insert(txn);
    struct ovsrec_port *port = ovsrec_port_insert(txn);

    ovsrec_interface_set_name(interface, row->name);
    ovsrec_interface_set_type(interface, row->type);
    ovsrec_interface_set_options(interface, &row->options);
    ovsrec_interface_set_external_ids(interface, &row->external_ids);
    ovsrec_interface_set_mtu_request(interface, &row->mtu_request, row->mtu_request ? 1 : 0);
    ovsrec_port_set_name(port, row->name);
    ovsrec_port_set_interfaces(port, &interface, 1);
    ovsrec_bridge_update_ports_addvalue(order->bridge, port);
    row->uuid = interface->header_.uuid;
}

static void stage_unplug(const struct client *client, const struct order *order,
                         const struct row *row)
{
    struct ovsrec_port *key = ovsrec_port_index_init_row(client->port_by_name);
    const struct ovsrec_port *port;

    ovsrec_port_index_set_name(key, row->name);
    port = ovsrec_port_index_find(client->port_by_name, key);
    ovsrec_port_index_destroy_row(key);
    if (!port) {
        ovs_fatal(0, "there is no port %s", row->name);
    }
    ovsrec_bridge_update_ports_delvalue(order->bridge, port);
}

/* One transaction, until its commit. */
static void commit(struct client *client, const struct order *order, struct row *rows, size_t n)
{
    const struct ovsrec_open_vswitch *globals = ovsrec_open_vswitch_first(client->idl);
    struct ovsdb_idl_txn *txn = ovsdb_idl_txn_create(client->idl);
    int64_t started = clock_ns(CLOCK_MONOTONIC);
    enum ovsdb_idl_txn_status status;

    for (size_t i = 0; i < n; i++) {
        if (order->unplug) {
            stage_unplug(client, order, &rows[i]);
        } else {
            stage_plug(txn, order, &rows[i]);
        }
    }
    ovsdb_idl_txn_increment(txn, &globals->header_, &ovsrec_open_vswitch_col_next_cfg, true);
    ovsdb_idl_txn_add_comment(txn, "idl-client: %s and %zu more", rows[0].name, n - 1);
    while ((status = ovsdb_idl_txn_commit(txn)) == TXN_INCOMPLETE) {
        ovsdb_idl_txn_wait(txn);
        next_event(client, started);
    }
    if (status != TXN_SUCCESS) {
        ovs_fatal(0, "transaction: %s", ovsdb_idl_txn_status_to_string(status));
    }
    client->next_cfg = ovsdb_idl_txn_get_increment_new_value(txn);
    client->n_transactions++;
    for (size_t i = 0; i < n && !order->unplug; i++) {
        rows[i].uuid = *ovsdb_idl_txn_get_insert_uuid(txn, &rows[i].uuid);
    }
    ovsdb_idl_txn_destroy(txn);
}

/* Waits for vswitchd's verdict on all rows; returns how many it could not make. */
static size_t await_verdicts(struct client *client, const struct order *order)
{
    int64_t started = clock_ns(CLOCK_MONOTONIC);
    size_t n_failed = 0;

    while (ovsrec_open_vswitch_first(client->idl)->cur_cfg < client->next_cfg) {
        next_event(client, started);
    }
    for (size_t i = 0; i < order->n_rows && !order->unplug; i++) {
        const struct ovsrec_interface *interface =
            ovsrec_interface_get_for_uuid(client->idl, &order->rows[i].uuid);

        if (!interface || !interface->n_ofport || *interface->ofport < 0 || interface->error) {
            n_failed++;
        }
    }
    return n_failed;
}

static const struct json *member(const struct json *command, const char *name)
{
    const struct json *value = shash_find_data(json_object(command), name);

    if (!value) {
        ovs_fatal(0, "the command has no '%s'", name);
    }
    return value;
}

static void read_map(const struct json *json, struct smap *map)
{
    const struct shash_node *node;

    smap_init(map);
    SHASH_FOR_EACH (node, json_object(json)) {
        smap_add(map, node->name, json_string(node->data));
    }
}

static void read_row(const struct json *json, bool unplug, struct row *row)
{
    if (unplug) {
        *row = (struct row){.name = json_string(json)};
        smap_init(&row->options);
        smap_init(&row->external_ids);
        return;
    }
    row->name = json_string(member(json, "name"));
    row->type = json_string(member(json, "type"));
    row->mtu_request = json_integer(member(json, "mtu_request"));
    read_map(member(json, "options"), &row->options);
    read_map(member(json, "external_ids"), &row->external_ids);
}

static void read_order(const struct client *client, const struct json *command, struct order *order)
{
    struct ovsrec_bridge *key = ovsrec_bridge_index_init_row(client->bridge_by_name);
    const struct json *rows;

    ovsrec_bridge_index_set_name(key, json_string(member(command, "bridge")));
    order->bridge = ovsrec_bridge_index_find(client->bridge_by_name, key);
    ovsrec_bridge_index_destroy_row(key);
    if (!order->bridge) {
        ovs_fatal(0, "there is no such bridge");
    }
    order->unplug = !strcmp(json_string(member(command, "do")), "unplug");
    order->batch = (size_t)json_integer(member(command, "batch"));
    order->wait = json_boolean(member(command, "wait"));
    rows = member(command, order->unplug ? "names" : "rows");
    order->n_rows = json_array_size(rows);
    order->rows = xcalloc(order->n_rows, sizeof *order->rows);
    for (size_t i = 0; i < order->n_rows; i++) {
        read_row(json_array_at(rows, i), order->unplug, &order->rows[i]);
    }
}

static void destroy_order(struct order *order)
{
    for (size_t i = 0; i < order->n_rows; i++) {
        smap_destroy(&order->rows[i].options);
        smap_destroy(&order->rows[i].external_ids);
    }
    free(order->rows);
}

static void catch_up(struct client *client, int64_t next_cfg)
{
    int64_t started = clock_ns(CLOCK_MONOTONIC);

    while (ovsrec_open_vswitch_first(client->idl)->next_cfg < next_cfg) {
        next_event(client, started);
    }
    puts("{}");
    fflush(stdout);
}

static void obey(struct client *client, const char *line)
{
    int64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    struct json *command = json_from_string(line);
    struct order order;
    size_t n_failed = 0;
    int64_t started;
    double us;

    if (command->type != JSON_OBJECT) {
        ovs_fatal(0, "no command: %s", line);
    }
    if (!strcmp(json_string(member(command, "do")), "catch up")) {
        catch_up(client, json_integer(member(command, "next_cfg")));
        json_destroy(command);
        return;
    }
    read_order(client, command, &order);
    client->n_transactions = 0;
    client->uncounted_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;

    started = clock_ns(CLOCK_MONOTONIC);
    for (size_t i = 0; i < order.n_rows; i += order.batch) {
        commit(client, &order, &order.rows[i], MIN(order.batch, order.n_rows - i));
    }
    if (order.wait) {
        n_failed = await_verdicts(client, &order);
    }
    us = (double)(clock_ns(CLOCK_MONOTONIC) - started) / 1000.0;

    cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    printf("{\"us\":%.1f,\"transactions\":%d,\"failed\":%zu,\"cpu_us\":%.1f}\n", us,
           client->n_transactions, n_failed, (double)(cpu - client->uncounted_ns) / 1000.0);
    fflush(stdout);
    destroy_order(&order);
    json_destroy(command);
    client->uncounted_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
}

/* Reads standard input without waiting and runs the command of each complete line. */
static void take_commands(struct client *client)
{
    static char *text;
    static size_t used;
    static size_t size;
    int64_t cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    ssize_t n;
    char *end;

    if (size - used < 65536) {
        size = 2 * size + 65536;
        text = xrealloc(text, size);
    }
    n = read(client->input, text + used, size - used);
    if (n == 0) {
        exit(EXIT_SUCCESS);
    }
    used += n > 0 ? (size_t)n : 0;
    client->uncounted_ns += clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    while (used && (end = memchr(text, '\n', used)) != NULL) {
        size_t length = (size_t)(end - text) + 1;

        *end = '\0';
        obey(client, text);
        memmove(text, text + length, used - length);
        used -= length;
    }
}

int main(int argc, char *argv[])
{
    bool minimal = argc == 3 && !strcmp(argv[1], "--minimal");
    struct client client = {NULL};

    if (argc != (minimal ? 3 : 2)) {
        ovs_fatal(0, "usage: idl-client [--minimal] REMOTE");
    }
    set_program_name(argv[0]);
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_WARN);
    client.idl = ovsdb_idl_create(argv[argc - 1], &ovsrec_idl_class, false, true);
    monitor(client.idl, minimal);
    ovsdb_idl_set_probe_interval(client.idl, 0); /* It may be stopped between commands. */
    client.bridge_by_name = ovsdb_idl_index_create1(client.idl, &ovsrec_bridge_col_name);
    client.port_by_name = ovsdb_idl_index_create1(client.idl, &ovsrec_port_col_name);
    while (!ovsrec_open_vswitch_first(client.idl)) {
        ovsdb_idl_run(client.idl);
        ovsdb_idl_wait(client.idl);
        if (!ovsrec_open_vswitch_first(client.idl)) {
            poll_block();
        }
    }
    puts("{\"ready\":true}");
    fflush(stdout);
    client.input = dup(STDIN_FILENO); /* The poll loop does not accept descriptor 0. */
    fcntl(client.input, F_SETFL, O_NONBLOCK);
    for (;;) {
        ovsdb_idl_run(client.idl);
        take_commands(&client);
        ovsdb_idl_wait(client.idl);
        poll_fd_wait(client.input, POLLIN);
        poll_block();
    }
}
