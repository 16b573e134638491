/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/vif-fields.h"

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "wire/json-get.h"

enum { TEXT_MAX = 255 };

bool field_id(struct json_object *object, const char *path, const char *key, bool required,
              char id[VIF_ID_MAX + 1], struct error *error)
{
    const char *s;

    id[0] = '\0';
    if (!jget_string(object, path, key, required ? JGET_REQUIRED : JGET_OPTIONAL, VIF_ID_MAX, &s,
                     error)) {
        return false;
    }
    if (s && !vif_id_valid(s)) {
        return jget_error(error, path, key,
                          "%s.%s '%s' is not an id; use 1 to 64 letters, digits, '.', '_' and '-', "
                          "not starting with '.'.",
                          path, key, s);
    }
    if (s) {
        snprintf(id, VIF_ID_MAX + 1, "%s", s);
    }
    return true;
}

bool field_ids(struct json_object *array, const char *path, char (**ids)[VIF_ID_MAX + 1], size_t *n,
               struct error *error)
{
    size_t length;

    if (!json_object_is_type(array, json_type_array) || json_object_array_length(array) == 0) {
        return jget_error(
            error, "", path,
            "%s must be an array of VIF ids, at least one; correct it or leave it out.", path);
    }
    length = json_object_array_length(array);
    *ids = need_memory(calloc(length, sizeof **ids));
    for (*n = 0; *n < length; ++*n) {
        struct json_object *id = json_object_array_get_idx(array, *n);
        const char *text =
            json_object_is_type(id, json_type_string) ? json_object_get_string(id) : "";

        if (!vif_id_valid(text) || strlen(text) != (size_t)json_object_get_string_len(id)) {
            return jget_error(error, "", path,
                              "Element %zu of %s is not a VIF id; correct or remove it.", *n, path);
        }
        snprintf((*ids)[*n], VIF_ID_MAX + 1, "%s", text);
    }
    return true;
}

bool field_ifname(struct json_object *object, const char *path, const char *key, bool required,
                  char name[VIF_IFNAME_MAX + 1], struct error *error)
{
    const char *s;

    name[0] = '\0';
    if (!jget_string(object, path, key, required ? JGET_REQUIRED : JGET_OPTIONAL, TEXT_MAX, &s,
                     error)) {
        return false;
    }
    if (s && !vif_ifname_valid(s)) {
        return jget_error(error, path, key,
                          "%s.%s '%.64s' is not an interface name; use 1 to 15 bytes without '/', "
                          "':', '%%' or blanks, and not 'all' or 'default'.",
                          path, key, s);
    }
    if (s) {
        snprintf(name, VIF_IFNAME_MAX + 1, "%s", s);
    }
    return true;
}

bool field_address(struct json_object *object, const char *path, const char *key,
                   char address[VIF_MAC_LEN], struct error *error)
{
    const char *s;

    address[0] = '\0';
    if (!jget_string(object, path, key, JGET_OPTIONAL, TEXT_MAX, &s, error)) {
        return false;
    }
    if (s && !vif_mac_parse(s, address)) {
        return jget_error(error, path, key,
                          "%s.%s '%.64s' is not a unicast MAC address; write it as "
                          "fa:16:3e:00:00:01.",
                          path, key, s);
    }
    return true;
}

bool field_mtu(struct json_object *object, const char *path, const char *key, int *mtu,
               struct error *error)
{
    struct json_object *member;
    int64_t value;

    *mtu = 0;
    /* For os-vif an MTU of 0 means "not given" (OvsPlugin._get_mtu). */
    if (json_object_object_get_ex(object, key, &member) &&
        json_object_is_type(member, json_type_int) && json_object_get_int64(member) == 0) {
        return true;
    }
    if (!jget_int(object, path, key, JGET_OPTIONAL, VIF_MTU_MIN, VIF_MTU_MAX, &value, error)) {
        return false;
    }
    *mtu = (int)value;
    return true;
}

bool field_datapath_type(struct json_object *object, const char *path, const char *key,
                         char type[VIF_DATAPATH_MAX + 1], struct error *error)
{
    const char *s;

    type[0] = '\0';
    if (!jget_string(object, path, key, JGET_OPTIONAL, TEXT_MAX, &s, error)) {
        return false;
    }
    if (s && strcmp(s, "netdev") && strcmp(s, "system")) {
        return jget_error(error, path, key, "%s.%s '%.64s' is unknown; use 'netdev' or 'system'.",
                          path, key, s);
    }
    if (s) {
        snprintf(type, VIF_DATAPATH_MAX + 1, "%s", s);
    }
    return true;
}

bool field_pci_slot(struct json_object *object, const char *path, const char *key, bool required,
                    bool *given, struct pci_addr *slot, struct error *error)
{
    const char *s;

    *given = false;
    if (!jget_string(object, path, key, required ? JGET_REQUIRED : JGET_OPTIONAL, TEXT_MAX, &s,
                     error)) {
        return false;
    }
    if (s && !pci_addr_parse(s, slot)) {
        return jget_error(
            error, path, key,
            "%s.%s '%.64s' is not a PCI address; write it as 0000:65:01.2 (hexadecimal "
            "domain:bus:device.function, device up to 1f, function up to 7).",
            path, key, s);
    }
    *given = s != NULL;
    return true;
}

bool field_vhost_path(struct json_object *object, const char *path, const char *key,
                      char vhost_path[VIF_PATH_MAX + 1], struct error *error)
{
    const char *s;

    vhost_path[0] = '\0';
    if (!jget_string(object, path, key, JGET_REQUIRED, TEXT_MAX, &s, error)) {
        return false;
    }
    if (!vif_path_valid(s)) {
        return jget_error(error, path, key,
                          "%s.%s '%.128s' is not a usable socket path; give an absolute path of at "
                          "most %d bytes without '.', '..' or empty components.",
                          path, key, s, VIF_PATH_MAX);
    }
    snprintf(vhost_path, VIF_PATH_MAX + 1, "%s", s);
    return true;
}

bool field_vhost_mode(struct json_object *object, const char *path, const char *key,
                      enum vhost_mode *mode, struct error *error)
{
    const char *s;

    *mode = VHOST_MODE_NONE;
    if (!jget_string(object, path, key, JGET_REQUIRED, TEXT_MAX, &s, error)) {
        return false;
    }
    *mode = vhost_mode_from_name(s);
    if (*mode == VHOST_MODE_NONE) {
        return jget_error(error, path, key, "%s.%s '%.64s' is unknown; use 'server' or 'client'.",
                          path, key, s);
    }
    return true;
}

/* Reads a rate and its burst. A burst makes no sense without its rate. */
static bool read_limit(struct json_object *object, const char *path, const char *rate_key,
                       const char *burst_key, int64_t *rate, int64_t *burst, struct error *error)
{
    if (!jget_int(object, path, rate_key, JGET_OPTIONAL, 0, VIF_QOS_MAX, rate, error) ||
        !jget_int(object, path, burst_key, JGET_OPTIONAL, 0, VIF_QOS_MAX, burst, error)) {
        return false;
    }
    if (*burst && !*rate) {
        return jget_error(error, path, burst_key,
                          "%s.%s is a burst without a rate; give %s too, or remove it.", path,
                          burst_key, rate_key);
    }
    return true;
}

bool field_qos(struct json_object *object, const char *path, bool *given, struct vif_qos *qos,
               struct error *error)
{
    static const char *const directions[] = {"egress", "ingress", NULL};
    static const char *const egress_known[] = {"max_kbps", "max_burst_kbps", "max_kpps",
                                               "max_burst_kpps", NULL};
    static const char *const ingress_known[] = {"max_kbps", "max_burst_kbps", NULL};
    char qos_path[ERROR_FIELD_LEN];
    char egress_path[ERROR_FIELD_LEN];
    char ingress_path[ERROR_FIELD_LEN];
    struct json_object *limits;
    struct json_object *egress;
    struct json_object *ingress;

    memset(qos, 0, sizeof *qos);
    *given = false;
    if (!jget_object(object, path, "qos", JGET_OPTIONAL, &limits, error)) {
        return false;
    }
    if (!limits) {
        return true;
    }
    snprintf(qos_path, sizeof qos_path, "%s.qos", path);
    snprintf(egress_path, sizeof egress_path, "%s.qos.egress", path);
    snprintf(ingress_path, sizeof ingress_path, "%s.qos.ingress", path);
    if (!jget_only(limits, qos_path, directions, error) ||
        !jget_object(limits, qos_path, "egress", JGET_OPTIONAL, &egress, error) ||
        !jget_object(limits, qos_path, "ingress", JGET_OPTIONAL, &ingress, error)) {
        return false;
    }
    if (egress && (!jget_only(egress, egress_path, egress_known, error) ||
                   !read_limit(egress, egress_path, "max_kbps", "max_burst_kbps", &qos->egress_kbps,
                               &qos->egress_burst_kb, error) ||
                   !read_limit(egress, egress_path, "max_kpps", "max_burst_kpps", &qos->egress_kpps,
                               &qos->egress_burst_kpkt, error))) {
        return false;
    }
    if (ingress && (!jget_only(ingress, ingress_path, ingress_known, error) ||
                    !read_limit(ingress, ingress_path, "max_kbps", "max_burst_kbps",
                                &qos->ingress_kbps, &qos->ingress_burst_kb, error))) {
        return false;
    }
    *given = true;
    return true;
}

bool field_unsupported(struct error *error, const char *path, const char *key, const char *format,
                       ...)
{
    char field[ERROR_FIELD_LEN];
    va_list args;

    snprintf(field, sizeof field, "%s.%s", path, key);
    va_start(args, format);
    error_vset(error, REASON_UNSUPPORTED_VIF, field, format, args);
    va_end(args);
    return false;
}
