/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/config.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/plain-file.h"
#include "daemon/access.h"
#include "daemon/config-private.h"
#include "daemon/metrics-listener.h"
#include "daemon/remote.h"
#include "util.h"

/* inih 55 silently cuts lines at INI_MAX_LINE (200) bytes and section names at 50. */
enum { LINE_MAX_BYTES = 190, SECTION_MAX_BYTES = 46 };

/* The values that os-vif accepts for default_qos_type. */
static const char *const qos_types[] = {"linux-htb",      "linux-hfsc", "linux-sfq", "linux-codel",
                                        "linux-fq_codel", "linux-noop", NULL};
static const char *const conflict_words[] = {"refuse", "evict", NULL};

/* clang-format 14 and 19 format these differently. */
/* clang-format off */
#define TEXT(section, key, kind, start_only)                                                       \
    {                                                                                              \
        section, #key, kind, offsetof(struct config, key), sizeof((struct config *)0)->key, 0, 0,  \
            NULL, start_only                                                                       \
    }
#define NUMBER(section, name, member, kind, min, max)                                              \
    {                                                                                              \
        section, name, kind, offsetof(struct config, member), 0, min, max, NULL, false             \
    }
/* clang-format on */

const struct setting config_settings[] = {
    TEXT("daemon", socket, TYPE_PATH, true),
    TEXT("daemon", socket_group, TYPE_TEXT, false),
    TEXT("daemon", allow, TYPE_ACCESS, false),
    TEXT("daemon", allow_read, TYPE_ACCESS, false),
    NUMBER("daemon", "max_connections", max_connections, TYPE_INT, 1, 4096),
    NUMBER("daemon", "client_memory", client_memory, TYPE_INT, 4, 4096),
    NUMBER("daemon", "max_queued", engine.max_queued, TYPE_INT, 1, 1000000),
    NUMBER("daemon", "queue_timeout", engine.queue_timeout_ms, TYPE_DURATION, 1, 3600000),
    TEXT("ovs", db, TYPE_REMOTE, true),
    TEXT("ovs", run_dir, TYPE_PATH, true),
    TEXT("ovs", vswitchd_log, TYPE_PATH, true),
    NUMBER("ovs", "timeout", engine.timeout_ms, TYPE_DURATION, 1, 600000),
    NUMBER("ovs", "vswitchd_grace", engine.vswitchd_grace_ms, TYPE_DURATION, 0, 600000),
    NUMBER("ovs", "max_batch", engine.max_batch, TYPE_INT, 1, 1024),
    NUMBER("ovs", "create_bridges", engine.create_bridges, TYPE_BOOL, 0, 0),
    {"ovs", "fail_mode", TYPE_WORD, offsetof(struct config, engine.fail_mode), 0, 0, 0,
     fail_mode_policy_names, false},
    NUMBER("ovs", "repair", engine.repair, TYPE_BOOL, 0, 0),
    NUMBER("ovs", "restore", engine.restore, TYPE_BOOL, 0, 0),
    NUMBER("vif", "network_device_mtu", engine.network_device_mtu, TYPE_MTU, 0, VIF_MTU_MAX),
    {"vif", "socket_dirs", TYPE_SOCKET_DIRS, 0, 0, 0, 0, NULL, false},
    NUMBER("vif", "check_paths", engine.check_paths, TYPE_BOOL, 0, 0),
    NUMBER("vif", "isolate_vif", engine.isolate_vif, TYPE_BOOL, 0, 0),
    NUMBER("vif", "per_port_bridge", engine.per_port_bridge, TYPE_BOOL, 0, 0),
    {"vif", "default_qos_type", TYPE_WORD, offsetof(struct config, engine.default_qos_type),
     QOS_TYPE_MAX + 1, 0, 0, qos_types, false},
    {"vif", "on_vf_conflict", TYPE_WORD, offsetof(struct config, engine.evict_on_vf_conflict), 0, 0,
     0, conflict_words, false},
    {"offload", "ensure_hw_offload", TYPE_WORD, offsetof(struct config, engine.ensure_hw_offload),
     0, 0, 0, offload_policy_names, false},
    {"metrics", "listen", TYPE_LISTEN, offsetof(struct config, metrics_listen), CONFIG_TEXT_MAX, 0,
     0, NULL, false},
#undef TEXT
#undef NUMBER
};
const size_t config_n_settings = sizeof config_settings / sizeof config_settings[0];
_Static_assert(sizeof config_settings / sizeof config_settings[0] <= CONFIG_SETTINGS_MAX,
               "struct config has room for each");

void config_init(struct config *config)
{
    static const char *const socket_dirs[] = {"/usr/local/var/run", "/run/openvswitch",
                                              "/var/run/openvswitch", "/var/lib/vhost_sockets"};

    memset(config, 0, sizeof *config);
    strcpy(config->socket, "/run/vifplugd/vifplugd.sock");
    strcpy(config->socket_group, "nova");
    config->max_connections = 64;
    config->client_memory = 32;
    config->engine.max_queued = 4096;
    config->engine.queue_timeout_ms = 30000;
    config->engine.timeout_ms = 10000;
    config->engine.vswitchd_grace_ms = 60000;
    config->engine.max_batch = 64;
    config->engine.create_bridges = true;
    config->engine.network_device_mtu = 1500;
    strcpy(config->engine.default_qos_type, "linux-noop");
    config->engine.check_paths = true;
    for (size_t i = 0; i < sizeof socket_dirs / sizeof socket_dirs[0]; i++) {
        strcpy(config->engine.socket_dirs[config->engine.n_socket_dirs++], socket_dirs[i]);
    }
    config->n_profiles = nic_profiles_init(config->profiles);
}

/* One reading of one file. */
struct reading {
    struct config *config;
    const char *path;
    FILE *file;
    char *text; /* The line. */
    size_t text_size;
    int line;
    struct error *error;
    bool failed;
    /* Sections and settings seen so far, to refuse a second one: "section\nkey". */
    char *seen[512];
    size_t n_seen;
};

static bool fail(struct reading *reading, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct reading *reading, const char *format, ...)
{
    if (!reading->failed) {
        char text[ERROR_TEXT_LEN / 2];
        va_list args;

        va_start(args, format);
        vsnprintf(text, sizeof text, format, args);
        va_end(args);
        error_set(reading->error, REASON_INVALID_REQUEST, "", "%s:%d: %s.", reading->path,
                  reading->line, text);
        reading->failed = true;
    }
    return false;
}

/* Records a section (`key` is "") or a setting. Refuses it if it was there before. */
static bool note_seen(struct reading *reading, const char *section, const char *key)
{
    char text[2 * LINE_MAX_BYTES];

    snprintf(text, sizeof text, "%s\n%s", section, key);
    for (size_t i = 0; i < reading->n_seen; i++) {
        if (!strcmp(reading->seen[i], text)) {
            return *key ? fail(reading, "%s is set twice in [%s]; remove one", key, section)
                        : fail(reading, "section [%s] begins twice; join the two", section);
        }
    }
    if (reading->n_seen == sizeof reading->seen / sizeof reading->seen[0]) {
        return fail(reading, "the file has too many settings; remove some");
    }
    reading->seen[reading->n_seen++] = xstrdup(text);
    return true;
}

/* Finds or adds the profile of that name. NULL if that fails. */
static struct nic_profile *find_profile(struct reading *reading, const char *name)
{
    struct config *config = reading->config;
    size_t i = 0;

    if (!*name || strlen(name) > NIC_NAME_MAX) {
        fail(reading, "the NIC profile needs a name of 1 to %d bytes: [nic NAME]", NIC_NAME_MAX);
        return NULL;
    }
    while (i < config->n_profiles && strcmp(config->profiles[i].name, name)) {
        i++;
    }
    if (i == NIC_PROFILES_MAX) {
        fail(reading, "there are more than %d NIC profiles; remove some", NIC_PROFILES_MAX);
        return NULL;
    }
    if (i == config->n_profiles) {
        nic_profile_init(&config->profiles[config->n_profiles++], name);
    }
    return &config->profiles[i];
}

/* The name of the profile of section "nic NAME", or NULL. */
static const char *profile_name(const char *section)
{
    size_t length = strcspn(section, " \t");

    return length == 3 && !strncmp(section, "nic", length)
               ? section + length + strspn(section + length, " \t")
               : NULL;
}

static bool begin_section(struct reading *reading, const char *section)
{
    const char *name = profile_name(section);
    const struct nic_profile *profile;
    char seen[SECTION_MAX_BYTES + 1];

    if (name) {
        profile = find_profile(reading, name);
        if (profile) {
            reading->config->profile_sources[profile - reading->config->profiles] = reading->line;
        }
        snprintf(seen, sizeof seen, "nic %s", name);
        return profile && note_seen(reading, seen, "");
    }
    for (size_t i = 0; i < config_n_settings; i++) {
        if (!strcmp(config_settings[i].section, section)) {
            return note_seen(reading, section, "");
        }
    }
    return fail(reading,
                "there is no section [%s]; use [daemon], [ovs], [vif], [offload], [metrics] "
                "or [nic NAME]",
                section);
}

/* inih reports a section only with its first setting, and ignores what follows its name. A line
 * without a "]" is left to inih. */
static bool take_section(struct reading *reading, const char *text)
{
    size_t length = strcspn(text + 1, "]");
    char section[SECTION_MAX_BYTES + 1];
    const char *rest;

    if (length > SECTION_MAX_BYTES) {
        return fail(reading, "the section name is longer than %d bytes; shorten it",
                    SECTION_MAX_BYTES);
    }
    if (text[1 + length] != ']') {
        return true;
    }
    rest = text + length + 2;
    rest += strspn(rest, " \t");
    if (*rest && *rest != ';') {
        return fail(reading, "'%.40s' follows the section's name; give it a line of its own", rest);
    }
    memcpy(section, text + 1, length);
    section[length] = '\0';
    return begin_section(reading, section);
}

/* Checks what inih would silently cut, join or ignore. */
static bool check_line(struct reading *reading, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (byte < ' ' && byte != '\t') {
            return fail(reading, "the line has a control character (0x%02x); remove it", byte);
        }
    }
    if (length > LINE_MAX_BYTES) {
        return fail(reading, "the line is longer than %d bytes; shorten it", LINE_MAX_BYTES);
    }
    if ((text[0] == ' ' || text[0] == '\t') && text[strspn(text, " \t")] != '\0') {
        return fail(reading, "the line begins with a blank; remove the blank");
    }
    return text[0] != '[' || take_section(reading, text);
}

/* An ini_reader that counts and checks lines. */
static char *read_line(char *text, int size, void *reading_)
{
    static const char bom[] = "\xef\xbb\xbf"; /* inih skips it too. */
    struct reading *reading = reading_;
    size_t length;
    ssize_t n = reading->failed ? -1 : getline(&reading->text, &reading->text_size, reading->file);
    char *line = reading->text;

    if (n < 0) {
        return NULL;
    }
    length = (size_t)n;
    if (reading->line++ == 0 && !strncmp(line, bom, strlen(bom))) {
        line += strlen(bom);
        length -= strlen(bom);
    }
    length -= length > 0 && line[length - 1] == '\n';
    length -= length > 0 && line[length - 1] == '\r';
    line[length] = '\0';
    if (!check_line(reading, line, length)) {
        return NULL;
    }
    snprintf(text, (size_t)size, "%s\n", line);
    return text;
}

static bool parse_number(const char *text, int *value, const char **rest)
{
    bool negative = *text == '-';
    int64_t number;

    text += negative;
    if (!number_take(&text, INT_MAX, &number)) {
        return false;
    }
    *value = (int)(negative ? -number : number);
    *rest = text + strspn(text, " ");
    return true;
}

static bool set_number(struct reading *reading, const struct setting *setting, const char *value,
                       int *target)
{
    bool duration = setting->type == TYPE_DURATION;
    const char *rest;
    int number;

    if (!parse_number(value, &number, &rest)) {
        return fail(reading, "%s is not a number; correct it", setting->key);
    }
    if (duration && (!strcmp(rest, "s") || !*rest)) {
        /* A number that does not fit into an int is out of every range. */
        number = number < 0 || number > INT_MAX / 1000 ? -1 : number * 1000;
    } else if (duration ? strcmp(rest, "ms") != 0 : *rest != '\0') {
        return fail(reading, "%s has '%s' after its number%s", setting->key, rest,
                    duration ? "; give s or ms" : "; remove it");
    }
    if (setting->type == TYPE_MTU && number > 0 && number < VIF_MTU_MIN) {
        return fail(reading, "%s must be 0 or from %d to %d", setting->key, VIF_MTU_MIN,
                    setting->max);
    }
    if (number < setting->min || number > setting->max) {
        return fail(reading, "%s must be from %d to %d%s", setting->key, setting->min, setting->max,
                    duration ? " ms" : "");
    }
    *target = number;
    return true;
}

static bool set_bool(struct reading *reading, const char *key, const char *value, bool *target)
{
    if (strcmp(value, "yes") && strcmp(value, "no")) {
        return fail(reading, "%s must be yes or no, not '%s'", key, value);
    }
    *target = !strcmp(value, "yes");
    return true;
}

static bool set_socket_dirs(struct reading *reading, const char *value)
{
    struct config *config = reading->config;
    char dir[CONFIG_TEXT_MAX + 1];

    config->engine.n_socket_dirs = 0;
    while (list_next(&value, dir, sizeof dir)) {
        if (config->engine.n_socket_dirs == SOCKET_DIRS_MAX) {
            return fail(reading, "socket_dirs has more than %d directories; remove some",
                        SOCKET_DIRS_MAX);
        }
        if (!vif_path_valid(dir)) {
            return fail(reading, "socket_dirs has '%s', which is not an absolute path; correct it",
                        dir);
        }
        memcpy(config->engine.socket_dirs[config->engine.n_socket_dirs++], dir, strlen(dir) + 1);
    }
    return true;
}

static bool set_word(struct reading *reading, const struct setting *setting, const char *value,
                     void *target)
{
    char known[160] = "";

    for (int i = 0; setting->words[i]; i++) {
        size_t used = strlen(known);

        if (strcmp(setting->words[i], value)) {
            snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", setting->words[i]);
        } else if (setting->size) {
            snprintf(target, setting->size, "%s", value);
            return true;
        } else {
            *(int *)target = i;
            return true;
        }
    }
    return fail(reading, "%s is '%s'; it must be one of %s", setting->key, value, known);
}

static bool set_remote(struct reading *reading, const struct setting *setting, const char *value,
                       char *target)
{
    char why[256];

    if (!remote_check(value, why, sizeof why)) {
        return fail(reading, "%s %s", setting->key, why);
    }
    snprintf(target, setting->size, "%s", value);
    return true;
}

static bool set_access(struct reading *reading, const struct setting *setting, const char *value,
                       char *target)
{
    char why[ACCESS_WHY_LEN];

    if (!access_check(value, why, sizeof why)) {
        return fail(reading, "%s %s", setting->key, why);
    }
    snprintf(target, setting->size, "%s", value);
    return true;
}

static bool set_listen(struct reading *reading, const struct setting *setting, const char *value,
                       char *target)
{
    char why[256];

    if (!metrics_listen_check(value, why, sizeof why)) {
        return fail(reading, "%s %s", setting->key, why);
    }
    snprintf(target, setting->size, "%s", value);
    return true;
}

static bool set_setting(struct reading *reading, const struct setting *setting, const char *value)
{
    void *target = (char *)reading->config + setting->offset;

    switch (setting->type) {
    case TYPE_PATH:
        if (!vif_path_valid(value)) {
            return fail(reading, "%s '%s' is not an absolute path of at most %d bytes; correct it",
                        setting->key, value, VIF_PATH_MAX);
        }
        snprintf(target, setting->size, "%s", value);
        return true;
    case TYPE_TEXT:
        snprintf(target, setting->size, "%s", value);
        return true;
    case TYPE_ACCESS:
        return set_access(reading, setting, value, target);
    case TYPE_REMOTE:
        return set_remote(reading, setting, value, target);
    case TYPE_LISTEN:
        return set_listen(reading, setting, value, target);
    case TYPE_INT:
    case TYPE_MTU:
    case TYPE_DURATION:
        return set_number(reading, setting, value, target);
    case TYPE_BOOL:
        return set_bool(reading, setting->key, value, target);
    case TYPE_SOCKET_DIRS:
        return set_socket_dirs(reading, value);
    case TYPE_WORD:
        return set_word(reading, setting, value, target);
    }
    return false;
}

static bool set_profile(struct reading *reading, const char *name, const char *key,
                        const char *value)
{
    struct nic_profile *profile = find_profile(reading, name);
    char why[256];

    return profile && (nic_profile_set(profile, key, value, why, sizeof why) ||
                       fail(reading, "%s %s", key, why));
}

/* An ini_handler: returns 1 for success. */
static int handle(void *reading_, const char *section, const char *key, const char *value)
{
    struct reading *reading = reading_;
    const char *profile = profile_name(section);

    if (!*section) {
        return fail(reading, "setting '%s' comes before the first section; move it into one", key);
    }
    if (!note_seen(reading, section, key)) {
        return 0;
    }
    if (profile) {
        return set_profile(reading, profile, key, value);
    }
    for (size_t i = 0; i < config_n_settings; i++) {
        if (!strcmp(config_settings[i].section, section) && !strcmp(config_settings[i].key, key)) {
            reading->config->sources[i] = reading->line;
            return set_setting(reading, &config_settings[i], value);
        }
    }
    return fail(reading, "[%s] has no setting '%s'; see vifplugd.conf", section, key);
}

static void parse(struct reading *reading)
{
    int result = ini_parse_stream(read_line, reading, handle, reading);

    if (ferror(reading->file)) {
        fail(reading, "the file cannot be read (%s)", strerror(errno));
    }
    /* inih continues after a line that it does not understand, and returns the number of the first
     * such line. */
    if (result > 0 && (!reading->failed || result < reading->line)) {
        reading->failed = false;
        reading->line = result;
        fail(reading, "the line is neither a section nor a setting; correct it");
    }
}

static void check_profiles(struct reading *reading)
{
    const struct config *config = reading->config;

    for (size_t i = 0; i < config->n_profiles; i++) {
        if (config->profiles[i].n_matches == 0) {
            reading->line = config->profile_sources[i];
            fail(reading, "NIC profile '%s' has no match; add one", config->profiles[i].name);
        }
    }
}

bool config_read(struct config *config, const char *path, bool required, struct error *error)
{
    struct reading reading = {.config = config, .path = path, .error = error};

    reading.file = plain_file_stream(path);
    if (!reading.file) {
        if (errno == ENOENT && !required) {
            return true;
        }
        return error_set(error, REASON_INVALID_REQUEST, "",
                         "The configuration %s cannot be read (%s); correct the path or its mode.",
                         path, plain_file_error(errno));
    }
    parse(&reading);
    if (!reading.failed) {
        check_profiles(&reading);
    }
    fclose(reading.file);
    free(reading.text);
    for (size_t i = 0; i < reading.n_seen; i++) {
        free(reading.seen[i]);
    }
    return !reading.failed;
}
