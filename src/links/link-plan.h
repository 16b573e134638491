/* SPDX-License-Identifier: Apache-2.0 */
/* Links are planned like ports: link_plan_up() and link_plan_down() compare the required links with
 * facts and return steps, as values (link-steps.h). A plan deletes only links with the VIF's alias;
 * it never deletes a representor, which belongs to the device. The steps and their order are those
 * of os-vif's OvsPlugin._plug_bridge(), _plug_vf() and _create_vif_port(). */

#ifndef VP_LINK_PLAN_H
#define VP_LINK_PLAN_H 1

#include <stdbool.h>

#include "base/error.h"
#include "links/link-state.h"
#include "links/link-steps.h"
#include "links/links.h"

/* Plans the steps that bring the links of VIF `vif_id` to `spec`. The plan uses an existing tap,
 * if no other VIF or program has put its alias on it (like os-vif's _create_vif_port()), and an
 * existing Linux bridge if os-vif has made it for this VIF. Errors: port_conflict, if a link of
 * another type, or of another VIF or program, has the name, or if it is a tap that the VIF cannot
 * use; not_realized, if a netdev of the hardware is missing. */
bool link_plan_up(const char *vif_id, const struct link_spec *spec, const struct link_state *state,
                  struct link_plan *plan, struct error *error);

/* A link in the way of those of a VIF. */
struct link_conflict {
    const char *what;               /* What the VIF needs it for: "tap". Static. */
    const char *name;               /* Borrowed from the spec... */
    const struct link_facts *facts; /* ...and from the state. */
};

/* Whether a link of another type, or of another VIF or program, has a name that `spec` needs: then
 * link_plan_up() fails with port_conflict. */
bool link_plan_conflicts(const char *vif_id, const struct link_spec *spec,
                         const struct link_state *state, struct link_conflict *conflict);

/* Plans the removal of the links that `spec` has and `keep` (may be NULL) does not need. A netdev
 * of the hardware is set down, unless it is a port of another VIF or program, or not the VIF's. */
void link_plan_down(const char *vif_id, const struct link_spec *spec, const struct link_spec *keep,
                    const struct link_state *state, struct link_plan *plan);

#endif
