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

#include "daemon/config.h"
#include "daemon/nic.h"
#include "daemon/ovs.h"
#include "daemon/vswitchd.h"
#include "wire/request.h"

/* What the engine works with. All borrowed, all must outlive it. */
struct engine_env {
    const struct config *config;
    struct ovs *ovs;
    struct nic *nic;
    struct vswitchd *vswitchd;
    const char *boot_id;
    const char *run_dir; /* OVS's run directory. */
    /* Sends a line (malloc'ed, passed on) to a connection, if that is still there. */
    void (*reply)(void *aux, uint64_t connection, char *line);
    void *aux;
};

struct engine;

struct engine *engine_create(const struct engine_env *env);
void engine_destroy(struct engine *engine);

/* Takes a plug or unplug. Returns false with *error filled (busy) if too much is waiting, or if the
 * daemon is about to end. */
bool engine_submit(struct engine *engine, const struct request *request, uint64_t connection,
                   struct error *error);

/* Looks at what came of everything under way. To be called after ovs_run() and vswitchd_run(). */
void engine_run(struct engine *engine);

/* Sends what is waiting, if a transaction can start. The last thing in a pass. */
void engine_commit(struct engine *engine);
void engine_wait(struct engine *engine);

/* Refuses what has not begun and everything from now on. What has begun goes on. */
void engine_drain(struct engine *engine);

/* Operations under way. */
size_t engine_n_ops(const struct engine *engine);

struct engine_counters {
    uint64_t plugs;        /* Ended well. */
    uint64_t unplugs;      /* Ended well. */
    uint64_t failed;       /* Refused or failed. */
    uint64_t undone;       /* Of those: something had to be undone. */
    uint64_t transactions; /* Sent. */
    uint64_t batched;      /* Operations in them. */
};
const struct engine_counters *engine_counters(const struct engine *engine);

#endif
