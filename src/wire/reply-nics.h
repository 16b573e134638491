/* SPDX-License-Identifier: Apache-2.0 */
/* The reply to `nics`: the host's PFs and their VFs, as one line of JSON. */

#ifndef VP_REPLY_NICS_H
#define VP_REPLY_NICS_H 1

#include "base/nic-view.h"

/* Add each PF, and after it its VFs. The strings of the views are copied. `id` is JSON text. */
struct reply_nics;
struct reply_nics *reply_nics_new(const char *id);
void reply_nics_add_pf(struct reply_nics *nics, const struct nic_pf_view *pf);
void reply_nics_add_vf(struct reply_nics *nics, const struct nic_vf_view *vf); /* Of the last PF. */

/* Returns the part of the line that was added since the last call, which the caller frees. */
char *reply_nics_take(struct reply_nics *nics);

/* Returns the rest of the line, with LF, which the caller frees. Frees `nics`. */
char *reply_nics_finish(struct reply_nics *nics);

#endif
