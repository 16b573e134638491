/* SPDX-License-Identifier: Apache-2.0 */
/* Which VIFs a filter takes. */

#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "wire/json-get.h"
#include "wire/vif-filter.h"

static const struct reply_pair ids[] = {{"iface-id", "i"}, {"vm-uuid", "VM-1"}};

static const struct vif_view vf = {
    .vif_id = "v1",
    .kind = VIF_KIND_REPRESENTOR,
    .bridge = "br0",
    .port = "vfrv1",
    .address = "FA:16:3e:00:00:01", /* As another program may have written it. */
    .external_ids = ids,
    .n_external_ids = N(ids),
    .has_representor = true,
    .pf = {0, 0x65, 0, 0},
    .vf = {0, 0x65, 1, 2},
    .has_vf = true,
    .state = STATE_UP,
};

static const struct vif_view socket_vif = {.vif_id = "v2",
                                           .kind = VIF_KIND_VHOST_USER,
                                           .bridge = "br1",
                                           .port = "v1",
                                           .state = STATE_FAILED};

static const struct {
    const char *params;
    bool first;  /* Takes `vf`. */
    bool second; /* Takes `socket_vif`. */
} rows[] = {
    {"{}", true, true},
    {"{'vif_id':'v1'}", true, true}, /* Its id, and the other one's port. */
    {"{'vif_id':'v2'}", false, true},
    {"{'vif_id':'V1'}", false, false},
    {"{'vif_id':'fa:16:3e:00:00:01'}", true, false},
    {"{'vif_id':'FA:16:3E:00:00:01'}", true, false},
    {"{'vif_id':'0000:65:01.2'}", true, false},
    {"{'vif_id':'0000:65:00.0'}", false, false}, /* The PF is no name of a VIF. */
    {"{'vif_id':'br0'}", false, false},
    {"{'port':'vfrv1'}", true, false},
    {"{'port':'v1'}", false, true},
    {"{'bridge':'br1'}", false, true},
    {"{'instance':'vm-1'}", true, false},
    {"{'instance':{'uuid':'VM-1'}}", true, false},
    {"{'instance':'vm'}", false, false},
    {"{'mac':'fa:16:3e:00:00:01'}", true, false},
    {"{'mac':'fa:16:3e:00:00:02'}", false, false},
    {"{'kind':'vhost-user'}", false, true},
    {"{'state':'up'}", true, false},
    {"{'state':'committed'}", false, false}, /* The first of its enum. */
    {"{'pf':'0000:65:00.0'}", true, false},
    {"{'pf':'0000:00:00.0'}", false, false},
    {"{'vf':'0000:65:01.2'}", true, false},
    {"{'vf':'0000:65:01.3'}", false, false},
    {"{'state':'up','bridge':'br1'}", false, false},
    {"{'state':'failed','bridge':'br1','port':'v1'}", false, true},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct json_object *params;
        struct vif_filter filter;
        char text[128];
        struct error error;

        snprintf(text, sizeof text, "%s", rows[i].params);
        for (char *quote = strchr(text, '\''); quote; quote = strchr(quote, '\'')) {
            *quote = '"';
        }
        params = json_parse(text, strlen(text), &error);
        CHECK(rows[i].params, params && vif_filter_read(params, &filter, &error));
        CHECK_INT(rows[i].params, vif_filter_is_set(&filter), i > 0);
        CHECK_INT(rows[i].params, vif_filter_matches(&filter, &vf), rows[i].first);
        CHECK_INT(rows[i].params, vif_filter_matches(&filter, &socket_vif), rows[i].second);
        json_object_put(params);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
