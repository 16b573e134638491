/* SPDX-License-Identifier: Apache-2.0 */
/* Whether ovs-vswitchd is there. OVSDB cannot tell: ofport and cur_cfg outlive it. */

#ifndef VP_VSWITCHD_H
#define VP_VSWITCHD_H 1

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum vswitchd_state {
    VSWITCHD_ALIVE,
    VSWITCHD_DEAD,
    VSWITCHD_UNKNOWN /* It has no pidfile here and has not answered yet (another container, say). */
};

struct vswitchd;

/* `run_dir` is OVS's run directory, where ovs-vswitchd.pid lies. */
struct vswitchd *vswitchd_create(const char *run_dir);
void vswitchd_destroy(struct vswitchd *vswitchd);

/* `cur_cfg` is what OVSDB has: when it changes, somebody is there who changes it. */
void vswitchd_run(struct vswitchd *vswitchd, int64_t cur_cfg);
void vswitchd_wait(struct vswitchd *vswitchd);

/* Its end is noticed at once (by its pidfd), its start within a quarter of a second. */
enum vswitchd_state vswitchd_state(const struct vswitchd *vswitchd);
const char *vswitchd_state_name(enum vswitchd_state state);

/* Whether it has come up and not answered yet: OVSDB's dpdk_initialized is then still its
 * predecessor's. */
bool vswitchd_is_starting(const struct vswitchd *vswitchd);

/* 0 if it is not alive or its number is not known. */
pid_t vswitchd_pid(const struct vswitchd *vswitchd);

/* To be called when it left a next_cfg unanswered: without a pidfile it is then UNKNOWN again. */
void vswitchd_doubt(struct vswitchd *vswitchd);

#endif
