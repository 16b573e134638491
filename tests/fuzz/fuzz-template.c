/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of NIC profiles: whatever a line KEY = VALUE of the configuration has, it is either
 * refused with a reason, or the templates give text that fits for each VF. The input is
 * "KEY=VALUE". */

#include "fuzz.h"

#include "base/devargs.h"
#include "base/pci-addr.h"
#include "nic/nic-profile.h"
#include "nic/template.h"

static const struct template_values values[] = {
    {.pf = {0, 0x65, 0, 0}, .vf = {0, 0x65, 0, 4}, .vf_num = 4},
    {.pf = {0xffff, 0xff, 0x1f, 7}, .vf = {0xffff, 0xff, 0x1f, 7}, .vf_num = NIC_VF_NUM_MAX},
    {.pf = {0, 0, 0, 0}, .vf = {0, 0, 0, 0}, .vf_num = 0},
};

/* Rendered into memory of each size, so that ASan sees what is written after it. */
static void check_rendered(const char *template, const struct template_values *vf, size_t length)
{
    for (size_t size = length > 4 ? length - 4 : 1; size < length + 3; size++) {
        char *text = malloc(size);
        bool ok;

        CHECK(text);
        ok = template_render(template, vf, text, size);
        CHECK(ok == (size > length) && (!ok || strlen(text) == length));
        free(text);
    }
}

static void check_template(const char *template)
{
    char why[256];

    memset(why, '?', sizeof why);
    if (!template_check(template, why, sizeof why)) {
        CHECK(TERMINATED(why) && why[0]);
        return;
    }
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        /* No variable is longer than a PCI address, and none is shorter than its name. */
        size_t size = 13 * strlen(template) + 1;
        char *text = malloc(size);

        CHECK(text && template_render(template, &values[i], text, size) == (template[0] != '\0'));
        if (template[0]) {
            check_rendered(template, &values[i], strlen(text));
        }
        free(text);
    }
}

static void check_profile(const struct nic_profile *profile)
{
    char text[4096];

    CHECK(TERMINATED(profile->name) && TERMINATED(profile->devargs));
    CHECK(TERMINATED(profile->vhost_socket) && TERMINATED(profile->datapath_type));
    CHECK(profile->n_matches <= NIC_MATCHES_MAX && profile->n_options <= NIC_OPTIONS_MAX);
    CHECK(profile->vf_base >= 0 && profile->vf_base <= NIC_VF_BASE_MAX);
    CHECK(!profile->has_vf_range || (profile->vf_min >= 0 && profile->vf_min <= profile->vf_max &&
                                     profile->vf_max <= NIC_VF_NUM_MAX));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        CHECK(template_render(profile->devargs, &values[i], text, NIC_DEVARGS_MAX + 1));
        CHECK(!profile->vhost_socket[0] ||
              template_render(profile->vhost_socket, &values[i], text, VIF_PATH_MAX + 1));
    }
    for (size_t i = 0; i < profile->n_options; i++) {
        CHECK(TERMINATED(profile->options[i].key) && profile->options[i].key[0]);
        CHECK(TERMINATED(profile->options[i].value));
    }
    CHECK(nic_profile_equal(profile, profile));
    (void)nic_profile_find(profile, 1, &values[0].pf, 0x18f4, 0x1c5);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *key = fuzz_string(data, size);
    char *value = strchr(key, '=');
    struct nic_profile profile;
    struct nic_profile before;
    char why[256];

    if (value) {
        *value++ = '\0';
        check_template(value);
        nic_profile_init(&profile, size % 2 ? "napatech" : "new");
        before = profile;
        memset(why, '?', sizeof why);
        if (nic_profile_set(&profile, key, value, why, sizeof why)) {
            check_profile(&profile);
        } else {
            CHECK(TERMINATED(why) && why[0]);
            (void)nic_profile_equal(&profile, &before);
        }
    }
    free(key);
    return 0;
}
