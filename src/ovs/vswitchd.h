/* SPDX-License-Identifier: Apache-2.0 */
/* Whether ovs-vswitchd runs. OVSDB does not show it: ofport and cur_cfg stay after its end. */

#ifndef VP_VSWITCHD_H
#define VP_VSWITCHD_H 1

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum vswitchd_state {
    VSWITCHD_ALIVE,
    VSWITCHD_DEAD,
    VSWITCHD_UNKNOWN /* No pidfile that can be read, and no new cur_cfg yet (another container, for
                        example). */
};

struct vswitchd;

/* `run_dir` is OVS's run directory, which has ovs-vswitchd.pid. */
struct vswitchd *vswitchd_create(const char *run_dir);
void vswitchd_destroy(struct vswitchd *vswitchd);

/* `cur_cfg` is the value in OVSDB: when it changes, a vswitchd runs that changes it. Negative:
 * it is not known (OVSDB has none, or is away), and the next value is no change. */
void vswitchd_run(struct vswitchd *vswitchd, int64_t cur_cfg);
void vswitchd_wait(struct vswitchd *vswitchd);

/* Notices vswitchd's end immediately (by its pidfd), its start before it has
 * initialised DPDK. */
enum vswitchd_state vswitchd_state(const struct vswitchd *vswitchd);
const char *vswitchd_state_name(enum vswitchd_state state);

/* Why its pidfile cannot be read, so that only cur_cfg and the end of a process that is known tell
 * whether it runs; NULL if it can be read, or is not there. */
const char *vswitchd_pidfile_error(const struct vswitchd *vswitchd);

/* Whether vswitchd has started and not yet set cur_cfg: OVSDB's dpdk_initialized is then still that
 * of its predecessor. */
bool vswitchd_is_starting(const struct vswitchd *vswitchd);

/* Whether it does its work: it is alive, and has begun, so that what OVSDB shows of ports is its
 * own word. */
bool vswitchd_works(const struct vswitchd *vswitchd);

/* For how long it has been starting, ms; 0 if it is not. start_question_run() sees to it that it
 * has something to answer. */
int64_t vswitchd_starting_ms(const struct vswitchd *vswitchd);

/* 0 if vswitchd is not alive or its pid is not known. */
pid_t vswitchd_pid(const struct vswitchd *vswitchd);

/* Tells one vswitchd from the next, even if its pid is not known: the number of its start, counted
 * from 1; 0 if it is not alive, or has no pidfile here. */
unsigned int vswitchd_start(const struct vswitchd *vswitchd);

/* Whether it started while we watched: then we know all that it has done. */
bool vswitchd_start_seen(const struct vswitchd *vswitchd);

/* When that was, ms since the epoch, by its pidfile; 0: not known. */
int64_t vswitchd_start_ms(const struct vswitchd *vswitchd);

/* Notes `next_cfg`, which vswitchd is to answer with that cur_cfg; call it after vswitchd_run()
 * while OVSDB is connected, and with the cur_cfg of vswitchd_run() while it is not. */
void vswitchd_note_next_cfg(struct vswitchd *vswitchd, int64_t next_cfg);

/* How long vswitchd has had a next_cfg to answer, or a question on its control socket
 * (vswitchd-probe.h), and has answered none, ms; 0: nothing waits for it. */
int64_t vswitchd_unanswered_ms(const struct vswitchd *vswitchd);

/* Whether its process is stopped now, by SIGSTOP or a debugger. False if its pid is not known.
 * Reads /proc. */
bool vswitchd_is_stopped(const struct vswitchd *vswitchd);

/* Whether it is in another network namespace, so that its links, and the connections of sockets,
 * are not to be seen from here (network-place.h). False if that is not known. */
bool vswitchd_is_elsewhere(const struct vswitchd *vswitchd);

/* Callers call this if cur_cfg did not reach a next_cfg: without a pidfile the state is then
 * UNKNOWN again, and so it is with one that cannot be read. */
void vswitchd_did_not_answer(struct vswitchd *vswitchd);

#endif
