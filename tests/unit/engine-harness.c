/* SPDX-License-Identifier: Apache-2.0 */
#include "engine-harness.h"

#include <stdio.h>

#include "daemon/reap.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/vlog.h"
#include "pci-tree.h"
#include "util.h"
#include "wire/reply.h"

/* The most passes until the loop must sleep. */
enum { PASSES_MAX = 1000 };

struct rig rig;
static char sysfs_root[PCI_TREE_ROOT_LEN];

/* --- Text. --- */

static void append(char *log, size_t size, const char *separator, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void append(char *log, size_t size, const char *separator, const char *format, ...)
{
    size_t used = strlen(log);
    va_list args;

    if (used) {
        used += (size_t)snprintf(log + used, size - used, "%s", separator);
    }
    if (used < size) {
        va_start(args, format);
        vsnprintf(log + used, size - used, format, args);
        va_end(args);
    }
}

static void append_list(char *log, size_t size, const char *separator, const char *const *items,
                        size_t n)
{
    for (size_t i = 0; i < n; i++) {
        append(log, size, separator, "%s", items[i]);
    }
}

const char *told(char *log)
{
    static char text[sizeof rig.events];

    snprintf(text, sizeof text, "%s", log);
    log[0] = '\0';
    return text;
}

/* --- What the engine and the watcher call back. --- */

static void describe(const struct op_result *result, char *text, size_t size)
{
    const char *changed = result->changed ? "changed" : "unchanged";

    if (result->error) {
        snprintf(text, size, "%s: %s", reason_name(result->error->reason), result->error->message);
    } else if (result->plan) {
        snprintf(text, size, "would %s%s%s (%s), %s", result->plan->action,
                 result->record ? " " : "", result->record ? result->record->spec.port : "",
                 result->plan->why, changed);
        append_list(text, size, "; ", result->plan->operations, result->plan->n_operations);
    } else if (result->record) {
        snprintf(text, size, "%s %s%s%s", changed, result->record->spec.port,
                 strcmp(result->record->boot_id, BOOT_ID) != 0 ? " (stale)" : "",
                 result->on_record ? "" : " (not on record)");
    } else {
        snprintf(text, size, "%s", changed);
    }
}

static struct reply_seen *reply_of(uint64_t connection)
{
    struct reply_seen *to = &rig.replies[connection];

    assert_true(connection >= 1 && connection <= (uint64_t)rig.n_asked);
    to->n++;
    to->text[0] = to->detail[0] = to->warnings[0] = '\0';
    return to;
}

static void on_reply(void *aux, const struct op_result *result)
{
    struct reply_seen *to = reply_of(result->connection);

    assert_ptr_equal(aux, &rig);
    assert_string_equal(result->request_id, "1");
    describe(result, to->text, sizeof to->text);
    snprintf(to->detail, sizeof to->detail, "%s", result->error ? result->error->detail : "");
    append_list(to->warnings, sizeof to->warnings, "\n", result->warnings, result->n_warnings);
    if (result->record && result->record->spec.vhost_mode) {
        snprintf(to->socket, sizeof to->socket, "%s %s",
                 vhost_mode_name(result->record->spec.vhost_mode), result->record->spec.vhost_path);
    }
    to->times = result->times;
}

/* These replace functions of src/wire and src/daemon: they note the reply to a reap. */
struct reply_reap {
    char removed[512], kept[1024], plans[1024], warnings[1024];
};

struct reply_reap *reply_reap_new(const char *id)
{
    struct reply_reap *reap = xzalloc(sizeof *reap);

    assert_string_equal(id, "1");
    strcpy(reap->removed, "removed");
    return reap;
}

void reply_reap_removed(struct reply_reap *reap, const char *vif_id)
{
    append(reap->removed, sizeof reap->removed, " ", "%s", vif_id);
}

void reply_reap_kept(struct reply_reap *reap, const char *vif_id, const char *why)
{
    append(reap->kept, sizeof reap->kept, ", ", "%s: %s", vif_id, why);
}

void reply_reap_plan(struct reply_reap *reap, const char *vif_id, const struct reply_plan *plan)
{
    append(reap->plans, sizeof reap->plans, "; ", "%s would %s", vif_id, plan->action);
    append_list(reap->plans, sizeof reap->plans, ", ", plan->operations, plan->n_operations);
}

void reply_reap_warn(struct reply_reap *reap, const char *warning)
{
    append(reap->warnings, sizeof reap->warnings, "\n", "%s", warning);
}

char *reply_reap_finish(struct reply_reap *reap)
{
    char *line = xasprintf("%s%s%s%s%s\n%s", reap->removed, reap->kept[0] ? "; kept " : "",
                           reap->kept, reap->plans[0] ? "; " : "", reap->plans, reap->warnings);

    free(reap);
    return line;
}

void server_reply(struct server *server, uint64_t connection, char *line, bool now)
{
    struct reply_seen *to = reply_of(connection);
    char *end = strchr(line, '\n');

    assert_null(server);
    assert_false(now);
    snprintf(to->text, sizeof to->text, "%.*s", (int)(end - line), line);
    snprintf(to->warnings, sizeof to->warnings, "%s", end + 1);
    free(line);
}

static bool is_missing(void *aux, const char *vif_id, char instance[VIF_ID_MAX + 1])
{
    assert_ptr_equal(aux, &rig);
    return rig.watch && watch_missing_instance(rig.watch, vif_id, instance);
}

static void on_summed_up(void *aux, const struct op_summary *summary)
{
    assert_ptr_equal(aux, &rig);
    rig.n_summed_up++;
    append(rig.summed_up, sizeof rig.summed_up, ", ", "%s%s %s %s %s %s%s%s%s%s",
           summary->dry_run ? "dry " : "", summary->type, summary->vif_id,
           op_end_name(summary->end), summary->bridge, summary->port,
           *summary->instance ? " of " : "", summary->instance, summary->error ? " " : "",
           summary->error ? reason_name(summary->error->reason) : "");
}

static void on_ended(void *aux, const char *vif_id, enum engine_event event)
{
    static const char *const names[] = {
        [EVENT_NOTHING] = "nothing",           [EVENT_NONE] = "none",
        [EVENT_UNRECOVERED] = "unrecovered",   [EVENT_PLUGGED] = "plugged",
        [EVENT_UNPLUGGED] = "unplugged",       [EVENT_CHANGED] = "changed",
        [EVENT_REPAIRED] = "repaired",         [EVENT_ABSENT] = "absent",
        [EVENT_ACKNOWLEDGED] = "acknowledged", [EVENT_UNDONE] = "undone",
        [EVENT_COMMITTED] = "committed",
    };

    assert_ptr_equal(aux, &rig);
    if (event != EVENT_ACKNOWLEDGED) {
        append(rig.ended, sizeof rig.ended, ", ", "%s %s", vif_id, names[event]);
    }
    if (rig.watch) {
        watch_ended(rig.watch, vif_id, event);
    }
}

static void on_event(void *aux, const struct watch_event *event)
{
    static const char *const names[WATCH_N_EVENTS] = {
        [WATCH_PLUGGED] = "plugged",  [WATCH_UNPLUGGED] = "unplugged", [WATCH_CHANGED] = "changed",
        [WATCH_DRIFTED] = "drifted",  [WATCH_FAILED] = "failed",       [WATCH_SWITCH_UP] = "up",
        [WATCH_SWITCH_DOWN] = "down",
    };

    assert_ptr_equal(aux, &rig);
    append(rig.events, sizeof rig.events, ", ", "%s %s", event->what ? event->what : event->vif_id,
           names[event->type]);
    for (size_t i = 0; i < event->n_drift; i++) {
        append(rig.events, sizeof rig.events, " ", "(%s: '%s' is '%s')", event->drift[i].field,
               event->drift[i].expected, event->drift[i].found);
    }
}

/* --- Requests. --- */

#define COPY(to, from) snprintf(to, sizeof(to), "%s", (from) ? (from) : "")

static void fill_vif(const struct ask *ask, enum vif_kind kind, struct vif *vif)
{
    COPY(vif->id, ask->vif);
    vif->kind = kind;
    COPY(vif->address, ask->address ? ask->address : MAC);
    COPY(vif->bridge, ask->bridge ? ask->bridge : "br0");
    vif->mtu = ask->mtu;
    COPY(vif->datapath_type, ask->datapath);
    if (ask->iface_id) {
        COPY(vif->interface_id, ask->iface_id);
    } else {
        snprintf(vif->interface_id, sizeof vif->interface_id, "iface-%.50s", ask->vif);
    }
    COPY(vif->vif_name, ask->name);
    if (ask->vf) {
        vif->has_pci_slot = true;
        vif->pci_slot = (struct pci_addr){
            .bus = 0x65, .device = (uint8_t)(ask->vf / 8), .function = (uint8_t)(ask->vf % 8)};
    }
    if (kind == VIF_KIND_VHOST_USER) {
        snprintf(vif->vhost_path, sizeof vif->vhost_path, "/run/vhost/%s%.64s",
                 ask->client ? "vhu" : "", ask->vif);
        if (ask->path) {
            COPY(vif->vhost_path, ask->path);
        }
        vif->vhost_mode = ask->client ? VHOST_MODE_CLIENT : VHOST_MODE_SERVER;
    }
    COPY(vif->linux_bridge, ask->linux_bridge);
    vif->create_port = ask->create_port;
    vif->create_tap = ask->create_tap;
    vif->has_qos = ask->kbps != 0;
    vif->qos.ingress_kbps = ask->kbps;
}

int rig_ask(enum method method, const struct ask *ask)
{
    struct request request = {.id = "1", .method = method};
    enum vif_kind kind = ask->kind;
    struct error error = {0};
    int number = ++rig.n_asked;

    assert_true(number < RIG_REPLIES_MAX);
    if (!kind && method == METHOD_PLUG) {
        kind = ask->vf ? VIF_KIND_REPRESENTOR : VIF_KIND_VHOST_USER;
    }
    COPY(request.vif_id, ask->vif);
    fill_vif(ask, kind, &request.vif);
    if (method == METHOD_UPDATE) {
        request.vif.form = VIF_FORM_UPDATE;
    }
    COPY(request.instance, ask->instance);
    request.wait = ask->wait;
    request.timeout_ms = ask->timeout_ms;
    request.dry_run = ask->dry_run;
    if (!engine_submit(rig.engine, &request,
                       &(struct asker){.reply = on_reply,
                                       .aux = &rig,
                                       .connection = (uint64_t)number,
                                       .owner = ask->owner,
                                       .privileged = ask->owner == 0},
                       &error)) {
        snprintf(reply_of((uint64_t)number)->text, sizeof rig.replies[0].text, "%s: %s",
                 reason_name(error.reason), error.message);
    }
    return number;
}

int rig_reap_dry(const char *vif, bool dry_run, int timeout_ms)
{
    char ids[1][VIF_ID_MAX + 1];
    struct request request = {
        .id = "1", .method = METHOD_REAP, .timeout_ms = timeout_ms, .dry_run = dry_run};
    struct error error = {0};
    int number = ++rig.n_asked;

    if (vif) {
        COPY(ids[0], vif);
        request.vif_ids = ids;
        request.n_vif_ids = 1;
    }
    if (!reaps_start(rig.reaps, &request,
                     &(struct peer){.connection = (uint64_t)number,
                                    .privileged = true,
                                    .level = dry_run ? ACCESS_READ : ACCESS_ALL},
                     &error)) {
        snprintf(reply_of((uint64_t)number)->text, sizeof rig.replies[0].text, "%s: %s",
                 reason_name(error.reason), error.message);
    }
    return number;
}

int rig_reap(const char *vif, int timeout_ms)
{
    return rig_reap_dry(vif, false, timeout_ms);
}

const char *reply_to(int asked)
{
    CHECK("a request is replied to once", rig.replies[asked].n <= 1);
    return rig.replies[asked].text;
}

const char *warnings(int asked)
{
    return rig.replies[asked].warnings;
}

const char *detail(int asked)
{
    return rig.replies[asked].detail;
}

/* --- The loop: run() and wait_for_events() of daemon/main.c. --- */

int rig_pass(void)
{
    struct ovs_globals globals;

    if (rig.ovs->synced) {
        fake_vswitchd_act(rig.vswitchd, rig.ovs);
    }
    ovs_run(rig.ovs);
    ovs_globals(rig.ovs, &globals);
    vswitchd_run(rig.vswitchd, globals.cur_cfg);
    offload_run(&rig.offload, rig.ovs, rig.vswitchd);
    engine_collect(rig.engine);
    engine_commit(rig.engine);
    engine_run(rig.engine);
    if (rig.watch) {
        watch_run(rig.watch);
    }
    ovs_wait(rig.ovs);
    if (rig.ovs->synced && fake_vswitchd_is_due(rig.vswitchd, rig.ovs)) {
        poll_immediate_wake();
    }
    engine_wait(rig.engine);
    if (rig.watch) {
        watch_wait(rig.watch);
    }
    return clock_block();
}

void rig_run(int ms)
{
    int left = ms;

    for (int i = 0; i < PASSES_MAX; i++) {
        int sleep = rig_pass();

        if (sleep == 0) {
            continue;
        }
        if (left == 0) {
            return;
        }
        sleep = sleep < 0 ? left : MIN(sleep, left);
        clock_warp(sleep);
        left -= sleep;
    }
    fail_msg("the loop does not come to rest: %s", ops_show());
}

void rig_run_until(const char *shown)
{
    for (int i = 0; i < PASSES_MAX; i++) {
        int sleep = rig_pass();

        if (strstr(ops_show(), shown)) {
            return;
        }
        if (sleep > 0) {
            clock_warp(sleep);
        }
    }
    fail_msg("ops/show does not come to show '%s'", shown);
}

void rig_pass_until_type(const char *port, const char *type)
{
    for (int i = 0; i < PASSES_MAX && strcmp(type_of_port(port), type) != 0; i++) {
        rig_pass();
    }
    CHECK_STR(port, type_of_port(port), type);
}

void rig_plugged(const struct ask *ask)
{
    int asked = rig_ask(METHOD_PLUG, ask);

    rig_run(2000);
    CHECK(reply_to(asked), !strncmp(reply_to(asked), "changed", 7));
    told(rig.ended);
    told(rig.events);
    rig.links->log[0] = '\0';
}

const char *ops_show(void)
{
    return unixctl_call("ops/show");
}

const char *option_of(const char *port, const char *key)
{
    const struct fake_port *row = fake_port(rig.ovs, port);

    return row ? smap_get_def(&row->options, key, "") : "-";
}

const char *id_of(const char *port, const char *key)
{
    const struct fake_port *row = fake_port(rig.ovs, port);

    return row ? smap_get_def(&row->external_ids, key, "") : "-";
}

const char *type_of_port(const char *port)
{
    const struct fake_port *row = fake_port(rig.ovs, port);

    return row ? row->type : "-";
}

/* --- Start and end. --- */

static void start_engine(void)
{
    rig.env = (struct engine_env){
        .settings = &rig.settings,
        .ovs = rig.ovs,
        .nic = rig.nic,
        .links = rig.no_links ? NULL : rig.links,
        .link_remover = rig.link_remover,
        .vswitchd = rig.vswitchd,
        .switch_log = rig.switch_log,
        .offload = &rig.offload,
        .boot_id = BOOT_ID,
        .sysfs_root = sysfs_root,
        .run_dir = "/run/vhost",
        .ended = on_ended,
        .summed_up = on_summed_up,
        .is_missing = is_missing,
        .aux = &rig,
    };
    rig.engine = engine_create(&rig.env);
    rig.reaps = reaps_create(&rig.env, rig.engine, NULL);
}

void rig_watch(void)
{
    const struct watch_env env = {
        .env = &rig.env, .engine = rig.engine, .tell = on_event, .aux = &rig};

    rig.watch = watch_create(&env);
}

void rig_restart(void)
{
    bool watches = rig.watch != NULL;

    engine_destroy(rig.engine);
    if (watches) {
        watch_destroy(rig.watch);
    }
    reaps_destroy(rig.reaps);
    rig.link_remover->n = 0;
    if (rig.ovs->sent) { /* OVSDB commits the transaction; no engine takes the result. */
        int64_t next_cfg;
        char *error_text;

        ovs_run(rig.ovs);
        ovs_txn_result(rig.ovs, &next_cfg, &error_text);
        free(error_text);
    }
    start_engine();
    if (watches) {
        rig_watch();
    }
}

void rig_restart_without_links(void)
{
    rig.no_links = true;
    rig_restart();
}

/* Makes a netdev of the card in the kernel's switchdev model. */
static void make_netdev(const char *name, const char *port)
{
    static const char switch_id[] = "0c42a10300b1c2d3";
    char path[128];
    FILE *file;

    snprintf(path, sizeof path, "%s/class/net/%s", sysfs_root, name);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/class/net/%s/phys_switch_id", sysfs_root, name);
    file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "%s\n", switch_id);
    fclose(file);
    snprintf(path, sizeof path, "%s/class/net/%s/phys_port_name", sysfs_root, name);
    file = fopen(path, "we");
    assert_non_null(file);
    fprintf(file, "%s\n", port);
    fclose(file);
}

void rig_call_representor(const char *name)
{
    static char now[VIF_IFNAME_MAX + 16] = "net/rep1";
    char from[128];
    char to[128];

    snprintf(from, sizeof from, "%s/class/%s", sysfs_root, now);
    snprintf(now, sizeof now, "%s%s", name[0] ? "net/" : "hidden", name);
    snprintf(to, sizeof to, "%s/class/%s", sysfs_root, now);
    assert_int_equal(rename(from, to), 0);
}

/* Makes the PF's netdev, and the representors of the VFs 5 and 7, the card's second and fourth. */
static void make_netdevs(void)
{
    char path[128];

    snprintf(path, sizeof path, "%s/class", sysfs_root);
    assert_int_equal(mkdir(path, 0755), 0);
    snprintf(path, sizeof path, "%s/class/net", sysfs_root);
    assert_int_equal(mkdir(path, 0755), 0);
    make_netdev("pf0", "p0");
    make_netdev("rep1", "pf0vf1");
    make_netdev("rep3", "pf0vf3");
    pci_tree_mkdir(sysfs_root, "0000:65:00.0", "net");
    pci_tree_mkdir(sysfs_root, "0000:65:00.0", "net/pf0");
}

int rig_group_setup(void **state)
{
    static const char *const cards[] = {"pf=0000:65:00.0,vf=0000:65:00.4+8", NULL};

    (void)state;
    /* The log goes to /dev/null, so the tests run the code that formats its lines. */
    vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
    vlog_set_log_file("/dev/null");
    vlog_set_levels(NULL, VLF_FILE, VLL_DBG);
    if (getenv("TEST_LOG")) {
        vlog_set_levels(NULL, VLF_CONSOLE, vlog_get_level_val(getenv("TEST_LOG")));
    }
    clock_stop();
    pci_tree_make(sysfs_root, cards);
    make_netdevs();
    return 0;
}

int rig_group_teardown(void **state)
{
    (void)state;
    pci_tree_remove(sysfs_root);
    return 0;
}

static void fill_settings(struct engine_settings *settings)
{
    settings->max_queued = 64;
    settings->queue_timeout_ms = 30000;
    settings->evict_unused_after_ms = 600000;
    settings->timeout_ms = 10000;
    settings->vswitchd_grace_ms = 60000;
    settings->max_batch = 16;
    settings->create_bridges = true;
    COPY(settings->socket_dirs[0], "/run/vhost");
    settings->n_socket_dirs = 1;
}

int rig_setup(void **state)
{
    (void)state;
    memset(&rig, 0, sizeof rig);
    memset(&fake_socket_file, 0, sizeof fake_socket_file);
    fill_settings(&rig.settings);
    nic_profile_init(&rig.profile, "napatech");
    rig.ovs = ovs_create("");
    fake_add_bridge(rig.ovs, "br0", "netdev");
    fake_add_bridge(rig.ovs, "sys0", "system");
    rig.vswitchd = vswitchd_create("");
    rig.switch_log = switch_log_create("");
    rig.links = links_create("", true, NULL);
    rig.link_remover = link_remover_create();
    rig.link_remover->links = rig.links;
    rig.nic = nic_create(sysfs_root, &rig.profile, 1);
    start_engine();
    rig_settle(); /* The engine does the work of its start before the test begins. */
    return 0;
}

int rig_teardown(void **state)
{
    (void)state;
    rig_call_representor("rep1");
    engine_destroy(rig.engine);
    reaps_destroy(rig.reaps);
    if (rig.watch) {
        watch_destroy(rig.watch);
    }
    nic_destroy(rig.nic);
    dpdk_extra_destroy(&rig.dpdk_extra);
    link_remover_destroy(rig.link_remover);
    links_destroy(rig.links);
    vswitchd_destroy(rig.vswitchd);
    switch_log_destroy(rig.switch_log);
    ovs_destroy(rig.ovs);
    return 0;
}

void rig_renew(void)
{
    rig_teardown(NULL);
    rig_setup(NULL);
}
