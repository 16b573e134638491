/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/reply-nics.h"

#include <assert.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/json-make.h"
#include "wire/pieces.h"
#include "wire/reply-private.h"

struct reply_nics {
    struct pieces pieces;
    bool any_pf; /* Its array of VFs is open. */
};

struct reply_nics *reply_nics_new(const char *id)
{
    struct reply_nics *nics = need_memory(calloc(1, sizeof *nics));

    pieces_init(&nics->pieces, id, "{\"nics\":[");
    return nics;
}

static void put_id(struct json_object *object, const char *key, uint16_t id)
{
    char text[5];

    snprintf(text, sizeof text, "%04x", id);
    reply_add_string(object, key, text);
}

/* Adds a number, unless it is negative. */
static void put_number(struct json_object *object, const char *key, int value)
{
    if (value >= 0) {
        jadd_int(object, key, value);
    }
}

static void put_netdevs(struct json_object *object, const struct nic_pf_view *pf)
{
    struct json_object *names = jnew_array(pf->n_netdevs);

    for (size_t i = 0; i < pf->n_netdevs; i++) {
        jappend(names, reply_string(pf->netdevs[i]));
    }
    jadd(object, "netdevs", names);
}

/* Ends the last PF, and begins the next one: without the "}" of its text, since its VFs follow. */
static void put_pf(struct reply_nics *nics, struct json_object *object)
{
    const char *text = jtext(object);

    fprintf(nics->pieces.stream, "%s%.*s,\"vfs\":[", nics->any_pf ? "]}," : "",
            (int)strlen(text) - 1, text);
    json_object_put(object);
    nics->any_pf = true;
    nics->pieces.any = false;
}

void reply_nics_add_pf(struct reply_nics *nics, const struct nic_pf_view *pf)
{
    struct json_object *object = jnew_object();
    char address[PCI_ADDR_LEN];

    reply_add_string(object, "pf", pci_addr_format(&pf->pf, address));
    if (pf->vendor) {
        put_id(object, "vendor", pf->vendor);
        put_id(object, "device", pf->device);
    }
    reply_add_string(object, "driver", pf->driver);
    if (pf->n_netdevs) {
        put_netdevs(object, pf);
    }
    put_number(object, "numa_node", pf->numa_node);
    put_number(object, "sriov_numvfs", pf->numvfs);
    reply_add_string(object, "profile", pf->profile);
    reply_add_string(object, "problem", pf->problem);
    put_pf(nics, object);
}

void reply_nics_add_vf(struct reply_nics *nics, const struct nic_vf_view *vf)
{
    struct json_object *object = jnew_object();
    char address[PCI_ADDR_LEN];

    assert(nics->any_pf);
    reply_add_string(object, "vf", pci_addr_format(&vf->vf, address));
    put_number(object, "index", vf->index);
    put_number(object, "vf_num", vf->vf_num);
    reply_add_string(object, "devargs", vf->devargs);
    if (vf->vhost_path && vf->vhost_path[0]) {
        struct json_object *vhost_user = jnew_object();

        reply_add_string(vhost_user, "path", vf->vhost_path);
        reply_add_string(vhost_user, "mode", vhost_mode_name(vf->vhost_mode));
        jadd(object, "vhost_user", vhost_user);
    }
    reply_add_string(object, "driver", vf->driver);
    reply_add_string(object, "vif_id", vf->vif_id);
    reply_add_string(object, "port", vf->port);
    reply_add_string(object, "problem", vf->problem);
    pieces_add(&nics->pieces, object);
}

char *reply_nics_take(struct reply_nics *nics)
{
    return pieces_take(&nics->pieces);
}

char *reply_nics_finish(struct reply_nics *nics)
{
    char *text = pieces_finish(&nics->pieces, "%s]}}", nics->any_pf ? "]}" : "");

    free(nics);
    return text;
}
