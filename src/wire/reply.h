/* SPDX-License-Identifier: Apache-2.0 */
/* From results and errors to one line of JSON. Every function returns a malloc'ed string that ends
 * in LF, which the caller frees. */

#ifndef VP_REPLY_H
#define VP_REPLY_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/pci-addr.h"
#include "base/vif.h"
#include "wire/vif-state.h"

struct reply_pair {
    const char *key;
    const char *value;
};

/* A column or key of a VIF's rows that others have changed: "mtu_request", "options:dpdk-devargs".
 * A value that does not exist is "". */
struct reply_drift {
    const char *field;
    const char *expected;
    const char *found;
};

/* A VIF as a reply shows it. All strings are borrowed; "" or NULL leaves the member out. */
struct vif_view {
    const char *vif_id;
    enum vif_kind kind;
    const char *bridge;
    const char *port;
    const char *interface_type;
    int64_t ofport; /* > 0, or left out. */
    int64_t mtu;    /* The MTU that the switch has applied; > 0, or left out. */
    const char *address;
    const char *link_state; /* "up" or "down": of the port, as ovs-vswitchd sees it. */
    bool has_tag;
    int tag; /* The Port's VLAN tag, if has_tag. */
    const struct reply_pair *options;
    size_t n_options;
    const struct reply_pair *external_ids;
    size_t n_external_ids;
    bool has_representor;
    struct pci_addr pf;
    struct pci_addr vf;
    bool has_vf; /* Whether `vf` is known. */
    int vf_num;
    const char *devargs;
    const char *vhost_path;
    enum vhost_mode vhost_mode;
    struct vif_qos qos; /* Members that are 0 are left out. */
    enum vif_state state;
    const char *error;               /* The error text of vswitchd. */
    const struct reply_drift *drift; /* Changes by others. */
    size_t n_drift;
};

/* How long each stage of an operation took, ms; negative: it did not happen. */
struct reply_timings {
    double queued;  /* From the request's arrival until its transaction was sent. */
    double commit;  /* From there until OVSDB had committed. */
    double realize; /* From there until vswitchd's verdict. */
    double total;
};

/* The plan of a dry run. */
struct reply_plan {
    const char *action;
    const char *why;
    const char *const *operations;
    size_t n_operations;
};

struct reply_operation {
    const struct vif_view *view; /* NULL for an unplug: then the reply has `vif_id` alone. */
    const char *vif_id;
    bool changed;
    const char *const *warnings;
    size_t n_warnings;
    const struct reply_timings *timings; /* Or NULL. */
    const struct reply_plan *plan;       /* Or NULL. */
};

struct reply_offload {
    const char *policy; /* ensure_hw_offload. */
    bool enabled;       /* other_config:hw-offload is true. */
    const char *effect; /* "yes", "no", "restart_required" or "unknown". */
};

struct reply_counter {
    const char *name; /* A string literal. */
    int64_t value;
};

struct reply_status {
    const char *version;
    const char *ovsdb_remote;
    bool ovsdb_connected;
    const char *vswitchd_state; /* "alive", "hung", "dead" or "unknown". */
    int64_t unanswered_s;       /* How long vswitchd has answered no next_cfg; 0: left out. */
    int64_t vswitchd_pid;       /* 0: not known. */
    const char *ovs_version;
    const char *dpdk_version;
    bool dpdk_initialized;
    int64_t next_cfg;
    int64_t cur_cfg;
    int64_t uptime_s;
    struct reply_offload offload;
    const struct reply_counter *counters;
    size_t n_counters;
    const char *const *problems; /* Sentences. */
    size_t n_problems;
};

char *reply_error(const char *id, const char *vif_id, const struct error *error);
char *reply_vif(const char *id, const struct vif_view *view);
char *reply_operation(const char *id, const struct reply_operation *operation);
char *reply_status(const char *id, const struct reply_status *status);

/* The objects that this daemon plugs, in the form of os-vif's HostPluginInfo. */
char *reply_describe(const char *id);

/* {"removed": [...], "kept": [{"vif_id","why"}], "warnings": [...]} and, if there are plans,
 * "plans": [{"vif_id","action","why","operations"}]. Built item by item; texts are copied. */
struct reply_reap;
struct reply_reap *reply_reap_new(const char *id);
void reply_reap_removed(struct reply_reap *reap, const char *vif_id);
void reply_reap_kept(struct reply_reap *reap, const char *vif_id, const char *why);
void reply_reap_plan(struct reply_reap *reap, const char *vif_id, const struct reply_plan *plan);
void reply_reap_warn(struct reply_reap *reap, const char *warning);
char *reply_reap_finish(struct reply_reap *reap); /* Frees it. */

/* An event's number, counted from 1 since the daemon's start, and its time, ms since the epoch. */
struct event_stamp {
    uint64_t number;
    int64_t time_ms;
};

/* What a new subscriber is told. */
struct reply_subscription {
    const char *run;     /* Tells this run of the daemon from others. */
    uint64_t last_event; /* The number of the last event. */
    bool since;          /* It asked for events of the past; then: */
    size_t n_replayed;
    bool complete;       /* These are all of the time that it asked for. */
    int64_t complete_ms; /* From when on the daemon knows all, ms since the epoch. */
};

char *reply_subscribed(const char *id, const struct reply_subscription *subscription);

/* Notifications: requests without an id, {"jsonrpc","method","params"}. The first has a whole VIF;
 * the other has the members of `pairs`, of which those that are NULL or "" are left out. */
char *notification_vif(const char *event, const struct event_stamp *stamp,
                       const struct vif_view *view);
char *notification_pairs(const char *event, const struct event_stamp *stamp,
                         const struct reply_pair *pairs, size_t n);

/* A list is built VIF by VIF, because the views borrow from rows that are read one at a time. */
struct reply_list;
struct reply_list *reply_list_new(const char *id);
void reply_list_add(struct reply_list *list, const struct vif_view *view);

/* Returns the part of the line that was added since the last call, which the caller frees. */
char *reply_list_take(struct reply_list *list);

/* Returns the rest of the line, with LF, which the caller frees. Frees the list. */
char *reply_list_finish(struct reply_list *list);

/* The VLAN of ports that Neutron's agent has not bound: it drops their frames. */
#define DEAD_VLAN 4095

#endif
