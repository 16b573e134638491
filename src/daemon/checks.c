/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/checks.h"

#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "daemon/check-facts.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/shash.h"
#include "timeval.h"
#include "util.h"
#include "wire/reply-check.h"

/* VIFs in a piece: about 50 us. */
enum { VIFS_PER_PIECE = 4 };

/* How long to wait for what is read of the host, ms. vifctl waits for twice as long. */
enum { HOST_WAIT_MS = 5000 };

/* About what a MAC address takes in a shash. */
enum { MAC_SIZE = 160 };

/* The user that runs nova-compute, and libvirt's file that may name QEMU's. */
static const char nova_user[] = "nova";
static const char qemu_conf[] = "/etc/libvirt/qemu.conf";

struct checking {
    struct server_stream stream;
    const struct checks *checks;
    uint64_t number;        /* Of the reading of the host. */
    long long int deadline; /* For that, ms. */
    bool begun;
    struct host_facts host;
    struct switch_storage storage;
    struct check_facts facts;
    struct check_run run;
    struct shash macs; /* From a MAC address to the first VIF that has it (malloc'ed). */
    char **vif_ids;    /* The VIFs to check, from `next` on. */
    size_t n;
    size_t next;
    struct reply_check *reply;
};

void checks_fill_query(void *checks_, struct host_query *query)
{
    const struct checks *checks = checks_;
    const struct config *config = checks->config;
    const struct engine_settings *settings = &config->engine;

    *query = (struct host_query){
        .sysfs_root = checks->env->sysfs_root,
        .qemu_conf = qemu_conf,
        .config_path = checks->config_file->path,
        .nova_user = nova_user,
        .socket_group = xstrdup(config->socket_group),
        .profiles = xmemdup(config->profiles, config->n_profiles * sizeof *config->profiles),
        .n_profiles = config->n_profiles,
        .socket_dirs =
            xmemdup(settings->socket_dirs, settings->n_socket_dirs * sizeof *settings->socket_dirs),
        .n_socket_dirs = settings->n_socket_dirs,
    };
    memcpy(query->socket, config->socket, sizeof query->socket);
    dpdk_extra_clone(&query->extra, checks->dpdk_extra);
}

static struct checking *checking_of(const struct server_stream *stream)
{
    return CONTAINER_OF(stream, struct checking, stream);
}

static void tell(void *checking_, const struct check_finding *finding)
{
    struct checking *checking = checking_;
    const struct check_view view = {
        .check = finding->check,
        .result = check_result_name(finding->result),
        .object = finding->object,
        .message = finding->message,
    };

    reply_check_add(checking->reply, &view);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The ids of all VIFs, and of those that are missing. Sorted: the findings of a VIF follow one
 * another, those of VIFs with similar ids too. */
static void list_vifs(struct checking *checking)
{
    char **ids = ovs_vif_ids(checking->checks->env->ovs, &checking->n);
    size_t n_missing;
    char **missing = watch_missing_ids(checking->checks->watch, &n_missing);

    checking->vif_ids = xrealloc(ids, (checking->n + n_missing + 1) * sizeof *ids);
    memcpy(checking->vif_ids + checking->n, missing, n_missing * sizeof *missing);
    checking->n += n_missing;
    free(missing);
    qsort(checking->vif_ids, checking->n, sizeof *checking->vif_ids, compare_ids);
}

/* Begins once the host has been read, or that takes too long. Returns whether it has. */
static bool begin(struct checking *checking)
{
    const struct checks *checks = checking->checks;
    bool known = host_reader_take(checks->reader, checking->number, &checking->host);

    if (!known && time_msec() < checking->deadline) {
        return false;
    }
    checking->begun = true;
    check_facts_fill(checks, known ? &checking->host : NULL, &checking->storage, &checking->facts);
    check_begin(&checking->run, &checking->facts, tell, checking);
    check_facts_forget(&checking->facts);
    return true;
}

static void check_one(struct checking *checking, const char *vif_id)
{
    struct vif_storage storage;
    struct vif_facts facts;

    if (vif_facts_fill(checking->checks, vif_id, &checking->macs, &storage, &facts)) {
        check_vif(&checking->run, &facts);
        vif_facts_destroy(&storage);
    }
}

static char *finish(struct checking *checking)
{
    const struct check_run *run = &checking->run;
    struct check_counts counts;
    char *text;

    /* VIFs that could not be read have not passed. */
    checking->facts.sw.ovsdb_synced &= ovs_synced(checking->checks->env->ovs);
    check_end(&checking->run);
    counts = (struct check_counts){
        .pass = run->n[CHECK_PASS],
        .warn = run->n[CHECK_WARN],
        .fail = run->n[CHECK_FAIL],
        .verdict = check_result_name(check_verdict(run)),
    };
    text = reply_check_finish(checking->reply, &counts);
    checking->reply = NULL;
    return text;
}

static char *next_piece(struct server_stream *stream, bool *last)
{
    struct checking *checking = checking_of(stream);
    size_t end = MIN(checking->n, checking->next + VIFS_PER_PIECE);

    if (!checking->begun) {
        return begin(checking) ? reply_check_take(checking->reply) : NULL;
    }
    for (; checking->next < end; checking->next++) {
        check_one(checking, checking->vif_ids[checking->next]);
        free(checking->vif_ids[checking->next]);
    }
    *last = end == checking->n;
    return *last ? finish(checking) : reply_check_take(checking->reply);
}

/* The reader wakes up the loop when it is done. */
static void wait_for_host(const struct server_stream *stream)
{
    poll_timer_wait_until(checking_of(stream)->deadline);
}

static void destroy(struct server_stream *stream)
{
    struct checking *checking = checking_of(stream);

    if (checking->reply) {
        free(reply_check_finish(checking->reply, &(struct check_counts){.verdict = ""}));
    }
    for (size_t i = checking->next; i < checking->n; i++) {
        free(checking->vif_ids[i]);
    }
    free(checking->vif_ids);
    shash_destroy_free_data(&checking->macs);
    free(checking);
}

struct server_stream *checks_create(const struct checks *checks, const char *id)
{
    struct checking *checking = xzalloc(sizeof *checking);

    checking->checks = checks;
    checking->number = host_reader_ask(checks->reader);
    checking->deadline = time_msec() + HOST_WAIT_MS;
    checking->reply = reply_check_new(id);
    shash_init(&checking->macs);
    list_vifs(checking);
    checking->stream = (struct server_stream){
        .next = next_piece,
        .wait = wait_for_host,
        .destroy = destroy,
        .size =
            sizeof *checking + checking->n * (sizeof *checking->vif_ids + VIF_ID_MAX + MAC_SIZE),
    };
    return &checking->stream;
}
