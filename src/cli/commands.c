/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of vifctl: usage, checks, help and completion are made from them. */

#include <string.h>

#include "cli/cli.h"

const struct option_row option_rows[OPTION_N] = {
    [OPTION_SOCKET] = {"socket", NULL, VALUE_FILE, "PATH", NULL, NULL,
                       "the daemon's socket (default: $VIFPLUGD_SOCKET,\n"
                       "else " VIFPLUG_DEFAULT_SOCKET ")",
                       's'},
    [OPTION_FORMAT] = {"format", NULL, VALUE_WORD, "FORMAT", "table json", NULL,
                       "table (default) or json", 'f'},
    [OPTION_COLOR] = {"color", "colour", VALUE_WORD, "WHEN", "auto always never", NULL,
                      "auto (default): on terminals, unless NO_COLOR is set or TERM is\n"
                      "dumb; always or never"},
    [OPTION_TIMEOUT] = {"timeout", NULL, VALUE_DURATION, "TIME", NULL, NULL,
                        "10 or 10s, 1.5s, 500ms; 1ms to 600s: how long the operation may\n"
                        "take (default: the daemon's); for commands that only read: how\n"
                        "long to wait for the reply (default: 10s)",
                        't'},
    [OPTION_WAIT] = {"wait", NULL, VALUE_WORD, "STAGE", "realized committed", NULL,
                     "realized (default): until ovs-vswitchd has it;\n"
                     "committed: until OVSDB has it",
                     'w'},
    [OPTION_DRY_RUN] = {"dry-run", NULL, VALUE_NONE, NULL, NULL, NULL,
                        "only show what would be done", 'n'},
    [OPTION_INSTANCE] = {"instance", NULL, VALUE_TEXT, "UUID", NULL, NULL,
                         "the instance that the VIF belongs to", 'i'},
    [OPTION_ALL] = {"all", NULL, VALUE_NONE, NULL, NULL, NULL, "all stale VIFs that no guest uses",
                    'a'},
    [OPTION_VERBOSE] = {"verbose", NULL, VALUE_NONE, NULL, NULL, NULL, "show all of the reply",
                        'v'},
    [OPTION_COLUMNS] = {"columns", NULL, VALUE_TEXT, "NAMES", NULL, NULL,
                        "the columns of the table, in that order: vif,state"},
    [OPTION_NO_HEADINGS] = {"no-headings", NULL, VALUE_NONE, NULL, NULL, NULL,
                            "no line with the names of the columns"},
    [OPTION_WATCH] = {"watch", NULL, VALUE_DURATION, "TIME", NULL, NULL,
                      "1s to 600s: show it again and again, with rates"},
    [OPTION_PORT] = {"port", NULL, VALUE_TEXT, "NAME", NULL, NULL, "only the VIF with that port"},
    [OPTION_STATE] = {"state", NULL, VALUE_TEXT, "STATE",
                      "up committed realizing unverified failed stale drifted missing", NULL,
                      "only VIFs in that state"},
    [OPTION_PF] = {"pf", NULL, VALUE_TEXT, "DDDD:BB:DD.F", NULL, NULL,
                   "only VIFs on VFs of that PF"},
    [OPTION_VF] = {"vf", NULL, VALUE_TEXT, "DDDD:BB:DD.F", NULL, NULL, "only the VIF on that VF"},
    [OPTION_LIMIT] = {"limit", NULL, VALUE_INTEGER, "N", NULL, NULL,
                      "1 to 256: how many operations that have ended (default: 256)"},
    [OPTION_SINCE] = {"since", NULL, VALUE_AGE, "AGE", NULL, NULL,
                      "also events of the past: of so many seconds, or 10m, 2h"},
    [OPTION_VIF_ID] = {"vif-id", "id", VALUE_TEXT, "ID", NULL, "vif_id", "the VIF's id"},
    [OPTION_KIND] = {"kind", NULL, VALUE_TEXT, "KIND",
                     "representor vhost-user kernel-representor ovs hybrid", "kind",
                     "representor, vhost-user, kernel-representor, ovs or hybrid"},
    [OPTION_BRIDGE] = {"bridge", NULL, VALUE_TEXT, "NAME", NULL, "bridge", "the OVS bridge"},
    [OPTION_ADDRESS] = {"address", "mac", VALUE_TEXT, "MAC", NULL, "address",
                        "the guest's MAC address"},
    [OPTION_MTU] = {"mtu", NULL, VALUE_INTEGER, "BYTES", NULL, "mtu", "the MTU"},
    [OPTION_DATAPATH_TYPE] = {"datapath-type", "datapath", VALUE_TEXT, "TYPE", "netdev system",
                              "datapath_type", "netdev or system"},
    [OPTION_INTERFACE_ID] = {"interface-id", NULL, VALUE_TEXT, "ID", NULL, "interface_id",
                             "external_ids:iface-id (default: the VIF's id)"},
    [OPTION_VIF_NAME] = {"vif-name", "name", VALUE_TEXT, "NAME", NULL, "vif_name",
                         "the guest's interface (kind ovs)"},
    [OPTION_PCI_SLOT] = {"pci-slot", "pci", VALUE_TEXT, "DDDD:BB:DD.F", NULL, "pci_slot",
                         "the VF (representors)"},
    [OPTION_PATH] = {"path", "vhost-user-path", VALUE_FILE, "SOCKET", NULL, "vhost_user.path",
                     "the vhost-user socket"},
    [OPTION_MODE] = {"mode", "vhost-user-mode", VALUE_TEXT, "MODE", "server client",
                     "vhost_user.mode",
                     "server or client: what the guest (QEMU) is on that socket"},
    [OPTION_CREATE_PORT] = {"create-port", NULL, VALUE_BOOLEAN, "BOOL", "true false", "create_port",
                            "whether to make the port (kind ovs; default: true)"},
    [OPTION_CREATE_TAP] = {"create-tap", NULL, VALUE_BOOLEAN, "BOOL", "true false", "create_tap",
                           "whether to make the tap device (kind ovs; default: false)"},
    [OPTION_MULTIQUEUE] = {"multiqueue", NULL, VALUE_BOOLEAN, "BOOL", "true false", "multiqueue",
                           "whether that tap has several queues (default: false)"},
    [OPTION_LINUX_BRIDGE] = {"linux-bridge", NULL, VALUE_TEXT, "NAME", NULL, "linux_bridge",
                             "the Linux bridge (kind hybrid; default: qbr<id>)"},
    [OPTION_QOS] = {"qos", NULL, VALUE_OBJECT, "JSON", NULL, "qos",
                    "limits: {\"egress\":{\"max_kbps\":N,...},\"ingress\":{...}}"},
};

#define BIT(option) OPTION_BIT(OPTION_##option)
#define COMMON (BIT(SOCKET) | BIT(FORMAT) | BIT(COLOR))
#define QUESTION (COMMON | BIT(TIMEOUT))
#define OPERATION (COMMON | BIT(TIMEOUT) | BIT(WAIT) | BIT(DRY_RUN))
#define FILTERS                                                                                    \
    (BIT(INSTANCE) | BIT(PORT) | BIT(BRIDGE) | BIT(STATE) | BIT(KIND) | BIT(PF) | BIT(VF) |        \
     BIT(ADDRESS))
#define TABLE (BIT(COLUMNS) | BIT(NO_HEADINGS))
#define MEMBERS ((OPTION_BIT(OPTION_N) - 1) & ~(OPTION_BIT(OPTION_FIRST_MEMBER) - 1))

const struct command commands[] = {
    {"plug", "FILE|-", ARGUMENT_OR_VIF_ID, OPERATION | BIT(INSTANCE) | BIT(VERBOSE) | MEMBERS,
     "plug a VIF",
     "FILE (- is standard input) holds {\"vif\":..., \"instance\":...} or a VIF alone: an os-vif\n"
     "object, a Nova VIF dict or a native VIF. Options change a native VIF of the file, or\n"
     "take the place of the file.\n",
     input_plug, output_plug, NULL, run_operation},
    {"unplug", "ID|FILE|-", ARGUMENT_OR_VIF_ID,
     OPERATION | BIT(INSTANCE) | BIT(VERBOSE) | BIT(VIF_ID), "unplug a VIF",
     "The argument is a file if it is -, has a slash or ends in .json: ./vif, vif.json. It is\n"
     "an id else. --vif-id takes any id.\n",
     input_unplug, output_unplug, NULL, run_operation},
    {"update", "ID", ARGUMENT_REQUIRED, OPERATION | BIT(VERBOSE) | BIT(MTU) | BIT(QOS),
     "change the MTU (--mtu) or the limits (--qos) of a plugged VIF", NULL, input_update,
     output_plug, NULL, run_operation},
    {"get", "VIF", ARGUMENT_REQUIRED, QUESTION, "show one VIF",
     "VIF is its id, the name of its port, its MAC address or the PCI address of its VF.\n",
     input_get, output_pairs, NULL, run_question},
    {"list", NULL, ARGUMENT_NONE, QUESTION | FILTERS | TABLE, "show all VIFs, or some of them",
     "--instance, --port, --bridge, --state, --kind, --pf, --vf and --mac choose the VIFs that\n"
     "have all of these.\n",
     input_list, output_list, NULL, run_question},
    {"stats", "VIF", ARGUMENT_OPTIONAL, QUESTION | FILTERS | TABLE | BIT(WATCH),
     "show counters of VIFs: packets, bytes, drops",
     "RX is what the switch has received from the guest, TX what it has sent to it. VIF is an\n"
     "id, the name of a port, a MAC address or the PCI address of a VF; with it, all counters\n"
     "are shown. ovs-vswitchd writes counters every 5 s.\n",
     input_stats, output_stats, NULL, run_stats},
    {"nics", NULL, ARGUMENT_NONE, QUESTION,
     "show SmartNICs and their VFs: numbers, devargs, sockets, users", NULL, NULL, output_nics,
     NULL, run_question},
    {"reap", "ID", ARGUMENT_OR_ALL, COMMON | BIT(TIMEOUT) | BIT(DRY_RUN) | BIT(VERBOSE) | BIT(ALL),
     "remove stale VIFs: those from before the host's last boot",
     "After a boot every VIF is stale until nova-compute, or what else starts the guests, has\n"
     "plugged it again. --dry-run shows what would be removed; without ID it shows all.\n",
     input_reap, output_reap, NULL, run_operation},
    {"watch", NULL, ARGUMENT_NONE, QUESTION | BIT(SINCE),
     "show events of VIFs and of the switch until interrupted",
     "If vifplugd is restarted, it goes on with the events of the new one.\n", NULL, NULL, NULL,
     run_watch},
    {"ops", NULL, ARGUMENT_NONE, QUESTION | BIT(LIMIT),
     "show the last operations and those under way: who asked, how they ended", NULL, input_ops,
     output_ops, NULL, run_question},
    {"status", NULL, ARGUMENT_NONE, QUESTION, "show the state of daemon, OVSDB and ovs-vswitchd",
     "The first line is 'ok', or 'degraded:' and the reason: OVSDB or ovs-vswitchd do not work,\n"
     "DPDK or offload that is needed is not there, VIFs failed or are missing. The exit status\n"
     "is then 1, and standard error says what to do. vifctl check looks at more.\n",
     NULL, output_status, output_problems, run_question},
    {"check", NULL, ARGUMENT_NONE, QUESTION, "look for what keeps guests from the network",
     "Each line says PASS, WARN or FAIL, about what, and what to do. The exit status is 1 if one\n"
     "says FAIL.\n",
     NULL, output_check, judge_check, run_question},
    {"metrics", NULL, ARGUMENT_NONE, QUESTION, "print metrics for monitoring (OpenMetrics)",
     "vifplugd serves the same text over HTTP if listen of [metrics] in vifplugd.conf says "
     "where.\n",
     NULL, output_metrics, NULL, run_question},
    {"describe", NULL, ARGUMENT_NONE, QUESTION, "show what can be plugged", NULL, NULL,
     output_pairs, NULL, run_question},
};
const size_t n_commands = sizeof commands / sizeof commands[0];

const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < n_commands; i++) {
        if (!strcmp(commands[i].name, name)) {
            return &commands[i];
        }
    }
    return NULL;
}
