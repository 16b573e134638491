/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of libvifplug run: it calls as its arguments say, and prints what it gets. Built
 * by tests/cli/library.py. */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vifplug/vifplug.h>

static struct vifplug_options options = VIFPLUG_OPTIONS_INIT; /* All that a call may have. */

/* Prints the name of a call, its result and the reply, and frees that. */
static void show(const char *name, int result, struct vifplug_reply *reply)
{
    printf("%s\t%d\t%s\n", name, result, reply ? vifplug_reply_json(reply, false) : "{}");
    fflush(stdout);
    vifplug_reply_free(reply);
}

/* A VIF with all members that its kind has. */
static struct vifplug_native *make_vif(const char *socket)
{
    struct vifplug_native *vif = vifplug_native_new("port-1", "vhost-user");
    struct vifplug_qos qos = VIFPLUG_QOS_INIT;

    qos.egress_max_kbps = 100000;
    qos.ingress_max_kbps = 200000;
    qos.ingress_max_burst_kbps = 300000;
    if (vif) {
        vifplug_native_set_bridge(vif, "br-int");
        vifplug_native_set_address(vif, "fa:16:3e:00:00:01");
        vifplug_native_set_mtu(vif, 1500);
        vifplug_native_set_datapath_type(vif, "netdev");
        vifplug_native_set_interface_id(vif, "iface-1");
        vifplug_native_set_vhost_user(vif, socket, "server");
        vifplug_native_set_qos(vif, &qos);
    }
    return vif;
}

static void call_operations(struct vifplug *vifplug, const struct vifplug_native *vif)
{
    struct vifplug_options dry = {.size = sizeof dry, .dry_run = true};
    struct vifplug_qos qos = {.size = sizeof qos, .egress_max_kbps = 50000};
    struct vifplug_filter filter = {.size = sizeof filter, .instance = "vm-1", .state = "up"};
    struct vifplug_filter name = {.size = sizeof name, .vif_id = "vhuport-1"};
    struct vifplug_options reaping = {.size = sizeof reaping, .dry_run = true, .timeout_ms = 5000};
    struct vifplug_reply *reply;
    int result;

    result = vifplug_plug_native(vifplug, vif, "vm-1", &dry, &reply);
    show("dry run", result, reply);
    result = vifplug_plug_native(vifplug, vif, "vm-1", &options, &reply);
    show("plug", result, reply);
    result = vifplug_update(vifplug, "port-1", 0, &qos, &options, &reply);
    show("update", result, reply);
    result = vifplug_get(vifplug, "fa:16:3e:00:00:01", NULL, &reply);
    show("get", result, reply);
    result = vifplug_list(vifplug, &filter, NULL, &reply);
    show("list", result, reply);
    result = vifplug_stats(vifplug, &name, NULL, &reply);
    show("stats", result, reply);
    result = vifplug_list(vifplug, &name, NULL, &reply);
    show("list by a name", result, reply);
    result = vifplug_reap(vifplug, NULL, &reaping, &reply);
    show("reap", result, reply);
    result = vifplug_unplug_native(vifplug, vif, "vm-2", NULL, &reply);
    show("unplug of another", result, reply);
    result = vifplug_unplug(vifplug, "port-1", "vm-1", &options, &reply);
    show("unplug", result, reply);
}

static void call_readers(struct vifplug *vifplug)
{
    struct vifplug_reply *reply;
    int result;

    result = vifplug_nics(vifplug, NULL, &reply);
    show("nics", result, reply);
    result = vifplug_status(vifplug, NULL, &reply);
    show("status", result, reply);
    result = vifplug_check(vifplug, NULL, &reply);
    show("check", result, reply);
    result = vifplug_ops(vifplug, 1, NULL, &reply);
    show("ops", result, reply);
    result = vifplug_metrics(vifplug, NULL, &reply);
    show("metrics", result, reply);
    result = vifplug_describe(vifplug, NULL, &reply);
    show("describe", result, reply);
    result = vifplug_list(vifplug, NULL, &options, &reply);
    show("an option too much", result, reply);
}

/* Fetches `n` events. */
static void fetch(struct vifplug *vifplug, int n)
{
    for (int i = 0; i < n; i++) {
        struct vifplug_reply *event;
        int result = vifplug_next_event(vifplug, 20000, &event);
        const char *name = event ? vifplug_reply_event(event) : NULL;

        show(name ? name : "no event", result, event);
    }
}

/* All methods, on a daemon. */
static void call_all(struct vifplug *vifplug, const char *socket)
{
    struct vifplug_native *vif = make_vif(socket);
    struct vifplug_reply *reply;
    int result;

    fetch(vifplug, 1);
    result = vifplug_subscribe(vifplug, 0, NULL, &reply);
    show("subscribe", result, reply);
    call_operations(vifplug, vif);
    fetch(vifplug, 3);
    result = vifplug_next_event(vifplug, 1, &reply);
    show("none left", result, reply);
    call_readers(vifplug);
    vifplug_native_free(vif);
}

/* Subscribes, makes calls, which read what comes, and then fetches events. */
static void subscribe(struct vifplug *vifplug, int since_ms, int n_calls, int n_events)
{
    struct vifplug_reply *reply;
    int result = vifplug_subscribe(vifplug, since_ms, NULL, &reply);

    show("subscribe", result, reply);
    for (int i = 0; i < n_calls; i++) {
        result = vifplug_status(vifplug, NULL, &reply);
        show("status", result, reply);
    }
    fetch(vifplug, n_events);
}

static void on_event(void *aux, const char *name, struct vifplug_reply *params)
{
    (void)aux;
    show(name, 0, vifplug_reply_ref(params));
}

static void on_reply(void *name, int result, struct vifplug_reply *reply)
{
    show(name, result, reply ? vifplug_reply_ref(reply) : NULL);
}

/* Subscribes on an asynchronous connection, and processes until it ends. */
static int subscribe_async(const char *path, int since_ms)
{
    static char name[] = "subscribe";
    struct vifplug_async *async;
    int error = vifplug_async_open(path, &async);

    if (error) {
        return error;
    }
    vifplug_async_on_notification(async, on_event, NULL);
    error = vifplug_async_subscribe(async, since_ms, on_reply, name);
    while (!error) {
        struct pollfd pfd = {vifplug_async_fd(async), vifplug_async_events(async), 0};

        poll(&pfd, 1, 20000);
        error = vifplug_async_process(async);
    }
    show("the end", error, NULL);
    vifplug_async_close(async);
    return 0;
}

int main(int argc, char *argv[])
{
    struct vifplug *vifplug;
    int error;

    if (argc == 4 && !strcmp(argv[2], "async")) {
        return subscribe_async(argv[1], atoi(argv[3])) ? EXIT_FAILURE : EXIT_SUCCESS;
    }
    options.timeout_ms = 20000;
    options.wait_ms = 60000;
    error = argc > 3 ? vifplug_open(argv[1], &vifplug) : -EINVAL;
    if (error) {
        fprintf(stderr, "library: %s\n", strerror(-error));
        return EXIT_FAILURE;
    }
    if (!strcmp(argv[2], "all")) {
        call_all(vifplug, argv[3]);
    } else if (argc == 6) {
        subscribe(vifplug, atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
    }
    vifplug_close(vifplug);
    return EXIT_SUCCESS;
}
