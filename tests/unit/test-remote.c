/* SPDX-License-Identifier: Apache-2.0 */
/* Which remotes of OVSDB can be connected to. */

#include "daemon/remote.h"

#include "check.h"

static const struct {
    const char *remote;
    const char *why; /* NULL: it can. */
} rows[] = {
    {"unix:/run/openvswitch/db.sock", NULL},
    {"unix:/tmp/a b", NULL},
    {"unix:", "absolute path"},
    {"unix:db.sock", "'db.sock' instead of an absolute path"},
    {"unix:/a,unix:/b", "name one server"},
    {"unix:/a/../b", NULL},
    {"tcp:127.0.0.1:6640", NULL},
    {"tcp:127.0.0.1", NULL},
    {"tcp:127.0.0.1:1", NULL},
    {"tcp:127.0.0.1:65535", NULL},
    {"tcp:[::1]:6640", NULL},
    {"tcp:[::1]", NULL},
    {"tcp:[fe80::1%eth0]:6640", NULL},
    {"tcp:127.0.0.1:0", "':0' instead of :PORT"},
    {"tcp:127.0.0.1:65536", "instead of :PORT"},
    {"tcp:127.0.0.1:", "instead of :PORT"},
    {"tcp:127.0.0.1:ovsdb", "instead of :PORT"},
    {"tcp:127.0.0.1:6640,tcp:127.0.0.2:6640", "name one server"},
    {"tcp:[::1]6640", "instead of :PORT"},
    {"tcp:localhost:6640", "'localhost:6640' instead of an IP address"},
    {"tcp:ovsdb.example.org:6640", "looks up no host names"},
    {"tcp:", "instead of an IP address"},
    {"tcp::6640", "instead of an IP address"},
    {"tcp:::1:6640", "IPv6 in brackets"},
    {"tcp:[::1:6640", "IPv6 in brackets"},
    {"tcp:[127.0.0.1]:6640", "instead of an IP address"},
    {"tcp:127.0.0:6640", "instead of an IP address"},
    {"tcp:1111:2222:3333:4444:5555:6666:7777:8888:6640", "instead of an IP address"},
    {"ssl:127.0.0.1:6640", "no certificates"},
    {"ptcp:6640", "is 'ptcp:6640'; it must be unix:PATH or tcp:ADDRESS:PORT"},
    {"punix:/run/db.sock", "it must be"},
    {"/run/openvswitch/db.sock", "it must be"},
    {"TCP:127.0.0.1", "it must be"},
};

static void test_remotes(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        char why[256] = "";

        CHECK_INT(rows[i].remote, remote_check(rows[i].remote, why, sizeof why), !rows[i].why);
        CHECK_HAS(rows[i].remote, why, rows[i].why ? rows[i].why : "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_remotes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
