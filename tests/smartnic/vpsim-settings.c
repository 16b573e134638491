/* SPDX-License-Identifier: Apache-2.0 */
/* The settings file; vpsim.h describes it. */

#include "vpsim.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_vhost.h>

#include <linux/vhost.h>

/* Returns `text` without the white space around it; changes it. */
static char *trim(char *text)
{
    while (isspace((unsigned char)*text)) {
        text++;
    }
    char *end = text + strlen(text);
    while (end > text && isspace((unsigned char)end[-1])) {
        end--;
    }
    *end = '\0';
    return text;
}

static bool set_number(const char *value, unsigned long max, unsigned long *number)
{
    char *end;

    errno = 0;
    *number = strtoul(value, &end, 10);
    return isdigit((unsigned char)*value) && *end == '\0' && !errno && *number <= max;
}

static bool set_text(const char *value, char *text, size_t size)
{
    return (size_t)snprintf(text, size, "%s", value) < size;
}

/* One of two words; the first means true. */
static bool set_word(const char *value, const char *yes, const char *no, bool *flag)
{
    if (strcmp(value, yes) && strcmp(value, no)) {
        return false;
    }
    *flag = !strcmp(value, yes);
    return true;
}

static bool set(struct vpsim_settings *s, const char *key, const char *value)
{
    unsigned long number;

    if (!strcmp(key, "driver")) {
        return set_word(value, "published", "plain", &s->published);
    } else if (!strcmp(key, "vhost-socket")) {
        return set_text(value, s->vhost_socket, sizeof s->vhost_socket);
    } else if (!strcmp(key, "vhost-mode")) {
        return set_word(value, "client", "server", &s->vhost_listen);
    } else if (!strcmp(key, "no-mac")) {
        return set_word(value, "yes", "no", &s->no_mac);
    } else if (!strcmp(key, "refuse-mac")) {
        return set_word(value, "yes", "no", &s->refuse_mac);
    } else if (!strcmp(key, "log-memory")) {
        return set_word(value, "no", "yes", &s->no_log);
    } else if (!strcmp(key, "refuse-probe")) {
        return set_text(value, s->refuse_probe, sizeof s->refuse_probe);
    } else if (!strcmp(key, "max-mtu") && set_number(value, UINT16_MAX - 64, &number) &&
               number >= VPSIM_MIN_MTU) {
        s->max_mtu = (uint16_t)number;
        return true;
    } else if (!strcmp(key, "probe-delay-ms") && set_number(value, 600000, &number)) {
        s->probe_delay_ms = (unsigned int)number;
        return true;
    }
    return false;
}

/* Reads the file once: the lines for every card, or those for this PF. */
static void read_pass(FILE *file, const char *pf, bool own, struct vpsim_settings *s)
{
    char line[512];

    rewind(file);
    for (int number = 1; fgets(line, sizeof line, file); number++) {
        line[strcspn(line, "#")] = '\0';
        char *key = trim(line);
        if (!*key) {
            continue;
        }
        char *value = strchr(key, '=');
        if (!value) {
            VPSIM_LOG(WARNING, "settings line %d is not \"key = value\"", number);
            continue;
        }
        *value++ = '\0';
        key = trim(key);
        value = trim(value);
        char *at = strchr(key, '@');
        if (at) {
            *at++ = '\0';
        }
        if (own ? at && !strcmp(at, pf) : !at) {
            if (!set(s, key, value)) {
                VPSIM_LOG(WARNING, "settings line %d: %s = %s is not understood", number, key,
                          value);
            }
        }
    }
}

/* Reads the file, if there is one. */
static void read_file(const char *pf, struct vpsim_settings *s)
{
    const char *path = getenv("VPSIM_CONFIG");
    if (!path) {
        return;
    }
    FILE *file = fopen(path, "re");
    if (!file) {
        if (errno != ENOENT) {
            VPSIM_LOG(WARNING, "%s: %s", path, strerror(errno));
        }
        return;
    }
    read_pass(file, pf, false, s);
    read_pass(file, pf, true, s);
    fclose(file);
}

void vpsim_settings_load(const char *pf, struct vpsim_settings *s)
{
    *s = (struct vpsim_settings){.vhost_socket = "/usr/local/var/run/stdvio{vf}"};
    read_file(pf, s);
    if (!s->max_mtu) {
        s->max_mtu = s->published ? 9982 : 9600;
    }
}

bool vpsim_settings_refuse(const struct vpsim_settings *s, uint16_t vf)
{
    char list[sizeof s->refuse_probe];
    char *rest = NULL;

    snprintf(list, sizeof list, "%s", s->refuse_probe);
    for (char *word = strtok_r(list, ", \t", &rest); word; word = strtok_r(NULL, ", \t", &rest)) {
        unsigned long number;

        if (!strcmp(word, "all") || (set_number(word, UINT16_MAX, &number) && number == vf)) {
            return true;
        }
    }
    return false;
}

int vpsim_settings_forbid_log(const char *path)
{
    uint64_t protocol = 0;

    if (rte_vhost_driver_get_protocol_features(path, &protocol)) {
        return -1;
    }
    protocol &= ~(1ULL << VHOST_USER_PROTOCOL_F_LOG_SHMFD);
    if (rte_vhost_driver_set_protocol_features(path, protocol)) {
        return -1;
    }
    return rte_vhost_driver_disable_features(path, 1ULL << VHOST_F_LOG_ALL);
}

/* Appends the last component of a path again: DIR/NAME becomes DIR/NAME/NAME. */
static bool separate_path(char *path, size_t size)
{
    size_t used = strlen(path);
    const char *name = strrchr(path, '/');

    if (!name || used + strlen(name) >= size) {
        return false;
    }
    memmove(path + used, name, strlen(name)); /* The name ends where the copy begins. */
    path[2 * used - (size_t)(name - path)] = '\0';
    return true;
}

bool vpsim_settings_socket(const struct vpsim_settings *s, const char *pf, uint16_t vf,
                           bool separate, char *path, size_t size)
{
    struct rte_pci_addr address;
    size_t used = 0;

    if (rte_pci_addr_parse(pf, &address)) {
        return false;
    }

    for (const char *from = s->vhost_socket; *from;) {
        char part[PCI_PRI_STR_SIZE + 1] = {*from, '\0'};
        size_t taken = 1;

        if (!strncmp(from, "{vf}", 4)) {
            snprintf(part, sizeof part, "%u", (unsigned int)vf);
            taken = 4;
        } else if (!strncmp(from, "{pf_bus}", 8)) {
            snprintf(part, sizeof part, "%02x", (unsigned int)address.bus);
            taken = 8;
        } else if (!strncmp(from, "{pf}", 4)) {
            snprintf(part, sizeof part, "%s", pf);
            taken = 4;
        }
        if (used + strlen(part) >= size) {
            return false;
        }
        used += (size_t)snprintf(path + used, size - used, "%s", part);
        from += taken;
    }
    return used > 0 && (!separate || separate_path(path, size));
}
