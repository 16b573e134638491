/* SPDX-License-Identifier: Apache-2.0 */
/* Rows by name: which row of a table has which name, in both directions, by hash.
 *
 * OVSDB's IDL has indexes of its own, but sorted ones, which are kept up three times for each row
 * that is inserted (when it is staged, taken back until the commit, and comes with the update), and
 * want a row made up for each lookup. This is kept up once, as rows are tracked. */

#ifndef VP_ROWNAMES_H
#define VP_ROWNAMES_H 1

#include "openvswitch/uuid.h"

struct rownames;

struct rownames *rownames_create(void);
void rownames_destroy(struct rownames *map);

/* Notes that row `uuid` has `name` now. Of two rows with one name (which OVSDB rules out but for
 * the moment of a replacement) the one noted last is found. */
void rownames_set(struct rownames *map, const struct uuid *uuid, const char *name);

/* Forgets a row; all rows. */
void rownames_remove(struct rownames *map, const struct uuid *uuid);
void rownames_clear(struct rownames *map);

/* The row of that name, or NULL. Valid until the map changes. */
const struct uuid *rownames_find(const struct rownames *map, const char *name);

#endif
