/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/fail-mode.h"

#include <stdio.h>
#include <string.h>

#include "util.h"

#define OVN_REMOTE "ovn-remote"
#define OVN_BRIDGE "ovn-bridge"
#define OVN_DEFAULT_BRIDGE "br-int"

const char *const fail_mode_policy_names[] = {"auto", "secure", "standalone", NULL};

/* The value that applies to a chassis: the key with its name at the end takes precedence. */
static const char *chassis_value(const struct smap *ids, const char *key, const char *chassis,
                                 const char *otherwise)
{
    char own_key[512];

    snprintf(own_key, sizeof own_key, "%s-%s", key, chassis);
    return smap_get_def(ids, own_key, smap_get_def(ids, key, otherwise));
}

static bool is_bridge_of(const struct smap *ids, const char *chassis, const char *bridge)
{
    return *chassis_value(ids, OVN_REMOTE, chassis, "") &&
           !strcmp(chassis_value(ids, OVN_BRIDGE, chassis, OVN_DEFAULT_BRIDGE), bridge);
}

/* The chassis name at the end of a key; NULL if the key has none, or if the rest belongs to the
 * name of another option. */
static const char *chassis_in(const char *key)
{
    static const char *const options[] = {"probe-interval", "mappings", "datapath-type", "remote"};
    const char *rest;

    if (strncmp(key, OVN_REMOTE "-", strlen(OVN_REMOTE "-")) &&
        strncmp(key, OVN_BRIDGE "-", strlen(OVN_BRIDGE "-"))) {
        return NULL;
    }
    rest = key + strlen(OVN_REMOTE "-");
    BUILD_ASSERT_DECL(sizeof OVN_REMOTE == sizeof OVN_BRIDGE);
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        size_t n = strlen(options[i]);

        if (!strncmp(rest, options[i], n) && (!rest[n] || rest[n] == '-')) {
            return NULL;
        }
    }
    return rest;
}

/* Several ovn-controllers can share a switch, and the name that one is started with (-n) need not
 * be in OVSDB. So the names in all keys count, besides system-id. */
bool fail_mode_ovn_names(const struct smap *external_ids, const char *bridge)
{
    const struct smap_node *node;

    if (is_bridge_of(external_ids, smap_get_def(external_ids, "system-id", ""), bridge)) {
        return true;
    }
    SMAP_FOR_EACH (node, external_ids) {
        const char *chassis = chassis_in(node->key);

        if (chassis && is_bridge_of(external_ids, chassis, bridge)) {
            return true;
        }
    }
    return false;
}

const char *fail_mode_choose(enum fail_mode_policy policy, const char *bridge,
                             const struct controller_facts *facts)
{
    if (is_trunk_bridge(bridge)) {
        return "";
    }
    if (policy != FAIL_MODE_AUTO) {
        return fail_mode_policy_names[policy];
    }
    return facts->ovn || facts->other_bridge[0] ? "secure" : "";
}

static void explain_reason(enum fail_mode_policy policy, const struct controller_facts *facts,
                           char *text, size_t size)
{
    if (policy != FAIL_MODE_AUTO) {
        snprintf(text, size, "the configuration says fail_mode = %s",
                 fail_mode_policy_names[policy]);
    } else if (facts->ovn) {
        snprintf(text, size, "external_ids of Open_vSwitch name it as OVN's integration bridge");
    } else if (facts->other_bridge[0]) {
        snprintf(text, size, "bridge %s has a controller or fail_mode=secure", facts->other_bridge);
    } else {
        snprintf(text, size, "OVSDB shows no controller");
    }
}

void fail_mode_explain(enum fail_mode_policy policy, const char *bridge,
                       const struct controller_facts *facts, char *text, size_t size)
{
    const char *mode = fail_mode_choose(policy, bridge, facts);
    char reason[160];

    if (is_trunk_bridge(bridge)) {
        snprintf(text, size, "%s", "");
        return;
    }
    explain_reason(policy, facts, reason, sizeof reason);
    if (!strcmp(mode, "secure")) {
        snprintf(
            text, size,
            "Bridge %s was missing and is created with fail_mode=secure, since %s: it forwards "
            "no frames until ovn-controller or Neutron's agent programs it; if neither will, "
            "run ovs-vsctl set-fail-mode %s standalone.",
            bridge, reason, bridge);
    } else {
        snprintf(text, size,
                 "Bridge %s was missing and is created with %s, since %s: it forwards frames "
                 "between all its ports at once, also of different networks; if OVN or Neutron is "
                 "to program it, set fail_mode = secure in vifplugd.conf.",
                 bridge, *mode ? "fail_mode=standalone" : "no fail_mode (standalone)", reason);
    }
}
