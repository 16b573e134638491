/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/op-log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/journal.h"
#include "openvswitch/dynamic-string.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(op);

/* Clients that may only read can try dry runs and wrong requests as often as they like. */
static struct vlog_rate_limit dry_run_rl = VLOG_RATE_LIMIT_INIT(20, 40);
static struct vlog_rate_limit refusal_rl = VLOG_RATE_LIMIT_INIT(20, 40);

struct op_log {
    char *path; /* The journal's socket, or NULL. */
    int fd;     /* -1: not open. */
    uint64_t n_dropped;
    struct journal_entry entry;
};

struct op_log *op_log_create(const char *path)
{
    struct op_log *log = xzalloc(sizeof *log);

    log->path = nullable_xstrdup(path);
    log->fd = -1;
    return log;
}

void op_log_destroy(struct op_log *log)
{
    if (log->fd >= 0) {
        close(log->fd);
    }
    free(log->path);
    free(log);
}

static int priority_of(enum vlog_level level)
{
    return level == VLL_WARN ? LOG_WARNING : LOG_INFO;
}

uint64_t op_log_n_dropped(const struct op_log *log)
{
    return log->n_dropped;
}

/* Sends log->entry, or drops it if the journal has no room: standard error and syslog are then most
 * likely the same journal's. Returns false if the line must take another way. A journal that was
 * restarted has another socket. */
static bool settle_entry(struct op_log *log)
{
    for (int i = 0; i < 2; i++) {
        if (log->fd < 0) {
            log->fd = journal_open(log->path);
        }
        if (log->fd < 0) {
            return false;
        }
        if (journal_send(log->fd, &log->entry)) {
            return true;
        }
        if (log->entry.overflow) {
            return false;
        }
        if (errno == EAGAIN) {
            log->n_dropped++;
            return true;
        }
        close(log->fd);
        log->fd = -1;
    }
    return false;
}

/* What the journal has, or has no room for, must not come to it by standard error or syslog. */
static void write_line(struct op_log *log, enum vlog_level level, const char *text)
{
    bool settled = log->path && settle_entry(log);
    enum vlog_level console = vlog_get_level(&this_module, VLF_CONSOLE);
    enum vlog_level syslog = vlog_get_level(&this_module, VLF_SYSLOG);

    if (settled) {
        vlog_set_levels(&this_module, VLF_CONSOLE, VLL_OFF);
        vlog_set_levels(&this_module, VLF_SYSLOG, VLL_OFF);
    }
    if (level == VLL_WARN) {
        SLOG_WARN("%s", text);
    } else {
        SLOG_INFO("%s", text);
    }
    if (settled) {
        vlog_set_levels(&this_module, VLF_CONSOLE, console);
        vlog_set_levels(&this_module, VLF_SYSLOG, syslog);
    }
}

/* --- Text. --- */

static void put_client(struct ds *ds, const struct client *client)
{
    ds_put_format(ds, "uid %ld", (long)client->uid);
    if (client->pid > 0) {
        ds_put_format(ds, ", pid %ld", (long)client->pid);
    }
    if (client->name[0]) {
        ds_put_format(ds, " (%s)", client->name);
    }
}

/* What of an error's detail the message does not have. */
static void put_error(struct ds *ds, const struct error *error)
{
    ds_put_format(ds, ": %s", error->message);
    if (!strstr(error->message, error->detail)) {
        ds_put_format(ds, " %s", error->detail);
    }
}

static void put_word(struct ds *ds, const char *name, const char *value)
{
    if (value[0]) {
        ds_put_format(ds, ", %s %s", name, value);
    }
}

static const char *verb_of(const struct op_summary *summary)
{
    switch (summary->end) {
    case OP_END_DONE:
        return "done";
    case OP_END_UNCHANGED:
        return "nothing to do";
    case OP_END_DRY_RUN:
        return "shown";
    case OP_END_SUPERSEDED:
        return "committed; not followed up, because another operation on the VIF has begun";
    case OP_END_UNFINISHED:
        return summary->error ? "not ended, because vifplugd is stopping"
                              : "committed; not followed up, because vifplugd is stopping";
    default:
        return summary->error ? reason_name(summary->error->reason) : "ended";
    }
}

static void describe(struct ds *ds, const struct op_summary *summary)
{
    ds_put_format(ds, "%" PRIu64 ": %s%s %s: %s after %.1f ms (", summary->id,
                  summary->dry_run ? "dry run of " : "", summary->type, summary->vif_id,
                  verb_of(summary), (double)summary->duration_us / 1000.0);
    if (summary->internal) {
        ds_put_cstr(ds, "by vifplugd");
    } else {
        put_client(ds, &summary->client);
    }
    put_word(ds, "instance", summary->instance);
    put_word(ds, "port", summary->port);
    put_word(ds, "bridge", summary->bridge);
    put_word(ds, "VF", summary->vf);
    put_word(ds, "MAC", summary->address);
    ds_put_char(ds, ')');
    if (summary->error) {
        put_error(ds, summary->error);
    }
}

/* --- Fields of the journal. --- */

static void add_client(struct journal_entry *entry, const struct client *client)
{
    journal_add_int(entry, "VIFPLUG_UID", (int64_t)client->uid);
    if (client->pid > 0) {
        journal_add_int(entry, "VIFPLUG_PID", client->pid);
    }
    journal_add(entry, "VIFPLUG_CLIENT", client->name);
}

static void add_error(struct journal_entry *entry, const struct error *error)
{
    journal_add(entry, "VIFPLUG_REASON", reason_name(error->reason));
    journal_add(entry, "VIFPLUG_DETAIL", error->detail);
}

static void fill_entry(struct journal_entry *entry, const struct op_summary *summary)
{
    journal_add_int(entry, "VIFPLUG_OPERATION_ID", (int64_t)summary->id);
    journal_add(entry, "VIFPLUG_OPERATION", summary->type);
    journal_add(entry, "VIFPLUG_RESULT", op_end_name(summary->end));
    journal_add(entry, "VIFPLUG_DRY_RUN", summary->dry_run ? "true" : "");
    journal_add(entry, "VIFPLUG_VIF_ID", summary->vif_id);
    journal_add(entry, "VIFPLUG_INSTANCE", summary->instance);
    journal_add(entry, "VIFPLUG_PORT", summary->port);
    journal_add(entry, "VIFPLUG_BRIDGE", summary->bridge);
    journal_add(entry, "VIFPLUG_VF", summary->vf);
    journal_add(entry, "VIFPLUG_MAC", summary->address);
    journal_add_int(entry, "VIFPLUG_DURATION_US", summary->duration_us);
    if (!summary->internal) {
        add_client(entry, &summary->client);
    }
    if (summary->error) {
        add_error(entry, summary->error);
    }
}

static bool is_failure(const struct op_summary *summary)
{
    return (summary->end == OP_END_FAILED && !summary->dry_run) ||
           (summary->end == OP_END_UNFINISHED && summary->error);
}

void op_log_end(struct op_log *log, const struct op_summary *summary)
{
    enum vlog_level level = is_failure(summary) ? VLL_WARN : VLL_INFO;
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (summary->dry_run && SLOG_DROP_INFO(&dry_run_rl)) {
        return;
    }
    describe(&ds, summary);
    if (log->path) {
        journal_begin(&log->entry, program_name, priority_of(level), ds_cstr(&ds));
        fill_entry(&log->entry, summary);
    }
    write_line(log, level, ds_cstr(&ds));
    ds_destroy(&ds);
}

void op_log_refusal(struct op_log *log, const char *method, const char *vif_id,
                    const struct client *client, const struct error *error)
{
    struct ds ds = DS_EMPTY_INITIALIZER;

    if (SLOG_DROP_INFO(&refusal_rl)) {
        return;
    }
    ds_put_format(&ds, "request refused: %s%s%s: %s (", method ? method : "(no method)",
                  vif_id[0] ? " " : "", vif_id, reason_name(error->reason));
    put_client(&ds, client);
    ds_put_char(&ds, ')');
    put_error(&ds, error);
    if (log->path) {
        journal_begin(&log->entry, program_name, LOG_INFO, ds_cstr(&ds));
        journal_add(&log->entry, "VIFPLUG_METHOD", method ? method : "");
        journal_add(&log->entry, "VIFPLUG_RESULT", "refused");
        journal_add(&log->entry, "VIFPLUG_VIF_ID", vif_id);
        add_client(&log->entry, client);
        add_error(&log->entry, error);
    }
    write_line(log, VLL_INFO, ds_cstr(&ds));
    ds_destroy(&ds);
}
