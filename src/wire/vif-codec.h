/* SPDX-License-Identifier: Apache-2.0 */
/* From JSON to struct vif: os-vif objects, Nova's VIF dicts and the native form.
 *
 * The forms are told apart as docs/api.md says: a member `versioned_object.name` makes it an os-vif
 * object, `vnic_type` or `details` a Nova VIF dict, and anything else is native. Decoding needs no
 * switch and no host: it checks what can be seen in the object alone. */

#ifndef VP_VIF_CODEC_H
#define VP_VIF_CODEC_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/vif.h"

struct json_object;

/* Decodes `object` (the member called `vif` of a request). Returns false with *error filled:
 * invalid_request, or unsupported_vif for an object, plugin, profile or VIF type that we do not
 * plug. */
bool vif_decode(struct json_object *object, struct vif *vif, struct error *error);

/* Takes no more than the VIF id from any of the forms: an unplug works from the record, so nothing
 * else of the object can make it fail. */
bool vif_decode_id(struct json_object *object, char id[VIF_ID_MAX + 1], struct error *error);

/* Takes the uuid from an os-vif InstanceInfo primitive or from {"uuid": ...}. */
bool instance_decode(struct json_object *object, char uuid[VIF_ID_MAX + 1], struct error *error);

#endif
