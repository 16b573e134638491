/* SPDX-License-Identifier: Apache-2.0 */
#include "nic/template.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_LEN = 16 };

/* Writes the value of the variable called name[0..length) to `out`; false if there is no such
 * variable. */
static bool lookup(const char *name, size_t length, const struct template_values *values,
                   char out[VALUE_LEN])
{
    char key[16];

    if (length >= sizeof key) {
        return false;
    }
    memcpy(key, name, length);
    key[length] = '\0';
    if (!strcmp(key, "pf")) {
        pci_addr_format(&values->pf, out);
    } else if (!strcmp(key, "vf_pci")) {
        pci_addr_format(&values->vf, out);
    } else if (!strcmp(key, "pf_primary")) {
        struct pci_addr primary = values->pf;

        primary.function = 0;
        pci_addr_format(&primary, out);
    } else if (!strcmp(key, "pf_bus")) {
        snprintf(out, VALUE_LEN, "%02x", values->pf.bus);
    } else if (!strcmp(key, "pf_index")) {
        snprintf(out, VALUE_LEN, "%d", values->pf.function);
    } else if (!strcmp(key, "vf")) {
        snprintf(out, VALUE_LEN, "%d", values->vf_num);
    } else {
        return false;
    }
    return true;
}

bool template_check(const char *template, char *why, size_t size)
{
    static const struct template_values values;
    char value[VALUE_LEN];

    for (const char *p = template; (p = strpbrk(p, "{}")); p++) {
        const char *end = strchr(p, '}');

        if (*p == '}' || !end) {
            snprintf(why, size, "has an unmatched '%c'", *p);
            return false;
        }
        if (!lookup(p + 1, (size_t)(end - p - 1), &values, value)) {
            snprintf(why, size,
                     "has the unknown variable %.*s (known are {pf}, {pf_bus}, "
                     "{pf_primary}, {pf_index}, {vf} and {vf_pci})",
                     (int)(end - p + 1), p);
            return false;
        }
        p = end;
    }
    return true;
}

bool template_render(const char *template, const struct template_values *values, char *out,
                     size_t size)
{
    size_t used = 0;

    for (const char *p = template; *p;) {
        char value[VALUE_LEN];
        const char *text = p;
        size_t length = strcspn(p, "{");

        if (length == 0) {
            const char *end = strchr(p, '}');

            if (!end || !lookup(p + 1, (size_t)(end - p - 1), values, value)) {
                return false;
            }
            text = value;
            length = strlen(value);
            p = end + 1;
        } else {
            p += length;
        }
        if (used + length >= size) {
            return false;
        }
        memcpy(out + used, text, length);
        used += length;
    }
    out[used] = '\0';
    return used > 0;
}
