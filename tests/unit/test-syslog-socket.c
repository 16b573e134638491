/* SPDX-License-Identifier: Apache-2.0 */
/* Lines for syslog, to servers that read, hang, go and come. */

#include "daemon/syslog-socket.h"

#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "log-server.h"

static void send_text(struct syslog_socket *syslog, const char *text)
{
    syslog_socket_send(syslog, LOG_DAEMON | LOG_INFO, "vifplugd", text);
}

/* The next line that the server has got, or "". */
static const char *line_of(int server)
{
    static char text[256];
    ssize_t n = recv(server, text, sizeof text - 1, 0);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static void test_format(void **state)
{
    int server = listen_at();
    struct syslog_socket *syslog = syslog_socket_create(path);
    const char *line;

    (void)state;
    send_text(syslog, "a % line");
    line = line_of(server);
    CHECK("priority", !strncmp(line, "<30>", 4));
    /* "Mmm dd hh:mm:ss ". */
    CHECK_STR("after the date", line + 4 + 16, "vifplugd: a % line");
    CHECK("month and day", line[7] == ' ' && line[10] == ' ');
    CHECK("time", line[13] == ':' && line[16] == ':' && line[19] == ' ');
    syslog_socket_destroy(syslog);
    close(server);
}

/* A server that does not read keeps nobody waiting. */
static void test_full(void **state)
{
    int server = listen_at();
    struct syslog_socket *syslog = syslog_socket_create(path);
    int n = 0;

    (void)state;
    for (; syslog_socket_n_dropped(syslog) < 2 && n < 1000000; n++) {
        send_text(syslog, "x");
    }
    CHECK("takes some", n > 2 && n < 1000000);
    for (int i = 0; i < n - 2; i++) {
        CHECK_HAS("taken", line_of(server), "vifplugd: x");
    }
    CHECK_STR("no more", line_of(server), "");
    send_text(syslog, "y");
    CHECK_HAS("room again", line_of(server), "vifplugd: y");
    CHECK_INT("dropped", (int64_t)syslog_socket_n_dropped(syslog), 2);
    syslog_socket_destroy(syslog);
    close(server);
}

static void test_goes_and_comes(void **state)
{
    struct syslog_socket *syslog;
    int server;

    (void)state;
    (void)unlink(path);
    syslog = syslog_socket_create(path);
    send_text(syslog, "before");
    server = listen_at();
    send_text(syslog, "first");
    CHECK_HAS("found", line_of(server), "vifplugd: first");
    close(server);
    send_text(syslog, "nobody listens");
    server = listen_at();
    send_text(syslog, "second");
    CHECK_HAS("found again", line_of(server), "vifplugd: second");
    close(server);
    server = listen_at();
    send_text(syslog, "third");
    CHECK_HAS("without a line in between", line_of(server), "vifplugd: third");
    CHECK_STR("once", line_of(server), "");
    CHECK_INT("no server is not a full one", (int64_t)syslog_socket_n_dropped(syslog), 0);
    syslog_socket_destroy(syslog);
    close(server);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_format),
    cmocka_unit_test(test_full),
    cmocka_unit_test(test_goes_and_comes),
};

int main(void)
{
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
