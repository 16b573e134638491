/* SPDX-License-Identifier: Apache-2.0 */
/* Members that the forms of a VIF have in common: one function reads and checks each.
 *
 * Each reads member `key` of `object`, whose place in the request is `path`, into a field of the
 * VIF. If an optional member is missing, the field is empty. Returns false with *error filled
 * (invalid_request, with the name of the member). */

#ifndef VP_VIF_FIELDS_H
#define VP_VIF_FIELDS_H 1

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/pci-addr.h"
#include "base/vif.h"

struct json_object;

bool field_id(struct json_object *object, const char *path, const char *key, bool required,
              char id[VIF_ID_MAX + 1], struct error *error);
bool field_ifname(struct json_object *object, const char *path, const char *key, bool required,
                  char name[VIF_IFNAME_MAX + 1], struct error *error);
bool field_address(struct json_object *object, const char *path, const char *key,
                   char address[VIF_MAC_LEN], struct error *error);
bool field_mtu(struct json_object *object, const char *path, const char *key, int *mtu,
               struct error *error);
bool field_datapath_type(struct json_object *object, const char *path, const char *key,
                         char type[VIF_DATAPATH_MAX + 1], struct error *error);
bool field_pci_slot(struct json_object *object, const char *path, const char *key, bool required,
                    bool *given, struct pci_addr *slot, struct error *error);
bool field_vhost_path(struct json_object *object, const char *path, const char *key,
                      char vhost_path[VIF_PATH_MAX + 1], struct error *error); /* Required. */
bool field_vhost_mode(struct json_object *object, const char *path, const char *key,
                      enum vhost_mode *mode, struct error *error); /* Required. */

/* Reads an array of VIF ids, at least one. *ids is malloc'ed, even if one of them is wrong; *n is
 * the number of those that are right. */
bool field_ids(struct json_object *array, const char *path, char (**ids)[VIF_ID_MAX + 1], size_t *n,
               struct error *error);

/* Reads member `qos` of `object`: {"egress":{"max_kbps","max_burst_kbps","max_kpps",
 * "max_burst_kpps"},"ingress":{"max_kbps","max_burst_kbps"}}, each 0 to VIF_QOS_MAX, and 0 if left
 * out. A burst needs its rate. *given is whether there is a `qos`, even an empty one. */
bool field_qos(struct json_object *object, const char *path, bool *given, struct vif_qos *qos,
               struct error *error);

/* Fills *error with unsupported_vif on member `key`. The message ends with what to do next. Returns
 * false. */
bool field_unsupported(struct error *error, const char *path, const char *key, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));

#endif
