/* SPDX-License-Identifier: Apache-2.0 */
/* The command line, and the configuration that it chooses and changes. */

#ifndef VP_OPTIONS_H
#define VP_OPTIONS_H 1

#include <stdbool.h>

#include "daemon/config.h"

/* Strings are borrowed from the command line. NULL: not given. */
struct options {
    const char *config;
    const char *socket;
    const char *db;
    const char *sysfs_root;
    const char *boot_id;
    const char *unixctl;
    bool check_config;
};

/* Fills `options`. Ends the process after --help and --version, and if the command line is wrong.
 */
void options_parse(int argc, char *argv[], struct options *options);

/* The path of the configuration. */
const char *options_config_path(const struct options *options);

/* Reads the configuration and puts the values of --socket and --db into it. A missing file is an
 * error if `required`, or if --config names it. Adds all that is wrong to `errors` and returns
 * whether nothing is; else the config must not be used. */
bool options_read_config(const struct options *options, bool required, struct config *config,
                         struct config_errors *errors);

#endif
