/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/qos.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "sha1.h"
#include "util.h"
#include "uuid.h"

/* neutron_lib.services.qos.constants.DEFAULT_BURST_RATE, in percent. */
enum { BURST_PERCENT = 80 };

/* OVS_MAX_RATE of neutron.agent.common.ovs_lib, which the agent sets at the root of linux-htb,
 * bit/s. */
#define HTB_MAX_RATE "34359738367"

void qos_rows_init(struct qos_rows *rows)
{
    memset(rows, 0, sizeof *rows);
    smap_init(&rows->other_config);
    smap_init(&rows->external_ids);
    smap_init(&rows->queue_other_config);
    smap_init(&rows->queue_external_ids);
}

void qos_rows_destroy(struct qos_rows *rows)
{
    smap_destroy(&rows->other_config);
    smap_destroy(&rows->external_ids);
    smap_destroy(&rows->queue_other_config);
    smap_destroy(&rows->queue_external_ids);
}

static bool is_dpdk_type(const char *type)
{
    return !strncmp(type, "dpdk", 4);
}

static int64_t burst_kb(const struct vif_qos *limits)
{
    int64_t burst = limits->ingress_burst_kb;

    if (burst == 0) {
        burst = limits->ingress_kbps * BURST_PERCENT / 100;
    }
    return MAX(burst, QOS_BURST_MIN_KB);
}

const char *qos_row_type(const char *interface_type)
{
    return is_dpdk_type(interface_type) ? QOS_TYPE_POLICER : QOS_TYPE_HTB;
}

void qos_rows_for_limits(const struct vif_qos *limits, const char *interface_type, const char *port,
                         struct qos_rows *rows)
{
    if (limits->ingress_kbps == 0) {
        return;
    }
    smap_replace(&rows->external_ids, "id", port);
    strcpy(rows->type, qos_row_type(interface_type));
    if (is_dpdk_type(interface_type)) {
        smap_add_format(&rows->other_config, "cir", "%" PRId64, limits->ingress_kbps * 1000 / 8);
        smap_add_format(&rows->other_config, "cbs", "%" PRId64, burst_kb(limits) * 1000 / 8);
        return;
    }
    smap_replace(&rows->external_ids, "_type", "bandwidth_limit");
    smap_replace(&rows->other_config, "max-rate", HTB_MAX_RATE);
    rows->has_queue = true;
    smap_add_format(&rows->queue_other_config, "max-rate", "%" PRId64, limits->ingress_kbps * 1000);
    smap_add_format(&rows->queue_other_config, "burst", "%" PRId64, burst_kb(limits) * 1000);
    smap_replace(&rows->queue_external_ids, "port", port);
    smap_replace(&rows->queue_external_ids, "type", "bandwidth_limit");
    smap_replace(&rows->queue_external_ids, "queue-num", "0");
}

/* The UUID (version 5, RFC 4122) of `name` in os-vif's QOS_UUID_NAMESPACE. */
static void name_uuid(const char *name, char text[UUID_LEN + 1])
{
    static const uint8_t namespace[16] = {0x68, 0xda, 0x26, 0x4a, 0x84, 0x7f, 0x42, 0xa8,
                                          0x8a, 0xb0, 0x5e, 0x77, 0x4a, 0xee, 0x3d, 0x95};
    struct sha1_ctx context;
    uint8_t hash[SHA1_DIGEST_SIZE];
    int used = 0;

    sha1_init(&context);
    sha1_update(&context, namespace, sizeof namespace);
    sha1_update(&context, name, (uint32_t)strlen(name));
    sha1_final(&context, hash);
    hash[6] = (uint8_t)((hash[6] & 0x0f) | 0x50);
    hash[8] = (uint8_t)((hash[8] & 0x3f) | 0x80);
    for (int i = 0; i < 16; i++) {
        const char *dash = i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "";

        used += snprintf(text + used, (size_t)(UUID_LEN + 1 - used), "%s%02x", dash, hash[i]);
    }
}

void qos_rows_for_default(const char *qos_type, const char *port, struct qos_rows *rows)
{
    char id[UUID_LEN + 1];

    snprintf(rows->type, sizeof rows->type, "%s", qos_type);
    name_uuid(port, id);
    smap_replace(&rows->external_ids, "id", id);
    smap_replace(&rows->external_ids, "_type", qos_type);
}

/* Whether `map` has no other keys than these. */
static bool has_only(const struct smap *map, const char *key1, const char *key2)
{
    size_t n = (size_t)(smap_get(map, key1) != NULL) + (size_t)(smap_get(map, key2) != NULL);

    return smap_count(map) == n;
}

/* The value of `key` in units of `unit`, rounded down. */
static int64_t read_units(const struct smap *map, const char *key, unsigned int unit)
{
    return (int64_t)(smap_get_ullong(map, key, 0) / unit);
}

bool qos_rows_read(const struct qos_rows *rows, struct vif_qos *limits)
{
    const struct smap *queue = &rows->queue_other_config;

    limits->ingress_kbps = limits->ingress_burst_kb = 0;
    if (!strcmp(rows->type, QOS_TYPE_POLICER)) {
        limits->ingress_kbps = read_units(&rows->other_config, "cir", 1000 / 8);
        limits->ingress_burst_kb = read_units(&rows->other_config, "cbs", 1000 / 8);
        return !rows->has_queue && has_only(&rows->other_config, "cir", "cbs");
    }
    if (!strcmp(rows->type, QOS_TYPE_HTB) && rows->has_queue) {
        limits->ingress_kbps = read_units(queue, "max-rate", 1000);
        limits->ingress_burst_kb = read_units(queue, "burst", 1000);
        return has_only(queue, "max-rate", "burst");
    }
    /* A type alone (os-vif's default_qos_type) limits nothing. */
    return !rows->has_queue && smap_is_empty(&rows->other_config);
}

bool qos_limits_match(const struct vif_qos *found, const struct vif_qos *asked)
{
    struct vif_qos effective = *asked;

    if (effective.ingress_kbps) {
        effective.ingress_burst_kb = burst_kb(asked);
    }
    return !memcmp(found, &effective, sizeof effective);
}
