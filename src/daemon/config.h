/* The daemon's configuration: /etc/vifplugd/vifplugd.conf, read once at start (and on SIGHUP).
 * etc/vifplugd.conf is the manual: it has every setting with its default and meaning. */

#ifndef VP_CONFIG_H
#define VP_CONFIG_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vif.h"
#include "nic/nic-profile.h"
#include "ovs/offload.h"
#include "plan/fail-mode.h"
#include "plan/qos.h"

#define CONFIG_TEXT_MAX 192
#define CONFIG_PATHS_MAX 16

struct config {
    /* [daemon] */
    char socket[VIF_PATH_MAX + 1];
    char socket_group[CONFIG_TEXT_MAX];
    char allow[CONFIG_TEXT_MAX]; /* List of users, @groups, numbers. */
    char allow_read[CONFIG_TEXT_MAX];
    int max_connections;
    int max_queued;
    int queue_timeout_ms;
    /* [ovs] */
    char db[CONFIG_TEXT_MAX];       /* "": OVS's own default. */
    char run_dir[VIF_PATH_MAX + 1]; /* "": OVS's own. */
    int timeout_ms;
    int vswitchd_grace_ms;
    int max_batch;
    bool create_bridges;
    enum fail_mode_policy fail_mode; /* Of bridges that are created. */
    bool repair;
    /* [vif] */
    int network_device_mtu; /* 0: none. */
    char socket_dirs[CONFIG_PATHS_MAX][VIF_PATH_MAX + 1];
    size_t n_socket_dirs;
    bool check_paths;
    bool isolate_vif;
    bool per_port_bridge;
    char default_qos_type[QOS_TYPE_MAX + 1];
    int evict_on_vf_conflict; /* on_vf_conflict: 0 refuse, 1 evict. */
    /* [offload] */
    enum offload_policy ensure_hw_offload;
    /* [nic NAME], the built-in ones first. */
    struct nic_profile profiles[NIC_PROFILES_MAX];
    size_t n_profiles;
};

/* The defaults, with the built-in NIC profiles. */
void config_init(struct config *config);

/* Reads `path` into a config that config_init() prepared. A missing file is an error only if
 * `required`. On failure *error has one sentence that names file and line. */
bool config_read(struct config *config, const char *path, bool required, struct error *error);

#endif
