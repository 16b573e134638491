/* Rows by name: which row of a table has which name, in both directions, by hash.
 *
 * OVSDB's IDL has indexes of its own, but sorted ones, which are kept up three times for each row
 * that is inserted (when it is staged, taken back until the commit, and comes with the update), and
 * want a row made up for each lookup. This is kept up once, as rows are tracked. */

#ifndef VP_NAMEMAP_H
#define VP_NAMEMAP_H 1

#include "openvswitch/uuid.h"

struct namemap;

struct namemap *namemap_create(void);
void namemap_destroy(struct namemap *map);

/* Notes that row `uuid` has `name` now. Of two rows with one name (which OVSDB rules out but for
 * the moment of a replacement) the one noted last is found. */
void namemap_set(struct namemap *map, const struct uuid *uuid, const char *name);

/* Forgets a row. */
void namemap_remove(struct namemap *map, const struct uuid *uuid);

/* The row of that name, or NULL. Valid until the map changes. */
const struct uuid *namemap_find(const struct namemap *map, const char *name);

#endif
