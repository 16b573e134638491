/* SPDX-License-Identifier: Apache-2.0 */
#include "watch/expectation.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/keys.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

/* port, bridge, datapath_type, fail_mode, type, mtu_request, links (whether vifplugd makes them,
 * their MTU, 0: not known, and whether a tap has several queues), the tap's MAC, limits (six
 * numbers, or "" for none), then the options and the external_ids: key, value, ..., and an empty
 * key at the end of each map. */
struct expectation {
    char strings[1];
};

/* Whether the external_ids key is ours; other programs write keys too. */
static bool is_ours(const char *key)
{
    static const char *const keys[] = {KEY_IFACE_ID, KEY_IFACE_STATUS, KEY_ATTACHED_MAC,
                                       KEY_VM_UUID, KEY_BRIDGE_NAME};

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
        if (!strcmp(key, keys[i])) {
            return true;
        }
    }
    return !strncmp(key, OUR_KEYS, strlen(OUR_KEYS));
}

static void put(struct ds *ds, const char *s)
{
    ds_put_buffer(ds, s, strlen(s) + 1);
}

static void put_map(struct ds *ds, const struct smap *map, bool all)
{
    const struct smap_node *node;

    SMAP_FOR_EACH (node, map) {
        if (node->key[0] && (all || is_ours(node->key))) {
            put(ds, node->key);
            put(ds, node->value);
        }
    }
    put(ds, "");
}

static void put_limits(struct ds *ds, const struct vif_qos *qos)
{
    static const struct vif_qos none;
    char text[160] = "";

    if (memcmp(qos, &none, sizeof none) != 0) {
        snprintf(text, sizeof text,
                 "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64,
                 qos->egress_kbps, qos->egress_burst_kb, qos->egress_kpps, qos->egress_burst_kpkt,
                 qos->ingress_kbps, qos->ingress_burst_kb);
    }
    put(ds, text);
}

/* Reads the numbers of a string that put_limits() or expectation_of() wrote. */
static void get_numbers(const char *text, int64_t *numbers, size_t n)
{
    for (size_t i = 0; i < n && *text; i++) {
        char *end;

        numbers[i] = strtoll(text, &end, 10);
        text = end;
    }
}

struct expectation *expectation_of(const struct record *record)
{
    const struct port_spec *spec = &record->spec;
    struct expectation *expectation;
    struct ds ds = DS_EMPTY_INITIALIZER;
    char mtu[40];

    snprintf(mtu, sizeof mtu, "%d", spec->mtu_request);
    put(&ds, spec->port);
    put(&ds, spec->bridge);
    put(&ds, spec->datapath_type);
    put(&ds, spec->fail_mode);
    put(&ds, spec->type);
    put(&ds, mtu);
    snprintf(mtu, sizeof mtu, "%d %d %d", spec->links.create, spec->links.mtu,
             spec->links.multiqueue);
    put(&ds, mtu);
    put(&ds, spec->links.kind == LINKS_TAP && spec->links.create ? spec->links.address : "");
    put_limits(&ds, record->foreign_qos ? &(struct vif_qos){0} : &spec->qos);
    put_map(&ds, &spec->options, true);
    put_map(&ds, &spec->external_ids, false);
    expectation = xmemdup(ds.string, ds.length);
    ds_destroy(&ds);
    return expectation;
}

static const char *next(const char **cursor)
{
    const char *s = *cursor;

    *cursor += strlen(s) + 1;
    return s;
}

const char *expectation_bridge(const struct expectation *expectation)
{
    return expectation->strings + strlen(expectation->strings) + 1;
}

static void get_map(const char **cursor, struct smap *map)
{
    while (**cursor) {
        const char *key = next(cursor);

        smap_add(map, key, next(cursor));
    }
    next(cursor);
}

void expectation_expand(const struct expectation *expectation, struct record *record)
{
    const char *cursor = expectation->strings;
    struct port_spec *spec = &record->spec;
    int64_t links[3] = {0};
    const char *address;
    int64_t limits[6] = {0};

    record_init(record);
    snprintf(spec->port, sizeof spec->port, "%s", next(&cursor));
    snprintf(spec->bridge, sizeof spec->bridge, "%s", next(&cursor));
    snprintf(spec->datapath_type, sizeof spec->datapath_type, "%s", next(&cursor));
    snprintf(spec->fail_mode, sizeof spec->fail_mode, "%s", next(&cursor));
    snprintf(spec->type, sizeof spec->type, "%s", next(&cursor));
    str_to_int(next(&cursor), 10, &spec->mtu_request);
    get_numbers(next(&cursor), links, ARRAY_SIZE(links));
    address = next(&cursor);
    get_numbers(next(&cursor), limits, ARRAY_SIZE(limits));
    get_map(&cursor, &spec->options);
    get_map(&cursor, &spec->external_ids);
    record_interpret(record);
    spec->links.create |= links[0] != 0;
    spec->links.mtu = (int)links[1];
    spec->links.multiqueue = links[2] != 0;
    snprintf(spec->links.address, sizeof spec->links.address, "%s", address);
    spec->qos = (struct vif_qos){limits[0], limits[1], limits[2], limits[3], limits[4], limits[5]};
    spec->has_qos = memcmp(&spec->qos, &(struct vif_qos){0}, sizeof spec->qos) != 0;
}

struct comparison {
    struct drift *drift;
    size_t n;
};

static void note(struct comparison *comparison, const char *prefix, const char *key,
                 const char *expected, const char *found)
{
    struct drift *drift = &comparison->drift[comparison->n];

    if (comparison->n < DRIFT_MAX && strcmp(expected, found)) {
        snprintf(drift->field, sizeof drift->field, "%s%s", prefix, key);
        snprintf(drift->expected, sizeof drift->expected, "%s", expected);
        snprintf(drift->found, sizeof drift->found, "%s", found);
        comparison->n++;
    }
}

static void compare_map(struct comparison *comparison, const char *prefix, const char **cursor,
                        const struct smap *found)
{
    while (**cursor) {
        const char *key = next(cursor);

        note(comparison, prefix, key, next(cursor), smap_get_def(found, key, ""));
    }
    next(cursor);
}

size_t expectation_compare(const struct expectation *expectation, const struct record *record,
                           struct drift drift[DRIFT_MAX])
{
    struct comparison comparison = {.drift = drift};
    const char *cursor = expectation->strings;
    const struct port_spec *spec;
    char mtu[16];

    if (!record) {
        note(&comparison, "port", "", cursor, "");
        return comparison.n;
    }
    spec = &record->spec;
    snprintf(mtu, sizeof mtu, "%d", spec->mtu_request);
    note(&comparison, "port", "", next(&cursor), spec->port);
    note(&comparison, "bridge", "", next(&cursor), spec->bridge);
    next(&cursor); /* The bridge's datapath_type and fail_mode are not ours. */
    next(&cursor);
    note(&comparison, "type", "", next(&cursor), spec->type);
    note(&comparison, "mtu_request", "", next(&cursor), mtu);
    next(&cursor); /* watch.c checks links, */
    next(&cursor);
    next(&cursor); /* and other programs may change limits. */
    compare_map(&comparison, "options:", &cursor, &spec->options);
    compare_map(&comparison, "external_ids:", &cursor, &spec->external_ids);
    return comparison.n;
}
