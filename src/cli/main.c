/* SPDX-License-Identifier: Apache-2.0 */
/* vifctl: vifplugd from the command line. */

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/cli.h"

static char output_buffer[64 * 1024];

/* Keeps the descriptors of standard input, output and error from being those of the socket if they
 * are closed: what is printed would be sent to the daemon. To use one is still an error (EBADF). */
static bool occupy_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0 && errno == EBADF &&
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd) {
            return false;
        }
    }
    return true;
}

int main(int argc, char *argv[])
{
    struct cli cli;
    int status;

    if (!occupy_standard_descriptors()) {
        return EXIT_REFUSED;
    }
    /* Whatever the user's locale: vifctl prints UTF-8, and libsmartcols measures it by the locale.
     */
    setlocale(LC_CTYPE, "C.UTF-8");
    if (!isatty(STDOUT_FILENO)) {
        /* What fits is written at the end, when it can still be said why it cannot be written. */
        (void)setvbuf(stdout, output_buffer, _IOFBF, sizeof output_buffer);
    }
    status = arguments_parse(argc, argv, &cli);
    if (status < 0) {
        status = cli.command->run(&cli);
    }
    return output_flush() || status != EXIT_DONE ? status : EXIT_REFUSED;
}
