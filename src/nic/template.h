/* SPDX-License-Identifier: Apache-2.0 */
/* Templates of NIC profiles: text with {variables}, for device arguments and socket paths. */

#ifndef VP_TEMPLATE_H
#define VP_TEMPLATE_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/pci-addr.h"

/* The variables:
 *   {pf}          the PF, 0000:65:00.0
 *   {pf_bus}      its bus, two hexadecimal digits: 65
 *   {pf_primary}  function 0 of the PF's device (the primary of bonded mlx5 PFs)
 *   {pf_index}    the PF's function, decimal
 *   {vf}          the VF number, decimal
 *   {vf_pci}      the VF, 0000:65:01.2 */
struct template_values {
    struct pci_addr pf;
    struct pci_addr vf;
    int vf_num;
};

/* Checks that `template` is well-formed and names only known variables. On failure writes what is
 * wrong to `why`. */
bool template_check(const char *template, char *why, size_t size);

/* Renders a template that template_check() accepted. Returns false if the result does not fit, or
 * the template is empty. */
bool template_render(const char *template, const struct template_values *values, char *out,
                     size_t size);

#endif
