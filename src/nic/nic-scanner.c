/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/nic-scanner.h"

#include <stdbool.h>
#include <stdlib.h>

#include "latch.h"
#include "nic/nic.h"
#include "openvswitch/poll-loop.h"
#include "openvswitch/thread.h"
#include "ovs-thread.h"
#include "timeval.h"
#include "util.h"

/* One scan: what the thread reads it by, and its result. Only one thread has it at a time. */
struct nic_scan {
    const char *sysfs_root;
    struct nic_profile *profiles; /* The result refers to them. */
    size_t n_profiles;
    struct dpdk_extra extra;
    struct nic_list *list; /* NULL: not made yet. */
    uint64_t number;
    size_t n_users; /* For the main thread: who has it, and the scanner if it is its `latest`. */
};

struct nic_scanner {
    pthread_t thread;
    struct ovs_mutex mutex;
    pthread_cond_t wake; /* `todo` is set, or `ending`. */
    struct nic_scan *todo OVS_GUARDED;
    struct nic_scan *done OVS_GUARDED;
    bool ending OVS_GUARDED;
    struct latch finished; /* `done` is set. */
    /* For the main thread alone. */
    const char *sysfs_root;
    const struct dpdk_extra *extra;
    const struct nic_profile *profiles;
    size_t n_profiles;
    uint64_t asked; /* The number of the last scan that was asked for. */
    uint64_t begun;
    bool under_way;
    long long int next_at;   /* When the next scan may begin, ms. */
    struct nic_scan *latest; /* The last result, or NULL. */
};

static struct nic_scan *take(struct nic_scanner *scanner)
{
    struct nic_scan *scan;

    ovs_mutex_lock(&scanner->mutex);
    while (!scanner->todo && !scanner->ending) {
        ovs_mutex_cond_wait(&scanner->wake, &scanner->mutex);
    }
    scan = scanner->ending ? NULL : scanner->todo;
    if (scan) {
        scanner->todo = NULL;
    }
    ovs_mutex_unlock(&scanner->mutex);
    return scan;
}

static void *run(void *scanner_)
{
    struct nic_scanner *scanner = scanner_;
    struct nic_scan *scan;

    while ((scan = take(scanner))) {
        struct nic *nic = nic_create(scan->sysfs_root, scan->profiles, scan->n_profiles);

        if (!nic) {
            out_of_memory();
        }
        nic_set_dpdk_extra(nic, &scan->extra);
        scan->list = nic_list_make(nic);
        nic_destroy(nic);
        ovs_mutex_lock(&scanner->mutex);
        scanner->done = scan;
        ovs_mutex_unlock(&scanner->mutex);
        latch_set(&scanner->finished);
    }
    return NULL;
}

struct nic_scanner *nic_scanner_create(const char *sysfs_root, const struct dpdk_extra *extra)
{
    struct nic_scanner *scanner = xzalloc(sizeof *scanner);

    scanner->sysfs_root = sysfs_root;
    scanner->extra = extra;
    ovs_mutex_init(&scanner->mutex);
    xpthread_cond_init(&scanner->wake, NULL);
    latch_init(&scanner->finished);
    scanner->thread = ovs_thread_create("nic-scanner", run, scanner);
    return scanner;
}

static void free_scan(struct nic_scan *scan)
{
    if (scan) {
        if (scan->list) {
            nic_list_free(scan->list);
        }
        dpdk_extra_destroy(&scan->extra);
        free(scan->profiles);
        free(scan);
    }
}

const struct nic_list *nic_scan_list(const struct nic_scan *scan)
{
    return scan->list;
}

void nic_scan_release(struct nic_scan *scan)
{
    if (scan && --scan->n_users == 0) {
        free_scan(scan);
    }
}

void nic_scanner_destroy(struct nic_scanner *scanner)
{
    ovs_mutex_lock(&scanner->mutex);
    scanner->ending = true;
    xpthread_cond_signal(&scanner->wake);
    ovs_mutex_unlock(&scanner->mutex);
    xpthread_join(scanner->thread, NULL);
    free_scan(scanner->todo);
    free_scan(scanner->done);
    nic_scan_release(scanner->latest);
    latch_destroy(&scanner->finished);
    xpthread_cond_destroy(&scanner->wake);
    ovs_mutex_destroy(&scanner->mutex);
    free(scanner);
}

void nic_scanner_set_profiles(struct nic_scanner *scanner, const struct nic_profile *profiles,
                              size_t n_profiles)
{
    scanner->profiles = profiles;
    scanner->n_profiles = n_profiles;
}

uint64_t nic_scanner_ask(struct nic_scanner *scanner)
{
    scanner->asked = scanner->begun + 1;
    return scanner->asked;
}

struct nic_scan *nic_scanner_take(struct nic_scanner *scanner, uint64_t number)
{
    struct nic_scan *latest = scanner->latest;

    if (!latest || latest->number < number) {
        return NULL;
    }
    latest->n_users++;
    return latest;
}

static void begin(struct nic_scanner *scanner)
{
    struct nic_scan *scan = xzalloc(sizeof *scan);
    size_t size = scanner->n_profiles * sizeof *scanner->profiles;

    scan->sysfs_root = scanner->sysfs_root;
    scan->profiles = xmemdup(scanner->profiles, size);
    scan->n_profiles = scanner->n_profiles;
    dpdk_extra_clone(&scan->extra, scanner->extra);
    scan->number = ++scanner->begun;
    scan->n_users = 1;
    scanner->under_way = true;
    scanner->next_at = time_msec() + NIC_SCAN_PAUSE_MS;
    ovs_mutex_lock(&scanner->mutex);
    scanner->todo = scan;
    xpthread_cond_signal(&scanner->wake);
    ovs_mutex_unlock(&scanner->mutex);
}

static void collect(struct nic_scanner *scanner)
{
    struct nic_scan *done;

    latch_poll(&scanner->finished);
    ovs_mutex_lock(&scanner->mutex);
    done = scanner->done;
    scanner->done = NULL;
    ovs_mutex_unlock(&scanner->mutex);
    if (done) {
        scanner->under_way = false;
        nic_scan_release(scanner->latest);
        scanner->latest = done;
    }
}

void nic_scanner_run(struct nic_scanner *scanner)
{
    if (scanner->under_way) {
        collect(scanner);
    }
    if (!scanner->under_way && scanner->asked > scanner->begun && time_msec() >= scanner->next_at) {
        begin(scanner);
    }
}

void nic_scanner_wait(const struct nic_scanner *scanner)
{
    if (scanner->under_way) {
        latch_wait(&scanner->finished);
    } else if (scanner->asked > scanner->begun) {
        poll_timer_wait_until(scanner->next_at);
    }
}
