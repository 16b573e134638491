/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of JSON with any release of libopenvswitch. */

#ifndef VP_OPENVSWITCH_JSON_ARRAY_H
#define VP_OPENVSWITCH_JSON_ARRAY_H 1

#include <stddef.h>

#include "openvswitch/json.h"

#ifndef OVS_HAS_JSON_ARRAY_AT /* Open vSwitch before 4.0. */
static inline size_t json_array_size(const struct json *json)
{
    return json_array(json)->n;
}

static inline const struct json *json_array_at(const struct json *json, size_t i)
{
    return json_array(json)->elems[i];
}
#endif

#endif
