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

/* The VIF as vifplugd is asked for it; NULL if there is not enough memory. An error of a setter
 * stays with the VIF, and the plug returns it. */
static struct vifplug_native *make_vif(const char *vif_id, const char *socket)
{
    struct vifplug_native *vif = vifplug_native_new(vif_id, "vhost-user");

    if (vif) {
        vifplug_native_set_bridge(vif, "br-int");
        vifplug_native_set_vhost_user(vif, socket, "server");
    }
    return vif;
}

static int plug(struct vifplug *vifplug, const struct vifplug_native *vif, const char *instance)
{
    struct vifplug_options options = VIFPLUG_OPTIONS_INIT;
    struct vifplug_reply *reply = NULL;
    int status = EXIT_SUCCESS;
    int result;

    options.timeout_ms = 20000;
    result = vifplug_plug_native(vifplug, vif, instance, &options, &reply);
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
    struct vifplug_native *vif;
    int result;
    int status;

    if (argc != 4) {
        fprintf(stderr, "usage: %s VIF_ID INSTANCE SOCKET\n", argv[0]);
        return 2;
    }
    result = vifplug_open(NULL, &vifplug);
    if (result != 0) {
        return fail("vifplugd cannot be reached", result, NULL);
    }
    vif = make_vif(argv[1], argv[3]);
    status = vif ? plug(vifplug, vif, argv[2]) : fail("plug", -ENOMEM, NULL);
    if (status == EXIT_SUCCESS) {
        status = unplug(vifplug, argv[1]);
    }
    vifplug_native_free(vif);
    vifplug_close(vifplug);
    return status;
}
