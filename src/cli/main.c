/* SPDX-License-Identifier: Apache-2.0 */
/* vifctl: vifplugd from the command line. */

#include "cli/cli.h"

int main(int argc, char *argv[])
{
    struct cli cli;
    int status = arguments_parse(argc, argv, &cli);

    if (status < 0) {
        status = cli.command->run(&cli);
    }
    return output_flush() || status != EXIT_DONE ? status : EXIT_REFUSED;
}
