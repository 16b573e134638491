/* SPDX-License-Identifier: Apache-2.0 */
/* The decoders of the three forms of a VIF. vif_decode() chooses one of them. */

#ifndef VP_VIF_FORMS_H
#define VP_VIF_FORMS_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/vif.h"

struct json_object;

/* Each fills *vif, which is zeroed, or returns false with *error filled: invalid_request, or
 * unsupported_vif. */
bool vif_decode_osvif(struct json_object *object, struct vif *vif, struct error *error);
bool vif_decode_nova(struct json_object *object, struct vif *vif, struct error *error);
bool vif_decode_native(struct json_object *object, struct vif *vif, struct error *error);

#endif
