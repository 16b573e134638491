/* SPDX-License-Identifier: Apache-2.0 */
/* Guests, through librte_vhost.
 *
 * librte_vhost calls back on its own threads and knows guests only by number and path, so this
 * keeps a list of the open ones. A guest stays in the list until its socket is unregistered:
 * unregistering calls destroy_device, which must find the guest. */

#include "vpsim.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rte_vhost.h>

#include <linux/virtio_config.h>

/* The guest's view: it receives on ring 0 and sends on ring 1. */
#define RING_TO_GUEST 0
#define RING_FROM_GUEST 1

#ifndef VIRTIO_F_IN_ORDER
#define VIRTIO_F_IN_ORDER 35 /* Virtual I/O Device (VIRTIO) 1.1, section 6. */
#endif

/* Features that need checksums, segmentation, or more than one ring pair; the card does not
 * simulate them. */
#define FEATURES_LACKING                                                                           \
    (1ULL << VIRTIO_NET_F_CSUM | 1ULL << VIRTIO_NET_F_GUEST_CSUM |                                 \
     1ULL << VIRTIO_NET_F_HOST_TSO4 | 1ULL << VIRTIO_NET_F_HOST_TSO6 |                             \
     1ULL << VIRTIO_NET_F_HOST_UFO | 1ULL << VIRTIO_NET_F_HOST_ECN |                               \
     1ULL << VIRTIO_NET_F_GUEST_TSO4 | 1ULL << VIRTIO_NET_F_GUEST_TSO6 |                           \
     1ULL << VIRTIO_NET_F_GUEST_UFO | 1ULL << VIRTIO_NET_F_GUEST_ECN | 1ULL << VIRTIO_NET_F_MQ)

static pthread_mutex_t guests_mutex = PTHREAD_MUTEX_INITIALIZER;
static LIST_HEAD(, vpsim_guest) guests = LIST_HEAD_INITIALIZER(guests);

static struct vpsim_guest *find(const char *path)
{
    struct vpsim_guest *guest;

    LIST_FOREACH(guest, &guests, node)
    {
        if (!strcmp(guest->path, path)) {
            return guest;
        }
    }
    return NULL;
}

/* Whether the card can use the rings that the guest negotiated. */
static bool rings_fit(const struct vpsim_guest *guest, int vid)
{
    const uint64_t fit = 1ULL << VIRTIO_F_RING_PACKED | 1ULL << VIRTIO_F_IN_ORDER;
    uint64_t features = 0;

    if (!guest->needs_packed) {
        return true;
    }
    return !rte_vhost_get_negotiated_features(vid, &features) && features & fit;
}

/* Sets the device of the guest of `vid` to `now`, once no burst uses the old one. */
static int change(int vid, int now)
{
    char path[sizeof((struct vpsim_guest *)0)->path];

    if (rte_vhost_get_ifname(vid, path, sizeof path)) {
        return -1;
    }
    pthread_mutex_lock(&guests_mutex);
    struct vpsim_guest *guest = find(path);
    bool fits = !guest || now < 0 || rings_fit(guest, vid);
    if (guest && fits) {
        rte_rwlock_write_lock(&guest->lock);
        __atomic_store_n(&guest->vid, now, __ATOMIC_RELAXED);
        rte_rwlock_write_unlock(&guest->lock);
    }
    pthread_mutex_unlock(&guests_mutex);
    if (!guest) {
        return -1;
    }
    if (!fits) {
        VPSIM_LOG(WARNING, "%s: the guest has neither packed nor in-order rings: no link", path);
        return 0;
    }
    VPSIM_LOG(INFO, "%s: guest %s", path, now >= 0 ? "connected" : "disconnected");
    return 0;
}

/* The callbacks must not raise an ethdev event: the switch would take locks that another thread
 * holds while it waits for librte_vhost. */

static int new_device(int vid)
{
    /* The rings are polled, so the guest need not kick. */
    rte_vhost_enable_guest_notification(vid, RING_TO_GUEST, 0);
    rte_vhost_enable_guest_notification(vid, RING_FROM_GUEST, 0);
    return change(vid, vid);
}

static void destroy_device(int vid)
{
    change(vid, -1);
}

static const struct rte_vhost_device_ops device_ops = {
    .new_device = new_device,
    .destroy_device = destroy_device,
};

/* Registers and starts the socket of a guest that is in the list. */
static int start_socket(const char *path, const struct vpsim_guest_options *options)
{
    uint64_t flags = RTE_VHOST_USER_LINEARBUF_SUPPORT | RTE_VHOST_USER_NET_COMPLIANT_OL_FLAGS;

    if (options->listen) {
        /* The socket of a killed process would make bind() fail. */
        unlink(path);
    } else {
        flags |= RTE_VHOST_USER_CLIENT;
    }
    if (rte_vhost_driver_register(path, flags)) {
        return -EIO;
    }
    if (rte_vhost_driver_disable_features(path, FEATURES_LACKING) ||
        (options->no_log && vpsim_settings_forbid_log(path)) ||
        rte_vhost_driver_callback_register(path, &device_ops) || rte_vhost_driver_start(path)) {
        rte_vhost_driver_unregister(path);
        return -EIO;
    }
    return 0;
}

static void leave_list(struct vpsim_guest *guest)
{
    pthread_mutex_lock(&guests_mutex);
    LIST_REMOVE(guest, node);
    pthread_mutex_unlock(&guests_mutex);
}

int vpsim_guest_open(struct vpsim_guest *guest, const char *path,
                     const struct vpsim_guest_options *options)
{
    if (strlen(path) >= sizeof guest->path) {
        return -ENAMETOOLONG;
    }
    strcpy(guest->path, path);
    rte_rwlock_init(&guest->lock);
    guest->vid = -1;
    guest->needs_packed = options->needs_packed;

    pthread_mutex_lock(&guests_mutex);
    bool taken = find(path);
    if (!taken) {
        LIST_INSERT_HEAD(&guests, guest, node);
    }
    pthread_mutex_unlock(&guests_mutex);
    if (taken) {
        return -EADDRINUSE;
    }

    int error = start_socket(path, options);
    if (error) {
        leave_list(guest);
    }
    return error;
}

void vpsim_guest_close(struct vpsim_guest *guest)
{
    rte_vhost_driver_unregister(guest->path);
    leave_list(guest);
}

bool vpsim_guest_connected(const struct vpsim_guest *guest)
{
    return __atomic_load_n(&guest->vid, __ATOMIC_RELAXED) >= 0;
}

uint16_t vpsim_guest_receive(struct vpsim_guest *guest, struct rte_mempool *pool,
                             struct rte_mbuf **frames, uint16_t n)
{
    if (!vpsim_guest_connected(guest)) {
        return 0;
    }
    rte_rwlock_read_lock(&guest->lock);
    n = guest->vid < 0 ? 0 : rte_vhost_dequeue_burst(guest->vid, RING_FROM_GUEST, pool, frames, n);
    rte_rwlock_read_unlock(&guest->lock);
    return n;
}

uint16_t vpsim_guest_send(struct vpsim_guest *guest, struct rte_mbuf **frames, uint16_t n)
{
    if (!vpsim_guest_connected(guest)) {
        return 0;
    }
    rte_rwlock_read_lock(&guest->lock);
    n = guest->vid < 0 ? 0 : rte_vhost_enqueue_burst(guest->vid, RING_TO_GUEST, frames, n);
    rte_rwlock_read_unlock(&guest->lock);
    return n;
}
