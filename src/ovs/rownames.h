/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by name: maps names of a table to rows, and rows to names, with hashes.
 *
 * The indexes of OVSDB's IDL are sorted. They are updated three times for each inserted row (when
 * it is staged, when that is taken back until the commit, and with the update), and each lookup
 * must construct a row. This map is updated once, when rows are tracked. */

#ifndef VP_ROWNAMES_H
#define VP_ROWNAMES_H 1

#include "openvswitch/uuid.h"

struct rownames;

struct rownames *rownames_create(void);
void rownames_destroy(struct rownames *map);

/* Records the name of row `uuid`. If two rows have one name (OVSDB allows this only during a
 * replacement), the lookup finds the one recorded last. */
void rownames_set(struct rownames *map, const struct uuid *uuid, const char *name);

/* Removes a row; all rows. */
void rownames_remove(struct rownames *map, const struct uuid *uuid);
void rownames_clear(struct rownames *map);

/* The row of that name, or NULL. Valid until the map changes. */
const struct uuid *rownames_find(const struct rownames *map, const char *name);

#endif
