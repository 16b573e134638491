/* SPDX-License-Identifier: Apache-2.0 */
/* The expected values of a VIF's rows: our own columns and keys as they were when an operation on
 * the VIF ended (or the daemon started). OVSDB takes precedence, so this is not a second store: it
 * shows what other programs have changed since, and what a repair restores. It is small, because
 * there is one for each VIF. */

#ifndef VP_EXPECTATION_H
#define VP_EXPECTATION_H 1

#include <stdbool.h>
#include <stddef.h>

#include "plan/record.h"

/* A packed record: strings, each with its NUL. The caller frees it with free(). */
struct expectation;

struct expectation *expectation_of(const struct record *record);

const char *expectation_bridge(const struct expectation *expectation);

/* Fills `record` (uninitialised) with the expected values; its spec can be used as a goal. */
void expectation_expand(const struct expectation *expectation, struct record *record);

struct drift {
    char field[80]; /* "bridge", "type", "mtu_request", "options:KEY", "external_ids:KEY". */
    char expected[128];
    char found[128]; /* "": missing. */
};

#define DRIFT_MAX 8

/* The differences between `record` (NULL: no row) and the expected values, up to DRIFT_MAX items.
 */
size_t expectation_compare(const struct expectation *expectation, const struct record *record,
                           struct drift drift[DRIFT_MAX]);

#endif
