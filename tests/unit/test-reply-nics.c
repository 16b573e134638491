/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "wire/json-get.h"
#include "wire/reply-nics.h"

#include <json-c/json.h>
#include <stdlib.h>

static const char *const netdevs[] = {"p1p1", "p1p2"};

static const struct nic_pf_view full_pf = {
    .pf = {0, 0x65, 0, 0},
    .vendor = 0x18f4,
    .device = 0x01c5,
    .driver = "vfio-pci",
    .numa_node = 1,
    .numvfs = 2,
    .netdevs = netdevs,
    .n_netdevs = N(netdevs),
    .profile = "napatech",
    .problem = "It is not there.",
};

static const struct nic_vf_view full_vf = {
    .vf = {0, 0x65, 1, 2},
    .index = 6,
    .vf_num = 10,
    .devargs = "0000:65:00.0,representor=[10]",
    .vhost_path = "/run/stdvio10",
    .vhost_mode = VHOST_MODE_CLIENT,
    .driver = "vfio-pci",
    .vif_id = "port-1",
    .port = "vfrport-1",
    .problem = "It \"cannot\" be.",
};

static const struct nic_pf_view bare_pf = {
    .pf = {1, 0, 0x1f, 7}, .driver = "", .numa_node = -1, .numvfs = -1};

static const struct nic_vf_view bare_vf = {.vf = {1, 0, 0x1f, 0},
                                           .vf_num = -1,
                                           .devargs = "",
                                           .vhost_path = "",
                                           .driver = "",
                                           .problem = ""};

/* Ends the reply and checks the whole line. */
static void check_line(struct reply_nics *nics, const char *id, const char *line)
{
    char *got = reply_nics_finish(nics);
    struct json_object *object;
    struct error error = {0};

    CHECK_STR(id, got, line);
    object = json_parse(got, strlen(got) - 1, &error);
    CHECK_STR(id, error.message, "");
    json_object_put(object);
    free(got);
}

static void test_empty(void **state)
{
    (void)state;
    check_line(reply_nics_new("\"a\\\"b\""), "\"a\\\"b\"",
               "{\"jsonrpc\":\"2.0\",\"id\":\"a\\\"b\",\"result\":{\"nics\":[]}}\n");
}

static void test_full(void **state)
{
    struct reply_nics *nics = reply_nics_new("17");

    (void)state;
    reply_nics_add_pf(nics, &full_pf);
    reply_nics_add_vf(nics, &full_vf);
    check_line(nics, "17",
               "{\"jsonrpc\":\"2.0\",\"id\":17,\"result\":{\"nics\":[{\"pf\":\"0000:65:00.0\","
               "\"vendor\":\"18f4\",\"device\":\"01c5\",\"driver\":\"vfio-pci\","
               "\"netdevs\":[\"p1p1\",\"p1p2\"],\"numa_node\":1,\"sriov_numvfs\":2,"
               "\"profile\":\"napatech\",\"problem\":\"It is not there.\","
               "\"vfs\":[{\"vf\":\"0000:65:01.2\",\"index\":6,"
               "\"vf_num\":10,\"devargs\":\"0000:65:00.0,representor=[10]\","
               "\"vhost_user\":{\"path\":\"/run/stdvio10\",\"mode\":\"client\"},"
               "\"driver\":\"vfio-pci\",\"vif_id\":\"port-1\",\"port\":\"vfrport-1\","
               "\"problem\":\"It \\\"cannot\\\" be.\"}]}]}}\n");
}

/* Members that do not apply are left out; zeros are not. */
static void test_bare(void **state)
{
    struct nic_pf_view zero_pf = {.pf = {0, 0, 0, 0}, .vendor = 1};
    struct nic_vf_view zero_vf = {.vf = {0, 0, 0, 1}};
    struct reply_nics *nics = reply_nics_new("null");

    (void)state;
    reply_nics_add_pf(nics, &bare_pf);
    reply_nics_add_vf(nics, &bare_vf);
    reply_nics_add_pf(nics, &zero_pf);
    reply_nics_add_vf(nics, &zero_vf);
    check_line(nics, "null",
               "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{\"nics\":["
               "{\"pf\":\"0001:00:1f.7\",\"vfs\":[{\"vf\":\"0001:00:1f.0\",\"index\":0}]},"
               "{\"pf\":\"0000:00:00.0\",\"vendor\":\"0001\",\"device\":\"0000\",\"numa_node\":0,"
               "\"sriov_numvfs\":0,\"vfs\":[{\"vf\":\"0000:00:00.1\",\"index\":0,\"vf_num\":0}]}"
               "]}}\n");
}

/* VFs belong to the PF before them; a view may be freed once it is added. */
static void test_several(void **state)
{
    struct reply_nics *nics = reply_nics_new("1");
    struct nic_pf_view pf = bare_pf;
    struct nic_vf_view vf = bare_vf;
    char driver[8] = "one";

    (void)state;
    pf.driver = driver;
    vf.driver = driver;
    reply_nics_add_pf(nics, &pf);
    vf.index = 1;
    reply_nics_add_vf(nics, &vf);
    vf.index = 2;
    strcpy(driver, "two");
    reply_nics_add_vf(nics, &vf);
    reply_nics_add_pf(nics, &pf);
    reply_nics_add_pf(nics, &pf);
    vf.index = 3;
    reply_nics_add_vf(nics, &vf);
    memset(driver, 'x', sizeof driver - 1);
    check_line(nics, "1",
               "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"nics\":["
               "{\"pf\":\"0001:00:1f.7\",\"driver\":\"one\",\"vfs\":["
               "{\"vf\":\"0001:00:1f.0\",\"index\":1,\"driver\":\"one\"},"
               "{\"vf\":\"0001:00:1f.0\",\"index\":2,\"driver\":\"two\"}]},"
               "{\"pf\":\"0001:00:1f.7\",\"driver\":\"two\",\"vfs\":[]},"
               "{\"pf\":\"0001:00:1f.7\",\"driver\":\"two\",\"vfs\":["
               "{\"vf\":\"0001:00:1f.0\",\"index\":3,\"driver\":\"two\"}]}]}}\n");
}

/* Values of other programs may be invalid UTF-8; the line is valid. */
static void test_no_utf8(void **state)
{
    struct reply_nics *nics = reply_nics_new("1");
    struct nic_vf_view vf = bare_vf;

    (void)state;
    vf.port = "vfr\xff";
    reply_nics_add_pf(nics, &bare_pf);
    reply_nics_add_vf(nics, &vf);
    check_line(nics, "1",
               "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"nics\":[{\"pf\":\"0001:00:1f.7\","
               "\"vfs\":[{\"vf\":\"0001:00:1f.0\",\"index\":0,\"port\":\"vfr?\"}]}]}}\n");
}

/* What is taken piece by piece is the same line. */
static void test_pieces(void **state)
{
    struct reply_nics *nics = reply_nics_new("1");
    char line[512] = "";
    char *piece;

    (void)state;
    for (int i = 0; i < 4; i++) {
        if (i % 2 == 0) {
            reply_nics_add_pf(nics, &bare_pf);
        } else {
            reply_nics_add_vf(nics, &bare_vf);
        }
        piece = reply_nics_take(nics);
        assert_true(*piece);
        strcat(line, piece);
        free(piece);
    }
    piece = reply_nics_take(nics);
    assert_string_equal(piece, "");
    free(piece);
    piece = reply_nics_finish(nics);
    strcat(line, piece);
    free(piece);
    assert_string_equal(line,
                        "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"nics\":["
                        "{\"pf\":\"0001:00:1f.7\",\"vfs\":[{\"vf\":\"0001:00:1f.0\",\"index\":0}]},"
                        "{\"pf\":\"0001:00:1f.7\",\"vfs\":[{\"vf\":\"0001:00:1f.0\",\"index\":0}]}"
                        "]}}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),   cmocka_unit_test(test_full),
        cmocka_unit_test(test_bare),    cmocka_unit_test(test_several),
        cmocka_unit_test(test_no_utf8), cmocka_unit_test(test_pieces),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
