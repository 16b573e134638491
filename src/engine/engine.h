/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: takes operations, turns what is waiting into one transaction at a time, and follows
 * each until vswitchd has realised it.
 *
 * Whatever waits when a transaction can start goes into it, up to max_batch operations with one
 * increment of next_cfg, so a lone request is never delayed and a crowd shares one commit and one
 * reconfiguration. Operations that would get into each other's way (same port name, same VF, a
 * bridge that both would make differently) go one after another: the second is planned against what
 * the first has left. */

#ifndef VP_ENGINE_H
#define VP_ENGINE_H 1

#include <stdbool.h>
#include <stdint.h>

#include "engine/settings.h"
#include "links/link-remover.h"
#include "links/links.h"
#include "nic/nic.h"
#include "ovs/offload.h"
#include "ovs/ovs.h"
#include "ovs/vswitchd.h"
#include "wire/request.h"

/* What the end of an operation means to those who watch its VIF. */
enum engine_event {
    EVENT_NOTHING, /* Nothing was written, or a repair came to nothing. */
    EVENT_NONE,    /* Nothing to tell: it failed, and was undone, or only marks were written. */
    EVENT_PLUGGED,
    EVENT_UNPLUGGED,
    EVENT_CHANGED,
    EVENT_REPAIRED
};

/* How long the stages of an operation took, us; negative: it did not come to that. */
struct op_times {
    int64_t queued;  /* From the request's arrival until its transaction was sent. */
    int64_t commit;  /* From there until OVSDB had committed. */
    int64_t realize; /* From there until vswitchd's verdict. */
    int64_t total;
};

/* What a dry run would do. */
struct op_plan {
    const char *action;
    const char *why;
    const char *const *operations;
    size_t n_operations;
};

/* What an operation has come to. All borrowed, for the call alone. */
struct op_result {
    uint64_t connection;    /* The asker's. */
    const char *request_id; /* JSON text. */
    const char *vif_id;
    const struct error *error;   /* Why it was refused or has failed; NULL: it has succeeded. */
    const struct record *record; /* Of a plug or update that succeeded: its port. Else NULL. */
    bool on_record;              /* `record` is in OVSDB, not only asked for. */
    bool changed;
    const char *const *warnings;
    size_t n_warnings;
    struct op_times times;
    const struct op_plan *plan; /* Of a dry run; or NULL. */
};

/* Who asked for an operation. */
struct asker {
    /* Called once, when the operation can be replied to; it may go on after that. Not called for
     * operations that engine_destroy() ends. NULL: nobody waits for a reply. */
    void (*reply)(void *aux, const struct op_result *result);
    void *aux;           /* Must outlive the operation. */
    uint64_t connection; /* For `reply`; the engine does not look at it. */
};

/* What the engine works with. All borrowed, all must outlive it. */
struct engine_env {
    const struct engine_settings *settings;
    struct ovs *ovs;
    struct nic *nic;
    struct links *links; /* NULL where there is no netlink. */
    struct link_remover *link_remover;
    struct vswitchd *vswitchd;
    struct offload *offload;
    const char *boot_id;
    const char *sysfs_root;
    const char *run_dir; /* OVS's run directory. */
    /* An operation on a VIF has ended. */
    void (*ended)(void *aux, const char *vif_id, enum engine_event event);
    void *aux;
};

struct engine;

struct engine *engine_create(const struct engine_env *env);
void engine_destroy(struct engine *engine);

/* Takes a plug, unplug or update. Returns false with *error filled (busy) if too many operations
 * wait, or if the daemon is about to end. */
bool engine_submit(struct engine *engine, const struct request *request, const struct asker *asker,
                   struct error *error);

/* Takes an unplug that leaves the VIF alone unless it is of an earlier boot when its turn comes.
 * `timeout_ms` as in struct request. Returns like engine_submit(). */
bool engine_unplug_stale(struct engine *engine, const char *vif_id, int timeout_ms,
                         const struct asker *asker, struct error *error);

/* Whether `n` more operations may wait; if not, returns false with *error filled (busy). */
bool engine_has_room(const struct engine *engine, size_t n, struct error *error);

/* How many more operations may wait. */
size_t engine_room(const struct engine *engine);

/* Brings VIF `vif_id` to `goal`, which is what it was before others changed it. Returns false if
 * that cannot be done now. */
bool engine_repair(struct engine *engine, const char *vif_id, const struct port_spec *goal);

/* Follows up the hand-over of a device to a VIF's port, if that is what the port has failed for.
 * Returns false if it is not, or if nothing can be done now. */
bool engine_follow_hand_over(struct engine *engine, const struct record *record);

/* Whether operations on that VIF are under way or waiting. */
bool engine_has(const struct engine *engine, const char *vif_id);

/* The same, or whether one under way evicts it. */
bool engine_concerns(const struct engine *engine, const char *vif_id);

/* A pass: takes in what came of the transaction under way; sends what is waiting, if a transaction
 * can start; and then goes on with everything under way: verdicts, answers, deadlines. To be called
 * in this order, after ovs_run(), vswitchd_run() and the server's lines. */
void engine_collect(struct engine *engine);
void engine_commit(struct engine *engine);
void engine_run(struct engine *engine);
void engine_wait(struct engine *engine);

/* Refuses what has not begun and everything from now on. What has begun goes on. */
void engine_drain(struct engine *engine);

/* Operations under way. */
size_t engine_n_ops(const struct engine *engine);

struct engine_counters {
    uint64_t plugs;        /* Ended well. */
    uint64_t unplugs;      /* Ended well. */
    uint64_t updates;      /* Ended well. */
    uint64_t failed;       /* Refused or failed. */
    uint64_t undone;       /* Of those: something had to be undone. */
    uint64_t transactions; /* Sent. */
    uint64_t batched;      /* Operations in them. */
};
const struct engine_counters *engine_counters(const struct engine *engine);

#endif
