/* From JSON to struct vif: os-vif objects, Nova's VIF dicts and the native form.
 *
 * The forms are told apart as docs/api.md says: a member `versioned_object.name` makes it an os-vif
 * object, `vnic_type` or `details` a Nova VIF dict, and anything else is native. Decoding needs no
 * switch and no host: it checks what can be seen in the object alone. */

#ifndef VP_VIF_CODEC_H
#define VP_VIF_CODEC_H 1

#include <stdbool.h>

#include "base/error.h"
#include "base/vif.h"

struct json_object;

/* Decodes `object` (the member called `vif` of a request). Returns false with *error filled:
 * invalid_request, or unsupported_vif for an object, plugin, profile or VIF type that we do not
 * plug. */
bool vif_decode(struct json_object *object, struct vif *vif, struct error *error);

/* Takes no more than the VIF id from any of the forms: an unplug works from the record, so nothing
 * else of the object can make it fail. */
bool vif_decode_id(struct json_object *object, char id[VIF_ID_MAX + 1], struct error *error);

/* Takes the uuid from an os-vif InstanceInfo primitive or from {"uuid": ...}. */
bool instance_decode(struct json_object *object, char uuid[VIF_ID_MAX + 1], struct error *error);

/* The decoders behind vif_decode(), which has zeroed *vif. */
bool vif_decode_osvif(struct json_object *object, struct vif *vif, struct error *error);
bool vif_decode_nova(struct json_object *object, struct vif *vif, struct error *error);
bool vif_decode_native(struct json_object *object, struct vif *vif, struct error *error);

/* Typed members that the forms share. Each reads member `key` of `object` into a field of the VIF;
 * an optional one that is not given leaves the field empty. */
bool codec_id(struct json_object *object, const char *path, const char *key, bool required,
              char id[VIF_ID_MAX + 1], struct error *error);
bool codec_ifname(struct json_object *object, const char *path, const char *key, bool required,
                  char name[VIF_IFNAME_MAX + 1], struct error *error);
bool codec_address(struct json_object *object, const char *path, const char *key,
                   char address[VIF_MAC_LEN], struct error *error);
bool codec_mtu(struct json_object *object, const char *path, const char *key, int *mtu,
               struct error *error);
bool codec_datapath_type(struct json_object *object, const char *path, const char *key,
                         char type[VIF_DATAPATH_MAX + 1], struct error *error);
bool codec_pci_slot(struct json_object *object, const char *path, const char *key, bool required,
                    bool *given, struct pci_addr *slot, struct error *error);
bool codec_vhost_path(struct json_object *object, const char *path, const char *key,
                      char vhost_path[VIF_PATH_MAX + 1], struct error *error); /* Required. */
bool codec_vhost_mode(struct json_object *object, const char *path, const char *key,
                      enum vhost_mode *mode, struct error *error); /* Required. */

/* An array of VIF ids, at least one, each 1 to 64 bytes. *ids is malloc'ed, also if
 * this fails at one of them; *n tells how many are right. */
bool codec_ids(struct json_object *array, const char *path, char (**ids)[VIF_ID_MAX + 1], size_t *n,
               struct error *error);

/* Reads member `qos` of `object`: {"egress":{"max_kbps","max_burst_kbps","max_kpps",
 * "max_burst_kpps"},"ingress":{"max_kbps","max_burst_kbps"}}, each 0 to VIF_QOS_MAX and 0 if left
 * out. A burst needs its rate. *given tells whether there is a `qos`, if only an empty one. */
bool codec_qos(struct json_object *object, const char *path, bool *given, struct vif_qos *qos,
               struct error *error);

/* Writes `prefix` and `id`, cut at 14 bytes, to `name`: so do os-vif (OvsPlugin.gen_port_name())
 * and Nova (NIC_NAME_LEN), although the kernel would take 15. */
void codec_name(const char *prefix, const char *id, char name[VIF_IFNAME_MAX + 1]);

/* Fills *error with unsupported_vif on member `key`; a message ends in what to do next. Returns
 * false. */
bool codec_unsupported(struct error *error, const char *path, const char *key, const char *format,
                       ...) __attribute__((format(printf, 4, 5)));

#endif
