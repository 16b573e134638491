/* SPDX-License-Identifier: Apache-2.0 */
/* vifctl: what its files share. */

#ifndef VP_CLI_H
#define VP_CLI_H 1

#include <stdbool.h>
#include <vifplug/vifplug.h>

/* Exit codes, a contract (docs/api.md). */
enum {
    EXIT_DONE = 0,
    EXIT_REFUSED = 1, /* Refused or failed. */
    EXIT_USAGE = 2,
    EXIT_UNREACHABLE = 3, /* The daemon cannot be reached. */
    EXIT_TIMED_OUT = 4    /* There or here. */
};

enum output_format { FORMAT_TABLE, FORMAT_JSON };

/* What the command line says. Strings are borrowed from argv; NULL: not given. */
struct cli {
    const char *command;
    const char *argument; /* FILE, "-" or a VIF id. */
    const char *socket;
    enum output_format format;
    struct vifplug_options options;
    /* Members of a native VIF. */
    const char *id, *kind, *mac, *bridge, *pci, *path, *mode, *mtu, *datapath, *instance, *name,
        *qos;
};

/* --- input.c: what is to be plugged or unplugged. --- */

/* Makes the texts for a plug from the file and the flags (malloc'ed). Returns false after having
 * said what is wrong. */
bool input_plug(const struct cli *cli, char **vif, char **instance);

/* The params of an unplug as JSON text (malloc'ed), or NULL. */
char *input_unplug(const struct cli *cli);

/* Reads a number of bytes from --mtu; 0 if it was not given. */
bool input_mtu(const struct cli *cli, int *mtu);

/* --- output.c: answers as people or programs read them. --- */

void output_reply(const struct cli *cli, const struct vifplug_reply *reply);

/* One notification. */
void output_notification(const struct cli *cli, const char *event,
                         const struct vifplug_reply *params);

/* --- watch.c --- */

/* Shows notifications until the daemon or the user ends it. Gives the exit code. */
int watch(const struct cli *cli);

/* Says why a call failed, on standard error, and gives the exit code. `reply` may be NULL. */
int output_failure(const struct cli *cli, int result, const struct vifplug_reply *reply);

#endif
