/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/vif-codec.h"

#include <json-c/json.h>
#include <string.h>

#include "wire/vif-fields.h"
#include "wire/vif-forms.h"

/* Returns the data of an object primitive, or the object itself if it is not a primitive. */
static struct json_object *object_data(struct json_object *object)
{
    struct json_object *data;

    if (json_object_object_get_ex(object, "versioned_object.data", &data) &&
        json_object_is_type(data, json_type_object)) {
        return data;
    }
    return object;
}

static bool is_nova_dict(struct json_object *object)
{
    return json_object_object_get_ex(object, "vnic_type", NULL) ||
           json_object_object_get_ex(object, "details", NULL);
}

bool vif_decode(struct json_object *object, struct vif *vif, struct error *error)
{
    memset(vif, 0, sizeof *vif);
    if (json_object_object_get_ex(object, "versioned_object.name", NULL)) {
        return vif_decode_osvif(object, vif, error);
    }
    if (is_nova_dict(object)) {
        return vif_decode_nova(object, vif, error);
    }
    return vif_decode_native(object, vif, error);
}

bool vif_decode_id(struct json_object *object, char id[VIF_ID_MAX + 1], struct error *error)
{
    bool native =
        !json_object_object_get_ex(object, "versioned_object.name", NULL) && !is_nova_dict(object);

    return field_id(object_data(object), "vif", native ? "vif_id" : "id", true, id, error);
}

bool instance_decode(struct json_object *object, char uuid[VIF_ID_MAX + 1], struct error *error)
{
    return field_id(object_data(object), "instance", "uuid", true, uuid, error);
}
