/* SPDX-License-Identifier: Apache-2.0 */
/* The settings that the engine and the watcher use: [ovs], [vif], [offload], and how many
 * operations may wait. Part of struct config; etc/vifplugd.conf is the manual. */

#ifndef VP_ENGINE_SETTINGS_H
#define VP_ENGINE_SETTINGS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/vif.h"
#include "ovs/offload.h"
#include "plan/evict.h"
#include "plan/fail-mode.h"
#include "plan/qos.h"

#define SOCKET_DIRS_MAX 16

struct engine_settings {
    int max_queued;       /* Operations. */
    int queue_timeout_ms; /* For an operation that has not begun. */
    int timeout_ms;       /* For an operation whose request has no timeout. */
    int vswitchd_grace_ms;
    int max_batch; /* Operations in a transaction. */
    bool create_bridges;
    enum fail_mode_policy fail_mode; /* Of bridges that are created. */
    bool repair;
    bool restore;
    int network_device_mtu; /* 0: none. */
    char socket_dirs[SOCKET_DIRS_MAX][VIF_PATH_MAX + 1];
    size_t n_socket_dirs;
    bool check_paths;
    bool isolate_vif;
    bool per_port_bridge;
    char default_qos_type[QOS_TYPE_MAX + 1];
    enum evict_policy on_vf_conflict;
    int evict_unused_after_ms;
    enum offload_policy ensure_hw_offload;
};

#endif
