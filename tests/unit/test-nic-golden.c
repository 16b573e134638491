/* SPDX-License-Identifier: Apache-2.0 */
/* The device arguments that each shipped or documented NIC profile makes from a PCI tree. The
 * examples come from tests/samples/nics.conf; docs/nics.md and etc/vifplugd.conf must contain the
 * same text. */

#include "pci-tree.h"

#include "daemon/config.h"
#include "nic/nic.h"

#define EXAMPLES TEST_SAMPLES_DIR "/nics.conf"
#define TEXT_MAX 65536

static struct config config; /* Too large for the stack of a test. */

static const char *const cards[] = {
    "pf=0000:65:00.0,vendor=18f4,device=01c5,vf=0000:65:00.4+28",
    "pf=0000:b3:00.0,vendor=18f4,device=01c5,vf=0000:b3:00.4+28",
    "pf=0000:d8:00.0,vendor=18f4,device=01c5,vf=0000:d8:00.4+4",
    "pf=0000:08:00.0,vendor=15b3,device=1017,vf=0000:08:00.2+4",
    "pf=0000:08:00.1,vendor=15b3,device=1017,vf=0000:08:01.2+4",
    "pf=0000:09:00.0,vendor=15b3,device=1019,vf=0000:09:00.2+4",
    "pf=0000:09:00.1,vendor=15b3,device=1019,vf=0000:09:01.2+4",
    "pf=0000:0a:00.1,vendor=15b3,device=101d,vf=0000:0a:08.2+8",
    "pf=0000:0b:00.0,vendor=14e4,device=16d7,vf=0000:0b:02.0+8",
    "pf=0000:04:00.0,vendor=19ee,device=4000,vf=0000:04:08.0+8",
    "pf=0000:05:00.0,vendor=19ee,device=6000,vf=0000:05:08.0+8",
    "pf=0000:06:00.0,vendor=1da8,device=3800,vf=0000:06:08.0+8",
    "pf=0000:17:00.0,vendor=8086,device=1572,vf=0000:17:02.0+8",
    "pf=0000:18:00.1,vendor=8086,device=1563,vf=0000:18:10.1,vf=0000:18:10.3,vf=0000:18:10.5",
    "pf=0000:19:00.0,vendor=1924,device=0b03,vf=0000:19:00.2+4",
    NULL,
};

static const struct {
    const char *profile;
    const char *slot;
    int vf_num;
    const char *devargs;
    const char *socket;
} golden[] = {
    {"napatech", "0000:65:00.4", 4, "0000:65:00.0,representor=[4]", "/usr/local/var/run/stdvio4"},
    {"napatech", "0000:65:01.2", 10, "0000:65:00.0,representor=[10]",
     "/usr/local/var/run/stdvio10"},
    {"napatech-b3", "0000:b3:01.2", 10, "0000:b3:00.0,representor=[10]",
     "/usr/local/var/run/stdvio-b3-10"},
    {"napatech-sep", "0000:d8:00.6", 6, "0000:d8:00.0,representor=[6]",
     "/usr/local/var/run/stdvio6/stdvio6"},
    {"mlx5", "0000:09:00.2", 0, "0000:09:00.0,representor=vf[0]", ""},
    {"mlx5", "0000:09:01.5", 3, "0000:09:00.1,representor=vf[3]", ""},
    {"mlx5-lag", "0000:08:00.2", 0, "0000:08:00.0,representor=pf[0]vf[0]", ""},
    {"mlx5-lag", "0000:08:00.5", 3, "0000:08:00.0,representor=pf[0]vf[3]", ""},
    {"mlx5-lag", "0000:08:01.2", 0, "0000:08:00.0,representor=pf[1]vf[0]", ""},
    {"mlx5-lag", "0000:08:01.5", 3, "0000:08:00.0,representor=pf[1]vf[3]", ""},
    {"mlx5-tuned", "0000:0a:08.4", 2, "0000:0a:00.1,representor=vf[2]", ""},
    {"bnxt", "0000:0b:02.7", 7, "0000:0b:00.0,representor=[7]", ""},
    {"nfp-2-ports", "0000:04:08.0", 3, "0000:04:00.0,representor=[3]", ""},
    {"nfp-2-ports", "0000:04:08.7", 10, "0000:04:00.0,representor=[10]", ""},
    {"nfp", "0000:05:08.0", -1, NULL, NULL}, /* Refused: it depends on the card's ports. */
    {"nfp", "0000:06:08.0", -1, NULL, NULL},
    {"intel", "0000:17:02.5", 5, "0000:17:00.0,representor=[5]", ""},
    {"intel", "0000:18:10.5", 2, "0000:18:00.1,representor=[2]", ""},
    {"generic", "0000:19:00.3", 1, "0000:19:00.0,representor=[1]", ""},
};

/* Profiles whose other settings the documents show too. */
static const struct {
    const char *profile;
    enum nic_vf_mac vf_mac;
    const char *options; /* KEY=VALUE each, followed by a space. */
    enum nic_representors representors;
    int vf_min, vf_max; /* Both 0: any number. */
} settings[] = {
    {"napatech", NIC_VF_MAC_NO, "", NIC_REPRESENTORS_WITH_VFS, 2, 71},
    {"napatech-b3", NIC_VF_MAC_NO, "", NIC_REPRESENTORS_WITH_VFS, 2, 71},
    {"napatech-sep", NIC_VF_MAC_NO, "", NIC_REPRESENTORS_WITH_VFS, 2, 71},
    {"mlx5", NIC_VF_MAC_TRY, "", NIC_REPRESENTORS_ANY_TIME, 0, 0},
    {"mlx5-lag", NIC_VF_MAC_TRY, "", NIC_REPRESENTORS_ANY_TIME, 0, 0},
    {"mlx5-tuned", NIC_VF_MAC_YES, "n_rxq=2 n_rxq_desc=1024 ", NIC_REPRESENTORS_ANY_TIME, 0, 0},
    {"bnxt", NIC_VF_MAC_NO, "", NIC_REPRESENTORS_ANY_TIME, 0, 0},
    {"nfp", NIC_VF_MAC_NO, "", NIC_REPRESENTORS_ANY_TIME, 0, 0},
    {"nfp-2-ports", NIC_VF_MAC_NO, "", NIC_REPRESENTORS_WITH_PF, 0, 0},
    {"intel", NIC_VF_MAC_YES, "", NIC_REPRESENTORS_WITH_PF, 0, 0},
    {"generic", NIC_VF_MAC_TRY, "", NIC_REPRESENTORS_ANY_TIME, 0, 0},
};

static void read_examples(void)
{
    static struct config_errors errors;

    config_init(&config);
    (void)config_read(&config, EXAMPLES, true, &errors);
    assert_string_equal(errors.first[0].text, "");
}

static void test_golden(void **state)
{
    bool seen[NIC_PROFILES_MAX] = {false};
    char root[PCI_TREE_ROOT_LEN];
    struct nic *nic;

    (void)state;
    read_examples();
    pci_tree_make(root, cards);
    nic = nic_create(root, config.profiles, config.n_profiles);
    for (size_t i = 0; i < N(golden); i++) {
        struct pci_addr slot = pci_addr_of(golden[i].slot);
        struct error error = {0};
        struct nic_vf vf;
        bool ok = nic_resolve(nic, &slot, "vif.pci_slot", &vf, &error);

        CHECK_INT(golden[i].slot, ok, golden[i].devargs != NULL);
        if (ok) {
            CHECK_STR(golden[i].slot, vf.profile->name, golden[i].profile);
            CHECK_INT(golden[i].slot, vf.vf_num, golden[i].vf_num);
            CHECK_STR(golden[i].slot, vf.devargs, golden[i].devargs);
            CHECK_STR(golden[i].slot, vf.vhost_socket, golden[i].socket);
        } else {
            char name[64];

            snprintf(name, sizeof name, "profile '%s'", golden[i].profile);
            CHECK_HAS(golden[i].slot, error.message, name);
        }
        for (size_t j = 0; j < config.n_profiles; j++) {
            seen[j] = seen[j] || !strcmp(config.profiles[j].name, golden[i].profile);
        }
    }
    for (size_t j = 0; j < config.n_profiles; j++) {
        CHECK(config.profiles[j].name, seen[j]); /* Each has a row. */
    }
    nic_destroy(nic);
    pci_tree_remove(root);
}

static void test_settings(void **state)
{
    (void)state;
    read_examples();
    assert_int_equal(config.n_profiles, N(settings));
    for (size_t i = 0; i < N(settings); i++) {
        const struct nic_profile *profile = NULL;
        char options[256] = "";

        for (size_t j = 0; j < config.n_profiles; j++) {
            if (!strcmp(config.profiles[j].name, settings[i].profile)) {
                profile = &config.profiles[j];
            }
        }
        if (!profile) {
            fail_msg("there is no profile '%s'", settings[i].profile);
            return;
        }
        CHECK_INT(settings[i].profile, profile->vf_mac, settings[i].vf_mac);
        CHECK_INT(settings[i].profile, profile->representors, settings[i].representors);
        CHECK_INT(settings[i].profile, profile->has_vf_range, settings[i].vf_max > 0);
        CHECK_INT(settings[i].profile, profile->vf_min, settings[i].vf_min);
        CHECK_INT(settings[i].profile, profile->vf_max, settings[i].vf_max);
        for (size_t j = 0; j < profile->n_options; j++) {
            size_t used = strlen(options);

            snprintf(options + used, sizeof options - used, "%s=%s ", profile->options[j].key,
                     profile->options[j].value);
        }
        CHECK_STR(settings[i].profile, options, settings[i].options);
    }
}

static void read_text(const char *path, char text[TEXT_MAX])
{
    FILE *file = fopen(path, "re");
    size_t n;

    CHECK(path, file != NULL);
    n = fread(text, 1, TEXT_MAX - 1, file);
    fclose(file);
    CHECK(path, n > 0 && n < TEXT_MAX - 1);
    text[n] = '\0';
}

/* Takes the next section of `*text`, from a line with "[nic" to the next empty line. */
static bool next_section(char **text, char section[1024], const char *prefix)
{
    char *start = strstr(*text, "\n[nic ");
    size_t used = 0;

    if (!start) {
        return false;
    }
    start++;
    for (char *line = start; *line && *line != '\n'; line += strcspn(line, "\n") + 1) {
        used += (size_t)snprintf(section + used, 1024 - used, "%s%.*s\n", prefix,
                                 (int)strcspn(line, "\n"), line);
        assert_true(used < 1024);
        *text = line + strcspn(line, "\n");
        if (!**text) {
            break;
        }
    }
    return true;
}

/* Both files contain each example, so test_golden() has tried everything that they show. */
static void test_examples_are_shown(void **state)
{
    static char examples[TEXT_MAX];
    static char doc[TEXT_MAX];
    static char shipped[TEXT_MAX];
    char section[1024];
    char *at = examples;
    int n = 0;

    (void)state;
    read_text(EXAMPLES, examples);
    read_text(TEST_NICS_DOC, doc);
    read_text(TEST_CONFIG, shipped);
    for (; next_section(&at, section, ""); n++) {
        CHECK(section, strstr(doc, section) != NULL);
    }
    assert_int_equal(n, N(settings) - 5); /* All except the built-in ones. */
    at = examples;
    while (next_section(&at, section, "; ")) {
        CHECK(section, strstr(shipped, section) != NULL);
    }
}

/* The files show no other profile. */
static void test_only_examples_are_shown(void **state)
{
    static char examples[TEXT_MAX];
    static char doc[TEXT_MAX];
    char section[1024];
    char *at = doc;

    (void)state;
    read_text(EXAMPLES, examples);
    read_text(TEST_NICS_DOC, doc);
    for (char *p = doc; (p = strstr(p, "\n```")); p++) {
        p[1] = '\n'; /* The end of a code block is the end of a section. */
    }
    while (next_section(&at, section, "")) {
        CHECK(section, strstr(examples, section) != NULL);
    }
}

/* The shipped file has each built-in profile completely: under another name, its section gives the
 * same profile. */
static void test_built_in_profiles_are_shipped(void **state)
{
    static struct nic_profile built_in[NIC_PROFILES_MAX];
    static char shipped[TEXT_MAX];
    char path[] = "/tmp/test-nic-golden-XXXXXX";
    int fd = mkstemp(path);
    size_t n = nic_profiles_init(built_in);
    static struct config_errors errors;
    char *at = shipped;
    FILE *file;

    (void)state;
    file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!file) {
        fail_msg("%s cannot be made", path);
        return;
    }
    read_text(TEST_CONFIG, shipped);
    for (char *p; (p = strstr(at, "\n[nic ")); at = p + 6) {
        fprintf(file, "%.*s\n[nic shipped ", (int)(p - at), at);
    }
    fprintf(file, "%s", at);
    fclose(file);
    config_init(&config);
    (void)config_read(&config, path, true, &errors);
    unlink(path);
    assert_string_equal(errors.first[0].text, "");
    assert_int_equal(config.n_profiles, 2 * n);
    for (size_t i = 0; i < n; i++) {
        struct nic_profile *profile = &config.profiles[n + i];

        CHECK_HAS(built_in[i].name, profile->name, built_in[i].name);
        memcpy(profile->name, built_in[i].name, sizeof profile->name);
        CHECK(built_in[i].name, !memcmp(profile, &built_in[i], sizeof *profile));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_examples_are_shown),
        cmocka_unit_test(test_only_examples_are_shown),
        cmocka_unit_test(test_built_in_profiles_are_shipped),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
