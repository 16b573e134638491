/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include <stddef.h>
#include <string.h>

#include "daemon/config-private.h"

/* The values that os-vif accepts for default_qos_type. */
static const char *const qos_types[] = {"linux-htb",      "linux-hfsc", "linux-sfq", "linux-codel",
                                        "linux-fq_codel", "linux-noop", NULL};
static const char *const conflict_words[] = {[EVICT_NEVER] = "refuse",
                                             [EVICT_ALWAYS] = "evict",
                                             [EVICT_UNUSED] = "evict-unused",
                                             [EVICT_UNUSED + 1] = NULL};

/* clang-format 14 and 19 format these differently. */
/* clang-format off */
#define TEXT(section, key, kind, start_only)                                                       \
    {                                                                                              \
        section, #key, kind, offsetof(struct config, key), sizeof((struct config *)0)->key, 0, 0,  \
            NULL, start_only                                                                       \
    }
#define NUMBER(section, name, member, kind, min, max)                                              \
    {                                                                                              \
        section, name, kind, offsetof(struct config, member), 0, min, max, NULL, false             \
    }
/* clang-format on */

const struct setting config_settings[] = {
    TEXT("daemon", socket, TYPE_PATH, true),
    TEXT("daemon", socket_group, TYPE_TEXT, false),
    TEXT("daemon", allow, TYPE_ACCESS, false),
    TEXT("daemon", allow_read, TYPE_ACCESS, false),
    NUMBER("daemon", "max_connections", max_connections, TYPE_INT, 1, 4096),
    NUMBER("daemon", "client_memory", client_memory, TYPE_INT, 4, 4096),
    NUMBER("daemon", "max_queued", engine.max_queued, TYPE_INT, 1, 1000000),
    NUMBER("daemon", "queue_timeout", engine.queue_timeout_ms, TYPE_DURATION, 1, 3600000),
    TEXT("ovs", db, TYPE_REMOTE, true),
    TEXT("ovs", run_dir, TYPE_FOUND_PATH, true),
    TEXT("ovs", vswitchd_log, TYPE_FOUND_PATH, true),
    NUMBER("ovs", "timeout", engine.timeout_ms, TYPE_DURATION, 1, 600000),
    NUMBER("ovs", "vswitchd_grace", engine.vswitchd_grace_ms, TYPE_DURATION, 0, 600000),
    NUMBER("ovs", "max_batch", engine.max_batch, TYPE_INT, 1, 1024),
    NUMBER("ovs", "create_bridges", engine.create_bridges, TYPE_BOOL, 0, 0),
    {"ovs", "fail_mode", TYPE_WORD, offsetof(struct config, engine.fail_mode), 0, 0, 0,
     fail_mode_policy_names, false},
    NUMBER("ovs", "repair", engine.repair, TYPE_BOOL, 0, 0),
    NUMBER("ovs", "restore", engine.restore, TYPE_BOOL, 0, 0),
    NUMBER("vif", "network_device_mtu", engine.network_device_mtu, TYPE_MTU, 0, VIF_MTU_MAX),
    {"vif", "socket_dirs", TYPE_SOCKET_DIRS, 0, 0, 0, 0, NULL, false},
    NUMBER("vif", "check_paths", engine.check_paths, TYPE_BOOL, 0, 0),
    NUMBER("vif", "isolate_vif", engine.isolate_vif, TYPE_BOOL, 0, 0),
    NUMBER("vif", "per_port_bridge", engine.per_port_bridge, TYPE_BOOL, 0, 0),
    {"vif", "default_qos_type", TYPE_WORD, offsetof(struct config, engine.default_qos_type),
     QOS_TYPE_MAX + 1, 0, 0, qos_types, false},
    {"vif", "on_vf_conflict", TYPE_WORD, offsetof(struct config, engine.on_vf_conflict), 0, 0, 0,
     conflict_words, false},
    {"vif", "evict_unused_after", TYPE_DURATION,
     offsetof(struct config, engine.evict_unused_after_ms), 0, 10000, 86400000, NULL, false},
    {"offload", "ensure_hw_offload", TYPE_WORD, offsetof(struct config, engine.ensure_hw_offload),
     0, 0, 0, offload_policy_names, false},
    {"metrics", "listen", TYPE_LISTEN, offsetof(struct config, metrics_listen), CONFIG_TEXT_MAX, 0,
     0, NULL, false},
#undef TEXT
#undef NUMBER
};
const size_t config_n_settings = sizeof config_settings / sizeof config_settings[0];
_Static_assert(sizeof config_settings / sizeof config_settings[0] <= CONFIG_SETTINGS_MAX,
               "struct config has room for each");

void config_init(struct config *config)
{
    static const char *const socket_dirs[] = {"/usr/local/var/run", "/run/openvswitch",
                                              "/var/run/openvswitch", "/var/lib/vhost_sockets"};

    memset(config, 0, sizeof *config);
    strcpy(config->socket, "/run/vifplugd/vifplugd.sock");
    strcpy(config->socket_group, "nova");
    config->max_connections = 64;
    config->client_memory = 32;
    config->engine.max_queued = 4096;
    config->engine.queue_timeout_ms = 30000;
    config->engine.evict_unused_after_ms = 600000;
    config->engine.timeout_ms = 10000;
    config->engine.vswitchd_grace_ms = 60000;
    config->engine.max_batch = 64;
    config->engine.create_bridges = true;
    config->engine.network_device_mtu = 1500;
    strcpy(config->engine.default_qos_type, "linux-noop");
    config->engine.check_paths = true;
    for (size_t i = 0; i < sizeof socket_dirs / sizeof socket_dirs[0]; i++) {
        strcpy(config->engine.socket_dirs[config->engine.n_socket_dirs++], socket_dirs[i]);
    }
    config->n_profiles = nic_profiles_init(config->profiles);
}
