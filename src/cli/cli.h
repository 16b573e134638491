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
    const char *id, *kind, *mac, *bridge, *pci, *path, *mode, *mtu, *datapath, *instance;
};

/* --- input.c: what is to be plugged or unplugged. --- */

/* Makes the texts for a plug from the file and the flags (malloc'ed). Returns false after having
 * said what is wrong. */
bool input_plug(const struct cli *cli, char **vif, char **instance);

/* The VIF id and, if one was given, the instance to unplug (malloc'ed). */
bool input_unplug(const struct cli *cli, char **vif_id, char **instance);

/* --- output.c: answers as people or programs read them. --- */

void output_reply(const struct cli *cli, const struct vifplug_reply *reply);

/* Says why a call failed, on standard error, and gives the exit code. `reply` may be NULL. */
int output_failure(const struct cli *cli, int result, const struct vifplug_reply *reply);

#endif
