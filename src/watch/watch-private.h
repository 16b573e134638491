/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the watch share. */

#ifndef VP_WATCH_PRIVATE_H
#define VP_WATCH_PRIVATE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "openvswitch/hmap.h"
#include "openvswitch/list.h"
#include "watch/check-queue.h"
#include "watch/watch.h"

/* How a VIF's rows and links are, as last reported. */
enum watched_state {
    WATCHED_IN_STEP, /* As expected. */
    WATCHED_DRIFTED, /* Another program has changed them. */
    WATCHED_MISSING, /* There is no row. */
    WATCHED_N_STATES
};

/* What a VIF may have lost with a database: OVSDB was away, and since then the VIF was not in step.
 * What another program had changed or removed before is not lost. */
enum watched_loss {
    LOSS_NONE,
    LOSS_ROW, /* Its row: what differed in it, another program had changed before. */
    LOSS_ALL  /* Whatever differs. */
};

struct watched {
    struct hmap_node node;
    struct ovs_list missing_node; /* In the list of missing VIFs, in MISSING. */
    char vif_id[VIF_ID_MAX + 1];
    struct expectation *expectation;
    enum watched_state state; /* Only watched_set_state() writes it. */
    bool failed;              /* The last reported value. */
    bool check_later;         /* It changed during an operation. */
    bool repairing;           /* An operation is under way. */
    bool owes_plugged;        /* PLUGGED is reported once vswitchd has the port. */
    bool unrecovered;         /* A recovery has failed since the port worked. */
    enum watched_loss loss;
    uint8_t n_repairs;       /* Since the last requested operation, or a long time without
                              * repairs. */
    long long int repair_at; /* The earliest time of the next. */
};

struct watch {
    struct watch_env env;
    struct hmap watched;
    struct ovs_list missing; /* The missing VIFs, the first one first. */
    size_t n_missing;
    struct check_queue checks;
    long long int bridges_due;
    long long int bridges_latest;
    bool learned; /* The state at the start has been read. */
    bool ovsdb_up;
    bool vswitchd_up;
    unsigned int vswitchd_start; /* vswitchd_start() of the one that was up last. */
    bool switch_known;           /* ovsdb_up and vswitchd_up have been reported, or need not be. */
};

/* NULL if the watch does not know it. */
struct watched *watch_find(const struct watch *watch, const char *vif_id);

void watch_forget(struct watch *watch, struct watched *watched);

/* Makes the present state the expected state. */
void watch_learn(struct watch *watch, const struct record *record);

/* Checks the VIF WATCH_DELAY_MS from now at the latest. */
void watch_check_soon(struct watch *watch, const char *vif_id);

/* Moves the VIF to another state, in which it may be already. */
void watched_set_state(struct watch *watch, struct watched *watched, enum watched_state state);

/* Whether vswitchd has the port, as far as is known. */
bool watch_switch_has(const struct watch *watch, const struct record *record);

void watch_report(struct watch *watch, enum watch_event_type type, const struct record *record,
                  const struct drift *drift, size_t n);

/* Compares a VIF with what is expected of it; reports and repairs the differences. */
void watch_check(struct watch *watch, const char *vif_id);

/* The differences of a VIF's rows and links, up to DRIFT_MAX items. */
size_t watch_differences(const struct watch *watch, const struct watched *watched,
                         const struct record *record, struct drift drift[DRIFT_MAX]);

#endif
