/* SPDX-License-Identifier: Apache-2.0 */
/* What a VIF's rows are expected to say: the values of our own columns and keys as they were when
 * an operation on the VIF ended (or the daemon started). OVSDB wins, so this is no second store: it
 * tells what others have changed since, and what a repair goes back to. Kept small, since there is
 * one for each VIF. */

#ifndef VP_EXPECTATION_H
#define VP_EXPECTATION_H 1

#include <stdbool.h>
#include <stddef.h>

#include "plan/record.h"

/* A packed record: strings, each with its NUL. To be freed with free(). */
struct expectation;

struct expectation *expectation_of(const struct record *record);

const char *expectation_bridge(const struct expectation *expectation);

/* Fills `record` (uninitialised) with what is expected; its spec is good as a goal. */
void expectation_expand(const struct expectation *expectation, struct record *record);

struct drift {
    char field[80]; /* "bridge", "type", "mtu_request", "options:KEY", "external_ids:KEY". */
    char expected[128];
    char found[128]; /* "": not there. */
};

#define DRIFT_MAX 8

/* What in `record` (NULL: there is no such row) is not as expected, up to DRIFT_MAX items. */
size_t expectation_compare(const struct expectation *expectation, const struct record *record,
                           struct drift drift[DRIFT_MAX]);

#endif
