/* SPDX-License-Identifier: Apache-2.0 */
/* Plugs the vhost-user VIF of a guest into bridge br-int, shows its port, and unplugs it.
 *
 *     cc plug.c -o plug $(pkg-config --cflags --libs vifplug)
 *     ./plug VIF_ID INSTANCE SOCKET
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vifplug/vifplug.h>

/* Prints why a call failed. */
static int fail(const char *what, int result, const struct vifplug_reply *reply)
{
    const struct vifplug_error *error = reply ? vifplug_reply_error(reply) : NULL;

    fprintf(stderr, "%s: %s\n", what, error ? error->message : strerror(-result));
    return EXIT_FAILURE;
}

static int plug(struct vifplug *vifplug, const char *vif, const char *instance)
{
    struct vifplug_reply *reply = NULL;
    int result = vifplug_plug(vifplug, vif, instance, NULL, &reply);
    int status = EXIT_SUCCESS;

    if (result == 0) {
        const struct vifplug_vif *plugged = vifplug_reply_vif(reply, 0);

        printf("port %s, OpenFlow port %s\n", vifplug_vif_string(plugged, "port"),
               vifplug_vif_string(plugged, "ofport"));
        for (size_t i = 0; i < vifplug_reply_n_warnings(reply); i++) {
            fprintf(stderr, "warning: %s\n", vifplug_reply_warning(reply, i));
        }
    } else {
        status = fail("plug", result, reply);
    }
    vifplug_reply_free(reply);
    return status;
}

static int unplug(struct vifplug *vifplug, const char *vif_id)
{
    struct vifplug_reply *reply = NULL;
    int result = vifplug_unplug(vifplug, vif_id, NULL, NULL, &reply);
    int status = result == 0 ? EXIT_SUCCESS : fail("unplug", result, reply);

    vifplug_reply_free(reply);
    return status;
}

int main(int argc, char *argv[])
{
    struct vifplug *vifplug = NULL;
    char vif[1024];
    char instance[256];
    int result;
    int status;

    if (argc != 4) {
        fprintf(stderr, "usage: %s VIF_ID INSTANCE SOCKET\n", argv[0]);
        return 2;
    }
    /* The arguments are taken as they are: they must not need escapes in JSON. */
    snprintf(vif, sizeof vif,
             "{\"vif_id\":\"%s\",\"kind\":\"vhost-user\",\"bridge\":\"br-int\","
             "\"vhost_user\":{\"path\":\"%s\",\"mode\":\"server\"}}",
             argv[1], argv[3]);
    snprintf(instance, sizeof instance, "{\"uuid\":\"%s\"}", argv[2]);
    result = vifplug_open(NULL, &vifplug);
    if (result != 0) {
        return fail("vifplugd cannot be reached", result, NULL);
    }
    status = plug(vifplug, vif, instance);
    if (status == EXIT_SUCCESS) {
        status = unplug(vifplug, argv[1]);
    }
    vifplug_close(vifplug);
    return status;
}
