/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "daemon/config.h"
#include "daemon/config-private.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define X40 "0123456789012345678901234567890123456789"
#define X160 X40 X40 X40 X40

/* A value is the same wherever it comes from. */
static void forget_sources(struct config *config)
{
    memset(config->sources, 0, sizeof config->sources);
    memset(config->profile_sources, 0, sizeof config->profile_sources);
}

static struct config_errors errors; /* Of the last reading. */

/* Reads a file; *error is the first of `errors`. */
static bool read_path(struct config *config, const char *path, bool required, struct error *error)
{
    bool ok;

    memset(&errors, 0, sizeof errors);
    memset(error, 0, sizeof *error);
    ok = config_read(config, path, required, &errors);
    ok = config_check(config, path, &errors) && ok;
    assert_int_equal(ok, errors.n == 0);
    strcpy(error->message, errors.first[0].text);
    return ok;
}

/* Writes `text` to a file of its own and reads it. `path` gets the file's name. */
static bool read_text(const char *text, struct config *config, char path[64], struct error *error)
{
    int fd;
    bool ok;

    strcpy(path, "/tmp/test-config-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    config_init(config);
    ok = read_path(config, path, true, error);
    forget_sources(config);
    unlink(path);
    return ok;
}

static struct config config; /* Too large for the stack of a test. */
static struct config expected;

static void test_defaults(void **state)
{
    (void)state;
    config_init(&config);
    assert_string_equal(config.socket, "/run/vifplugd/vifplugd.sock");
    assert_string_equal(config.socket_group, "nova");
    assert_string_equal(config.allow, "");
    assert_string_equal(config.allow_read, "");
    assert_int_equal(config.max_connections, 64);
    assert_int_equal(config.client_memory, 32);
    assert_int_equal(config.engine.max_queued, 4096);
    assert_int_equal(config.engine.queue_timeout_ms, 30000);
    assert_string_equal(config.db, "");
    assert_string_equal(config.run_dir, "");
    assert_int_equal(config.engine.timeout_ms, 10000);
    assert_int_equal(config.engine.vswitchd_grace_ms, 60000);
    assert_int_equal(config.engine.max_batch, 64);
    assert_true(config.engine.create_bridges);
    assert_int_equal(config.engine.fail_mode, FAIL_MODE_AUTO);
    assert_false(config.engine.repair);
    assert_false(config.engine.isolate_vif);
    assert_false(config.engine.per_port_bridge);
    assert_string_equal(config.engine.default_qos_type, "linux-noop");
    assert_int_equal(config.engine.on_vf_conflict, EVICT_NEVER);
    assert_int_equal(config.engine.evict_unused_after_ms, 600000);
    assert_int_equal(config.engine.ensure_hw_offload, OFFLOAD_REPORT);
    assert_int_equal(config.engine.network_device_mtu, 1500);
    assert_int_equal(config.engine.n_socket_dirs, 4);
    assert_true(config.engine.check_paths);
    assert_int_equal(config.n_profiles, 5);
    assert_string_equal(config.profiles[0].name, "napatech");
    assert_string_equal(config.profiles[4].name, "generic");
}

static void test_shipped(void **state)
{
    struct error error = {0};

    (void)state;
    config_init(&config);
    config_init(&expected);
    (void)read_path(&config, TEST_CONFIG, true, &error);
    assert_string_equal(error.message, "");
    forget_sources(&config);
    assert_memory_equal(&config, &expected, sizeof config);
}

/* Every setting of the shipped file, also those that are commented out, is known and has the
 * default that the file tells. */
static void test_shipped_comments(void **state)
{
    char text[32768] = "";
    char path[64];
    char line[512];
    FILE *file = fopen(TEST_CONFIG, "re");
    struct error error;
    int n = 0;

    (void)state;
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        size_t key = line[0] == ';' ? strspn(line + 1, "abcdefghijklmnopqrstuvwxyz_") : 0;

        if (key > 0 && !strncmp(line + 1 + key, " =", 2)) {
            n++;
            strcat(text, line + 1);
        } else if (line[0] == '[') {
            strcat(text, line);
        }
    }
    fclose(file);
    assert_int_equal(n, config_n_settings);
    config_init(&expected);
    strcpy(expected.run_dir, "/var/run/openvswitch"); /* As Debian's Open vSwitch has it. */
    (void)read_text(text, &config, path, &error);
    assert_string_equal(error.message, "");
    assert_memory_equal(&config, &expected, sizeof config);
}

/* What the daemon finds itself can be left empty, for the default. */
static void test_empty_values(void **state)
{
    char path[64];
    struct error error;

    (void)state;
    (void)read_text("[ovs]\ndb =\nrun_dir =\nvswitchd_log =\n", &config, path, &error);
    assert_string_equal(error.message, "");
    config_init(&expected);
    assert_memory_equal(&config, &expected, sizeof config);
}

/* Which profile applies to a PF. */
static void test_precedence(void **state)
{
    static const struct {
        const char *text;
        uint16_t vendor;
        const char *found;
    } rows[] = {
        {"", 0x18f4, "napatech"},
        {"[nic mine]\nmatch = 18f4:*\n", 0x18f4, "mine"},
        {"[nic mine]\nmatch = 18f4:*\n", 0x15b3, "mlx5"},
        {"[nic mine]\nmatch = 8086:*, 15b3:*\n", 0x15b3, "mine"},
        {"[nic mine]\nmatch = *\n", 0x8086, "mine"},
        {"[nic mine]\nmatch = *\n", 0x18f4, "napatech"},
        /* As the shipped file has it. */
        {"[nic napatech]\nmatch = 18f4:*\n[nic mine]\nmatch = 18f4:*\n", 0x18f4, "mine"},
        {"[nic mine]\nmatch = 18f4:*\n[nic napatech]\nmatch = 18f4:*\n", 0x18f4, "mine"},
        {"[nic napatech]\nset-vf-mac = yes\n[nic mine]\nmatch = 18f4:*\n", 0x18f4, "mine"},
        {"[nic nfp]\nmatch = 19ee:*, 1da8:*\n[nic mine]\nmatch = 1da8:*\n", 0x1da8, "mine"},
        /* Both are of the file. */
        {"[nic y]\nmatch = 18f4:*\n[nic x]\nmatch = 18f4:*\n", 0x18f4, "y"},
        {"[nic x]\nmatch = 15b3:*\n[nic bnxt]\nmatch = 15b3:*\n", 0x15b3, "x"},
        {"[nic bnxt]\nmatch = 15b3:*\n[nic x]\nmatch = 15b3:*\n", 0x15b3, "bnxt"},
        {"[nic bnxt]\nmatch = 15b3:*\n", 0x15b3, "bnxt"},
        /* The best pattern comes before all that. */
        {"[nic mine]\nmatch = 18f4:*\n[nic napatech]\nmatch = 18f4:01c5\n", 0x18f4, "napatech"},
        {"[nic mine]\nmatch = *\n[nic generic]\nmatch = 18f4:*\n", 0x18f4, "generic"},
    };
    static const struct pci_addr pf = {0, 0x65, 0, 0};

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        const struct nic_profile *found;
        struct error error;
        char path[64];

        (void)read_text(rows[i].text, &config, path, &error);
        CHECK_STR(rows[i].text, error.message, "");
        found = nic_profile_find(config.profiles, config.n_profiles, &pf, rows[i].vendor, 0x01c5);
        CHECK_STR(rows[i].text, found->name, rows[i].found);
    }
}

/* Each profile keeps the line that it comes from. */
static void test_profile_lines(void **state)
{
    static const char text[] = "[nic y]\nmatch = 18f4:*\n[nic mlx5]\n[nic x]\nmatch = 18f4:*\n";
    struct error error;
    char path[64];
    int fd;

    (void)state;
    strcpy(path, "/tmp/test-config-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    config_init(&config);
    assert_true(read_path(&config, path, true, &error));
    unlink(path);
    for (size_t i = 0; i < config.n_profiles; i++) {
        const char *name = config.profiles[i].name;

        CHECK_INT(name, config.profile_sources[i],
                  !strcmp(name, "y")      ? 1
                  : !strcmp(name, "mlx5") ? 3
                  : !strcmp(name, "x")    ? 4
                                          : CONFIG_BUILT_IN);
    }
}

static void test_all_settings(void **state)
{
    static const char text[] =
        "; a comment\n# another\n\n"
        "[daemon]\nsocket = /tmp/s.sock\nsocket_group=kvm\nallow = daemon, @adm ; inline\n"
        "allow_read: @adm\nmax_connections = 4096\nclient_memory = 4\nmax_queued = "
        "1\nqueue_timeout = 1 ms\n"
        "[ovs]\ndb = unix:/tmp/db.sock\nrun_dir = /tmp/ovs\ntimeout = 600\nvswitchd_grace = 0 s\n"
        "max_batch = 1024\ncreate_bridges = no\nfail_mode = secure\nrepair = yes\n"
        "[vif]\nnetwork_device_mtu = 0\nsocket_dirs = /tmp/a,/tmp/b\ncheck_paths = no\n"
        "isolate_vif = yes\nper_port_bridge = yes\ndefault_qos_type = linux-fq_codel\n"
        "on_vf_conflict = evict\n"
        "[offload]\nensure_hw_offload = require\n"
        "[metrics]\nlisten = 127.0.0.1:9477\n"
        "[nic generic]\nslow-probe = yes\n"
        "[nic my card]\nmatch = 15b3:*\noptions.n_rxq = 4\n"
        "devargs = {pf_primary},representor=pf{pf_index}vf{vf}\n";
    char path[64];
    struct error error;

    (void)state;
    (void)read_text(text, &config, path, &error);
    assert_string_equal(error.message, "");
    assert_string_equal(config.socket, "/tmp/s.sock");
    assert_string_equal(config.socket_group, "kvm");
    assert_string_equal(config.allow, "daemon, @adm");
    assert_string_equal(config.allow_read, "@adm");
    assert_int_equal(config.max_connections, 4096);
    assert_int_equal(config.client_memory, 4);
    assert_int_equal(config.engine.max_queued, 1);
    assert_int_equal(config.engine.queue_timeout_ms, 1);
    assert_string_equal(config.db, "unix:/tmp/db.sock");
    assert_string_equal(config.run_dir, "/tmp/ovs");
    assert_int_equal(config.engine.timeout_ms, 600000);
    assert_int_equal(config.engine.vswitchd_grace_ms, 0);
    assert_int_equal(config.engine.max_batch, 1024);
    assert_false(config.engine.create_bridges);
    assert_int_equal(config.engine.fail_mode, FAIL_MODE_SECURE);
    assert_true(config.engine.repair);
    assert_true(config.engine.isolate_vif);
    assert_true(config.engine.per_port_bridge);
    assert_string_equal(config.engine.default_qos_type, "linux-fq_codel");
    assert_int_equal(config.engine.on_vf_conflict, EVICT_ALWAYS);
    assert_int_equal(config.engine.ensure_hw_offload, OFFLOAD_REQUIRE);
    assert_string_equal(config.metrics_listen, "127.0.0.1:9477");
    assert_int_equal(config.engine.network_device_mtu, 0);
    assert_int_equal(config.engine.n_socket_dirs, 2);
    assert_string_equal(config.engine.socket_dirs[0], "/tmp/a");
    assert_string_equal(config.engine.socket_dirs[1], "/tmp/b");
    assert_false(config.engine.check_paths);
    assert_int_equal(config.n_profiles, 6);
    assert_string_equal(config.profiles[5].name, "generic");
    assert_true(config.profiles[5].slow_probe);
    assert_int_equal(config.profiles[5].n_matches, 1);
    assert_string_equal(config.profiles[0].name, "my card");
    assert_int_equal(config.profiles[0].n_options, 1);
    assert_string_equal(config.profiles[0].options[0].key, "n_rxq");
    assert_string_equal(config.profiles[0].devargs, "{pf_primary},representor=pf{pf_index}vf{vf}");
}

/* Each of the words that a setting may have; the rest of the configuration stays as it is. */
static void test_words(void **state)
{
    static const char *const qos_types[] = {"linux-htb",   "linux-hfsc",     "linux-sfq",
                                            "linux-codel", "linux-fq_codel", "linux-noop"};
    static const char *const policies[] = {"report", "set", "require"};
    static const char *const conflicts[] = {"refuse", "evict", "evict-unused"};
    struct error error;
    char path[64];
    char text[128];

    (void)state;
    config_init(&expected);
    for (size_t i = 0; i < N(qos_types); i++) {
        snprintf(text, sizeof text, "[vif]\ndefault_qos_type = %s\n", qos_types[i]);
        CHECK(text, read_text(text, &config, path, &error));
        CHECK_STR(text, config.engine.default_qos_type, qos_types[i]);
        memcpy(config.engine.default_qos_type, expected.engine.default_qos_type,
               sizeof config.engine.default_qos_type);
        CHECK(text, !memcmp(&config, &expected, sizeof config));
    }
    for (size_t i = 0; i < N(policies); i++) {
        snprintf(text, sizeof text, "[offload]\nensure_hw_offload = %s\n", policies[i]);
        CHECK(text, read_text(text, &config, path, &error));
        CHECK_INT(text, config.engine.ensure_hw_offload, i);
        config.engine.ensure_hw_offload = expected.engine.ensure_hw_offload;
        CHECK(text, !memcmp(&config, &expected, sizeof config));
    }
    for (size_t i = 0; i < N(conflicts); i++) {
        snprintf(text, sizeof text, "[vif]\non_vf_conflict = %s\n", conflicts[i]);
        CHECK(text, read_text(text, &config, path, &error));
        CHECK_INT(text, config.engine.on_vf_conflict, i);
        config.engine.on_vf_conflict = expected.engine.on_vf_conflict;
        CHECK(text, !memcmp(&config, &expected, sizeof config));
    }
}

static void test_durations(void **state)
{
    static const struct {
        const char *text;
        int ms; /* -1: refused. */
    } rows[] = {
        {"10", 10000},
        {"10 s", 10000},
        {"10s", 10000},
        {"500 ms", 500},
        {"500ms", 500},
        {"1 ms", 1},
        {"600 s", 600000},
        {"600000 ms", 600000},
        {"601 s", -1},
        {"600001 ms", -1},
        {"0", -1},
        {"0 ms", -1},
        {"-1", -1},
        {"-1 s", -1},
        {"", -1},
        {"s", -1},
        {"10 m", -1},
        {"10 min", -1},
        {"1.5 s", -1},
        {"1,5", -1},
        {"10 s x", -1},
        {"10 S", -1},
        {"10 sec", -1},
        {"ten", -1},
        {"0x10", -1},
        {"2147483647", -1},
        {"2147483648", -1},
        {"99999999999999999999", -1},
        {"-2147483648", -1},
        {"-99999999999999999999", -1},
    };

    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct error error;
        char path[64];
        char text[64];

        snprintf(text, sizeof text, "[ovs]\ntimeout = %s\n", rows[i].text);
        CHECK_INT(rows[i].text, read_text(text, &config, path, &error), rows[i].ms >= 0);
        if (rows[i].ms >= 0) {
            CHECK_INT(rows[i].text, config.engine.timeout_ms, rows[i].ms);
        } else {
            CHECK_HAS(rows[i].text, error.message, ":2: timeout ");
        }
    }
}

/* Seconds so far below zero that, in milliseconds, they would come out above it. */
static void test_duration_overflow(void **state)
{
    struct error error;
    char path[64];

    (void)state;
    assert_false(read_text("[ovs]\ntimeout = -4294967\n", &config, path, &error));
}

static const struct {
    const char *text;
    int line;
    const char *message;
} bad[] = {
    {"[daemon]\ncolour = blue\n", 2,
     "[daemon] has no setting 'colour'; it has socket, socket_group, allow, allow_read, "
     "max_connections, client_memory, max_queued, queue_timeout."},
    {"[daemon]\ntimeout = 5\n", 2, "[daemon] has no setting 'timeout'; move it to [ovs]."},
    {"[bogus]\nx = 1\n", 1, "there is no section [bogus]; use [daemon], [ovs], [vif], [offload]"},
    {"[deamon]\n", 1, "there is no section [deamon]"},
    {"[daemon]\n[]\n", 2, "there is no section []"},
    {"[Daemon]\n", 1, "there is no section [Daemon]"},
    {"[daemon ]\n", 1, "there is no section [daemon ]"},
    {"\xef\xbb\xbf[deamon]\n", 1, "there is no section [deamon]"},
    {"[nic]\nmatch = *\n", 1, "needs a name"},
    {"[nics x]\nmatch = *\n", 1, "there is no section [nics x]"},
    {"[nic mlx6]\n", 1, "NIC profile 'mlx6' has no match"},
    {"[daemon] allow = root\n", 1, "'allow = root' follows the section's name"},
    {"[daemon] # comment\n", 1, "'# comment' follows the section's name"},
    {"socket = /tmp/s\n", 1, "setting 'socket' comes before the first section"},
    {"[daemon]\n[daemon]\n", 2, "section [daemon] begins twice"},
    {"[ovs]\ntimeout = 1\n[vif]\n[ovs]\n", 4, "section [ovs] begins twice"},
    {"[nic x]\nmatch = *\n[nic  x]\nvf-number = slot\n", 3, "section [nic x] begins twice"},
    {"[nic generic]\n[nic generic]\n", 2, "section [nic generic] begins twice"},
    {"[daemon]\nallow = root\rsocket = /s\n", 2, "control character (0x0d)"},
    {"[daemon]\nallow = ro\x1bot\n", 2, "control character (0x1b)"},
    {"[daemon]\nallow = no-such-user\n", 2,
     "allow names the user 'no-such-user', which does not exist here; remove it or create it"},
    {"[daemon]\n\nallow_read = root, @no-such-group\n", 3,
     "allow_read names the group 'no-such-group', which does not exist here"},
    {"[daemon]\nallow = "
     "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,"
     "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1\n",
     2, "allow has more than 64 entries"},
    {"[daemon]\n\n\nmax_queued = 1\nmax_queued = 1\n", 5, "max_queued is set twice"},
    {"[nic generic]\nmatch = *\nmatch = *\n", 3, "match is set twice"},
    {"[daemon]\nallow = " X160 X40 "\n", 2, "longer than 190 bytes"},
    {"[daemon]\n; " X160 X40 "\n", 2, "longer than 190 bytes"},
    {"[daemon]\nallow = " X160 X40 X160 X40 X160 X40 "\n", 2, "longer than 190 bytes"},
    {"[nic " X40 "0123456789]\nmatch = *\n", 1, "section name is longer"},
    {"[daemon]\nsocket = /tmp/s\n  allow = root\n", 3, "begins with a blank"},
    {"[daemon]\n\tsocket = /tmp/s\n", 2, "begins with a blank"},
    {" [daemon]\n", 1, "begins with a blank"},
    {"[daemon]\nnonsense\n", 2, "neither a section nor a setting"},
    {"[daemon]\nsocket = /tmp/s\n[ovs\n", 3, "the section's name has no ] at its end"},
    {"[daemon]\nsocket = run/s\n", 2, "not an absolute path"},
    {"[daemon]\nsocket = /run/../s\n", 2, "not an absolute path"},
    {"[daemon]\nsocket =\n", 2, "not an absolute path"},
    {"[daemon]\nsocket = /" X40 X40 X40 "\n", 2, "not an absolute path"},
    {"[daemon]\nmax_connections = 0\n", 2, "max_connections"},
    {"[daemon]\nclient_memory = 3\n", 2, "client_memory"},
    {"[daemon]\nclient_memory = 4097\n", 2, "client_memory"},
    {"[daemon]\nmax_connections = 4097\n", 2, "max_connections"},
    {"[daemon]\nmax_connections = 5 s\n", 2, "max_connections"},
    {"[daemon]\nmax_connections = many\n", 2,
     "max_connections is 'many', which is not a number; write a number from 1 to 4096."},
    {"[metrics]\n\nlisten = 0.0.0.0:1\n", 3, "listen is '0.0.0.0:1'; it must be unix:PATH or"},
    {"[daemon]\nsocket = /a\n[metrics]\nlisten = unix:/a\n", 4,
     "listen of [metrics] and socket of [daemon] are both /a; write another path for one of them."},
    {"[metrics]\nlisten = unix:/a\n[daemon]\nsocket = /a\n", 4, "listen of [metrics] and socket"},
    {"[metrics]\nlisten = unix:/run/vifplugd/vifplugd.sock\n", 2, "listen of [metrics] and socket"},
    {"[ovs]\ndb = unix:/run/vifplugd/vifplugd.sock\n", 2, "db of [ovs] and socket of [daemon]"},
    {"[ovs]\nmax_batch = 1025\n", 2, "max_batch"},
    {"[ovs]\ncreate_bridges = true\n", 2, "create_bridges must be yes or no"},
    {"[ovs]\nfail_mode = Secure\n", 2,
     "fail_mode is 'Secure'; it must be one of auto, secure, standalone"},
    {"[ovs]\nfail_mode =\n", 2, "fail_mode is ''; it must be one of"},
    {"[ovs]\nfail_mode = auto\nfail_mode = secure\n", 3, "fail_mode is set twice"},
    {"[vif]\nfail_mode = secure\n", 2, "[vif] has no setting 'fail_mode'"},
    {"[ovs]\ncreate_bridges =\n", 2, "create_bridges must be yes or no"},
    {"[ovs]\nrepair = on\n", 2, "repair must be yes or no, not 'on'"},
    {"[vif]\nrepair = yes\n", 2, "[vif] has no setting 'repair'"},
    {"[vif]\nisolate_vif = True\n", 2, "isolate_vif must be yes or no"},
    {"[vif]\nper_port_bridge = 1\n", 2, "per_port_bridge must be yes or no"},
    {"[vif]\ndefault_qos_type = htb\n", 2,
     "default_qos_type is 'htb'; it must be one of linux-htb, linux-hfsc, linux-sfq, linux-codel, "
     "linux-fq_codel, linux-noop."},
    {"[vif]\ndefault_qos_type = linux-htb2\n", 2, "default_qos_type is 'linux-htb2'"},
    {"[vif]\ndefault_qos_type = LINUX-HTB\n", 2, "default_qos_type is 'LINUX-HTB'"},
    {"[vif]\ndefault_qos_type =\n", 2, "default_qos_type is ''"},
    {"[vif]\non_vf_conflict = replace\n", 2,
     "on_vf_conflict is 'replace'; it must be one of refuse, evict, evict-unused."},
    {"[vif]\non_vf_conflict = yes\n", 2, "on_vf_conflict is 'yes'"},
    {"[offload]\nensure_hw_offload = yes\n", 2,
     "ensure_hw_offload is 'yes'; it must be one of report, set, require."},
    {"[ovs]\nensure_hw_offload = set\n", 2, "[ovs] has no setting 'ensure_hw_offload'"},
    {"[offload]\nensure_hw_offload = set\nensure_hw_offload = set\n", 3,
     "ensure_hw_offload is set twice"},
    {"[offload]\nensure_hw_offload = " X160 "\n", 2, "it must be one of report, set, require."},
    {"[ovs]\n\ndb = tcp:localhost:6640\n", 3, "db has 'localhost:6640' instead of an IP address"},
    {"[ovs]\nrun_dir = run\n", 2, "not an absolute path"},
    {"[ovs]\nvswitchd_log = log\n", 2, "not an absolute path"},
    {"[vif]\nnetwork_device_mtu = 65536\n", 2, "network_device_mtu"},
    {"[vif]\nnetwork_device_mtu = 1\n", 2,
     "is out of range; write 0 or a number from 68 to 65535."},
    {"[vif]\nnetwork_device_mtu = 67\n", 2,
     "is out of range; write 0 or a number from 68 to 65535."},
    {"[vif]\nnetwork_device_mtu = -1\n", 2, "network_device_mtu"},
    {"[vif]\nsocket_dirs = /run, tmp\n", 2, "'tmp', which is not an absolute path"},
    {"[vif]\nsocket_dirs = /a,/a,/a,/a,/a,/a,/a,/a,/a,/a,/a,/a,/a,/a,/a,/a,/a\n", 2,
     "more than 16"},
    {"[nic x]\nmatch = *\ndevargs = {pf},{port}\n", 3, "unknown variable {port}"},
    {"[nic x]\nmatch = *\ndevargs = {pf}\n", 3, "devargs gives '0000:65:00.1' for VF number 210"},
    {"[nic x]\nmatch = *\nvhost-socket = /run/{vf\n", 3, "unmatched"},
    {"[nic x]\nmatch = *\nvhost-socket = /run/{pf}\n", 3, "vhost-socket would be the same socket"},
    {"[nic x]\nmatch = *\noptions.n_rxq = many\n", 3, "options.n_rxq must be a number"},
    {"[nic x]\nmatch = 18f4\n", 2, "none of 18f4:01c5"},
    {"[nic x]\nmatch = *\ncolour = blue\n", 3, "colour is not a setting of a NIC profile"},
    {"[nic ]\nmatch = *\n", 1, "needs a name"},
    {"[nic x ]\nmatch = *\n", 1, "ends in a blank; write [nic x]"},
    {"[nic 012345678901234567890123456789012]\nmatch = *\n", 1, "needs a name"},
    {"[nic x]\nslow-probe = yes\n\n", 1, "NIC profile 'x' has no match"},
};

static void test_bad(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(bad); i++) {
        struct error error;
        char place[128];
        char path[64];

        CHECK(bad[i].text, !read_text(bad[i].text, &config, path, &error));
        snprintf(place, sizeof place, "%s:%d: ", path, bad[i].line);
        CHECK_HAS(bad[i].text, error.message, place);
        CHECK_HAS(bad[i].text, error.message, bad[i].message);
        CHECK_INT(bad[i].text, errors.n, 1);
    }
}

static void test_good(void **state)
{
    static const char *const good[] = {
        "",
        "\n\n",
        "; only a comment",
        "[daemon]\n",
        "[daemon]\nsocket = /tmp/s", /* No LF at the end. */
        "[daemon]\r\nsocket = /tmp/s\r\n",
        "[daemon]\nsocket = /tmp/s\n   \n", /* Blanks alone are an empty line. */
        "[daemon] ; comment\n[ovs]\t\n[vif]\n[offload]\n[nic generic]\n",
        "\xef\xbb\xbf[daemon]\nallow = root\n", /* UTF-8's mark. */
        "[vif]\nsocket_dirs =\n",
        "[daemon]\nallow =\nallow_read =\nsocket_group =\n[metrics]\nlisten =\n",
        "[nic x]\nmatch = *\n[nic y]\nmatch = *\n",
    };

    (void)state;
    for (size_t i = 0; i < N(good); i++) {
        struct error error;
        char path[64];

        (void)read_text(good[i], &config, path, &error);
        CHECK_STR(good[i], error.message, "");
    }
}

/* "Lines must not be longer than 190 bytes": one of 190 bytes is not. */
static void test_longest_line(void **state)
{
    struct error error;
    char path[64];
    char text[256];

    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        snprintf(text, sizeof text, "[daemon]\nsocket_group = %s%.*s\n", X160, 15 + extra, X40);
        assert_int_equal(strlen(text), 9 + 190 + extra + 1);
        assert_int_equal(read_text(text, &config, path, &error), extra == 0);
    }
}

static void test_too_many_profiles(void **state)
{
    char text[2048] = "";
    struct error error;
    char path[64];

    (void)state;
    config_init(&expected);
    for (size_t i = 0; i < NIC_PROFILES_MAX - expected.n_profiles; i++) {
        size_t used = strlen(text);

        snprintf(text + used, sizeof text - used, "[nic n%zu]\nmatch = *\n", i);
    }
    assert_true(read_text(text, &config, path, &error));
    assert_int_equal(config.n_profiles, NIC_PROFILES_MAX);
    strcat(text, "[nic more]\nmatch = *\n");
    assert_false(read_text(text, &config, path, &error));
}

static void test_missing_file(void **state)
{
    struct error error = {0};

    (void)state;
    config_init(&config);
    config_init(&expected);
    assert_true(read_path(&config, "/nonexistent/vifplugd.conf", false, &error));
    assert_memory_equal(&config, &expected, sizeof config);
    assert_false(read_path(&config, "/nonexistent/vifplugd.conf", true, &error));
    assert_non_null(strstr(error.message, "/nonexistent/vifplugd.conf"));
}

/* What can be opened but not read, such as a directory, must not pass for an empty file. */
static void test_unreadable_file(void **state)
{
    struct error error = {0};

    (void)state;
    config_init(&config);
    assert_false(read_path(&config, "/", true, &error));
}

static void write_text(const char *path, const void *text, size_t size)
{
    FILE *file = fopen(path, "we");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* What follows a NUL byte does not vanish. */
static void test_nul(void **state)
{
    static const char text[] = "[daemon]\nallow = root\0, @nobody\n";
    char path[] = "/tmp/test-config-XXXXXX";
    int fd = mkstemp(path);
    struct error error;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    write_text(path, text, sizeof text - 1);
    config_init(&config);
    assert_false(read_path(&config, path, true, &error));
    assert_non_null(strstr(error.message, ":2: the line has a control character (0x00)"));
    unlink(path);
}

/* A FIFO has no end, or an empty one. */
static void test_fifo(void **state)
{
    char path[] = "/tmp/test-config-XXXXXX";
    int fd = mkstemp(path);
    struct error error;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    assert_int_equal(mkfifo(path, 0600), 0);
    config_init(&config);
    assert_false(read_path(&config, path, false, &error));
    assert_non_null(strstr(error.message, "(it is not a regular file)"));
    unlink(path);
}

static const struct {
    const char *old;
    const char *new;
    const char *applied;
    const char *restart;
} changes_rows[] = {
    {"", "", "", ""},
    {"", "[daemon]\nmax_connections = 64\n", "", ""},
    {"[daemon]\nmax_connections = 5\n", "[daemon]\nmax_connections = 6\n", "max_connections", ""},
    {"", "[daemon]\nsocket_group = kvm\nallow = root\nallow_read = @root\n",
     "socket_group, allow, allow_read", ""},
    {"[daemon]\nallow = root\n", "", "allow", ""},
    {"", "[daemon]\nsocket = /s\n[ovs]\ndb = unix:/d\nrun_dir = /r\n", "", "socket, db, run_dir"},
    {"", "[daemon]\nsocket = /s\n[ovs]\nrepair = yes\ntimeout = 11\n", "timeout, repair", "socket"},
    {"", "[vif]\nsocket_dirs = /a\n", "socket_dirs", ""},
    {"[vif]\nsocket_dirs = /a\n", "[vif]\nsocket_dirs = /b\n", "socket_dirs", ""},
    {"[vif]\nsocket_dirs = /a,/b\n", "[vif]\nsocket_dirs = /a , /b\n", "", ""},
    {"", "[vif]\ndefault_qos_type = linux-htb\non_vf_conflict = evict\n",
     "default_qos_type, on_vf_conflict", ""},
    {"", "[nic generic]\nslow-probe = yes\n[nic x]\nmatch = *\n", "[nic x], [nic generic]", ""},
    {"[nic x]\nmatch = *\n", "", "[nic x]", ""},
    {"[nic x]\nmatch = *\n[nic y]\nmatch = *\n", "[nic y]\nmatch = *\n[nic x]\nmatch = *\n",
     "the order of the [nic] sections", ""},
    {"[nic x]\nmatch = 18f4:0001\n[nic mlx5]\nmatch = 18f4:0001\n",
     "[nic mlx5]\nmatch = 18f4:0001\n[nic x]\nmatch = 18f4:0001\n",
     "the order of the [nic] sections", ""},
    {"[nic x]\nmatch = 18f4:*\n", "[nic napatech]\n[nic x]\nmatch = 18f4:*\n", "", ""},
};

static void test_changes(void **state)
{
    struct config_changes changes;
    struct error error;
    char path[64];

    (void)state;
    for (size_t i = 0; i < N(changes_rows); i++) {
        char row[256];

        snprintf(row, sizeof row, "%s -> %s", changes_rows[i].old, changes_rows[i].new);
        CHECK(row, read_text(changes_rows[i].old, &expected, path, &error));
        CHECK(row, read_text(changes_rows[i].new, &config, path, &error));
        config_compare(&expected, &config, &changes);
        CHECK_STR(row, changes.applied, changes_rows[i].applied);
        CHECK_STR(row, changes.restart, changes_rows[i].restart);
        config_keep_start(&config, &expected);
        config_compare(&expected, &config, &changes);
        CHECK_STR(row, changes.applied, changes_rows[i].applied);
        CHECK_STR(row, changes.restart, "");
    }
}

/* The names of all settings have room. */
static void test_all_changes(void **state)
{
    static const char text[] =
        "[daemon]\nsocket = /tmp/s.sock\nsocket_group=kvm\nallow = daemon\nallow_read = @adm\n"
        "max_connections = 4096\nclient_memory = 4\nmax_queued = 1\nqueue_timeout = 1 ms\n"
        "[ovs]\ndb = unix:/tmp/db.sock\nrun_dir = /tmp/ovs\ntimeout = 600\nvswitchd_grace = 0 s\n"
        "max_batch = 1024\ncreate_bridges = no\nfail_mode = secure\nrepair = yes\n"
        "[vif]\nnetwork_device_mtu = 0\nsocket_dirs = /tmp/a\ncheck_paths = no\nisolate_vif = yes\n"
        "per_port_bridge = yes\ndefault_qos_type = linux-htb\non_vf_conflict = evict\n"
        "[offload]\nensure_hw_offload = require\n";
    struct config_changes changes;
    struct error error;
    char path[64];

    (void)state;
    config_init(&expected);
    assert_true(read_text(text, &config, path, &error));
    config_compare(&expected, &config, &changes);
    assert_string_equal(changes.restart, "socket, db, run_dir");
    assert_string_equal(
        changes.applied,
        "socket_group, allow, allow_read, max_connections, client_memory, max_queued, "
        "queue_timeout, timeout, vswitchd_grace, max_batch, create_bridges, "
        "fail_mode, repair, network_device_mtu, socket_dirs, check_paths, "
        "isolate_vif, per_port_bridge, default_qos_type, on_vf_conflict, "
        "ensure_hw_offload");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_shipped),
        cmocka_unit_test(test_shipped_comments),
        cmocka_unit_test(test_empty_values),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_profile_lines),
        cmocka_unit_test(test_all_settings),
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_duration_overflow),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_longest_line),
        cmocka_unit_test(test_too_many_profiles),
        cmocka_unit_test(test_missing_file),
        cmocka_unit_test(test_unreadable_file),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_fifo),
        cmocka_unit_test(test_changes),
        cmocka_unit_test(test_all_changes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
