/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/descriptors.h"

#include <errno.h>
#include <sys/resource.h>

#include "base/log.h"
#include "util.h"

VLOG_DEFINE_THIS_MODULE(descriptors);

/* The descriptors that connections never get. About 30 are for the daemon's own sockets and files:
 * OVSDB and the test whether it listens, netlink, the control socket, the log, sysfs, the
 * configuration, and a pipe for each thread, which Open vSwitch's library makes when the thread
 * first waits, and without which it ends the process. The others are for connections beyond the
 * limit, which the server accepts to tell them so. */
enum { RESERVE = 128, LEAST_RESERVE = 64 };

int descriptors_reserve(int max_connections)
{
    rlim_t needed = (rlim_t)max_connections + RESERVE;
    struct rlimit limit;
    rlim_t reserve;
    int n;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) {
        return max_connections;
    }
    limit.rlim_cur = MIN(needed, limit.rlim_max);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0) {
        SLOG_WARN("the limit of open files cannot be raised (%s)", ovs_strerror(errno));
        if (getrlimit(RLIMIT_NOFILE, &limit) != 0) {
            return max_connections;
        }
    }
    if (limit.rlim_cur >= needed) {
        return max_connections;
    }
    reserve = MIN(RESERVE, MAX(LEAST_RESERVE, limit.rlim_cur / 2));
    n = limit.rlim_cur > reserve ? (int)(limit.rlim_cur - reserve) : 1;
    if (n >= max_connections) {
        return max_connections;
    }
    SLOG_WARN("max_connections is %d, but vifplugd may only open %llu files: it accepts %d "
              "connections; raise LimitNOFILE of its unit (ulimit -n) to %llu",
              max_connections, (unsigned long long)limit.rlim_cur, n, (unsigned long long)needed);
    return n;
}
