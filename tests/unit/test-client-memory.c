/* SPDX-License-Identifier: Apache-2.0 */
/* libvifplug when memory runs out: each call returns -ENOMEM, whichever allocation fails. The
 * linker has these wrappers called in place of the functions (--wrap in CMakeLists.txt). */

#include <errno.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vifplug/vifplug.h>

#include "check.h"

static int countdown; /* The allocation to fail, from 1; 0: none. */
static bool failed;   /* One did. */

static bool fails(void)
{
    bool fails_now = countdown == 1;

    countdown -= countdown > 0;
    failed |= fails_now;
    return fails_now;
}

/* Takes the type, the name, what a failure returns, the parameters and the arguments. */
#define WRAP(type, name, failure, parameters, arguments)                                           \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        return fails() ? (failure) : __real_##name arguments;                                      \
    }

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. */
WRAP(void *, calloc, NULL, (size_t n, size_t size), (n, size))
WRAP(void *, realloc, NULL, (void *old, size_t size), (old, size))
WRAP(char *, strdup, NULL, (const char *text), (text))
WRAP(struct json_object *, json_object_new_object, NULL, (void), ())
WRAP(struct json_object *, json_object_new_array, NULL, (void), ())
WRAP(struct json_object *, json_object_new_string, NULL, (const char *text), (text))
WRAP(struct json_object *, json_object_new_int, NULL, (int32_t value), (value))
WRAP(struct json_object *, json_object_new_int64, NULL, (int64_t value), (value))
WRAP(struct json_object *, json_object_new_boolean, NULL, (json_bool value), (value))
WRAP(int, json_object_object_add, -1,
     (struct json_object * object, const char *key, struct json_object *value),
     (object, key, value))
WRAP(int, json_object_array_add, -1, (struct json_object * array, struct json_object *value),
     (array, value))
WRAP(struct json_tokener *, json_tokener_new_ex, NULL, (int depth), (depth))
WRAP(const char *, json_object_to_json_string_ext, NULL, (struct json_object * value, int flags),
     (value, flags))
WRAP(const char *, json_object_to_json_string_length, NULL,
     (struct json_object * value, int flags, size_t *length), (value, flags, length))
/* NOLINTEND(bugprone-reserved-identifier) */

static const struct vifplug_options options = {.size = sizeof options,
                                               .committed = true,
                                               .dry_run = true,
                                               .timeout_ms = 1000,
                                               .wait_ms = 20000};
static const struct vifplug_options reaping = {.size = sizeof reaping, .dry_run = true};
static const struct vifplug_options reading = {.size = sizeof reading, .wait_ms = 20000};
static const struct vifplug_qos limits = {
    .size = sizeof limits, .egress_max_kbps = 1000, .ingress_max_kbps = 1000};
static const struct vifplug_filter filter = {.size = sizeof filter, .vif_id = "x", .port = "p"};

/* A VIF with members of each type; NULL if there is not enough memory. */
static struct vifplug_native *make_native(void)
{
    struct vifplug_native *vif = vifplug_native_new("x", "ovs");

    if (vif) {
        vifplug_native_set_mtu(vif, 1500);
        vifplug_native_set_vhost_user(vif, "/x", "server");
        vifplug_native_set_create_tap(vif, true);
        vifplug_native_set_qos(vif, &limits);
    }
    return vif;
}

static int plug(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    return vifplug_plug(vifplug, "{\"vif_id\":\"x\"}", "{\"uuid\":\"i\"}", &options, reply);
}

static int plug_native(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    struct vifplug_native *vif = make_native();
    int result = vif ? vifplug_plug_native(vifplug, vif, "i", &options, reply) : -ENOMEM;

    vifplug_native_free(vif);
    return result;
}

static int unplug(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    return vifplug_unplug(vifplug, "x", "i", &options, reply);
}

static int update(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    return vifplug_update(vifplug, "x", 1500, &limits, &options, reply);
}

static int reap(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    return vifplug_reap(vifplug, "x", &reaping, reply);
}

static int get(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    return vifplug_get(vifplug, "x", &reading, reply);
}

static int list(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    return vifplug_list(vifplug, &filter, &reading, reply);
}

static int stats(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    return vifplug_stats(vifplug, &filter, &reading, reply);
}

static int subscribe(struct vifplug *vifplug, struct vifplug_reply **reply)
{
    return vifplug_subscribe(vifplug, 1000, &reading, reply);
}

static const struct {
    const char *name;
    int (*call)(struct vifplug *vifplug, struct vifplug_reply **reply);
} calls[] = {{"plug", plug},          {"plug_native", plug_native},
             {"unplug", unplug},      {"update", update},
             {"reap", reap},          {"get", get},
             {"list", list},          {"stats", stats},
             {"subscribe", subscribe}};

static char path[108];
static pid_t daemon_pid;

/* Replies to the first request of each connection. */
static void serve(int listener)
{
    static const char reply[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"vif_id\":\"x\"}}\n";

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        char buffer[4096];

        if (fd >= 0 && recv(fd, buffer, sizeof buffer, 0) > 0) {
            send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
        }
        close(fd);
    }
}

static int start_daemon(void **state)
{
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);

    (void)state;
    snprintf(path, sizeof path, "/tmp/test-client-memory.%ld", (long)getpid());
    strcpy(addr.sun_path, path);
    if (listener < 0 || bind(listener, (struct sockaddr *)&addr, sizeof addr) != 0 ||
        listen(listener, 16) != 0) {
        return -1;
    }
    daemon_pid = fork();
    if (daemon_pid == 0) {
        serve(listener);
    }
    close(listener);
    return daemon_pid > 0 ? 0 : -1;
}

static int stop_daemon(void **state)
{
    (void)state;
    kill(daemon_pid, SIGKILL);
    waitpid(daemon_pid, NULL, 0);
    unlink(path);
    return 0;
}

/* Opens a connection and calls, with allocation `n` failing. */
static int open_and_call(size_t i, int n)
{
    struct vifplug_reply *reply = NULL;
    struct vifplug *vifplug;
    int result;

    countdown = n;
    failed = false;
    result = vifplug_open(path, &vifplug);
    if (result == 0) {
        result = calls[i].call(vifplug, &reply);
        CHECK(calls[i].name, (reply != NULL) == (result == 0));
    }
    countdown = 0;
    vifplug_reply_free(reply);
    vifplug_close(vifplug);
    return result;
}

static void test_each_allocation(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(calls); i++) {
        int n = 0;
        int result;

        do {
            char row[64];

            result = open_and_call(i, ++n);
            snprintf(row, sizeof row, "%s, allocation %d", calls[i].name, n);
            CHECK_INT(row, result, failed ? -ENOMEM : 0);
        } while (failed);
        CHECK(calls[i].name, n > 10); /* The wrappers are in use. */
    }
}

static void test_params(void **state)
{
    const struct vifplug_options dry = {.size = sizeof dry, .dry_run = true};

    (void)state;
    for (int n = 1; n == 1 || failed; n++) {
        struct vifplug_native *vif;
        char *params;

        countdown = n;
        failed = false;
        errno = 0;
        params = vifplug_plug_params("{\"vif_id\":\"x\"}", "{\"uuid\":\"i\"}", &dry);
        countdown = 0;
        assert_true((params == NULL) == failed);
        assert_int_equal(errno, failed ? ENOMEM : 0);
        free(params);
        params = vifplug_unplug_params("x", "i", &dry);
        assert_non_null(params);
        free(params);
        vif = make_native();
        assert_non_null(vif);
        params = vifplug_plug_native_params(vif, "i", &dry);
        assert_non_null(params);
        free(params);
        vifplug_native_free(vif);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_allocation, start_daemon, stop_daemon),
        cmocka_unit_test(test_params),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
