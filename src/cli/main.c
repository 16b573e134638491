/* SPDX-License-Identifier: Apache-2.0 */
/* vifctl: vifplugd from the command line. */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "base/version.h"

/* Beyond what the daemon may take, how long to wait for its answer: undoing takes its timeout once
 * more, and DPDK's start may be waited for. */
enum { EXTRA_WAIT_MS = 75000, DEFAULT_WAIT_MS = 120000 };

static const char usage_text[] =
    "vifctl: plugs VIFs into Open vSwitch, by way of vifplugd\n"
    "usage: vifctl [OPTIONS] COMMAND [ARGUMENT]\n"
    "\n"
    "Commands:\n"
    "  plug FILE|-      plug the VIF in FILE: {\"vif\":..., \"instance\":...} or a VIF alone;\n"
    "                   without FILE the flags below say it all\n"
    "  unplug ID|FILE|- unplug a VIF, named by its id or as for plug\n"
    "  update ID        change a plugged VIF's MTU (--mtu) or limits (--qos)\n"
    "  get ID           show one VIF\n"
    "  list             show all VIFs\n"
    "  nics             show SmartNICs and their VFs: numbers, device arguments, sockets, users\n"
    "  reap [ID]        remove stale VIFs: those from before the host's last boot\n"
    "  watch            show what happens to VIFs and to the switch, as it happens\n"
    "  status           show how daemon, OVSDB and ovs-vswitchd are\n"
    "  describe         show what can be plugged\n"
    "\n"
    "Options:\n"
    "  --socket=PATH    the daemon's socket (default: $VIFPLUGD_SOCKET,\n"
    "                   else " VIFPLUG_DEFAULT_SOCKET ")\n"
    "  --dry-run        only show what would be done\n"
    "  --wait=WHAT      realized (default): until ovs-vswitchd has it; committed: until OVSDB has\n"
    "  --timeout=SECONDS  how long the operation may take (default: the daemon's)\n"
    "  --format=FORMAT  table (default) or json\n"
    "  -h, --help       show this and exit\n"
    "  -V, --version    show the version and exit\n"
    "\n"
    "A native VIF, instead of FILE or over what stands in it:\n"
    "  --id=ID --kind=representor|vhost-user|kernel-representor|ovs|hybrid --mac=MAC\n"
    "  --bridge=NAME --pci=DDDD:BB:DD.F --path=SOCKET --mode=server|client --name=VIF_NAME\n"
    "  --mtu=BYTES --datapath=netdev|system --qos=JSON --instance=UUID\n"
    "\n"
    "Exit status: 0 done, 1 refused or failed, 2 usage, 3 daemon unreachable, 4 timed out.\n";

static int usage_error(const char *format, const char *what)
{
    fprintf(stderr, "vifctl: ");
    fprintf(stderr, format, what);
    fprintf(stderr, "; see vifctl --help\n");
    return EXIT_USAGE;
}

static bool set_timeout(struct cli *cli, const char *text)
{
    char *end;
    double seconds = strtod(text, &end);

    if (end == text || *end || !(seconds >= 0.001 && seconds <= 600)) {
        return false;
    }
    cli->options.timeout_ms = (int)(seconds * 1000 + 0.5);
    return true;
}

/* Takes one option; returns false if its value is wrong. */
static bool take_option(struct cli *cli, const char *name, const char *value)
{
    const struct {
        const char *name;
        const char **target;
    } texts[] = {
        {"socket", &cli->socket},     {"id", &cli->id},
        {"kind", &cli->kind},         {"mac", &cli->mac},
        {"bridge", &cli->bridge},     {"pci", &cli->pci},
        {"path", &cli->path},         {"mode", &cli->mode},
        {"mtu", &cli->mtu},           {"datapath", &cli->datapath},
        {"instance", &cli->instance}, {"name", &cli->name},
        {"qos", &cli->qos},
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (!strcmp(texts[i].name, name)) {
            *texts[i].target = value;
            return *value != '\0';
        }
    }
    if (!strcmp(name, "dry-run")) {
        cli->options.dry_run = true;
        return true;
    }
    if (!strcmp(name, "timeout")) {
        return set_timeout(cli, value);
    }
    if (!strcmp(name, "wait")) {
        cli->options.committed = !strcmp(value, "committed");
        return cli->options.committed || !strcmp(value, "realized");
    }
    cli->format = !strcmp(value, "json") ? FORMAT_JSON : FORMAT_TABLE;
    return cli->format == FORMAT_JSON || !strcmp(value, "table");
}

/* Returns an exit status, or -1 to go on. */
static int parse_command_line(int argc, char *argv[], struct cli *cli)
{
    static const struct option options[] = {
        {"socket", required_argument, NULL, 'x'},   {"id", required_argument, NULL, 'x'},
        {"kind", required_argument, NULL, 'x'},     {"mac", required_argument, NULL, 'x'},
        {"bridge", required_argument, NULL, 'x'},   {"pci", required_argument, NULL, 'x'},
        {"path", required_argument, NULL, 'x'},     {"mode", required_argument, NULL, 'x'},
        {"mtu", required_argument, NULL, 'x'},      {"datapath", required_argument, NULL, 'x'},
        {"instance", required_argument, NULL, 'x'}, {"timeout", required_argument, NULL, 'x'},
        {"wait", required_argument, NULL, 'x'},     {"format", required_argument, NULL, 'x'},
        {"name", required_argument, NULL, 'x'},     {"qos", required_argument, NULL, 'x'},
        {"dry-run", no_argument, NULL, 'x'},        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'V'},        {NULL, 0, NULL, 0},
    };
    int index;
    int c;

    while ((c = getopt_long(argc, argv, "hV", options, &index)) != -1) {
        if (c == 'h') {
            fputs(usage_text, stdout);
            return EXIT_DONE;
        }
        if (c == 'V') {
            printf("vifctl %s\n", VIFPLUG_VERSION);
            return EXIT_DONE;
        }
        if (c != 'x') {
            fprintf(stderr, "see vifctl --help\n");
            return EXIT_USAGE;
        }
        if (!take_option(cli, options[index].name, optarg)) {
            return usage_error("--%s has a value that it cannot have", options[index].name);
        }
    }
    if (optind == argc) {
        return usage_error("no command given%s", "");
    }
    cli->command = argv[optind++];
    cli->argument = optind < argc ? argv[optind++] : NULL;
    if (optind < argc) {
        return usage_error("'%s' is one argument too many", argv[optind]);
    }
    cli->options.wait_ms =
        cli->options.timeout_ms ? 2 * cli->options.timeout_ms + EXTRA_WAIT_MS : DEFAULT_WAIT_MS;
    return -1;
}

static int plug(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    char *instance;
    char *vif;
    int result = -EBADMSG;

    if (input_plug(cli, &vif, &instance)) {
        result = vifplug_plug(vifplug, vif, instance, &cli->options, reply);
    }
    free(vif);
    free(instance);
    return result;
}

static int unplug(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    char *params = input_unplug(cli);
    int result = -EBADMSG;

    if (params) {
        result = vifplug_call(vifplug, "unplug", params, cli->options.wait_ms, reply);
    }
    free(params);
    return result;
}

static int update(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    int mtu;

    if (!input_mtu(cli, &mtu)) {
        return -EBADMSG;
    }
    return vifplug_update(vifplug, cli->argument, mtu, cli->qos, &cli->options, reply);
}

static int reap(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    return vifplug_reap(vifplug, cli->argument, &cli->options, reply);
}

static int nics(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    return vifplug_call(vifplug, "nics", NULL, cli->options.wait_ms, reply);
}

static int get(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    return vifplug_get(vifplug, cli->argument, &cli->options, reply);
}

static int list(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    return vifplug_list(vifplug, &cli->options, reply);
}

static int status(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    return vifplug_status(vifplug, &cli->options, reply);
}

static int describe(struct vifplug *vifplug, const struct cli *cli, struct vifplug_reply **reply)
{
    return vifplug_call(vifplug, "describe", NULL, cli->options.wait_ms, reply);
}

static const struct command {
    const char *name;
    enum { NO_ARGUMENT, MAY_HAVE_ARGUMENT, ARGUMENT_OR_FLAGS, NEEDS_ARGUMENT } argument;
    int (*run)(struct vifplug *, const struct cli *, struct vifplug_reply **);
} commands[] = {
    {"plug", ARGUMENT_OR_FLAGS, plug},  {"unplug", ARGUMENT_OR_FLAGS, unplug},
    {"update", NEEDS_ARGUMENT, update}, {"get", NEEDS_ARGUMENT, get},
    {"list", NO_ARGUMENT, list},        {"nics", NO_ARGUMENT, nics},
    {"reap", MAY_HAVE_ARGUMENT, reap},  {"watch", NO_ARGUMENT, NULL},
    {"status", NO_ARGUMENT, status},    {"describe", NO_ARGUMENT, describe},
};

static const struct command *find_command(const struct cli *cli)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (!strcmp(commands[i].name, cli->command)) {
            return &commands[i];
        }
    }
    return NULL;
}

static int run_command(const struct cli *cli, const struct command *command)
{
    struct vifplug_reply *reply = NULL;
    struct vifplug *vifplug;
    int status_code = EXIT_DONE;
    int result = vifplug_open(cli->socket, &vifplug);

    if (result == 0) {
        result = command->run(vifplug, cli, &reply);
    }
    if (result == -EBADMSG) {
        status_code = EXIT_USAGE; /* input.c has said why. */
    } else if (result != 0) {
        status_code = output_failure(cli, result, reply);
    } else {
        output_reply(cli, reply);
    }
    vifplug_reply_free(reply);
    vifplug_close(vifplug);
    return status_code;
}

int main(int argc, char *argv[])
{
    struct cli cli = {.format = FORMAT_TABLE};
    const struct command *command;
    int status_code = parse_command_line(argc, argv, &cli);

    if (status_code >= 0) {
        return status_code;
    }
    command = find_command(&cli);
    if (!command) {
        return usage_error("there is no command '%s'", cli.command);
    }
    if (command->argument == NO_ARGUMENT && cli.argument) {
        return usage_error("%s takes no argument", cli.command);
    }
    if (!cli.argument && (command->argument == NEEDS_ARGUMENT ||
                          (command->argument == ARGUMENT_OR_FLAGS && !cli.id))) {
        return usage_error("%s needs to be told which VIF", cli.command);
    }
    return command->run ? run_command(&cli, command) : watch(&cli);
}
