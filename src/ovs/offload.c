/* SPDX-License-Identifier: Apache-2.0 */
#include "ovs/offload.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/plain-file.h"
#include "ovs/ovs.h"
#include "ovs/vswitchd.h"
#include "timeval.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(offload);

/* How long to wait before setting it again if another program turns it off, ms. */
#define SET_PAUSE_MS 10000

const char *const offload_policy_names[] = {"report", "set", "require", NULL};

const char *offload_effect_name(enum offload_effect effect)
{
    static const char *const names[] = {
        [OFFLOAD_NO] = "no",
        [OFFLOAD_YES] = "yes",
        [OFFLOAD_RESTART_REQUIRED] = "restart_required",
        [OFFLOAD_UNKNOWN] = "unknown",
    };

    return names[effect];
}

enum offload_effect offload_effect(const struct offload_facts *facts)
{
    if (!facts->enabled) {
        return OFFLOAD_NO;
    }
    if (facts->vswitchd_is_dead) {
        return OFFLOAD_YES; /* The next vswitchd reads it as on. */
    }
    if (!facts->vswitchd_at) {
        return facts->enabled_at ? OFFLOAD_UNKNOWN : OFFLOAD_YES;
    }
    return facts->vswitchd_at >= facts->enabled_at ? OFFLOAD_YES : OFFLOAD_RESTART_REQUIRED;
}

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static int64_t now_ms(void)
{
    return clock_ms(CLOCK_BOOTTIME);
}

char *offload_set_text(int64_t set_at, const char *boot_id)
{
    return xasprintf("%" PRId64 " %s", set_at, boot_id);
}

int64_t offload_set_at(const char *text, const char *boot_id)
{
    char *end;
    long long int set_at;

    if (!text) {
        return 0;
    }
    errno = 0;
    set_at = strtoll(text, &end, 10);
    return errno == 0 && set_at > 0 && *end == ' ' && !strcmp(end + 1, boot_id) ? set_at : 0;
}

int64_t offload_process_start(int64_t pid)
{
    char path[64];
    char line[1024];
    char *field;
    FILE *file;
    char *ok;

    snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
    file = plain_file_stream(path);
    if (!file) {
        return 0;
    }
    ok = fgets(line, sizeof line, file);
    fclose(file);
    field = ok ? strrchr(line, ')') : NULL; /* The name before it may contain anything. */
    for (int i = 0; field && i < 20; i++) {
        field = strchr(field + 1, ' '); /* starttime is the 20th field after the name. */
    }
    if (!field) {
        return 0;
    }
    return strtoll(field, NULL, 10) * 1000 / sysconf(_SC_CLK_TCK);
}

/* By the time of its pidfile, which is right unless the clock has been set since. */
static int64_t pidfile_start(const struct vswitchd *vswitchd)
{
    int64_t made = vswitchd_start_ms(vswitchd);
    int64_t booted = clock_ms(CLOCK_REALTIME) - now_ms();

    return made ? MAX(made - booted, 1) : 0;
}

static void look(struct offload *offload, const struct ovs_globals *globals)
{
    if (globals->hw_offload && !offload->enabled) {
        offload->enabled_at = offload_set_at(globals->hw_offload_set, offload->boot_id);
        if (!offload->enabled_at && offload->seen) {
            offload->enabled_at = now_ms(); /* Another program has just set it. */
        }
    }
    offload->enabled = globals->hw_offload;
    offload->seen = true;
}

void offload_run(struct offload *offload, struct ovs *ovs, const struct vswitchd *vswitchd)
{
    int64_t pid = vswitchd_pid(vswitchd);
    struct ovs_globals globals;
    char *set_text;

    if (!ovs_synced(ovs)) {
        return;
    }
    ovs_globals(ovs, &globals);
    look(offload, &globals);
    if (vswitchd_start(vswitchd) != offload->start) {
        offload->start = vswitchd_start(vswitchd);
        offload->vswitchd_at = pid ? offload_process_start(pid) : pidfile_start(vswitchd);
    }
    if (offload->policy == OFFLOAD_SET && !offload->enabled && ovs_txn_ready(ovs) &&
        time_msec() >= offload->set_again_at) {
        offload->set_again_at = time_msec() + SET_PAUSE_MS;
        SLOG_WARN("other_config:hw-offload is off; setting it, as ensure_hw_offload says. It takes "
                  "effect when ovs-vswitchd restarts");
        set_text = offload_set_text(now_ms(), offload->boot_id);
        ovs_set_hw_offload(ovs, set_text);
        free(set_text);
    }
}

enum offload_effect offload_now(const struct offload *offload, const struct vswitchd *vswitchd)
{
    struct offload_facts facts = {
        .enabled = offload->enabled,
        .enabled_at = offload->enabled_at,
        .vswitchd_at = offload->vswitchd_at,
        .vswitchd_is_dead = vswitchd_state(vswitchd) == VSWITCHD_DEAD,
    };

    return offload_effect(&facts);
}
