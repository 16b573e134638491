/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "cli/cli.h"

/* How long to wait for the reply to an operation beyond the time that the daemon may take: undoing
 * takes its timeout once more, and the daemon may wait for DPDK's start. */
enum { EXTRA_WAIT_MS = 75000, DEFAULT_WAIT_MS = 120000 };

static int run(const struct cli *cli, int wait_ms)
{
    struct vifplug_reply *reply = NULL;
    struct vifplug *vifplug;
    int status = EXIT_DONE;
    char *params = NULL;
    int result;

    if (cli->command->params) {
        params = cli->command->params(cli);
        if (!params) {
            return EXIT_USAGE; /* input.c has said why. */
        }
    }
    result = vifplug_open(cli->values[OPTION_SOCKET], &vifplug);
    if (result == 0) {
        result = vifplug_call(vifplug, cli->command->name, params, wait_ms, &reply);
    }
    free(params);
    if (result != 0) {
        status = output_failure(cli, result, reply);
    } else {
        output_reply(cli, reply);
    }
    vifplug_reply_free(reply);
    vifplug_close(vifplug);
    return status;
}

int run_operation(const struct cli *cli)
{
    return run(cli, cli->timeout_ms ? 2 * cli->timeout_ms + EXTRA_WAIT_MS : DEFAULT_WAIT_MS);
}

int run_question(const struct cli *cli)
{
    return run(cli, cli->timeout_ms ? cli->timeout_ms : DEFAULT_WAIT_MS);
}
