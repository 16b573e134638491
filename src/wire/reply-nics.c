/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply-nics.h"

#include <assert.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "wire/reply-private.h"

struct reply_nics {
    struct json_object *nics;
    struct json_object *vfs; /* Of the last PF; NULL before the first. */
};

struct reply_nics *reply_nics_new(void)
{
    struct reply_nics *nics = calloc(1, sizeof *nics);

    if (nics) {
        nics->nics = json_object_new_array();
    }
    return nics;
}

/* Adds a member, unless it is NULL or "". */
static void put_string(struct json_object *object, const char *key, const char *value)
{
    if (value && value[0]) {
        reply_put(object, key, reply_string(value));
    }
}

static void put_id(struct json_object *object, const char *key, uint16_t id)
{
    char text[5];

    snprintf(text, sizeof text, "%04x", id);
    put_string(object, key, text);
}

/* Adds a number, unless it is negative. */
static void put_number(struct json_object *object, const char *key, int value)
{
    if (value >= 0) {
        reply_put(object, key, json_object_new_int(value));
    }
}

static void put_netdevs(struct json_object *object, const struct nic_pf_view *pf)
{
    struct json_object *names = json_object_new_array_ext((int)pf->n_netdevs);

    for (size_t i = 0; i < pf->n_netdevs; i++) {
        json_object_array_add(names, reply_string(pf->netdevs[i]));
    }
    reply_put(object, "netdevs", names);
}

void reply_nics_add_pf(struct reply_nics *nics, const struct nic_pf_view *pf)
{
    struct json_object *object = json_object_new_object();
    char address[PCI_ADDR_LEN];

    put_string(object, "pf", pci_addr_format(&pf->pf, address));
    if (pf->vendor) {
        put_id(object, "vendor", pf->vendor);
        put_id(object, "device", pf->device);
    }
    put_string(object, "driver", pf->driver);
    if (pf->n_netdevs) {
        put_netdevs(object, pf);
    }
    put_number(object, "numa_node", pf->numa_node);
    put_number(object, "sriov_numvfs", pf->numvfs);
    put_string(object, "profile", pf->profile);
    put_string(object, "problem", pf->problem);
    nics->vfs = json_object_new_array();
    reply_put(object, "vfs", nics->vfs);
    json_object_array_add(nics->nics, object);
}

void reply_nics_add_vf(struct reply_nics *nics, const struct nic_vf_view *vf)
{
    struct json_object *object = json_object_new_object();
    char address[PCI_ADDR_LEN];

    assert(nics->vfs);
    put_string(object, "vf", pci_addr_format(&vf->vf, address));
    put_number(object, "index", vf->index);
    put_number(object, "vf_num", vf->vf_num);
    put_string(object, "devargs", vf->devargs);
    if (vf->vhost_path && vf->vhost_path[0]) {
        struct json_object *vhost_user = json_object_new_object();

        put_string(vhost_user, "path", vf->vhost_path);
        put_string(vhost_user, "mode", vhost_mode_name(vf->vhost_mode));
        reply_put(object, "vhost_user", vhost_user);
    }
    put_string(object, "driver", vf->driver);
    put_string(object, "vif_id", vf->vif_id);
    put_string(object, "port", vf->port);
    put_string(object, "problem", vf->problem);
    json_object_array_add(nics->vfs, object);
}

char *reply_nics_finish(struct reply_nics *nics, const char *id)
{
    struct json_object *object = json_object_new_object();

    reply_put(object, "nics", nics->nics);
    free(nics);
    return reply_finish(id, "result", object);
}
