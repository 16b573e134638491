/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of systemd's journal, as its socket gets them. */

#include "daemon/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log-server.h"

static struct journal_entry entry;

static void test_sent(void **state)
{
    char text[1024];
    int server = listen_at();
    int fd = journal_open(path);
    ssize_t n;

    (void)state;
    assert_true(fd >= 0);
    journal_begin(&entry, "vifplugd", 6, "one\ntwo");
    journal_add(&entry, "VIFPLUG_PORT", "vfra");
    journal_add(&entry, "VIFPLUG_MAC", "");
    journal_add_int(&entry, "VIFPLUG_UID", -1);
    CHECK("sent", journal_send(fd, &entry));
    n = recv(server, text, sizeof text - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    CHECK_STR("fields", text,
              "MESSAGE=one\\ntwo\nPRIORITY=6\nSYSLOG_IDENTIFIER=vifplugd\nVIFPLUG_PORT=vfra\n"
              "VIFPLUG_UID=-1\n");
    close(server);
    CHECK("the journal has gone", !journal_send(fd, &entry));
    close(fd);
    assert_int_equal(unlink(path), 0);
    CHECK_INT("no socket", journal_open(path), -1);
    CHECK_INT("no socket", errno, ENOENT);
}

/* A journal that reads nothing blocks nobody. */
static void test_full(void **state)
{
    int server = listen_at();
    int fd = journal_open(path);
    int n = 0;

    (void)state;
    journal_begin(&entry, "vifplugd", 6, "x");
    while (journal_send(fd, &entry) && n < 1000000) {
        n++;
    }
    CHECK("takes some", n > 0);
    CHECK_INT("then none", errno, EAGAIN);
    close(fd);
    close(server);
}

static void test_too_long(void **state)
{
    static char value[JOURNAL_ENTRY_MAX];

    (void)state;
    memset(value, 'x', sizeof value - 1);
    journal_begin(&entry, "vifplugd", 6, value);
    CHECK("a value is cut", !entry.overflow && entry.length < 4200);
    for (int i = 0; i < 4; i++) {
        journal_add(&entry, "FIELD", value);
    }
    CHECK("an entry is refused", entry.overflow && !journal_send(-1, &entry));
    CHECK("no part of a field", entry.text[entry.length - 1] == '\n');
}

static void test_stream(void **state)
{
    struct stat st;
    char text[64];
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(fstat(fd, &st), 0);
    snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino);
    CHECK("its own", journal_is_stream(text, fd));
    CHECK("of another", !journal_is_stream("1:2", fd));
    CHECK("none", !journal_is_stream(NULL, fd));
    strcat(text, "x");
    CHECK("more", !journal_is_stream(text, fd));
    CHECK("no numbers", !journal_is_stream(":", fd));
    close(fd);
    CHECK("closed", !journal_is_stream("1:2", fd));
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sent),
    cmocka_unit_test(test_full),
    cmocka_unit_test(test_too_long),
    cmocka_unit_test(test_stream),
};

int main(void)
{
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
