/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/dpdk-extra.h"

#include <stdlib.h>
#include <string.h>

#include "base/devargs.h"
#include "svec.h"
#include "util.h"

void dpdk_devices_clear(struct dpdk_devices *devices)
{
    for (size_t i = 0; i < devices->n; i++) {
        free(devices->devices[i].ids);
    }
    free(devices->devices);
    memset(devices, 0, sizeof *devices);
}

static int compare_devices(const void *a_, const void *b_)
{
    const struct dpdk_device *a = a_;
    const struct dpdk_device *b = b_;

    return pci_addr_compare(&a->address, &b->address);
}

static int compare_address(const void *address, const void *device_)
{
    const struct dpdk_device *device = device_;

    return pci_addr_compare(address, &device->address);
}

const struct dpdk_device *dpdk_devices_find(const struct dpdk_devices *devices,
                                            const struct pci_addr *address)
{
    return devices->n ? bsearch(address, devices->devices, devices->n, sizeof *devices->devices,
                                compare_address)
                      : NULL;
}

/* Adds the device that the value of an -a names. `devices` is not sorted yet. */
static void add_device(struct dpdk_devices *devices, size_t *allocated, const char *value)
{
    struct dpdk_device *device;
    struct devargs devargs;
    size_t i = 0;

    if (!devargs_parse(value, &devargs)) {
        return;
    }
    while (i < devices->n && !pci_addr_equal(&devices->devices[i].address, &devargs.device)) {
        i++;
    }
    if (i == devices->n) {
        if (devices->n == *allocated) {
            devices->devices = x2nrealloc(devices->devices, allocated, sizeof *devices->devices);
        }
        memset(&devices->devices[devices->n++], 0, sizeof *devices->devices);
    }
    device = &devices->devices[i];
    free(device->ids);
    device->address = devargs.device;
    device->n_ids = devargs.n_vfs;
    device->ids = devargs.n_vfs ? xmemdup(devargs.vfs, devargs.n_vfs * sizeof *devargs.vfs) : NULL;
}

/* If word `i` is an option -a or --allow, its value, from the word itself or from the next one;
 * else NULL. */
static const char *allowed_by(const struct svec *words, size_t i)
{
    const char *word = words->names[i];
    const char *next = i + 1 < words->n ? words->names[i + 1] : NULL;

    ovs_assert(word);
    if (!strcmp(word, "-a") || !strcmp(word, "--allow")) {
        return next;
    }
    if (!strncmp(word, "--allow=", 8)) {
        return word + 8;
    }
    return !strncmp(word, "-a", 2) ? word + 2 : NULL;
}

void dpdk_devices_parse(struct dpdk_devices *devices, const char *text)
{
    struct svec words = SVEC_EMPTY_INITIALIZER;
    size_t allocated = 0;

    dpdk_devices_clear(devices);
    svec_parse_words(&words, text); /* Like OVS's construct_dpdk_args(). */
    for (size_t i = 0; i < words.n; i++) {
        const char *value = allowed_by(&words, i);

        if (value) {
            add_device(devices, &allocated, value);
        }
    }
    svec_destroy(&words);
    if (devices->n) {
        qsort(devices->devices, devices->n, sizeof *devices->devices, compare_devices);
    }
}

void dpdk_extra_follow(struct dpdk_extra *extra, const char *text, unsigned int start)
{
    bool read_anew = !start || start != extra->start;

    text = text ? text : "";
    if (!extra->text || strcmp(extra->text, text)) {
        free(extra->text);
        extra->text = xstrdup(text);
        dpdk_devices_parse(&extra->next, text);
        if (read_anew) {
            dpdk_devices_parse(&extra->now, text);
        }
    } else if (start != extra->start) {
        dpdk_devices_parse(&extra->now, text);
    }
    extra->start = start;
    extra->known = true;
}

static void clone_devices(struct dpdk_devices *copy, const struct dpdk_devices *devices)
{
    *copy = (struct dpdk_devices){.n = devices->n};
    if (devices->n > 0) {
        copy->devices = xmemdup(devices->devices, devices->n * sizeof *devices->devices);
    }
    for (size_t i = 0; i < copy->n; i++) {
        struct dpdk_device *device = &copy->devices[i];

        if (device->ids) {
            device->ids = xmemdup(device->ids, device->n_ids * sizeof *device->ids);
        }
    }
}

void dpdk_extra_clone(struct dpdk_extra *copy, const struct dpdk_extra *extra)
{
    *copy = *extra;
    copy->text = nullable_xstrdup(extra->text);
    clone_devices(&copy->now, &extra->now);
    clone_devices(&copy->next, &extra->next);
}

void dpdk_extra_destroy(struct dpdk_extra *extra)
{
    dpdk_devices_clear(&extra->now);
    dpdk_devices_clear(&extra->next);
    free(extra->text);
}
