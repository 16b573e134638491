/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever a daemon sends, libvifplug and vifctl's tables take it or call it an error. The input is
 * what comes from the socket. */

#include "fuzz.h"

#include <errno.h>
#include <locale.h>
#include <sys/socket.h>
#include <unistd.h>

#include <vifplug/vifplug.h>

#include "cli/cli.h"
#include "client/private.h"

/* The next connection has these bytes, and then ends. */
static const uint8_t *sent;
static size_t n_sent;

/* Replace client/connect.c. */
long long clock_ms(void)
{
    return 0;
}

int connect_socket(const char *path, int wait_ms)
{
    int fds[2];

    (void)path;
    (void)wait_ms;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0);
    /* The socket's buffer takes far more than an input is long. */
    CHECK(send(fds[1], sent, n_sent, MSG_DONTWAIT) == (ssize_t)n_sent);
    CHECK(shutdown(fds[1], SHUT_WR) == 0);
    /* Requests go nowhere; the peer stays, so that they are no error. */
    CHECK(dup2(fds[1], 1000) == 1000 && close(fds[1]) == 0);
    return fds[0];
}

static void read_vif(const struct vifplug_vif *vif)
{
    static const char *const members[] = {"vif_id",
                                          "kind",
                                          "mtu",
                                          "representor.pf",
                                          "vhost_user.path",
                                          "qos.egress.max_kbps",
                                          "external_ids.",
                                          ".",
                                          "",
                                          "options",
                                          "state",
                                          "drift",
                                          "a.b.c.d.e.f",
                                          "warnings.0"};

    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        (void)vifplug_vif_string(vif, members[i]);
        (void)vifplug_vif_int(vif, members[i], -1);
    }
}

/* All that a program can ask of a reply. */
static void read_reply(int result, const struct vifplug_reply *reply)
{
    const struct vifplug_error *error = vifplug_reply_error(reply);

    CHECK((result == -EREMOTEIO) == (error != NULL));
    if (error) {
        CHECK(error->message && error->reason && error->vif_id && error->field && error->detail);
    }
    CHECK(vifplug_reply_json(reply, true) && vifplug_reply_json(reply, false));
    (void)vifplug_reply_changed(reply);
    for (size_t i = 0; i <= vifplug_reply_n_warnings(reply); i++) {
        (void)vifplug_reply_warning(reply, i);
    }
    for (size_t i = 0; i < vifplug_reply_n_vifs(reply); i++) {
        const struct vifplug_vif *vif = vifplug_reply_vif(reply, i);

        if (vif) {
            read_vif(vif);
        }
    }
    CHECK(!vifplug_reply_vif(reply, vifplug_reply_n_vifs(reply)));
}

/* All that vifctl can do with a reply. */
static void show_reply(int result, const struct vifplug_reply *reply)
{
    for (size_t i = 0; i < n_commands; i++) {
        struct cli cli = {.command = &commands[i]};

        if (result) {
            CHECK(output_failure(&cli, result, reply) != 0);
        } else if (commands[i].output) { /* watch has none: it shows notifications. */
            (void)output_reply(&cli, reply);
            cli.json = true;
            (void)output_reply(&cli, reply);
        }
    }
}

static void on_reply(void *n, int result, struct vifplug_reply *reply)
{
    CHECK((result == 0 || result == -EREMOTEIO) == (reply != NULL));
    if (reply) {
        read_reply(result, reply);
        show_reply(result, reply);
        vifplug_reply_free(vifplug_reply_ref(reply));
    }
    ++*(int *)n;
}

static void on_notification(void *aux, const char *event, struct vifplug_reply *reply)
{
    const struct command command = {.name = "watch"};
    struct cli cli = {.command = &command};

    (void)aux;
    CHECK(event && event[0]);
    read_reply(0, reply);
    output_notification(&cli, event, reply);
    cli.json = true;
    output_notification(&cli, event, reply);
}

/* Each call gets one answer. */
static void check_async(void)
{
    static const char *const methods[] = {"subscribe", "list", "nics", "plug"};
    const int n_calls = sizeof methods / sizeof *methods;
    struct vifplug_async *async;
    int n = 0;

    CHECK(vifplug_async_open("/s", &async) == 0);
    vifplug_async_on_notification(async, on_notification, NULL);
    for (int i = 0; i < n_calls; i++) {
        CHECK(vifplug_async_call(async, methods[i], "{}", on_reply, &n) == 0);
    }
    while (vifplug_async_process(async) == 0) {
        /* It ends at the end of the input. */
    }
    CHECK(n == n_calls && vifplug_async_pending(async) == 0);
    vifplug_async_close(async);
    CHECK(n == n_calls);
}

static void check_sync(void)
{
    struct vifplug_reply *reply = NULL;
    struct vifplug *vifplug;
    int n = 0;
    int result;

    CHECK(vifplug_open("/s", &vifplug) == 0);
    result = vifplug_call(vifplug, "get", "{\"vif_id\":\"a\"}", 0, &reply);
    on_reply(&n, result, reply);
    vifplug_reply_free(reply);
    vifplug_close(vifplug);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)setlocale(LC_CTYPE, "C.UTF-8"); /* As vifctl does. */
    sent = data;
    n_sent = size;
    check_async();
    check_sync();
    return 0;
}
