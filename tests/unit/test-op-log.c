/* SPDX-License-Identifier: Apache-2.0 */
/* The line of an operation: in the log, and in a journal field by field. */

#include "daemon/op-log.h"

#include <fcntl.h>

#include "log-server.h"
#include "openvswitch/vlog.h"
#include "util.h"

static char log_path[64];
static char console_path[64];
static int terminal;

static int setup_group(void **state)
{
    if (make_dir(state) != 0) {
        return -1;
    }
    ovs_set_program_name("vifplugd", "1");
    snprintf(log_path, sizeof log_path, "%s/log", dir);
    snprintf(console_path, sizeof console_path, "%s/console", dir);
    vlog_set_levels(NULL, VLF_SYSLOG, VLL_OFF);
    vlog_set_levels(NULL, VLF_CONSOLE, VLL_INFO);
    vlog_set_levels(NULL, VLF_FILE, VLL_INFO);
    return vlog_set_log_file(log_path);
}

static int teardown_group(void **state)
{
    (void)unlink(log_path);
    (void)unlink(console_path);
    return remove_dir(state);
}

/* Standard error goes to a file, until console_text() has read it. */
static void catch_console(void)
{
    int fd = open(console_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    terminal = dup(STDERR_FILENO);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    close(fd);
}

static const char *text_of(const char *name)
{
    static char text[8192];
    FILE *file = fopen(name, "re");
    size_t n = file ? fread(text, 1, sizeof text - 1, file) : 0;

    text[n] = '\0';
    if (file) {
        fclose(file);
    }
    return text;
}

static const char *console_text(void)
{
    assert_true(dup2(terminal, STDERR_FILENO) >= 0);
    close(terminal);
    return text_of(console_path);
}

/* The last line of the log from the level on, "INFO|..."; the log is emptied. */
static const char *last_line(void)
{
    char *text = (char *)text_of(log_path);
    char *bar = strstr(text, "|op|");

    assert_int_equal(truncate(log_path, 0), 0);
    text[strcspn(text, "\n")] = '\0';
    return bar ? bar + 4 : "";
}

/* The next entry of the journal; "" if there is none. */
static const char *entry_of(int server)
{
    static char text[20000];
    ssize_t n = recv(server, text, sizeof text - 1, MSG_DONTWAIT);

    text[n > 0 ? n : 0] = '\0';
    return text;
}

static const struct error error = {
    .reason = REASON_NOT_REALIZED, .message = "Port p failed.", .detail = "no\nmemory"};
static const struct error short_error = {
    .reason = REASON_BUSY, .message = "Too many wait; try later.", .detail = "wait"};

#define A_PLUG                                                                                     \
    .id = 7, .type = "plug", .vif_id = "a", .client = {0, 12, "vif\nctl"}, .duration_us = 2500

static const struct {
    struct op_summary summary;
    const char *line;
    const char *entry;
} rows[] = {
    {{A_PLUG, .end = OP_END_DONE, .instance = "vm-1", .port = "vfra", .bridge = "br-int",
      .vf = "0000:65:01.2", .address = "fa:16:3e:00:00:01"},
     "INFO|7: plug a: done after 2.5 ms (uid 0, pid 12 (vif\\nctl), instance vm-1, port vfra, "
     "bridge "
     "br-int, VF 0000:65:01.2, MAC fa:16:3e:00:00:01)",
     "PRIORITY=6\nSYSLOG_IDENTIFIER=vifplugd\nVIFPLUG_OPERATION_ID=7\nVIFPLUG_OPERATION=plug\n"
     "VIFPLUG_RESULT=done\nVIFPLUG_VIF_ID=a\nVIFPLUG_INSTANCE=vm-1\nVIFPLUG_PORT=vfra\n"
     "VIFPLUG_BRIDGE=br-int\nVIFPLUG_VF=0000:65:01.2\nVIFPLUG_MAC=fa:16:3e:00:00:01\n"
     "VIFPLUG_DURATION_US=2500\nVIFPLUG_UID=0\nVIFPLUG_PID=12\nVIFPLUG_CLIENT=vif\\nctl\n"},
    {{A_PLUG, .end = OP_END_FAILED, .error = &error},
     "WARN|7: plug a: not_realized after 2.5 ms (uid 0, pid 12 (vif\\nctl)): Port p failed. "
     "no\\nmemory",
     "PRIORITY=4\nSYSLOG_IDENTIFIER=vifplugd\nVIFPLUG_OPERATION_ID=7\nVIFPLUG_OPERATION=plug\n"
     "VIFPLUG_RESULT=failed\nVIFPLUG_VIF_ID=a\nVIFPLUG_DURATION_US=2500\nVIFPLUG_UID=0\n"
     "VIFPLUG_PID=12\nVIFPLUG_CLIENT=vif\\nctl\nVIFPLUG_REASON=not_realized\n"
     "VIFPLUG_DETAIL=no\\nmemory\n"},
    {{A_PLUG, .end = OP_END_FAILED, .error = &short_error},
     "WARN|7: plug a: busy after 2.5 ms (uid 0, pid 12 (vif\\nctl)): Too many wait; try later.",
     "VIFPLUG_REASON=busy\n"},
    {{A_PLUG, .end = OP_END_FAILED, .dry_run = true, .error = &short_error},
     "INFO|7: dry run of plug a: busy after 2.5 ms",
     "VIFPLUG_DRY_RUN=true\n"},
    {{A_PLUG, .end = OP_END_DRY_RUN, .dry_run = true},
     "INFO|7: dry run of plug a: shown after 2.5 ms",
     "VIFPLUG_RESULT=dry_run\n"},
    {{A_PLUG, .end = OP_END_UNCHANGED},
     "INFO|7: plug a: nothing to do after 2.5 ms",
     "VIFPLUG_RESULT=unchanged\n"},
    {{A_PLUG, .end = OP_END_SUPERSEDED},
     "INFO|7: plug a: committed; not followed up, because another",
     "VIFPLUG_RESULT=superseded\n"},
    {{A_PLUG, .end = OP_END_UNFINISHED},
     "INFO|7: plug a: committed; not followed up, because vifplugd",
     "VIFPLUG_RESULT=unfinished\n"},
    {{A_PLUG, .end = OP_END_UNFINISHED, .error = &short_error},
     "WARN|7: plug a: not ended, because vifplugd is stopping after 2.5 ms (uid 0",
     "PRIORITY=4\n"},
    {{A_PLUG, .end = OP_END_DONE, .internal = true},
     "INFO|7: plug a: done after 2.5 ms (by vifplugd)",
     "VIFPLUG_DURATION_US=2500\n"},
};

static void test_without_a_journal(void **state)
{
    struct op_log *log = op_log_create(NULL);

    (void)state;
    catch_console();
    for (size_t i = 0; i < N(rows); i++) {
        op_log_end(log, &rows[i].summary);
        CHECK("its line", !strncmp(last_line(), rows[i].line, strlen(rows[i].line)));
    }
    CHECK_HAS("and the console's", console_text(), "|op|INFO|7: plug a: done");
    op_log_destroy(log);
}

static void test_with_a_journal(void **state)
{
    struct op_log *log = op_log_create(path);
    int server = listen_at();

    (void)state;
    catch_console();
    for (size_t i = 0; i < N(rows); i++) {
        const char *entry;

        op_log_end(log, &rows[i].summary);
        entry = entry_of(server);
        CHECK("begins with the line", !strncmp(entry, "MESSAGE=7: ", 11));
        CHECK_HAS("the line", entry, strchr(rows[i].line, '|') + 1);
        CHECK_HAS("its fields", entry, rows[i].entry);
        CHECK_STR("one entry", entry_of(server), "");
        CHECK("in a log file too", !strncmp(last_line(), rows[i].line, strlen(rows[i].line)));
    }
    CHECK_STR("the console's is the journal's", console_text(), "");
    close(server);
    op_log_destroy(log);
}

/* What the journal does not take goes where other lines go, and it is found again. */
static void test_journal_goes_and_comes(void **state)
{
    struct op_log *log = op_log_create(path);
    int server = listen_at();

    (void)state;
    catch_console();
    op_log_end(log, &rows[0].summary);
    CHECK_HAS("there", entry_of(server), "MESSAGE=");
    close(server);
    op_log_end(log, &rows[0].summary);
    CHECK_HAS("gone", console_text(), "7: plug a: done");
    server = listen_at();
    op_log_end(log, &rows[0].summary);
    CHECK_HAS("back", entry_of(server), "MESSAGE=");
    close(server);
    op_log_destroy(log);
    last_line();
}

/* The line does not go to standard error and syslog, which are the same journal's. */
static void test_full_journal(void **state)
{
    struct op_log *log = op_log_create(path);
    int server = listen_at();
    int n = 0;

    (void)state;
    catch_console();
    for (; op_log_n_dropped(log) < 2 && n < 1000000; n++) {
        op_log_end(log, &rows[0].summary);
        CHECK("in a log file", !strncmp(last_line(), rows[0].line, strlen(rows[0].line)));
    }
    CHECK("takes some", n > 2 && n < 1000000);
    CHECK_STR("not on the console", console_text(), "");
    for (int i = 0; i < n - 2; i++) {
        CHECK_HAS("taken", entry_of(server), "MESSAGE=");
    }
    CHECK_STR("no more", entry_of(server), "");
    op_log_end(log, &rows[0].summary);
    CHECK_HAS("room again", entry_of(server), "MESSAGE=");
    CHECK_INT("dropped", (int64_t)op_log_n_dropped(log), 2);
    close(server);
    op_log_destroy(log);
    last_line();
}

static void test_refusal(void **state)
{
    static const struct client client = {1000, 77, "evil"};
    static const struct client hidden = {1000, 0, ""}; /* In another PID namespace. */
    struct op_log *log = op_log_create(path);
    int server = listen_at();
    int n = 0;

    (void)state;
    op_log_refusal(log, "plug", "a", &client, &short_error);
    CHECK_STR("the line", last_line(),
              "INFO|request refused: plug a: busy (uid 1000, pid 77 (evil)): Too many wait; try "
              "later.");
    CHECK_STR("the entry", entry_of(server),
              "MESSAGE=request refused: plug a: busy (uid 1000, pid 77 (evil)): Too many wait; try "
              "later.\nPRIORITY=6\nSYSLOG_IDENTIFIER=vifplugd\nVIFPLUG_METHOD=plug\n"
              "VIFPLUG_RESULT=refused\nVIFPLUG_VIF_ID=a\nVIFPLUG_UID=1000\nVIFPLUG_PID=77\n"
              "VIFPLUG_CLIENT=evil\nVIFPLUG_REASON=busy\nVIFPLUG_DETAIL=wait\n");
    op_log_refusal(log, "plug", "a", &hidden, &short_error);
    CHECK_HAS("no pid", last_line(), "request refused: plug a: busy (uid 1000): Too many");
    assert_null(strstr(entry_of(server), "PID"));
    op_log_refusal(log, NULL, "", &client, &short_error);
    CHECK_HAS("no method", last_line(), "request refused: (no method): busy");
    for (int i = 0; i < 1000; i++) {
        op_log_refusal(log, "plug", "a", &client, &short_error);
        n += *last_line() != '\0';
        entry_of(server);
    }
    CHECK("not without a limit", n < 100);
    close(server);
    op_log_destroy(log);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_without_a_journal),
    cmocka_unit_test(test_with_a_journal),
    cmocka_unit_test(test_journal_goes_and_comes),
    cmocka_unit_test(test_full_journal),
    cmocka_unit_test(test_refusal),
};

int main(void)
{
    return cmocka_run_group_tests(tests, setup_group, teardown_group);
}
