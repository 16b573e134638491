/* SPDX-License-Identifier: Apache-2.0 */
/* libvifplug without a daemon: structs that grow, native VIFs, what replies have,
 * and arguments that are wrong. */

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <vifplug/vifplug.h>

#include "check.h"
#include "client/private.h"

/* --- The structs of the ABI. --- */

/* What a program that was built with the header of version 0.2.0 has. Never change these: a member
 * that is added later comes behind, and take_options() and its like take the shorter ones, too. */
struct options_0_2 {
    size_t size;
    int timeout_ms;
    int wait_ms;
    int committed;
    int dry_run;
};

struct qos_0_2 {
    size_t size;
    int64_t egress_max_kbps;
    int64_t egress_max_burst_kbps;
    int64_t egress_max_kpps;
    int64_t egress_max_burst_kpps;
    int64_t ingress_max_kbps;
    int64_t ingress_max_burst_kbps;
};

struct filter_0_2 {
    size_t size;
    const char *vif_id;
    const char *instance;
    const char *port;
    const char *bridge;
    const char *state;
    const char *kind;
    const char *pf;
    const char *vf;
    const char *mac;
};

struct error_0_2 {
    int code;
    const char *reason;
    const char *message;
    const char *vif_id;
    const char *field;
    const char *detail;
    bool retryable;
};

#define SAME(now, then, member)                                                                    \
    _Static_assert(offsetof(struct now, member) == offsetof(struct then, member) &&                \
                       sizeof((struct now){0}.member) == sizeof((struct then){0}.member),          \
                   #now "." #member " has moved: that breaks the ABI")
SAME(vifplug_options, options_0_2, size);
SAME(vifplug_options, options_0_2, timeout_ms);
SAME(vifplug_options, options_0_2, wait_ms);
SAME(vifplug_options, options_0_2, committed);
SAME(vifplug_options, options_0_2, dry_run);
SAME(vifplug_qos, qos_0_2, size);
SAME(vifplug_qos, qos_0_2, egress_max_kbps);
SAME(vifplug_qos, qos_0_2, egress_max_burst_kbps);
SAME(vifplug_qos, qos_0_2, egress_max_kpps);
SAME(vifplug_qos, qos_0_2, egress_max_burst_kpps);
SAME(vifplug_qos, qos_0_2, ingress_max_kbps);
SAME(vifplug_qos, qos_0_2, ingress_max_burst_kbps);
SAME(vifplug_filter, filter_0_2, size);
SAME(vifplug_filter, filter_0_2, vif_id);
SAME(vifplug_filter, filter_0_2, instance);
SAME(vifplug_filter, filter_0_2, port);
SAME(vifplug_filter, filter_0_2, bridge);
SAME(vifplug_filter, filter_0_2, state);
SAME(vifplug_filter, filter_0_2, kind);
SAME(vifplug_filter, filter_0_2, pf);
SAME(vifplug_filter, filter_0_2, vf);
SAME(vifplug_filter, filter_0_2, mac);
SAME(vifplug_error, error_0_2, code);
SAME(vifplug_error, error_0_2, reason);
SAME(vifplug_error, error_0_2, message);
SAME(vifplug_error, error_0_2, vif_id);
SAME(vifplug_error, error_0_2, field);
SAME(vifplug_error, error_0_2, detail);
SAME(vifplug_error, error_0_2, retryable);

/* Padding at the end would be where the next member comes, with what a program left there. */
_Static_assert(sizeof(struct options_0_2) == sizeof(size_t) + 4 * sizeof(int), "padding");
_Static_assert(sizeof(struct filter_0_2) == sizeof(size_t) + 9 * sizeof(char *), "padding");
_Static_assert(offsetof(struct qos_0_2, ingress_max_burst_kbps) + sizeof(int64_t) ==
                   sizeof(struct qos_0_2),
               "padding");

/* --- Structs that grow. --- */

/* A struct over three versions of a library. */
struct version_1 {
    size_t size;
    int one;
    int two;
};

struct version_2 {
    size_t size;
    int one;
    int two;
    int three;
    int four;
};

struct version_3 {
    size_t size;
    int one;
    int two;
    int three;
    int four;
    const char *five;
};

static int take_2(struct version_2 *copy, const void *given)
{
    return take_sized(copy, sizeof *copy, sizeof(struct version_1), given);
}

static void test_an_older_struct(void **state)
{
    const struct version_1 old = {.size = sizeof old, .one = 1, .two = 2};
    struct version_2 copy;

    (void)state;
    memset(&copy, 0xff, sizeof copy);
    assert_int_equal(take_2(&copy, &old), 0);
    assert_int_equal(copy.one, 1);
    assert_int_equal(copy.two, 2);
    assert_int_equal(copy.three, 0);
    assert_int_equal(copy.four, 0);
}

static void test_a_newer_struct(void **state)
{
    struct version_3 new = {.size = sizeof new, .one = 1, .two = 2, .three = 3, .four = 4};
    struct version_2 copy;

    (void)state;
    assert_int_equal(take_2(&copy, &new), 0);
    assert_int_equal(copy.four, 4);
    new.five = "x";
    assert_int_equal(take_2(&copy, &new), -E2BIG);
}

static void test_sizes(void **state)
{
    /* Each byte beyond what is known counts. */
    unsigned char bytes[sizeof(size_t) + 4096] = {0};
    static const struct {
        size_t size;
        int result;
    } rows[] = {
        {0, -EINVAL},
        {sizeof(size_t), -EINVAL},
        {sizeof(struct version_1) - 1, -EINVAL},
        {sizeof(struct version_1), 0},
        {sizeof(struct version_2), 0},
        {sizeof(struct version_2) + 1, 0},
        {4096, 0},
        {4097, -EINVAL},
        {SIZE_MAX, -EINVAL},
    };
    struct version_2 copy;

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        memcpy(bytes, &rows[i].size, sizeof rows[i].size);
        CHECK_INT("size", take_2(&copy, bytes), rows[i].result);
    }
    for (size_t i = sizeof(struct version_2); i < 4096; i++) {
        size_t size = i + 1;

        memcpy(bytes, &size, sizeof size);
        bytes[i] = 1;
        CHECK_INT("a byte that is not 0", take_2(&copy, bytes), -E2BIG);
        bytes[i] = 0;
    }
}

/* --- Options. --- */

/* The params of an unplug with these options; their errno if there are none. */
static void check_options(const char *row, const void *options, const char *expected, int error)
{
    char *params;

    errno = 0;
    params = vifplug_unplug_params("x", NULL, options);
    CHECK_INT(row, errno, error);
    CHECK_STR(row, params ? params : "", expected);
    free(params);
}

static void test_options(void **state)
{
    struct options_0_2 old = {.size = sizeof old, .dry_run = 1, .timeout_ms = 7};
    struct {
        struct vifplug_options known;
        int more;
    } new = {{.size = sizeof new, .committed = 1}, 0};
    struct vifplug_options none = VIFPLUG_OPTIONS_INIT;

    (void)state;
    check_options("NULL", NULL, "{\"vif_id\":\"x\"}", 0);
    check_options("none", &none, "{\"vif_id\":\"x\"}", 0);
    check_options("0.2", &old, "{\"dry_run\":true,\"timeout_ms\":7,\"vif_id\":\"x\"}", 0);
    check_options("newer", &new, "{\"wait\":\"committed\",\"vif_id\":\"x\"}", 0);
    new.more = 1;
    check_options("newer, used", &new, "", E2BIG);
    none.wait_ms = 1;
    check_options("wait_ms of params", &none, "", EINVAL);
    old.size = 0; /* A struct of zeros and options, as before there was a size. */
    check_options("no size", &old, "", EINVAL);
}

static void test_options_that_a_call_takes(void **state)
{
    static const struct vifplug_options rows[] = {
        {.size = sizeof rows[0], .timeout_ms = 1},
        {.size = sizeof rows[0], .wait_ms = 1},
        {.size = sizeof rows[0], .committed = 1},
        {.size = sizeof rows[0], .dry_run = 1},
    };
    static const struct vifplug_options negative = {.size = sizeof negative, .wait_ms = -1};
    struct vifplug_options copy;

    (void)state;
    for (unsigned int i = 0; i < N(rows); i++) {
        assert_int_equal(take_options(&copy, &rows[i], 1U << i), 0);
        assert_int_equal(take_options(&copy, &rows[i], TAKES_ALL & ~(1U << i)), -EINVAL);
    }
    assert_int_equal(take_options(&copy, &negative, TAKES_ALL), -EINVAL);
}

/* --- Native VIFs. --- */

static void test_native(void **state)
{
    struct vifplug_native *vif = vifplug_native_new("port-\"1\"", "vhost-user");
    struct vifplug_qos qos = VIFPLUG_QOS_INIT;
    char *params;

    (void)state;
    qos.egress_max_kbps = 4000000000;
    qos.egress_max_burst_kbps = 2;
    qos.egress_max_kpps = 3;
    qos.egress_max_burst_kpps = 4;
    qos.ingress_max_kbps = 5;
    qos.ingress_max_burst_kbps = -6;
    assert_int_equal(vifplug_native_set_bridge(vif, "br\n"), 0);
    assert_int_equal(vifplug_native_set_address(vif, "fa:16:3e:00:00:01"), 0);
    assert_int_equal(vifplug_native_set_mtu(vif, 1500), 0);
    assert_int_equal(vifplug_native_set_datapath_type(vif, "netdev"), 0);
    assert_int_equal(vifplug_native_set_interface_id(vif, "iface"), 0);
    assert_int_equal(vifplug_native_set_vif_name(vif, "tap1"), 0);
    assert_int_equal(vifplug_native_set_pci_slot(vif, "0000:65:01.2"), 0);
    assert_int_equal(vifplug_native_set_vhost_user(vif, "/run/\xc3\xbc", "server"), 0);
    assert_int_equal(vifplug_native_set_create_port(vif, true), 0);
    assert_int_equal(vifplug_native_set_create_tap(vif, false), 0);
    assert_int_equal(vifplug_native_set_multiqueue(vif, true), 0);
    assert_int_equal(vifplug_native_set_linux_bridge(vif, "qbr"), 0);
    assert_int_equal(vifplug_native_set_qos(vif, &qos), 0);
    CHECK_STR(
        "all members", vifplug_native_json(vif),
        "{\"vif_id\":\"port-\\\"1\\\"\",\"kind\":\"vhost-user\",\"bridge\":\"br\\n\","
        "\"address\":\"fa:16:3e:00:00:01\",\"mtu\":1500,\"datapath_type\":\"netdev\","
        "\"interface_id\":\"iface\",\"vif_name\":\"tap1\",\"pci_slot\":\"0000:65:01.2\","
        "\"vhost_user\":{\"path\":\"/run/\xc3\xbc\",\"mode\":\"server\"},\"create_port\":true,"
        "\"create_tap\":false,\"multiqueue\":true,\"linux_bridge\":\"qbr\",\"qos\":{\"egress\":"
        "{\"max_kbps\":4000000000,\"max_burst_kbps\":2,\"max_kpps\":3,\"max_burst_kpps\":4},"
        "\"ingress\":{\"max_kbps\":5,\"max_burst_kbps\":-6}}}");
    vifplug_native_free(vif);

    vif = vifplug_native_new("x", "ovs");
    vifplug_native_set_mtu(vif, 1500);
    vifplug_native_set_mtu(vif, 0);
    vifplug_native_set_bridge(vif, "br-a");
    vifplug_native_set_bridge(vif, "br-b");
    vifplug_native_set_vif_name(vif, "tap1");
    vifplug_native_set_vif_name(vif, NULL);
    vifplug_native_set_vhost_user(vif, "/x", NULL);
    vifplug_native_set_vhost_user(vif, NULL, NULL);
    qos = (struct vifplug_qos)VIFPLUG_QOS_INIT;
    vifplug_native_set_qos(vif, &qos);
    params = vifplug_plug_native_params(vif, "vm\t1", NULL);
    CHECK_STR(
        "replaced and removed", params,
        "{\"vif\":{\"vif_id\":\"x\",\"kind\":\"ovs\",\"bridge\":\"br-b\",\"qos\":{\"egress\":{},"
        "\"ingress\":{}}},\"instance\":{\"uuid\":\"vm\\t1\"}}");
    free(params);
    vifplug_native_free(vif);
    vifplug_native_free(NULL);
}

/* What cannot be sent is an error that stays. */
static void test_native_errors(void **state)
{
    struct vifplug_native *vif = vifplug_native_new("x", "ovs");
    struct vifplug_qos qos = {.size = 1};

    (void)state;
    assert_int_equal(vifplug_native_set_bridge(vif, "\xff"), -EILSEQ);
    assert_int_equal(vifplug_native_set_bridge(vif, "br-int"), 0);
    assert_int_equal(vifplug_native_set_qos(vif, &qos), -EINVAL);
    errno = 0;
    assert_null(vifplug_native_json(vif));
    assert_int_equal(errno, EILSEQ);
    errno = 0;
    assert_null(vifplug_plug_native_params(vif, "vm-1", NULL));
    assert_int_equal(errno, EILSEQ);
    vifplug_native_free(vif);

    vif = vifplug_native_new("x", "\xc3");
    assert_non_null(vif);
    assert_null(vifplug_plug_native_params(vif, "vm-1", NULL));
    assert_int_equal(errno, EILSEQ);
    vifplug_native_free(vif);
    errno = 0;
    assert_null(vifplug_unplug_params("x", "\xff", NULL));
    assert_int_equal(errno, EILSEQ);
    assert_null(vifplug_unplug_params("\xff", NULL, NULL));
    assert_null(vifplug_plug_params("[]", "{}", NULL));
    assert_int_equal(errno, EINVAL);
}

/* Each JSON text is looked at, wherever the byte is in it. */
static void test_json_that_is_not_utf8(void **state)
{
    static const char *const bad[] = {"\xff", "{\"vif_id\":\"\xc3\"}", "{\"a\":1}\x80",
                                      "{\xed\xa0\x80"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        errno = 0;
        assert_null(vifplug_plug_params(bad[i], "{}", NULL));
        assert_int_equal(errno, EILSEQ);
        errno = 0;
        assert_null(vifplug_plug_params("{}", bad[i], NULL));
        assert_int_equal(errno, EILSEQ);
    }
}

/* --- Connections. --- */

static void no_reply(void *aux, int result, struct vifplug_reply *reply)
{
    (void)aux;
    assert_int_equal(result, -ECANCELED);
    assert_null(reply);
}

/* A socket that listens, and accepts nothing. */
static int listen_at(char path[], size_t size)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[] = "/tmp/test-client.XXXXXX";
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_non_null(mkdtemp(directory));
    snprintf(path, size, "%s/s", directory);
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 8), 0);
    return fd;
}

static void test_arguments_of_connections(void **state)
{
    struct vifplug_async *async;
    struct vifplug *vifplug;
    char path[64];
    int fd = listen_at(path, sizeof path);

    (void)state;
    for (int i = 0; i < 2; i++) {
        int wait_ms = i ? -1000 : -1;

        assert_int_equal(vifplug_open_within(path, wait_ms, &vifplug), -EINVAL);
        assert_null(vifplug);
        assert_int_equal(vifplug_async_open_within(path, wait_ms, &async), -EINVAL);
        assert_null(async);
    }
    assert_int_equal(vifplug_async_open_within(path, 1000, &async), 0);
    assert_int_equal(vifplug_async_call(async, "a", "{\"b\":\"\xff\"}", no_reply, NULL), -EILSEQ);
    assert_int_equal(vifplug_async_call(async, "\xff", "{}", no_reply, NULL), -EILSEQ);
    assert_int_equal(vifplug_async_call(async, "a", "[]", no_reply, NULL), -EINVAL);
    assert_int_equal(vifplug_async_pending(async), 0);
    assert_int_equal(vifplug_async_call(async, "a", "{\"b\":\"\xc3\xa4\"}", no_reply, NULL), 0);
    assert_int_equal(vifplug_async_call(async, "a", NULL, no_reply, NULL), 0);
    assert_int_equal(vifplug_async_pending(async), 2);
    vifplug_async_close(async);
    close(fd);
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
}

/* --- A program that always has something to send. --- */

static size_t largest; /* The largest buffer that libvifplug has asked for. */

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names. */
void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size)
{
    largest = size > largest ? size : largest;
    return __real_realloc(old, size);
}
/* NOLINTEND(bugprone-reserved-identifier) */

enum { LINES_AHEAD = 64, LINES = 4000, LINE_SIZE = 1000 };

/* Checks the number and the length of each request: that is how much of it there is. */
struct reader {
    int fd;
    char line[2 * LINE_SIZE];
    size_t length;
    int n_lines;
};

/* Reads what one request has, and replies to those that are complete. */
static void read_some(struct reader *reader)
{
    char bytes[LINE_SIZE];
    ssize_t n = recv(reader->fd, bytes, sizeof bytes, MSG_DONTWAIT);

    for (ssize_t i = 0; i < n; i++) {
        char begin[64];
        char reply[96];

        assert_true(reader->length < sizeof reader->line - 1);
        reader->line[reader->length++] = bytes[i];
        if (bytes[i] != '\n') {
            continue;
        }
        reader->line[reader->length] = '\0';
        reader->length = 0;
        reader->n_lines++;
        snprintf(begin, sizeof begin, "{\"jsonrpc\":\"2.0\",\"id\":%d,", reader->n_lines);
        CHECK_HAS("in order", reader->line, begin);
        CHECK_HAS("whole", reader->line, "xxx\"}}\n");
        snprintf(reply, sizeof reply, "%s\"result\":{}}\n", begin);
        assert_int_equal(send(reader->fd, reply, strlen(reply), 0), strlen(reply));
    }
}

static void count_reply(void *n_replies, int result, struct vifplug_reply *reply)
{
    (void)reply;
    assert_int_equal(result, 0);
    ++*(int *)n_replies;
}

/* The buffer is as large as what waits in it, however long it is never empty. */
static void test_steady_requests(void **state)
{
    struct vifplug_async *async;
    struct reader reader = {.length = 0};
    char params[LINE_SIZE] = "{\"p\":\"";
    int n_replies = 0;
    char path[64];
    int size = 4096;
    int fd = listen_at(path, sizeof path);

    (void)state;
    memset(params + strlen(params), 'x', LINE_SIZE - 100);
    strcat(params, "\"}");
    assert_int_equal(vifplug_async_open_within(path, 1000, &async), 0);
    reader.fd = accept(fd, NULL, NULL);
    assert_true(reader.fd >= 0);
    assert_int_equal(setsockopt(vifplug_async_fd(async), SOL_SOCKET, SO_SNDBUF, &size, sizeof size),
                     0);
    largest = 0;
    for (int i = 0; i < LINES; i++) {
        assert_int_equal(vifplug_async_call(async, "m", params, count_reply, &n_replies), 0);
        assert_int_equal(vifplug_async_process(async), 0);
        while (i - reader.n_lines > LINES_AHEAD) {
            read_some(&reader);
            assert_int_equal(vifplug_async_process(async), 0);
            assert_true(vifplug_async_events(async) & POLLOUT);
        }
    }
    while (n_replies < LINES) {
        read_some(&reader);
        assert_int_equal(vifplug_async_process(async), 0);
    }
    CHECK("a few times what waits", largest < (size_t)8 * LINES_AHEAD * LINE_SIZE);
    vifplug_async_close(async);
    close(reader.fd);
    close(fd);
    assert_int_equal(unlink(path), 0);
    *strrchr(path, '/') = '\0';
    assert_int_equal(rmdir(path), 0);
}

/* --- Replies. --- */

static struct vifplug_reply *make_reply(const char *text)
{
    struct vifplug_reply *reply = NULL;

    assert_int_equal(reply_create(json_tokener_parse(text), &reply), 0);
    return reply;
}

static void test_members_of_replies(void **state)
{
    struct vifplug_reply *reply = make_reply("{\"result\":{\"verdict\":\"ok\",\"none\":null,"
                                             "\"checks\":[{\"check\":\"a\",\"n\":[1,-2]},7],"
                                             "\"yes\":true,\"pi\":3.5,\"0\":\"zero\"}}");
    static const struct {
        const char *member;
        const char *text;
        int64_t number;
        size_t length;
    } rows[] = {
        {"verdict", "ok", -9, 0},
        {"checks.0.check", "a", -9, 0},
        {"checks.0.n.1", "-2", -2, 0},
        {"checks.0.n", "[ 1, -2 ]", -9, 2},
        {"checks.1", "7", 7, 0},
        {"checks.2", NULL, -9, 0},
        {"checks.-1", NULL, -9, 0},
        {"checks.+1", NULL, -9, 0},
        {"checks.", NULL, -9, 0},
        {"checks.1x", NULL, -9, 0},
        {"checks.99999999999999999999", NULL, -9, 0},
        {"checks.1.x", NULL, -9, 0},
        {"yes", "true", 1, 0},
        {"pi", "3.5", -9, 0},
        {"0", "zero", -9, 0},
        {"none", NULL, -9, 0},
        {"verdict.x", NULL, -9, 0},
        {"", NULL, -9, 0},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NULL, -9, 0},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const char *text = vifplug_reply_string(reply, rows[i].member);

        CHECK_STR(rows[i].member, text ? text : "(none)", rows[i].text ? rows[i].text : "(none)");
        CHECK_INT(rows[i].member, vifplug_reply_int(reply, rows[i].member, -9), rows[i].number);
        CHECK(rows[i].member, vifplug_reply_length(reply, rows[i].member) == rows[i].length);
    }
    CHECK_INT("checks", (int)vifplug_reply_length(reply, "checks"), 2);
    assert_null(vifplug_reply_event(reply));
    vifplug_reply_free(reply);

    reply = make_reply("{\"error\":{\"code\":-1,\"message\":\"m\"}}");
    assert_null(vifplug_reply_string(reply, "message"));
    CHECK_INT("error", (int)vifplug_reply_length(reply, "vifs"), 0);
    vifplug_reply_free(reply);

    reply = make_reply("{\"method\":\"vif.plugged\",\"params\":{\"vif_id\":\"x\",\"event\":5}}");
    CHECK_STR("event", vifplug_reply_event(reply), "vif.plugged");
    CHECK_INT("event", vifplug_reply_int(reply, "event", 0), 5);
    vifplug_reply_free(reply);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_older_struct),
        cmocka_unit_test(test_a_newer_struct),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_options_that_a_call_takes),
        cmocka_unit_test(test_native),
        cmocka_unit_test(test_native_errors),
        cmocka_unit_test(test_json_that_is_not_utf8),
        cmocka_unit_test(test_arguments_of_connections),
        cmocka_unit_test(test_steady_requests),
        cmocka_unit_test(test_members_of_replies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
