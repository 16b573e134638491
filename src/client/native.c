/* SPDX-License-Identifier: Apache-2.0 */
#include "client/native.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>

#include "client/params.h"
#include "client/private.h"

struct vifplug_native {
    struct params members;
};

struct vifplug_native *vifplug_native_new(const char *vif_id, const char *kind)
{
    struct vifplug_native *vif = calloc(1, sizeof *vif);

    if (!vif) {
        return NULL;
    }
    params_init(&vif->members);
    params_put_text(&vif->members, "vif_id", vif_id);
    params_put_text(&vif->members, "kind", kind);
    if (vif->members.error == -ENOMEM) {
        vifplug_native_free(vif);
        return NULL;
    }
    return vif;
}

void vifplug_native_free(struct vifplug_native *vif)
{
    if (vif) {
        json_object_put(vif->members.object);
        free(vif);
    }
}

/* Sets a member to `value`, which it takes; NULL removes it. `error` is that of making the value.
 */
static int set(struct vifplug_native *vif, const char *key, struct json_object *value, int error)
{
    struct params *members = &vif->members;
    int before = members->error;

    if (error) {
        members->error = before ? before : error;
        return error;
    }
    if (!value) {
        json_object_object_del(members->object, key);
        return 0;
    }
    members->error = 0;
    params_put(members, key, value);
    error = members->error;
    members->error = before ? before : error;
    return error;
}

static int set_text(struct vifplug_native *vif, const char *key, const char *text)
{
    struct json_object *value = NULL;
    int error = text ? text_to_json(text, &value) : 0;

    return set(vif, key, value, error);
}

static int set_bool(struct vifplug_native *vif, const char *key, bool value)
{
    struct json_object *made = json_object_new_boolean(value);

    return set(vif, key, made, made ? 0 : -ENOMEM);
}

int vifplug_native_set_bridge(struct vifplug_native *vif, const char *bridge)
{
    return set_text(vif, "bridge", bridge);
}

int vifplug_native_set_address(struct vifplug_native *vif, const char *mac)
{
    return set_text(vif, "address", mac);
}

int vifplug_native_set_mtu(struct vifplug_native *vif, int bytes)
{
    struct json_object *value = bytes ? json_object_new_int(bytes) : NULL;

    return set(vif, "mtu", value, bytes && !value ? -ENOMEM : 0);
}

int vifplug_native_set_datapath_type(struct vifplug_native *vif, const char *type)
{
    return set_text(vif, "datapath_type", type);
}

int vifplug_native_set_interface_id(struct vifplug_native *vif, const char *iface_id)
{
    return set_text(vif, "interface_id", iface_id);
}

int vifplug_native_set_vif_name(struct vifplug_native *vif, const char *name)
{
    return set_text(vif, "vif_name", name);
}

int vifplug_native_set_pci_slot(struct vifplug_native *vif, const char *pci_slot)
{
    return set_text(vif, "pci_slot", pci_slot);
}

int vifplug_native_set_vhost_user(struct vifplug_native *vif, const char *path, const char *mode)
{
    struct params socket = {NULL, 0};

    if (path || mode) {
        params_init(&socket);
        params_put_text(&socket, "path", path);
        params_put_text(&socket, "mode", mode);
    }
    if (socket.error) {
        json_object_put(socket.object);
        socket.object = NULL;
    }
    return set(vif, "vhost_user", socket.object, socket.error);
}

int vifplug_native_set_create_port(struct vifplug_native *vif, bool create_port)
{
    return set_bool(vif, "create_port", create_port);
}

int vifplug_native_set_create_tap(struct vifplug_native *vif, bool create_tap)
{
    return set_bool(vif, "create_tap", create_tap);
}

int vifplug_native_set_multiqueue(struct vifplug_native *vif, bool multiqueue)
{
    return set_bool(vif, "multiqueue", multiqueue);
}

int vifplug_native_set_linux_bridge(struct vifplug_native *vif, const char *name)
{
    return set_text(vif, "linux_bridge", name);
}

int vifplug_native_set_qos(struct vifplug_native *vif, const struct vifplug_qos *qos)
{
    struct json_object *value = NULL;
    int error = qos ? qos_to_json(qos, &value) : 0;

    return set(vif, "qos", value, error);
}

/* NULL if memory runs out. */
static const char *text_of(const struct vifplug_native *vif)
{
    return json_object_to_json_string_ext(vif->members.object,
                                          JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

const char *vifplug_native_json(const struct vifplug_native *vif)
{
    const char *text = vif->members.error ? NULL : text_of(vif);

    if (!text) {
        errno = vif->members.error ? -vif->members.error : ENOMEM;
    }
    return text;
}

void native_put(const struct vifplug_native *vif, struct params *params)
{
    if (vif->members.error) {
        params->error = params->error ? params->error : vif->members.error;
    } else {
        params_put(params, "vif", json_object_get(vif->members.object));
    }
}
