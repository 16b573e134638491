/* SPDX-License-Identifier: Apache-2.0 */
/* The expected values of rows: packed, unpacked and compared with the rows. */

#include "watch/expectation.h"

#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#define X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct {
    const char *key;
    const char *value;
} options[] = {
    {"dpdk-devargs", "0000:65:00.0,representor=[10]"}, {"n_rxq", "2"},         {"empty", ""},
    {"bytes", "\x01\n\t=,;\"\\\x7f\xc3\xa4\xff"},      {X64 X64, X64 X64 X64},
};

static const struct {
    const char *key;
    const char *value;
} ids[] = {
    {"iface-id", "if1"},
    {"iface-status", "active"},
    {"attached-mac", "fa:16:3e:00:00:01"},
    {"vm-uuid", "i1"},
    {"bridge_name", "tbr-1"},
    {"vifplug-owner", "vifplugd"},
    {"vifplug-vif-id", "v1"},
    {"vifplug-kind", "representor"},
    {"vifplug-boot-id", "b1"},
    {"vifplug-of-a-later-version", ""},
};

/* Others'. */
static const char *const other_ids[] = {"ovn-installed", "trunk_id", "vifplugd", "iface-id2", ""};

static void init(struct record *record)
{
    struct port_spec *spec = &record->spec;

    record_init(record);
    strcpy(spec->port, "vfrv1");
    strcpy(spec->bridge, "br0");
    strcpy(spec->datapath_type, "netdev");
    strcpy(spec->fail_mode, "secure");
    strcpy(spec->type, "dpdk");
    spec->mtu_request = 1450;
    for (size_t i = 0; i < N(options); i++) {
        smap_add(&spec->options, options[i].key, options[i].value);
    }
    for (size_t i = 0; i < N(ids); i++) {
        smap_add(&spec->external_ids, ids[i].key, ids[i].value);
    }
    for (size_t i = 0; i < N(other_ids); i++) {
        smap_add(&spec->external_ids, other_ids[i], "others'");
    }
    record_interpret(record);
}

/* The unpacked values can be the goal of a repair: they have all that is ours, interpreted. */
static void test_round_trip(void **state)
{
    struct expectation *expectation;
    struct record expanded;
    struct record record;

    (void)state;
    init(&record);
    smap_add(&record.spec.options, "", "no key"); /* Cannot be expected. */
    expectation = expectation_of(&record);
    assert_string_equal(expectation_bridge(expectation), "br0");
    memset(&expanded, 0xff, sizeof expanded);
    expectation_expand(expectation, &expanded);
    assert_string_equal(expanded.spec.port, "vfrv1");
    assert_string_equal(expanded.spec.bridge, "br0");
    assert_string_equal(expanded.spec.datapath_type, "netdev");
    assert_string_equal(expanded.spec.fail_mode, "secure");
    assert_string_equal(expanded.spec.type, "dpdk");
    assert_int_equal(expanded.spec.mtu_request, 1450);
    assert_int_equal(smap_count(&expanded.spec.options), N(options));
    for (size_t i = 0; i < N(options); i++) {
        CHECK_STR(options[i].key, smap_get(&expanded.spec.options, options[i].key),
                  options[i].value);
    }
    assert_int_equal(smap_count(&expanded.spec.external_ids), N(ids));
    for (size_t i = 0; i < N(ids); i++) {
        CHECK_STR(ids[i].key, smap_get(&expanded.spec.external_ids, ids[i].key), ids[i].value);
    }
    assert_true(expanded.ours);
    assert_string_equal(expanded.spec.vif_id, "v1");
    assert_int_equal(expanded.spec.kind, VIF_KIND_REPRESENTOR);
    assert_int_equal(expanded.spec.vf_num, 10);
    assert_string_equal(expanded.boot_id, "b1");
    assert_false(expanded.spec.has_qos); /* A repair does not change limits. */
    free(expectation);
    record_destroy(&expanded);
    record_destroy(&record);
}

/* Nothing but a name is enough. */
static void test_empty(void **state)
{
    struct drift drift[DRIFT_MAX];
    struct expectation *expectation;
    struct record expanded;
    struct record record;

    (void)state;
    record_init(&record);
    strcpy(record.spec.port, "p");
    expectation = expectation_of(&record);
    assert_string_equal(expectation_bridge(expectation), "");
    expectation_expand(expectation, &expanded);
    assert_string_equal(expanded.spec.port, "p");
    assert_string_equal(expanded.spec.type, "");
    assert_int_equal(expanded.spec.mtu_request, 0);
    assert_true(smap_is_empty(&expanded.spec.options));
    assert_true(smap_is_empty(&expanded.spec.external_ids));
    assert_int_equal(expectation_compare(expectation, &record, drift), 0);
    free(expectation);
    record_destroy(&expanded);
    record_destroy(&record);
}

/* Each changes one thing of a row. */
static void nothing(struct port_spec *spec)
{
    (void)spec;
}
static void bridge(struct port_spec *spec)
{
    strcpy(spec->bridge, "br1");
}
static void no_bridge(struct port_spec *spec)
{
    spec->bridge[0] = '\0';
}
static void type(struct port_spec *spec)
{
    strcpy(spec->type, "internal");
}
static void mtu(struct port_spec *spec)
{
    spec->mtu_request = 0;
}
static void datapath(struct port_spec *spec)
{
    strcpy(spec->datapath_type, "system");
}
static void fail_mode(struct port_spec *spec)
{
    spec->fail_mode[0] = '\0';
}
static void option(struct port_spec *spec)
{
    smap_replace(&spec->options, "dpdk-devargs", "0000:65:00.0,representor=[11]");
}
static void option_gone(struct port_spec *spec)
{
    smap_remove(&spec->options, "n_rxq");
}
static void option_emptied(struct port_spec *spec)
{
    smap_replace(&spec->options, "n_rxq", "");
}
static void option_filled(struct port_spec *spec)
{
    smap_replace(&spec->options, "empty", "x");
}
static void option_bytes(struct port_spec *spec)
{
    smap_replace(&spec->options, "bytes", "\x01\n\t=,;\"\\\x7f\xc3\xa4\xfe");
}
static void option_added(struct port_spec *spec)
{
    smap_replace(&spec->options, "n_txq", "2");
}
static void long_option(struct port_spec *spec)
{
    smap_replace(&spec->options, X64 X64, X64 X64 "x");
}
static void id(struct port_spec *spec)
{
    smap_replace(&spec->external_ids, "iface-id", "if2");
}
static void status_gone(struct port_spec *spec)
{
    smap_remove(&spec->external_ids, "iface-status");
}
static void mac(struct port_spec *spec)
{
    smap_replace(&spec->external_ids, "attached-mac", "fa:16:3e:00:00:02");
}
static void instance(struct port_spec *spec)
{
    smap_replace(&spec->external_ids, "vm-uuid", "i2");
}
static void owner_gone(struct port_spec *spec)
{
    smap_remove(&spec->external_ids, "vifplug-owner");
}
static void future_id(struct port_spec *spec)
{
    smap_replace(&spec->external_ids, "vifplug-of-a-later-version", "1");
}
static void others(struct port_spec *spec)
{
    smap_replace(&spec->external_ids, "ovn-installed", "no");
    smap_remove(&spec->external_ids, "trunk_id");
    smap_replace(&spec->external_ids, "vifplugd", "no");
    smap_replace(&spec->external_ids, "new", "1");
    smap_remove(&spec->external_ids, "");
}

static const struct {
    const char *row;
    void (*change)(struct port_spec *spec);
    struct drift drift; /* Its field is "" if there is none. */
} rows[] = {
    {"nothing", nothing, {"", "", ""}},
    {"bridge", bridge, {"bridge", "br0", "br1"}},
    {"no bridge", no_bridge, {"bridge", "br0", ""}},
    {"type", type, {"type", "dpdk", "internal"}},
    {"MTU", mtu, {"mtu_request", "1450", "0"}},
    {"bridge's datapath", datapath, {"", "", ""}},
    {"bridge's fail_mode", fail_mode, {"", "", ""}},
    {"option",
     option,
     {"options:dpdk-devargs", "0000:65:00.0,representor=[10]", "0000:65:00.0,representor=[11]"}},
    {"option gone", option_gone, {"options:n_rxq", "2", ""}},
    {"option emptied", option_emptied, {"options:n_rxq", "2", ""}},
    {"option filled", option_filled, {"options:empty", "", "x"}},
    {"last byte of an option",
     option_bytes,
     {"options:bytes", "\x01\n\t=,;\"\\\x7f\xc3\xa4\xff", "\x01\n\t=,;\"\\\x7f\xc3\xa4\xfe"}},
    {"option added", option_added, {"", "", ""}},
    /* Cut: 79 bytes of the field, 127 of its value. */
    {"long option",
     long_option,
     {"options:" X64 "0123456",
      X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde",
      X64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"}},
    {"iface-id", id, {"external_ids:iface-id", "if1", "if2"}},
    {"iface-status gone", status_gone, {"external_ids:iface-status", "active", ""}},
    {"attached-mac", mac, {"external_ids:attached-mac", "fa:16:3e:00:00:01", "fa:16:3e:00:00:02"}},
    {"vm-uuid", instance, {"external_ids:vm-uuid", "i1", "i2"}},
    {"owner gone", owner_gone, {"external_ids:vifplug-owner", "vifplugd", ""}},
    {"key of a later version", future_id, {"external_ids:vifplug-of-a-later-version", "", "1"}},
    {"others' keys", others, {"", "", ""}},
};

static void test_compare(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(rows); i++) {
        struct drift drift[DRIFT_MAX];
        struct expectation *expectation;
        struct record record;
        size_t n;

        init(&record);
        expectation = expectation_of(&record);
        rows[i].change(&record.spec);
        n = expectation_compare(expectation, &record, drift);
        CHECK_INT(rows[i].row, n, rows[i].drift.field[0] != '\0');
        if (n > 0) {
            CHECK_STR(rows[i].row, drift[0].field, rows[i].drift.field);
            CHECK_STR(rows[i].row, drift[0].expected, rows[i].drift.expected);
            CHECK_STR(rows[i].row, drift[0].found, rows[i].drift.found);
        }
        free(expectation);
        record_destroy(&record);
    }
}

/* The differences come in a fixed order, as many as fit. */
static void test_many(void **state)
{
    struct drift drift[DRIFT_MAX + 1];
    struct expectation *expectation;
    struct record record;
    struct drift guard;

    (void)state;
    init(&record);
    expectation = expectation_of(&record);
    bridge(&record.spec);
    type(&record.spec);
    mtu(&record.spec);
    smap_clear(&record.spec.external_ids);
    memset(drift, 0x55, sizeof drift);
    memset(&guard, 0x55, sizeof guard);
    assert_int_equal(expectation_compare(expectation, &record, drift), DRIFT_MAX);
    assert_string_equal(drift[0].field, "bridge");
    assert_string_equal(drift[1].field, "type");
    assert_string_equal(drift[2].field, "mtu_request");
    for (size_t i = 3; i < DRIFT_MAX; i++) {
        assert_non_null(strstr(drift[i].field, "external_ids:"));
        assert_string_not_equal(drift[i].field, drift[i - 1].field);
    }
    assert_memory_equal(&drift[DRIFT_MAX], &guard, sizeof guard);
    smap_clear(&record.spec.options);
    assert_int_equal(expectation_compare(expectation, &record, drift), DRIFT_MAX);
    free(expectation);
    record_destroy(&record);
}

/* A row that was removed. */
static void test_no_row(void **state)
{
    struct drift drift[DRIFT_MAX];
    struct expectation *expectation;
    struct record record;

    (void)state;
    init(&record);
    expectation = expectation_of(&record);
    assert_int_equal(expectation_compare(expectation, NULL, drift), 1);
    assert_string_equal(drift[0].field, "port");
    assert_string_equal(drift[0].expected, "vfrv1");
    assert_string_equal(drift[0].found, "");
    free(expectation);
    record_destroy(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_empty),
        cmocka_unit_test(test_compare),    cmocka_unit_test(test_many),
        cmocka_unit_test(test_no_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
