/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/options.h"

#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/paths.h"
#include "base/version.h"
#include "base/vif.h"
#include "command-line.h"
#include "daemon.h"
#include "daemon/remote.h"
#include "dirs.h"
#include "openvswitch/vlog.h"
#include "util.h"

/* Not with OVS's daemon_usage(): that has --user, which refuse_user() refuses. */
__attribute__((noreturn)) static void usage(void)
{
    printf("%s: plugs VIFs into Open vSwitch\n"
           "usage: %s [OPTIONS]\n"
           "\n"
           "Options:\n"
           "  --config=FILE       configuration (default: " CONFIG_PATH ",\n"
           "                      where a missing file means the built-in defaults)\n"
           "  --check-config      show all errors in the configuration, or in the FILE that\n"
           "                      follows, and exit: 0 if there are none, else 1\n"
           "  --socket=PATH       API socket (default: /run/vifplugd/vifplugd.sock)\n"
           "  --db=REMOTE         OVSDB (default: unix:%s/db.sock)\n"
           "  --sysfs-root=DIR    where sysfs is mounted (default: /sys)\n"
           "  --boot-id=ID        stands in for the kernel's boot id (for tests)\n"
           "  --unixctl=SOCKET    control socket for ovs-appctl\n"
           "  -h, --help          show this and exit\n"
           "  -V, --version       show the version and exit\n"
           "\n"
           "Daemon options:\n"
           "  --detach            run in the background\n"
           "  --monitor           start the daemon again when it crashes\n"
           "  --no-chdir          with --detach: do not change to the directory /\n"
           "  --pidfile[=FILE]    write the process id to a file (default:\n"
           "                      %s/%s.pid)\n"
           "  --overwrite-pidfile\n"
           "                      with --pidfile: start also if the file's daemon runs\n",
           program_name, program_name, ovs_rundir(), ovs_rundir(), program_name);
    vlog_usage();
    exit(EXIT_SUCCESS);
}

/* OVS's --user keeps capabilities by libcap-ng, without which libopenvswitch is built. */
__attribute__((noreturn)) static void refuse_user(const char *user)
{
    ovs_fatal(0,
              "--user=%s: vifplugd does not change its user; set User= in its unit, "
              "or start it with setpriv and the capability CAP_NET_ADMIN",
              user);
}

void options_parse(int argc, char *argv[], struct options *options)
{
    enum {
        OPT_CONFIG = UCHAR_MAX + 1,
        OPT_CHECK_CONFIG,
        OPT_SOCKET,
        OPT_DB,
        OPT_SYSFS_ROOT,
        OPT_BOOT_ID,
        OPT_UNIXCTL,
        VLOG_OPTION_ENUMS,
        DAEMON_OPTION_ENUMS
    };
    static const struct option long_options[] = {
        {"config", required_argument, NULL, OPT_CONFIG},
        {"check-config", no_argument, NULL, OPT_CHECK_CONFIG},
        {"socket", required_argument, NULL, OPT_SOCKET},
        {"db", required_argument, NULL, OPT_DB},
        {"sysfs-root", required_argument, NULL, OPT_SYSFS_ROOT},
        {"boot-id", required_argument, NULL, OPT_BOOT_ID},
        {"unixctl", required_argument, NULL, OPT_UNIXCTL},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},
        VLOG_LONG_OPTIONS,
        DAEMON_LONG_OPTIONS,
        {NULL, 0, NULL, 0},
    };
    static char *short_options; /* It stays reachable where this exits. */
    int c;

    short_options = ovs_cmdl_long_options_to_short_options(long_options);

    while ((c = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
        if (c == OPT_USER_GROUP) {
            refuse_user(optarg);
        }
        switch (c) {
        case OPT_CONFIG:
            options->config = optarg;
            break;
        case OPT_CHECK_CONFIG:
            options->check_config = true;
            break;
        case OPT_SOCKET:
            options->socket = optarg;
            break;
        case OPT_DB:
            options->db = optarg;
            break;
        case OPT_SYSFS_ROOT:
            options->sysfs_root = optarg;
            break;
        case OPT_BOOT_ID:
            options->boot_id = optarg;
            break;
        case OPT_UNIXCTL:
            options->unixctl = optarg;
            break;
        case 'h':
            usage();
        case 'V':
            printf("vifplugd %s\n", VIFPLUG_VERSION);
            exit(EXIT_SUCCESS);
            VLOG_OPTION_HANDLERS
            DAEMON_OPTION_HANDLERS
        default:
            exit(EXIT_FAILURE);
        }
    }
    free(short_options);
    if (options->check_config && !options->config && optind + 1 == argc) {
        options->config = argv[optind++];
    }
    if (optind < argc) {
        ovs_fatal(0, "%s takes no arguments; use --help for its options", program_name);
    }
}

const char *options_config_path(const struct options *options)
{
    return options->config ? options->config : CONFIG_PATH;
}

bool options_read_config(const struct options *options, bool required, struct config *config,
                         struct config_errors *errors)
{
    const char *path = options_config_path(options);
    char why[256];

    config_init(config);
    (void)config_read(config, path, required || options->config, errors);
    if (options->db && remote_check(options->db, why, sizeof why)) {
        snprintf(config->db, sizeof config->db, "%s", options->db);
        config_note_option(config, "ovs", "db");
    } else if (options->db) {
        config_errors_add(errors, path, 0, "--db %s", why);
    }
    if (options->socket && vif_path_valid(options->socket)) {
        snprintf(config->socket, sizeof config->socket, "%s", options->socket);
        config_note_option(config, "daemon", "socket");
    } else if (options->socket) {
        config_errors_add(errors, path, 0, "--socket=%s: give an absolute path of at most %d bytes",
                          options->socket, VIF_PATH_MAX);
    }
    (void)config_check(config, path, errors);
    return errors->n == 0;
}
