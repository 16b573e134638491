/* SPDX-License-Identifier: Apache-2.0 */
#include "base/devargs.h"

#include <string.h>

#include "base/number.h"

/* Reads decimal digits at *s (at most 65535) and moves *s past them. */
static bool read_number(const char **s, unsigned int *value)
{
    int64_t number;

    if (!number_take(s, 65535, &number)) {
        return false;
    }
    *value = (unsigned int)number;
    return true;
}

/* A list of numbers during its parsing. */
struct list {
    unsigned short *values;
    size_t n;
    size_t max;
};

static bool add_range(struct list *list, unsigned int first, unsigned int last)
{
    if (last < first || list->n + (last - first) >= list->max) {
        return false;
    }
    for (unsigned int value = first; value <= last; value++) {
        list->values[list->n++] = (unsigned short)value;
    }
    return true;
}

/* Reads `N`, `N-M` or a bracketed list of them at *s, and moves *s past it. */
static bool read_list(const char **s, struct list *list)
{
    bool bracket = **s == '[';

    *s += bracket;
    for (;;) {
        unsigned int first;
        unsigned int last;

        if (!read_number(s, &first)) {
            return false;
        }
        last = first;
        if (**s == '-') {
            (*s)++;
            if (!read_number(s, &last)) {
                return false;
            }
        }
        if (!add_range(list, first, last)) {
            return false;
        }
        if (!bracket || **s != ',') {
            break;
        }
        (*s)++;
    }
    if (bracket) {
        if (**s != ']') {
            return false;
        }
        (*s)++;
    }
    return true;
}

/* Controllers of multi-host cards: only checks the grammar, because a host sees only its own. */
static bool skip_controllers(const char **s)
{
    unsigned short values[DEVARGS_PFS_MAX];
    struct list list = {values, 0, DEVARGS_PFS_MAX};

    return read_list(s, &list);
}

static bool read_representor(const char *s, struct devargs *devargs)
{
    struct list vfs = {devargs->vfs, devargs->n_vfs, DEVARGS_VFS_MAX};

    if (*s == 'c') {
        s++;
        if (!skip_controllers(&s)) {
            return false;
        }
    }
    if (!strncmp(s, "pf", 2)) {
        struct list pfs = {devargs->pfs, 0, DEVARGS_PFS_MAX};

        s += 2;
        if (!read_list(&s, &pfs)) {
            return false;
        }
        devargs->n_pfs = pfs.n;
        if (*s == '\0' || *s == ',') {
            return true; /* The representor of the PF itself: no VF. */
        }
    }
    if (!strncmp(s, "sf", 2)) {
        return true;
    }
    if (!strncmp(s, "vf", 2)) {
        s += 2;
    }
    devargs->representor = read_list(&s, &vfs) && (*s == '\0' || *s == ',');
    devargs->n_vfs = vfs.n;
    return devargs->representor;
}

bool devargs_parse(const char *s, struct devargs *devargs)
{
    char device[32];
    size_t length = s ? strcspn(s, ",") : 0;
    const char *key;

    memset(devargs, 0, sizeof *devargs);
    if (length == 0 || length >= sizeof device) {
        return false;
    }
    memcpy(device, s, length);
    device[length] = '\0';
    if (!pci_addr_parse_devargs(device, &devargs->device)) {
        return false;
    }
    for (key = s + length; *key == ',';) {
        static const char representor[] = "representor=";
        int depth = 0;

        key++;
        if (!strncmp(key, representor, sizeof representor - 1) &&
            !read_representor(key + sizeof representor - 1, devargs)) {
            return false;
        }
        while (*key && (*key != ',' || depth > 0)) {
            depth += *key == '[' ? 1 : *key == ']' ? -1 : 0;
            key++;
        }
    }
    return true;
}

size_t devargs_n_pfs(const struct devargs *devargs)
{
    return devargs->n_pfs ? devargs->n_pfs : 1;
}

struct pci_addr devargs_pf_at(const struct devargs *devargs, size_t i)
{
    struct pci_addr pf = devargs->device;

    if (i < devargs->n_pfs && devargs->pfs[i] <= 7) {
        pf.function = (uint8_t)devargs->pfs[i];
    }
    return pf;
}

struct pci_addr devargs_pf(const struct devargs *devargs)
{
    return devargs_pf_at(devargs, 0);
}
