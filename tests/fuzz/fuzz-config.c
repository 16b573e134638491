/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever the configuration file has, reading it gives sentences with file and line, or values
 * within their bounds; and the same file gives the same values. */

#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/utf8.h"
#include "daemon/config.h"
#include "nic/template.h"

/* A file for the text, which is never on disk. Returns its path. */
static const char *write_file(const uint8_t *data, size_t size)
{
    static char path[64];
    static int fd = -1;

    if (fd < 0) {
        fd = memfd_create("vifplugd.conf", MFD_CLOEXEC);
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    }
    CHECK(fd >= 0 && ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}

static bool read_file(const char *path, struct config *config, struct config_errors *errors)
{
    bool ok;

    memset(config, 0, sizeof *config);
    memset(errors, 0, sizeof *errors);
    config_init(config);
    ok = config_read(config, path, true, errors);
    ok = config_check(config, path, errors) && ok;
    CHECK(ok == (errors->n == 0));
    return ok;
}

static void check_config(const struct config *config)
{
    static const struct template_values vf = {
        .pf = {0, 0x65, 0, 0}, .vf = {0, 0x65, 0, 4}, .vf_num = NIC_VF_NUM_MAX};
    char text[NIC_DEVARGS_MAX + 1];

    CHECK(TERMINATED(config->socket) && TERMINATED(config->socket_group));
    CHECK(TERMINATED(config->allow) && TERMINATED(config->allow_read));
    CHECK(TERMINATED(config->db) && TERMINATED(config->run_dir));
    CHECK(config->max_connections > 0 && config->client_memory > 0);
    CHECK(vif_path_valid(config->socket));
    CHECK(config->n_profiles <= NIC_PROFILES_MAX);
    for (size_t i = 0; i < config->n_profiles; i++) {
        CHECK(TERMINATED(config->profiles[i].name));
        CHECK(template_render(config->profiles[i].devargs, &vf, text, sizeof text));
    }
}

static void check_errors(const struct config_errors *errors)
{
    int line = 0;

    for (size_t i = 0; i < errors->n && i < CONFIG_ERRORS_MAX; i++) {
        const struct config_error *error = &errors->first[i];
        size_t length = strlen(error->text);

        CHECK(length > 0 && error->text[length - 1] == '.');
        CHECK(strstr(error->text, "/proc/self/fd/"));
        CHECK(error->line >= line);
        line = error->line;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct config config;
    static struct config again;
    static struct config built_in;
    static struct config_errors errors;
    struct config_changes changes;
    const char *path = write_file(data, size);

    if (!read_file(path, &config, &errors)) {
        check_errors(&errors);
        return 0;
    }
    check_config(&config);
    CHECK(read_file(path, &again, &errors));
    config_compare(&config, &again, &changes);
    CHECK(!changes.applied[0] && !changes.restart[0]);
    config_init(&built_in);
    config_compare(&built_in, &config, &changes);
    CHECK(TERMINATED(changes.applied) && TERMINATED(changes.restart));
    config_keep_start(&config, &built_in);
    return 0;
}
