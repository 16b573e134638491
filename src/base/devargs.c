#include "base/devargs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Reads decimal digits at *s (at most 65535) and moves *s behind them. */
static bool read_number(const char **s, unsigned int *value)
{
    char *end;
    unsigned long number;

    if (!isdigit((unsigned char)**s)) {
        return false;
    }
    number = strtoul(*s, &end, 10);
    if (number > 65535) {
        return false;
    }
    *s = end;
    *value = (unsigned int)number;
    return true;
}

static bool add_range(struct devargs *devargs, unsigned int first, unsigned int last)
{
    if (last < first || devargs->n_vfs + (last - first) >= DEVARGS_VFS_MAX) {
        return false;
    }
    for (unsigned int vf = first; vf <= last; vf++) {
        devargs->vfs[devargs->n_vfs++] = (unsigned short)vf;
    }
    return true;
}

/* Reads `N`, `N-M` or a bracketed list of them at *s, and moves *s behind. */
static bool read_list(const char **s, struct devargs *devargs)
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
        if (!add_range(devargs, first, last)) {
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

/* Passes over `N` or `[...]` and gives the number where it is a single one, else -1. */
static bool skip_index(const char **s, int *index)
{
    unsigned int value;

    *index = -1;
    if (**s == '[') {
        const char *end = strchr(*s, ']');

        if (!end) {
            return false;
        }
        *s = end + 1;
        return true;
    }
    if (!read_number(s, &value)) {
        return false;
    }
    *index = (int)value;
    return true;
}

static bool read_representor(const char *s, struct devargs *devargs)
{
    int ignored;

    if (*s == 'c') {
        s++;
        if (!skip_index(&s, &ignored)) {
            return false;
        }
    }
    if (!strncmp(s, "pf", 2)) {
        s += 2;
        if (!skip_index(&s, &devargs->pf_index)) {
            return false;
        }
        if (*s == '\0' || *s == ',') {
            return true; /* A PF's own representor: no VF. */
        }
    }
    if (!strncmp(s, "sf", 2)) {
        return true;
    }
    if (!strncmp(s, "vf", 2)) {
        s += 2;
    }
    devargs->representor = read_list(&s, devargs) && (*s == '\0' || *s == ',');
    return devargs->representor;
}

bool devargs_parse(const char *s, struct devargs *devargs)
{
    char device[32];
    size_t length = s ? strcspn(s, ",") : 0;
    const char *key;

    memset(devargs, 0, sizeof *devargs);
    devargs->pf_index = -1;
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

struct pci_addr devargs_pf(const struct devargs *devargs)
{
    struct pci_addr pf = devargs->device;

    if (devargs->pf_index >= 0 && devargs->pf_index <= 7) {
        pf.function = (uint8_t)devargs->pf_index;
    }
    return pf;
}
