/* SPDX-License-Identifier: Apache-2.0 */
/* other_config:hw-offload: whether it is on, whether it is in effect in vswitchd, and setting it.
 *
 * vswitchd reads it when it starts (ovs-vswitchd.conf.db(5): changing it requires a restart), so
 * what is in effect depends on which was first. The daemon knows when it was set only if the daemon
 * set it or saw the change. It keeps the time of its own setting in Open_vSwitch external_ids, so
 * that a later daemon knows it too. All times are in ms since the boot: nobody sets that clock. */

#ifndef VP_OFFLOAD_H
#define VP_OFFLOAD_H 1

#include <stdbool.h>
#include <stdint.h>

enum offload_policy { OFFLOAD_REPORT, OFFLOAD_SET, OFFLOAD_REQUIRE };
extern const char *const offload_policy_names[]; /* NULL-terminated. */

enum offload_effect { OFFLOAD_NO, OFFLOAD_YES, OFFLOAD_RESTART_REQUIRED, OFFLOAD_UNKNOWN };
const char *offload_effect_name(enum offload_effect effect); /* "restart_required" */

struct offload_facts {
    bool enabled;        /* The value in OVSDB. */
    int64_t enabled_at;  /* When it was set; 0: before the daemon first looked. */
    int64_t vswitchd_at; /* When vswitchd was started; 0: not known. */
    bool vswitchd_is_dead;
};

/* Whether hardware offload is in effect in the running vswitchd. */
enum offload_effect offload_effect(const struct offload_facts *facts);

/* When process `pid` was started, by /proc/<pid>/stat (proc(5)); 0 if that cannot be read. */
int64_t offload_process_start(int64_t pid);

/* The value of KEY_OFFLOAD_SET for a setting at `set_at` in the boot `boot_id` (malloc'ed); and the
 * time in such a value, which may be NULL: 0 if it is of another boot, or no such value. */
char *offload_set_text(int64_t set_at, const char *boot_id);
int64_t offload_set_at(const char *text, const char *boot_id);

struct ovs;
struct vswitchd;

/* Follows OVSDB and vswitchd in each pass, and sets hw-offload if the policy says so. */
struct offload {
    enum offload_policy policy;
    const char *boot_id; /* Owned by the caller. */
    bool seen;           /* OVSDB has been read. */
    bool enabled;        /* The last value. */
    int64_t enabled_at;  /* As in offload_facts. */
    unsigned int start;  /* The vswitchd_start() of the vswitchd whose start is vswitchd_at. */
    int64_t vswitchd_at;
    long long int
        set_again_at; /* The earliest time for the next setting, ms of the monotonic clock. */
};

void offload_run(struct offload *offload, struct ovs *ovs, const struct vswitchd *vswitchd);

/* The present effect. */
enum offload_effect offload_now(const struct offload *offload, const struct vswitchd *vswitchd);

#endif
