/* SPDX-License-Identifier: Apache-2.0 */
/* Asks ovs-vswitchd for its version on its control socket, every few seconds, without waiting: its
 * main loop answers. One that hangs is seen by that even if nothing is written to OVSDB. */

#ifndef VP_VSWITCHD_PROBE_H
#define VP_VSWITCHD_PROBE_H 1

#include <stdint.h>
#include <sys/types.h>

/* From an answer to the next question, ms. */
#define VSWITCHD_PROBE_MS 5000

struct vswitchd_probe;

/* `run_dir` is OVS's run directory, which has ovs-vswitchd.PID.ctl. Borrowed. */
struct vswitchd_probe *vswitchd_probe_create(const char *run_dir);
void vswitchd_probe_destroy(struct vswitchd_probe *probe);

/* Call it in each pass. `pid` is vswitchd's in its own PID namespace, which names the socket; 0:
 * there is none, or it is not known. A vswitchd with another control socket is not asked. */
void vswitchd_probe_run(struct vswitchd_probe *probe, pid_t pid);
void vswitchd_probe_wait(const struct vswitchd_probe *probe);

/* How long the question has not been answered, ms; 0: it has been, or vswitchd is not asked. */
int64_t vswitchd_probe_unanswered_ms(const struct vswitchd_probe *probe);

#endif
