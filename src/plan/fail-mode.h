/* SPDX-License-Identifier: Apache-2.0 */
/* The fail_mode of bridges that the daemon creates.
 *
 * A bridge without fail_mode, or with standalone, forwards like a plain switch between all its
 * ports until a controller programs it. On a bridge that OVN or Neutron's agent programs, guests of
 * all networks would share one segment until then; with secure such a bridge forwards nothing until
 * then. On a host without a controller, secure would mean that no frame ever passes. */

#ifndef VP_FAIL_MODE_H
#define VP_FAIL_MODE_H 1

#include <stdbool.h>
#include <stddef.h>

#include "plan/record.h"
#include "smap.h"

enum fail_mode_policy { FAIL_MODE_AUTO, FAIL_MODE_SECURE, FAIL_MODE_STANDALONE };
extern const char *const fail_mode_policy_names[]; /* NULL-terminated. */

/* What OVSDB shows about programs that program the flows of a bridge. */
struct controller_facts {
    bool ovn;                             /* OVN's configuration names the bridge. */
    char other_bridge[PORT_NAME_MAX + 1]; /* Another bridge, not OVN's, that has a controller or
                                           * fail_mode=secure; or "". */
};

/* Whether the external_ids of Open_vSwitch name `bridge` as the integration bridge of an
 * ovn-controller, by ovn-controller(8): ovn-remote and ovn-bridge (default: br-int); the same key
 * with "-" and the chassis name at the end takes precedence. */
bool fail_mode_ovn_names(const struct smap *external_ids, const char *bridge);

/* Returns the fail_mode to create `bridge` with: "secure", "standalone", or "" to write none. Trunk
 * bridges get none, because Neutron's agent programs only the bridges that they are patched to. */
const char *fail_mode_choose(enum fail_mode_policy policy, const char *bridge,
                             const struct controller_facts *facts);

/* Writes what an operator must know if a plug creates `bridge` with fail_mode_choose(): why the
 * fail_mode is so, and what it means for frames. Writes "" for trunk bridges, which are created and
 * removed with their VIFs. */
void fail_mode_explain(enum fail_mode_policy policy, const char *bridge,
                       const struct controller_facts *facts, char *text, size_t size);

#endif
