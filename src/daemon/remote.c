/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/remote.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/vif.h"

/* The address at the beginning of "ADDRESS:PORT", without an IPv6 address's brackets and scope.
 * *rest is what follows it. Returns false if it is too long, or a bracket is open. */
static bool take_address(const char *text, char address[INET6_ADDRSTRLEN], const char **rest)
{
    bool bracket = *text == '[';
    size_t length = strcspn(text += bracket, bracket ? "]" : ":");

    if (bracket && text[length] != ']') {
        return false;
    }
    *rest = text + length + bracket;
    length = bracket ? strcspn(text, "%]") : length;
    if (length >= INET6_ADDRSTRLEN) {
        return false;
    }
    memcpy(address, text, length);
    address[length] = '\0';
    return true;
}

/* Nothing, or ":PORT". */
static bool is_port(const char *text)
{
    int64_t port;

    return !*text || (*text == ':' && number_parse(text + 1, 1, UINT16_MAX, &port));
}

static bool check_tcp(const char *text, char *why, size_t size)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr ignored;
    const char *rest;

    if (!take_address(text, address, &rest) ||
        inet_pton(*text == '[' ? AF_INET6 : AF_INET, address, &ignored) != 1) {
        snprintf(why, size,
                 "has '%s' instead of an IP address, and vifplugd looks up no host names (its "
                 "libopenvswitch has no libunbound); use tcp:ADDRESS:PORT, IPv6 in brackets",
                 text);
        return false;
    }
    if (!is_port(rest)) {
        snprintf(why, size, "has '%s' instead of :PORT, from 1 to 65535; correct it", rest);
        return false;
    }
    return true;
}

bool remote_check(const char *remote, char *why, size_t size)
{
    if (strchr(remote, ',')) { /* The IDL would take it for a cluster's servers. */
        snprintf(why, size, "is '%s'; name one server, since Open vSwitch's database has no other",
                 remote);
        return false;
    }
    if (!strncmp(remote, "unix:", 5)) {
        if (remote[5] == '/' && strlen(remote + 5) <= VIF_PATH_MAX) {
            return true;
        }
        snprintf(why, size, "has '%s' instead of an absolute path of at most %d bytes; correct it",
                 remote + 5, VIF_PATH_MAX);
        return false;
    }
    if (!strncmp(remote, "tcp:", 4)) {
        return check_tcp(remote + 4, why, size);
    }
    snprintf(why, size, "is '%s'; it must be unix:PATH or tcp:ADDRESS:PORT%s", remote,
             strncmp(remote, "ssl:", 4) ? ""
                                        : " (vifplugd has no certificates for ssl; use a proxy "
                                          "that has, such as stunnel)");
    return false;
}
