/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever OVSDB's rows of ports have, the daemon reads them, indexes them, shows them, notices
 * changes of them and plans with them. The input has a column or a pair on each line, and the rows
 * of several ports one after another:
 *
 *   p NAME       the next port
 *   t TYPE       of its Interface
 *   b BRIDGE
 *   o KEY=VALUE  of options
 *   e KEY=VALUE  of external_ids
 *   q KEY=VALUE  of a QoS row's other_config; a key "type" is its type
 *   r ERROR      vswitchd's
 *   x TEXT       other_config:dpdk-extra
 *   s TEXT       other_config:vhost-sock-dir */

#include "fuzz.h"

#include "base/utf8.h"
#include "daemon/view.h"
#include "nic/dpdk-extra.h"
#include "nic/nic.h"
#include "openvswitch/uuid.h"
#include "ovs/options.h"
#include "ovs/registry.h"
#include "plan/claim.h"
#include "plan/plan.h"
#include "plan/qos.h"
#include "plan/record.h"
#include "util.h"
#include "watch/expectation.h"
#include "wire/reply.h"

#define PORTS_MAX 8

struct rows {
    struct record ports[PORTS_MAX];
    size_t n;
    struct qos_rows qos;
};

static void set_pair(struct smap *map, char *text)
{
    char *value = strchr(text, '=');

    if (value) {
        *value++ = '\0';
        smap_replace(map, text, value);
    }
}

static void set_qos(struct qos_rows *qos, char *text)
{
    if (!strncmp(text, "type=", 5)) {
        ovs_strlcpy(qos->type, text + 5, sizeof qos->type);
    } else {
        set_pair(qos->has_queue ? &qos->queue_other_config : &qos->other_config, text);
        qos->has_queue = true;
    }
}

static void read_extra(const char *text)
{
    struct dpdk_extra extra = {.text = NULL};

    dpdk_extra_follow(&extra, text, 1);
    dpdk_extra_follow(&extra, NULL, 2);
    dpdk_extra_destroy(&extra);
}

static void take_line(struct rows *rows, char *line)
{
    struct record *port = rows->n ? &rows->ports[rows->n - 1] : NULL;
    char *text = line + 2;
    char dir[VIF_PATH_MAX + 1];

    if (!line[0] || line[1] != ' ') {
        return;
    }
    if (line[0] == 'p' && rows->n < PORTS_MAX) {
        port = &rows->ports[rows->n++];
        record_init(port);
        ovs_strlcpy(port->spec.port, text, sizeof port->spec.port);
    } else if (line[0] == 'q') {
        set_qos(&rows->qos, text);
    } else if (line[0] == 'x') {
        read_extra(text);
    } else if (line[0] == 's') {
        option_sock_dir(text, "/run/openvswitch", dir, sizeof dir);
        CHECK(TERMINATED(dir));
    } else if (!port) {
        return;
    } else if (line[0] == 't') {
        ovs_strlcpy(port->spec.type, text, sizeof port->spec.type);
    } else if (line[0] == 'b') {
        ovs_strlcpy(port->spec.bridge, text, sizeof port->spec.bridge);
    } else if (line[0] == 'o') {
        set_pair(&port->spec.options, text);
    } else if (line[0] == 'e') {
        set_pair(&port->spec.external_ids, text);
    } else if (line[0] == 'r') {
        free(port->error);
        port->error = xstrdup(text);
    }
}

static void check_record(const struct record *record)
{
    const struct port_spec *spec = &record->spec;

    CHECK(!record->ours || vif_id_valid(spec->vif_id));
    CHECK(TERMINATED(spec->vif_id) && TERMINATED(spec->vhost_path));
    CHECK(TERMINATED(spec->port_bridge) && TERMINATED(spec->guest_port));
    CHECK(TERMINATED(record->boot_id) && TERMINATED(record->instance));
    CHECK(!spec->has_vf || spec->vf_num >= 0);
    (void)record_failed(record);
    (void)record_has_limits(record);
}

/* A row is as it is expected to be, and so is one that a repair writes. */
static void check_expectation(const struct record *record)
{
    struct expectation *expectation = expectation_of(record);
    struct drift drift[DRIFT_MAX];
    struct record expected;

    CHECK(expectation_compare(expectation, record, drift) == 0);
    expectation_expand(expectation, &expected);
    check_record(&expected);
    CHECK(expectation_compare(expectation, &expected, drift) == 0);
    (void)expectation_compare(expectation, NULL, drift);
    record_destroy(&expected);
    free(expectation);
}

static void check_view(const struct record *record, struct nic *nic)
{
    struct view view;
    char *line;

    view_init(&view, record, nic, "/run/openvswitch",
              view_state(record, "boot", VSWITCHD_ALIVE, false, false));
    line = reply_vif("1", &view.vif);
    CHECK(line && line[strlen(line) - 1] == '\n' && strchr(line, '\n')[1] == '\0');
    free(line);
    view_destroy(&view);
}

static void check_plan(const struct record *from, const struct record *to)
{
    struct plan plan;
    char **lines;
    size_t n;

    plan_init(&plan);
    plan_transition(from, to ? &to->spec : NULL, NULL, true, &plan);
    lines = plan_operations(&plan, &n);
    for (size_t i = 0; i < n; i++) {
        CHECK(lines[i] && lines[i][0]);
        free(lines[i]);
    }
    free(lines);
    plan_destroy(&plan);
}

static struct uuid uuid_of(size_t i)
{
    return (struct uuid){.parts = {(uint32_t)i + 1, 0, 0, 0}};
}

static bool stop(const struct registry_claim *found, void *n)
{
    CHECK(found->uuid && found->key);
    ++*(size_t *)n;
    return false;
}

static void index_port(struct registry *registry, const struct record *record, size_t i)
{
    struct uuid uuid = uuid_of(i);
    struct claims claims = {.n = 0};
    const struct claim *pair[2];
    char text[1024];
    size_t n = 0;

    claims_of_spec(&record->spec, false, &claims);
    CHECK(claims.n <= CLAIMS_MAX);
    (void)claims_clash_within(&claims, pair);
    registry_set(registry, &uuid,
                 &(struct registry_row){.vif_id = record->ours ? record->spec.vif_id : NULL,
                                        .natural = i % 2 == 0,
                                        .attached = i % 3 == 0,
                                        .claims = claims.list,
                                        .n_claims = claims.n});
    for (size_t c = 0; c < claims.n; c++) {
        CHECK(TERMINATED(claims.list[c].key) && TERMINATED(claims.list[c].how));
        claim_describe(&claims.list[c], text, sizeof text);
        registry_find(registry, &claims.list[c], stop, &n);
    }
    if (record->ours) {
        CHECK(registry_by_vif(registry, record->spec.vif_id));
        CHECK(!strcmp(registry_vif_of(registry, &uuid), record->spec.vif_id));
    }
}

/* Rows come and go, in another order, and nothing is left. */
static void check_registry(const struct rows *rows)
{
    struct registry *registry = registry_create();
    size_t n_ours = 0;

    for (size_t i = 0; i < rows->n; i++) {
        index_port(registry, &rows->ports[i], i);
        n_ours += rows->ports[i].ours;
    }
    CHECK(registry_n_vifs(registry) <= n_ours && (n_ours == 0) == !registry_n_vifs(registry));
    for (size_t i = 0; i < rows->n; i++) { /* As another row changed. */
        index_port(registry, &rows->ports[rows->n - 1 - i], i);
    }
    for (size_t i = 0; i < rows->n; i++) {
        struct uuid uuid = uuid_of(i);

        registry_remove(registry, &uuid);
    }
    CHECK(registry_n_vifs(registry) == 0 && registry_n_attached(registry) == 0);
    registry_destroy(registry);
}

static void check_rows(struct rows *rows, struct nic *nic)
{
    struct vif_qos limits = {.egress_kbps = 0};

    if (!qos_rows_read(&rows->qos, &limits)) {
        memset(&limits, 0, sizeof limits);
    }
    for (size_t i = 0; i < rows->n; i++) {
        struct record *record = &rows->ports[i];

        record_interpret(record);
        record->spec.qos = limits;
        check_record(record);
        check_expectation(record);
        check_view(record, nic);
        check_plan(record, NULL);
        check_plan(NULL, record);
        check_plan(record, record);
        if (i > 0) {
            check_plan(&rows->ports[i - 1], record);
        }
    }
    check_registry(rows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);
    struct rows rows = {.n = 0};
    struct nic *nic;
    char *save = NULL;

    /* OVSDB takes only UTF-8. */
    if (utf8_prefix(text, strlen(text)) == strlen(text)) {
        nic = nic_create("/nonexistent", NULL, 0);
        qos_rows_init(&rows.qos);
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
            take_line(&rows, line);
        }
        check_rows(&rows, nic);
        for (size_t i = 0; i < rows.n; i++) {
            record_destroy(&rows.ports[i]);
        }
        qos_rows_destroy(&rows.qos);
        nic_destroy(nic);
    }
    free(text);
    return 0;
}
