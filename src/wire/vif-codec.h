/* SPDX-License-Identifier: Apache-2.0 */
/* From JSON to struct vif: os-vif objects, Nova's VIF dicts and the native form.
 *
 * docs/api.md says how to distinguish the forms: an object with a member `versioned_object.name` is
 * an os-vif object, one with `vnic_type` or `details` a Nova VIF dict, and any other is native.
 * Decoding needs neither switch nor host: it checks only what the object itself shows. */

#ifndef VP_VIF_CODEC_H
#define VP_VIF_CODEC_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/vif.h"

struct json_object;

/* Decodes `object` (member `vif` of a request). Returns false with *error filled: invalid_request,
 * or unsupported_vif for an object, plugin, profile or VIF type that this daemon does not plug. */
bool vif_decode(struct json_object *object, struct vif *vif, struct error *error);

/* Reads only the VIF id, from any of the forms: an unplug follows the record, so no other member
 * can make it fail. */
bool vif_decode_id(struct json_object *object, char id[VIF_ID_MAX + 1], struct error *error);

/* Reads the uuid from an os-vif InstanceInfo primitive or from {"uuid": ...}. */
bool instance_decode(struct json_object *object, char uuid[VIF_ID_MAX + 1], struct error *error);

#endif
