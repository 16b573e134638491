/* SPDX-License-Identifier: Apache-2.0 */
/* Limits as rows of QoS and Queue, and back. The expected rows are those that Neutron's agent
 * writes (neutron.agent.common.ovs_lib: _update_ingress_bw_limit_for_dpdk_port(), _update_queue(),
 * _update_qos()) and those that os-vif writes (create_ovs_vif_port()). */

#include "plan/qos.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

/* Appends " name{key=value,...}", sorted; an empty map is left out. */
static void add_map(char *text, size_t size, const char *name, const struct smap *map)
{
    const struct smap_node **nodes = smap_sort(map);
    size_t n = smap_count(map);

    for (size_t i = 0; i < n; i++) {
        size_t used = strlen(text);

        snprintf(text + used, size - used, "%s%s%s%s=%s%s", i ? "," : " ", i ? "" : name,
                 i ? "" : "{", nodes[i]->key, nodes[i]->value, i + 1 == n ? "}" : "");
    }
    free(nodes);
}

/* The rows in one line; "" if there are none. */
static const char *rows_text(const struct qos_rows *rows)
{
    static char text[512];

    snprintf(text, sizeof text, "%s", rows->type);
    add_map(text, sizeof text, "", &rows->other_config);
    add_map(text, sizeof text, "ids", &rows->external_ids);
    if (rows->has_queue) {
        strcat(text, " queue");
    }
    add_map(text, sizeof text, "", &rows->queue_other_config);
    add_map(text, sizeof text, "ids", &rows->queue_external_ids);
    return text;
}

#define POLICER(cir, cbs) "egress-policer {cbs=" cbs ",cir=" cir "} ids{id=port1}"
#define HTB(rate, burst)                                                                           \
    "linux-htb {max-rate=34359738367} ids{_type=bandwidth_limit,id=port1} queue {burst=" burst     \
    ",max-rate=" rate "} ids{port=port1,queue-num=0,type=bandwidth_limit}"

static const struct {
    const char *row;
    const char *interface_type;
    int64_t kbps;
    int64_t burst_kb;
    const char *rows;
    int64_t burst_in_effect;
} limits[] = {
    {"dpdk, none", "dpdk", 0, 0, "", 0},
    {"system, none", "", 0, 0, "", 0},
    /* 1000 bit/s is 125 byte/s. */
    {"dpdk", "dpdk", 1000, 500, POLICER("125000", "62500"), 500},
    {"vhost-user client", "dpdkvhostuserclient", 1000, 500, POLICER("125000", "62500"), 500},
    {"vhost-user server", "dpdkvhostuser", 1000, 500, POLICER("125000", "62500"), 500},
    {"system", "", 1000, 500, HTB("1000000", "500000"), 500},
    {"internal", "internal", 1000, 500, HTB("1000000", "500000"), 500},
    {"patch", "patch", 1000, 500, HTB("1000000", "500000"), 500},
    /* Without a burst in the request: 80 %, but at least one frame of 9728 bytes (77.8 kb). */
    {"dpdk, any burst", "dpdk", 1000, 0, POLICER("125000", "100000"), 800},
    {"system, any burst", "", 1000, 0, HTB("1000000", "800000"), 800},
    {"dpdk, 98 kbps", "dpdk", 98, 0, POLICER("12250", "9750"), 78},
    {"dpdk, 99 kbps", "dpdk", 99, 0, POLICER("12375", "9875"), 79},
    {"dpdk, 1 kbps", "dpdk", 1, 0, POLICER("125", "9750"), 78},
    {"system, least of linux-htb at MTU 1500", "", 12, 0, HTB("12000", "78000"), 78},
    {"dpdk, burst below a frame", "dpdk", 1000, 77, POLICER("125000", "9750"), 78},
    {"dpdk, burst of a frame", "dpdk", 1000, 79, POLICER("125000", "9875"), 79},
    {"dpdk, largest", "dpdk", VIF_QOS_MAX, VIF_QOS_MAX, POLICER("500000000000", "500000000000"),
     VIF_QOS_MAX},
    {"dpdk, largest, any burst", "dpdk", VIF_QOS_MAX, 0, POLICER("500000000000", "400000000000"),
     3200000000},
    /* Less than 2^32 byte/s, which the root has (limits.c). */
    {"system, largest", "", 34359738, 34359738, HTB("34359738000", "34359738000"), 34359738},
};

static void test_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(limits); i++) {
        /* The QoS row does not limit what the guest sends. */
        const struct vif_qos asked = {.egress_kbps = 7,
                                      .egress_burst_kb = 7,
                                      .ingress_kbps = limits[i].kbps,
                                      .ingress_burst_kb = limits[i].burst_kb};
        struct vif_qos found = {.egress_kbps = 7, .egress_burst_kb = 7, .ingress_kbps = 99};
        const char *row = limits[i].row;
        struct qos_rows rows;

        qos_rows_init(&rows);
        qos_rows_for_limits(&asked, limits[i].interface_type, "port1", &rows);
        CHECK_STR(row, rows_text(&rows), limits[i].rows);
        CHECK(row, qos_rows_read(&rows, &found));
        CHECK_INT(row, found.ingress_kbps, limits[i].kbps);
        CHECK_INT(row, found.ingress_burst_kb, limits[i].burst_in_effect);
        CHECK_INT(row, found.egress_kbps, 7);
        CHECK_INT(row, found.egress_burst_kb, 7);
        CHECK(row, qos_limits_match(&found, &asked));
        CHECK(row, qos_limits_match(&found, &found));
        qos_rows_destroy(&rows);
    }
}

static void test_match(void **state)
{
    static const struct {
        const char *row;
        struct vif_qos found;
        struct vif_qos asked;
        bool match;
    } cases[] = {
        {"none", {0}, {0}, true},
        {"none asked for", {.ingress_kbps = 1, .ingress_burst_kb = 78}, {0}, false},
        {"none there", {0}, {.ingress_kbps = 1}, false},
        {"rate", {.ingress_kbps = 1, .ingress_burst_kb = 78}, {.ingress_kbps = 2}, false},
        {"any burst",
         {.ingress_kbps = 1000, .ingress_burst_kb = 800},
         {.ingress_kbps = 1000},
         true},
        {"another burst than any",
         {.ingress_kbps = 1000, .ingress_burst_kb = 801},
         {.ingress_kbps = 1000},
         false},
        {"no burst there", {.ingress_kbps = 1000}, {.ingress_kbps = 1000}, false},
        {"burst too small to give",
         {.ingress_kbps = 1000, .ingress_burst_kb = 78},
         {.ingress_kbps = 1000, .ingress_burst_kb = 5},
         true},
        {"another burst",
         {.ingress_kbps = 1000, .ingress_burst_kb = 800},
         {.ingress_kbps = 1000, .ingress_burst_kb = 900},
         false},
        {"egress", {1, 2, 3, 4, 1000, 800}, {1, 2, 3, 4, 1000, 800}, true},
        {"egress rate", {.egress_kbps = 1}, {.egress_kbps = 2}, false},
        /* With 0 the switch chooses the burst itself. */
        {"egress, any burst", {.egress_kbps = 1}, {.egress_kbps = 1}, true},
        {"egress burst",
         {.egress_kbps = 1000, .egress_burst_kb = 800},
         {.egress_kbps = 1000},
         false},
        {"egress packets", {.egress_kpps = 1}, {.egress_kpps = 2}, false},
        {"egress burst of packets",
         {.egress_kpps = 1, .egress_burst_kpkt = 1},
         {.egress_kpps = 1},
         false},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        CHECK_INT(cases[i].row, qos_limits_match(&cases[i].found, &cases[i].asked), cases[i].match);
    }
}

/* The ids are Python's uuid.uuid5(QOS_UUID_NAMESPACE, port). */
static void test_default_types(void **state)
{
    static const struct {
        const char *type;
        const char *port;
        const char *rows;
    } cases[] = {
        {"linux-noop", "tap1",
         "linux-noop ids{_type=linux-noop,id=e965b18b-b610-58d9-9ecd-a8763e0b5215}"},
        {"linux-htb", "qvodc065497-3c",
         "linux-htb ids{_type=linux-htb,id=6ed2d146-a3ae-557c-bffe-504001458a40}"},
        {"linux-fq_codel", "enp1s0f0_0",
         "linux-fq_codel ids{_type=linux-fq_codel,id=e6b9e104-37dd-55ba-ba23-a0c6fa7532f9}"},
    };

    (void)state;
    for (size_t i = 0; i < N(cases); i++) {
        struct vif_qos found = {.ingress_kbps = 5, .ingress_burst_kb = 5};
        struct qos_rows rows;

        qos_rows_init(&rows);
        qos_rows_for_default(cases[i].type, cases[i].port, &rows);
        CHECK_STR(cases[i].type, rows_text(&rows), cases[i].rows);
        CHECK(cases[i].type, qos_rows_read(&rows, &found));
        CHECK_INT(cases[i].type, found.ingress_kbps, 0);
        CHECK_INT(cases[i].type, found.ingress_burst_kb, 0);
        qos_rows_destroy(&rows);
    }
}

/* Fills a map from "key=value,...". */
static void fill(struct smap *map, const char *pairs)
{
    char text[256];
    char *save = NULL;

    snprintf(text, sizeof text, "%s", pairs);
    for (char *item = strtok_r(text, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
        char *equals = strchr(item, '=');

        *equals = '\0';
        smap_replace(map, item, equals + 1);
    }
}

static const struct {
    const char *row;
    const char *type;
    const char *other_config;
    const char *queue; /* Its other_config; NULL: there is none. */
    bool known;
    int64_t kbps;
    int64_t burst_kb;
} shapes[] = {
    {"no row", "", "", NULL, true, 0, 0},
    /* Neutron's. */
    {"policer", "egress-policer", "cir=250000,cbs=0", NULL, true, 2000, 0},
    {"policer, not in whole kbit", "egress-policer", "cir=1249,cbs=1250", NULL, true, 9, 10},
    {"policer, empty", "egress-policer", "", NULL, true, 0, 0},
    {"policer, no numbers", "egress-policer", "cir=fast,cbs=-", NULL, true, 0, 0},
    {"policer, largest number", "egress-policer",
     "cir=18446744073709551615,cbs=18446744073709551615", NULL, true, 147573952589676412,
     147573952589676412},
    {"htb", "linux-htb", "max-rate=34359738367", "max-rate=2000000,burst=0", true, 2000, 0},
    {"htb, largest number", "linux-htb", "max-rate=1",
     "max-rate=18446744073709551615,burst=18446744073709551615", true, 18446744073709551,
     18446744073709551},
    {"htb with a minimum", "linux-htb", "max-rate=34359738367", "max-rate=2000000,min-rate=1000",
     false, 2000, 0},
    /* Of other programs. */
    {"htb without queues", "linux-htb", "", NULL, true, 0, 0},
    {"htb without queues, with a rate", "linux-htb", "max-rate=1000000", NULL, false, 0, 0},
    {"hfsc", "linux-hfsc", "", NULL, true, 0, 0},
    {"hfsc with a rate", "linux-hfsc", "max-rate=1000000", NULL, false, 0, 0},
    {"hfsc with a queue", "linux-hfsc", "", "max-rate=1000000", false, 0, 0},
    {"fq_codel with an option", "linux-fq_codel", "limit=100", NULL, false, 0, 0},
    {"two-rate policer", "trtcm-policer", "cir=1,cbs=1,eir=1,ebs=1", NULL, false, 0, 0},
    {"policer with a queue", "egress-policer", "cir=250000,cbs=125000", "cir=1", false, 2000, 1000},
    {"OVN's", "linux-htb", "", "max-rate=1000000,burst=800000,priority=1", false, 1000, 800},
};

static void test_shapes(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(shapes); i++) {
        const char *row = shapes[i].row;
        struct vif_qos found = {.ingress_kbps = 5, .ingress_burst_kb = 5};
        struct qos_rows rows;

        qos_rows_init(&rows);
        strcpy(rows.type, shapes[i].type);
        fill(&rows.other_config, shapes[i].other_config);
        fill(&rows.queue_other_config, shapes[i].queue ? shapes[i].queue : "");
        rows.has_queue = shapes[i].queue != NULL;
        CHECK_INT(row, qos_rows_read(&rows, &found), shapes[i].known);
        CHECK_INT(row, found.ingress_kbps, shapes[i].kbps);
        CHECK_INT(row, found.ingress_burst_kb, shapes[i].burst_kb);
        qos_rows_destroy(&rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_default_types),
        cmocka_unit_test(test_shapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
