/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a client sends, the parser either accepts it, within its bounds, or refuses it with a
 * reply that is valid JSON. For libFuzzer. */

#include "fuzz.h"

#include "wire/json-get.h"
#include "wire/json-scan.h"
#include "wire/reply.h"
#include "wire/request.h"

static void check_refusal(const struct request *request, const struct error *error)
{
    char *line = reply_error(request->id, request->vif_id, error);
    struct json_scan scan;
    size_t length;

    CHECK(line);
    length = strlen(line);
    CHECK(length > 1 && line[length - 1] == '\n' && !memchr(line, '\n', length - 1));
    CHECK(json_scan(line, length, JSON_DEPTH_MAX, &scan));
    CHECK(error->reason != REASON_NONE && error->message[0]);
    free(line);
}

static void check_plug(const struct request *request)
{
    const struct vif *vif = &request->vif;

    CHECK(vif_id_valid(vif->id) && vif_id_valid(request->instance));
    CHECK(vif_ifname_valid(vif->bridge) && vif->kind != VIF_KIND_NONE);
    CHECK(vif->mtu == 0 || (vif->mtu >= VIF_MTU_MIN && vif->mtu <= VIF_MTU_MAX));
    CHECK(!vif->vhost_path[0] == (vif->vhost_mode == VHOST_MODE_NONE));
    CHECK(!vif->vhost_path[0] || vif_path_valid(vif->vhost_path));
    CHECK(vif->kind != VIF_KIND_REPRESENTOR || vif->has_pci_slot);
    CHECK(vif->kind != VIF_KIND_HOST_DEVICE || vif->has_pci_slot);
    CHECK(vif->kind != VIF_KIND_VHOST_USER || vif->vhost_path[0]);
    CHECK(vif->kind != VIF_KIND_OVS || vif_ifname_valid(vif->vif_name));
    CHECK((vif->kind == VIF_KIND_HYBRID) == vif_ifname_valid(vif->linux_bridge));
    CHECK(vif->kind == VIF_KIND_OVS || (!vif->create_port && !vif->create_tap));
    CHECK(vif->qos.egress_kbps >= 0 && vif->qos.egress_kbps <= VIF_QOS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request request;
    struct error error = {.reason = REASON_NONE};

    if (!request_parse((const char *)data, size, &request, &error)) {
        check_refusal(&request, &error);
    } else if (request.method == METHOD_PLUG) {
        check_plug(&request);
    }
    request_destroy(&request);
    return 0;
}
