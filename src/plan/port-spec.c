/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/port-spec.h"

#include <string.h>

void port_spec_init(struct port_spec *spec)
{
    memset(spec, 0, sizeof *spec);
    smap_init(&spec->options);
    smap_init(&spec->external_ids);
}

void port_spec_destroy(struct port_spec *spec)
{
    smap_destroy(&spec->options);
    smap_destroy(&spec->external_ids);
}

void port_spec_clone(struct port_spec *dst, const struct port_spec *src)
{
    *dst = *src;
    smap_clone(&dst->options, &src->options);
    smap_clone(&dst->external_ids, &src->external_ids);
}
