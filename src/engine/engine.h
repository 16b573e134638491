/* SPDX-License-Identifier: Apache-2.0 */
/* The engine: takes operations, commits all waiting operations in one transaction at a time, and
 * follows each until vswitchd has realized it.
 *
 * A transaction has all operations that wait when it can start, up to max_batch, with one increment
 * of next_cfg. So a single request is not delayed, and many requests share one commit and one
 * reconfiguration. Operations that affect each other's plan (same port name, same VF, a bridge that
 * both would create differently) run one after another: the engine plans the second after the first
 * has ended. */

#ifndef VP_ENGINE_H
#define VP_ENGINE_H 1

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "engine/settings.h"
#include "engine/summary.h"
#include "links/link-remover.h"
#include "links/links.h"
#include "nic/nic.h"
#include "ovs/offload.h"
#include "ovs/ovs.h"
#include "ovs/switch-log.h"
#include "ovs/vswitchd.h"
#include "wire/request.h"

/* What the end of an operation (of ACKNOWLEDGED: its commit) means to the clients that watch its
 * VIF. */
enum engine_event {
    EVENT_NOTHING,     /* The operation wrote nothing, or a repair failed; also an unplug of another
                        * instance's VIF. */
    EVENT_NONE,        /* No event: the operation wrote only boot id and PCI slot. */
    EVENT_UNRECOVERED, /* A recovery failed: its port still has an error. */
    EVENT_UNDONE, /* The operation failed; an undo restored what it had found, if that could be. */
    EVENT_ABSENT, /* An unplug removed nothing: the VIF has no row. */
    EVENT_ACKNOWLEDGED, /* A plug was acknowledged at its commit; its end is another event. */
    EVENT_COMMITTED, /* A first plug succeeded at its commit; vswitchd still has to make the port.
                      */
    EVENT_PLUGGED,
    EVENT_UNPLUGGED,
    EVENT_CHANGED,
    EVENT_REPAIRED
};

/* How long the stages of an operation took, us; negative: the stage did not happen. */
struct op_times {
    int64_t queued;  /* From the request's arrival until the engine sent the transaction. */
    int64_t commit;  /* From then until OVSDB had committed. */
    int64_t realize; /* From then until vswitchd's verdict. */
    int64_t total;
};

/* What a dry run would do. */
struct op_plan {
    const char *action;
    const char *why;
    const char *const *operations;
    size_t n_operations;
};

/* The result of an operation. All borrowed, until the call returns. */
struct op_result {
    uint64_t connection;    /* The client's. */
    const char *request_id; /* JSON text. */
    const char *vif_id;
    const struct error *error;   /* Why the operation was refused or failed; NULL: it succeeded. */
    const struct record *record; /* The port, if a plug or update succeeded; else NULL. */
    bool on_record; /* `record` is in OVSDB; else it is only what the request asks for. */
    bool changed;
    const char *const *warnings;
    size_t n_warnings;
    struct op_times times;
    const struct op_plan *plan; /* The plan of a dry run; or NULL. */
};

/* Who asked for an operation. */
struct asker {
    /* Called once, when the result is known; the operation may continue after that. Not called for
     * operations that engine_destroy() ends. NULL: nobody waits for a reply. */
    void (*reply)(void *aux, const struct op_result *result);
    void *aux;            /* Must outlive the operation. */
    uint64_t connection;  /* For `reply`; the engine does not use it. */
    uid_t owner;          /* The user whose operations take turns with those of others. */
    bool privileged;      /* The owner may use the room that is kept (base/room.h). */
    struct client client; /* For summaries. */
};

/* The modules and values that the engine uses. All borrowed; they must outlive the engine. */
struct engine_env {
    const struct engine_settings *settings;
    struct ovs *ovs;
    struct nic *nic;
    struct links *links; /* NULL without netlink. */
    struct link_remover *link_remover;
    struct vswitchd *vswitchd;
    struct switch_log *switch_log; /* NULL: nobody reads vswitchd's log. */
    struct offload *offload;
    const char *boot_id;
    const char *sysfs_root;
    const char *run_dir; /* OVS's run directory. */
    /* Called when an operation on a VIF has ended. */
    void (*ended)(void *aux, const char *vif_id, enum engine_event event);
    /* Called once for each operation, at its end, after its reply. May be NULL. */
    void (*summed_up)(void *aux, const struct op_summary *summary);
    /* Whether a VIF without a row is known as missing; then fills in its instance, or "". May be
     * NULL. */
    bool (*is_missing)(void *aux, const char *vif_id, char instance[VIF_ID_MAX + 1]);
    void *aux;
};

struct engine;

struct engine *engine_create(const struct engine_env *env);
void engine_destroy(struct engine *engine);

/* Takes a plug, unplug or update. Returns false with *error filled if too many operations wait, of
 * the owner or at all (busy), or if the daemon is stopping (switch_unavailable). */
bool engine_submit(struct engine *engine, const struct request *request, const struct asker *asker,
                   struct error *error);

/* Takes an unplug that does nothing if, at its turn, the VIF is not of an earlier boot.
 * `timeout_ms` and `dry_run` as in struct request. Returns like engine_submit(). */
bool engine_unplug_stale(struct engine *engine, const char *vif_id, int timeout_ms, bool dry_run,
                         const struct asker *asker, struct error *error);

/* Returns whether `n` more operations of that owner may wait; fills *error as engine_submit() if
 * not. `asker` is NULL for operations of the daemon itself. */
bool engine_has_room(const struct engine *engine, const struct asker *asker, size_t n,
                     struct error *error);

/* How many more operations of that owner may wait. */
size_t engine_room(const struct engine *engine, const struct asker *asker);

/* How much memory the operations of that owner hold, bytes: about, and at least what they hold. */
size_t engine_memory_of(const struct engine *engine, uid_t owner);

/* The same for all operations. */
size_t engine_memory(const struct engine *engine);

/* What a repair may make. */
enum repair_scope {
    REPAIR_PORT,       /* A missing port only on a bridge that exists. */
    REPAIR_WITH_BRIDGE /* The bridge too. */
};

/* Restores VIF `vif_id` to `goal`, its state before other programs changed or removed it. Returns
 * false if that is not possible now. */
bool engine_repair(struct engine *engine, const char *vif_id, const struct port_spec *goal,
                   enum repair_scope scope);

/* If a VIF's port failed only because of a hand-over of its device, makes vswitchd look for the
 * device again. Returns false if the port failed for another reason, or if no operation is possible
 * now. */
bool engine_follow_hand_over(struct engine *engine, const struct record *record);

/* Whether operations on that VIF wait or are under way. */
bool engine_has(const struct engine *engine, const char *vif_id);

/* Whether operations on that VIF wait or are under way, or an operation under way evicts the
 * VIF. */
bool engine_concerns(const struct engine *engine, const char *vif_id);

/* Calls `cb` with the VIF of each link that was made for a VIF, if that VIF is not on record and
 * has no operation. May call it several times for one VIF. */
void engine_for_each_orphan(const struct engine *engine, void (*cb)(const char *vif_id, void *aux),
                            void *aux);

/* One pass: takes the result of the transaction under way; sends the next transaction, if it can
 * start; then advances all operations: verdicts, replies, deadlines. Call these in this order,
 * after ovs_run(), vswitchd_run() and the server's lines. */
void engine_collect(struct engine *engine);
void engine_commit(struct engine *engine);
void engine_run(struct engine *engine);
void engine_wait(struct engine *engine);

/* Refuses operations that have not begun, and all new ones. Those that have begun continue until
 * `drain_by` (monotonic, ms); plugs and updates that vswitchd has not confirmed by then are undone,
 * which may take some time more. An acknowledged plug is not followed up any longer. */
void engine_drain(struct engine *engine, long long int drain_by);

/* Replies to the clients of the operations that are left, because the process ends. The operations
 * themselves stay as they are: only engine_destroy() may follow. */
void engine_abandon(struct engine *engine);

/* Whether engine_drain() was called; if so, fills *error for a request that comes now. */
bool engine_is_stopping(const struct engine *engine, struct error *error);

/* Calls `cb` for the first `max` operations that wait or are under way. Returns how many there are.
 */
size_t engine_for_each_op(const struct engine *engine, size_t max,
                          void (*cb)(const struct op_summary *summary, void *aux), void *aux);

/* The number of operations that wait or are under way. */
size_t engine_n_ops(const struct engine *engine);

/* The number of those that wait for a transaction. */
size_t engine_n_queued(const struct engine *engine);

struct engine_counters {
    uint64_t plugs;        /* Ended well. */
    uint64_t unplugs;      /* Ended well. */
    uint64_t updates;      /* Ended well. */
    uint64_t failed;       /* Were refused, or failed. */
    uint64_t undone;       /* Failed operations that had something to undo. */
    uint64_t transactions; /* Sent. */
    uint64_t batched;      /* Operations in them. */
};
const struct engine_counters *engine_counters(const struct engine *engine);

#endif
