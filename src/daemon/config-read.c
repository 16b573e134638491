/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the file: lines, sections, settings. Reading goes on after an error, so that all are told
 * at once; what is wrong only because of an error before it is not told. */

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/plain-file.h"
#include "daemon/access.h"
#include "daemon/config-private.h"
#include "daemon/config.h"
#include "openvswitch/util.h"
#include "util.h"

/* inih 55 silently cuts lines at INI_MAX_LINE (200) bytes and section names at 50. */
enum { LINE_MAX_BYTES = 190, SECTION_MAX_BYTES = 46 };

/* One reading of one file. */
struct reading {
    struct config *config;
    const char *path;
    FILE *file;
    char *text; /* The line. */
    size_t text_size;
    int line;
    struct config_errors *errors;
    bool begun;                          /* The first section has begun. */
    bool unknown;                        /* The present section is not known. */
    bool unread;                         /* inih has not understood the line, so far. */
    char section[SECTION_MAX_BYTES + 1]; /* The present one. */
    bool match_seen[NIC_PROFILES_MAX];   /* Profiles whose match is set, to whatever value. */
    /* Sections and settings seen so far, to refuse a second one: "section\nkey". */
    char *seen[512];
    size_t n_seen;
    bool full; /* `seen` is, and an error says so. */
};

static bool fail_at(struct reading *reading, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail_at(struct reading *reading, int line, const char *format, ...)
{
    char text[ERROR_TEXT_LEN / 2];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    config_errors_add(reading->errors, reading->path, line, "%s", text);
    return false;
}

#define fail(reading, ...) fail_at(reading, (reading)->line, __VA_ARGS__)

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
    if (reading->n_seen == ARRAY_SIZE(reading->seen)) {
        if (!reading->full) {
            fail(reading, "the file has too many settings; remove some");
        }
        reading->full = true;
        return false;
    }
    reading->seen[reading->n_seen++] = xstrdup(text);
    return true;
}

/* Finds or adds the profile of that name. NULL if that fails. */
static struct nic_profile *find_profile(struct reading *reading, const char *name)
{
    struct config *config = reading->config;
    size_t length = strlen(name);
    size_t i = 0;

    if (length == 0 || length > NIC_NAME_MAX) {
        fail(reading, "the NIC profile needs a name of 1 to %d bytes: [nic NAME]", NIC_NAME_MAX);
        return NULL;
    }
    if (strchr(" \t", name[length - 1])) {
        fail(reading, "the name of the NIC profile ends in a blank; write [nic %.*s]",
             (int)strcspn(name, " \t"), name);
        return NULL;
    }
    while (i < config->n_profiles && strcmp(config->profiles[i].name, name) != 0) {
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

static bool begin_profile(struct reading *reading, const char *name)
{
    struct nic_profile *profile = find_profile(reading, name);

    if (profile) {
        snprintf(reading->section, sizeof reading->section, "nic %s", name);
        if (note_seen(reading, reading->section, "")) {
            reading->config->profile_sources[profile - reading->config->profiles] = reading->line;
        }
    }
    return profile != NULL;
}

/* Returns whether the section is known. */
static bool begin_section(struct reading *reading, const char *section)
{
    const char *name = profile_name(section);

    if (name) {
        return begin_profile(reading, name);
    }
    for (size_t i = 0; i < config_n_settings; i++) {
        if (!strcmp(config_settings[i].section, section)) {
            snprintf(reading->section, sizeof reading->section, "%s", section);
            (void)note_seen(reading, section, "");
            return true;
        }
    }
    return fail(reading,
                "there is no section [%s]; use [daemon], [ovs], [vif], [offload], [metrics] "
                "or [nic NAME]",
                section);
}

/* inih reports a section only with its first setting, and ignores what follows its name. */
static void take_section(struct reading *reading, const char *text)
{
    size_t length = strcspn(text + 1, "]");
    char section[SECTION_MAX_BYTES + 1];
    const char *rest;

    reading->begun = true;
    reading->unknown = true;
    if (text[1 + length] != ']') {
        fail(reading, "the section's name has no ] at its end; write [NAME]");
        return;
    }
    if (length > SECTION_MAX_BYTES) {
        fail(reading, "the section name is longer than %d bytes; shorten it", SECTION_MAX_BYTES);
        return;
    }
    memcpy(section, text + 1, length);
    section[length] = '\0';
    reading->unknown = !begin_section(reading, section);
    rest = text + length + 2;
    rest += strspn(rest, " \t");
    if (*rest && *rest != ';') {
        fail(reading, "'%.40s' follows the section's name; give it a line of its own", rest);
    }
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
    if ((text[0] == ' ' || text[0] == '\t') && text[strspn(text, " \t")] != '\0') {
        return fail(reading, "the line begins with a blank; remove the blank");
    }
    if (length > LINE_MAX_BYTES && text[0] != '[') {
        return fail(reading, "the line is longer than %d bytes; shorten it", LINE_MAX_BYTES);
    }
    return true;
}

/* Whether the line is for inih: a setting, or what is none. Sections are taken here. */
static bool take_line(struct reading *reading, const char *text, size_t length)
{
    bool ok = check_line(reading, text, length);

    if (text[0] == '[') {
        if (ok) {
            take_section(reading, text);
        } else {
            reading->unknown = true; /* What follows is not judged. */
        }
    }
    return ok && text[0] != '[' && text[0] != ';' && text[0] != '#' &&
           text[strspn(text, " \t")] != '\0';
}

/* inih goes on after a line that it does not understand. */
static void end_line(struct reading *reading)
{
    if (reading->unread) {
        fail(reading, "the line is neither a section nor a setting; write [NAME] or KEY = VALUE");
    }
    reading->unread = false;
}

/* An ini_reader that counts and checks lines. */
static char *read_line(char *text, int size, void *reading_)
{
    static const char bom[] = "\xef\xbb\xbf"; /* inih skips it too. */
    struct reading *reading = reading_;
    size_t length;
    ssize_t n;
    char *line;

    end_line(reading);
    n = getline(&reading->text, &reading->text_size, reading->file);
    if (n < 0) {
        return NULL;
    }
    line = reading->text;
    length = (size_t)n;
    if (reading->line++ == 0 && !strncmp(line, bom, strlen(bom))) {
        line += strlen(bom);
        length -= strlen(bom);
    }
    length -= length > 0 && line[length - 1] == '\n';
    length -= length > 0 && line[length - 1] == '\r';
    line[length] = '\0';
    reading->unread = take_line(reading, line, length);
    snprintf(text, (size_t)size, "%s\n", reading->unread ? line : "");
    return text;
}

static void set_profile(struct reading *reading, const char *name, const char *key,
                        const char *value)
{
    struct nic_profile *profile = find_profile(reading, name);
    char why[256];

    if (!profile) {
        return;
    }
    if (!strcmp(key, "match")) {
        reading->match_seen[profile - reading->config->profiles] = true;
    }
    if (!nic_profile_set(profile, key, value, why, sizeof why)) {
        fail(reading, "%s %s", key, why);
    }
}

static void set_known(struct reading *reading, size_t i, const char *value)
{
    char why[256];

    reading->config->sources[i] = reading->line;
    if (!config_set_value(reading->config, &config_settings[i], value, why, sizeof why)) {
        fail(reading, "%s %s", config_settings[i].key, why);
    }
}

/* Says where the setting belongs, or else what the section has. */
static void refuse_setting(struct reading *reading, const char *section, const char *key)
{
    char known[160] = "";

    for (size_t i = 0; i < config_n_settings; i++) {
        const struct setting *setting = &config_settings[i];
        size_t used = strlen(known);

        if (!strcmp(setting->key, key)) {
            fail(reading, "[%s] has no setting '%s'; move it to [%s]", section, key,
                 setting->section);
            return;
        }
        if (!strcmp(setting->section, section)) {
            snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", setting->key);
        }
    }
    fail(reading, "[%s] has no setting '%.60s'; it has %s", section, key, known);
}

static void take_setting(struct reading *reading, const char *key, const char *value)
{
    const char *profile = profile_name(reading->section);

    if (!note_seen(reading, reading->section, key)) {
        return;
    }
    if (profile) {
        set_profile(reading, profile, key, value);
        return;
    }
    for (size_t i = 0; i < config_n_settings; i++) {
        if (!strcmp(config_settings[i].section, reading->section) &&
            !strcmp(config_settings[i].key, key)) {
            set_known(reading, i, value);
            return;
        }
    }
    refuse_setting(reading, reading->section, key);
}

/* An ini_handler: returns 1 for success. inih sees no section. */
static int handle(void *reading_, const char *section OVS_UNUSED, const char *key,
                  const char *value)
{
    struct reading *reading = reading_;

    reading->unread = false;
    if (!reading->begun) {
        fail(reading, "setting '%s' comes before the first section; move it into one", key);
    } else if (!reading->unknown) {
        take_setting(reading, key, value);
    }
    return 1;
}

static void check_profiles(struct reading *reading)
{
    const struct config *config = reading->config;

    for (size_t i = 0; i < config->n_profiles; i++) {
        if (config->profiles[i].n_matches == 0 && !reading->match_seen[i]) {
            fail_at(reading, config->profile_sources[i],
                    "NIC profile '%s' has no match; add one, such as match = 18f4:*",
                    config->profiles[i].name);
        }
    }
}

static void swap_profiles(struct config *config, size_t i, size_t j)
{
    struct nic_profile profile = config->profiles[i];
    int source = config->profile_sources[i];

    config->profiles[i] = config->profiles[j];
    config->profile_sources[i] = config->profile_sources[j];
    config->profiles[j] = profile;
    config->profile_sources[j] = source;
}

/* Where a profile belongs: at its line, or at the end if its patterns are the built-in ones. */
static int rank_of(const struct config *config, size_t i)
{
    return nic_profile_has_built_in_match(&config->profiles[i]) ? INT_MAX
                                                                : config->profile_sources[i];
}

/* Among equal patterns the first profile applies: that of the file has to come before the built-in
 * one. Profiles of one rank stay in their order. */
static void order_profiles(struct config *config)
{
    for (size_t i = 1; i < config->n_profiles; i++) {
        int rank = rank_of(config, i);

        for (size_t j = i; j > 0 && rank_of(config, j - 1) > rank; j--) {
            swap_profiles(config, j - 1, j);
        }
    }
}

bool config_read(struct config *config, const char *path, bool required,
                 struct config_errors *errors)
{
    struct reading reading = {.config = config, .path = path, .errors = errors};
    size_t n_before = errors->n;

    reading.file = plain_file_stream(path);
    if (!reading.file) {
        if (errno == ENOENT && !required) {
            return true;
        }
        config_errors_add(errors, path, 0,
                          "The configuration %s cannot be read (%s); correct the path or its mode",
                          path, plain_file_error(errno));
        return false;
    }
    (void)ini_parse_stream(read_line, &reading, handle, &reading);
    if (ferror(reading.file)) {
        config_errors_add(errors, path, 0,
                          "The configuration %s cannot be read (%s); correct the path or the file",
                          path, ovs_strerror(errno));
    }
    check_profiles(&reading);
    order_profiles(config);
    fclose(reading.file);
    free(reading.text);
    for (size_t i = 0; i < reading.n_seen; i++) {
        free(reading.seen[i]);
    }
    return errors->n == n_before;
}

/* --- Settings that contradict each other. --- */

/* The line of a setting; 0: it does not come from the file. */
static int line_of(const struct config *config, const char *section, const char *key)
{
    for (size_t i = 0; i < config_n_settings; i++) {
        if (!strcmp(config_settings[i].section, section) && !strcmp(config_settings[i].key, key)) {
            return MAX(config->sources[i], 0);
        }
    }
    return 0;
}

/* One path cannot be the API's socket and the one of `text` ("unix:PATH") as well. The error is of
 * the later line. */
static void check_socket(const struct config *config, const char *path, const char *section,
                         const char *key, const char *text, struct config_errors *errors)
{
    int line = line_of(config, section, key);
    int socket_line = line_of(config, "daemon", "socket");

    if (!strncmp(text, "unix:", 5) && !strcmp(text + 5, config->socket)) {
        config_errors_add(errors, path, MAX(line, socket_line),
                          "%s of [%s] and socket of [daemon] are both %s; write another path for "
                          "one of them",
                          key, section, config->socket);
    }
}

/* The names of users and groups. */
static void check_access(const struct config *config, const char *path,
                         struct config_errors *errors)
{
    for (size_t i = 0; i < config_n_settings; i++) {
        const struct setting *setting = &config_settings[i];
        char why[ACCESS_WHY_LEN];

        if (setting->type == TYPE_ACCESS &&
            !access_check((const char *)config + setting->offset, why, sizeof why)) {
            config_errors_add(errors, path, MAX(config->sources[i], 0), "%s %s", setting->key, why);
        }
    }
}

bool config_check(const struct config *config, const char *path, struct config_errors *errors)
{
    size_t n_before = errors->n;

    check_socket(config, path, "ovs", "db", config->db, errors);
    check_socket(config, path, "metrics", "listen", config->metrics_listen, errors);
    check_access(config, path, errors);
    return errors->n == n_before;
}
