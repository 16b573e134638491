/* SPDX-License-Identifier: Apache-2.0 */
#include "links/links-private.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/plain-file.h"
#include "util.h"

/* Space for some thousand notifications: a host that starts many guests at once has so many. */
#define EVENTS_BUFFER (4 << 20)

#define TUN_DEVICE "/dev/net/tun"

/* A change of a link; members that are zero change nothing. */
struct change {
    unsigned int flags; /* New values of the flags in `mask`. */
    unsigned int mask;
    const int *mtu;
    const char *alias;
    const char *address;
    uint32_t master;
    uint32_t group;
};

static int open_events(struct links *links)
{
    const int size = EVENTS_BUFFER;
    int result;
    int fd;

    links->events = need_memory(nl_socket_alloc());
    nl_socket_disable_seq_check(links->events);
    nl_socket_modify_cb(links->events, NL_CB_VALID, NL_CB_CUSTOM, links_on_event, links);
    result = nl_connect(links->events, NETLINK_ROUTE);
    if (result < 0) {
        return result;
    }
    fd = nl_socket_get_fd(links->events);
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size); /* The kernel caps it. */
    }
    result = nl_socket_add_memberships(links->events, RTNLGRP_LINK, 0);
    return result < 0 ? result : nl_socket_set_nonblocking(links->events);
}

struct links *links_create(const char *procfs_root, bool watch, struct error *error)
{
    struct links *links = xzalloc(sizeof *links);
    int result = links_open_requests(links);

    hmap_init(&links->ours);
    hmap_init(&links->ours_by_index);
    links->relist = watch; /* links_run() lists them, and again if they change meanwhile. */
    links->procfs_root = xstrdup(procfs_root);
    result = result < 0 || !watch ? result : open_events(links);
    if (result < 0) {
        links_destroy(links);
        error_set(error, REASON_NOT_REALIZED, "",
                  "Netlink sockets for links could not be opened: %s; check that vifplugd may open "
                  "netlink sockets, and start it again.",
                  nl_geterror(result));
        error_detail(error, "%s", nl_geterror(result));
        return NULL;
    }
    return links;
}

void links_destroy(struct links *links)
{
    if (links) {
        nl_socket_free(links->requests);
        nl_socket_free(links->events);
        links_forget_ours(links);
        hmap_destroy(&links->ours);
        hmap_destroy(&links->ours_by_index);
        free(links->procfs_root);
        free(links);
    }
}

/* With any other name the link would have another name: the kernel treats '%' as a pattern. */
static bool check_name(const char *name, struct kernel_answer *answer)
{
    return vif_ifname_valid(name) || links_answer(answer, EINVAL);
}

/* Returns false if the MAC address is not valid. */
static bool put_change(struct nl_msg *msg, const struct change *change)
{
    struct ifinfomsg *info = nlmsg_data(nlmsg_hdr(msg));
    struct ether_addr address;

    info->ifi_flags = change->flags;
    info->ifi_change = change->mask;
    if (change->mtu) {
        links_need(nla_put_u32(msg, IFLA_MTU, (uint32_t)*change->mtu));
    }
    if (change->alias && *change->alias) {
        links_need(nla_put_string(msg, IFLA_IFALIAS, change->alias));
    }
    if (change->address && *change->address) {
        if (!ether_aton_r(change->address, &address)) {
            return false;
        }
        links_need(nla_put(msg, IFLA_ADDRESS, sizeof address, &address));
    }
    if (change->group) {
        links_need(nla_put_u32(msg, IFLA_GROUP, change->group));
    }
    if (change->master) {
        links_need(nla_put_u32(msg, IFLA_MASTER, change->master));
    }
    return true;
}

static bool apply(struct links *links, const char *name, const struct change *change,
                  struct kernel_answer *answer)
{
    struct nl_msg *msg = links_message(RTM_SETLINK, 0, name);

    if (!put_change(msg, change)) {
        nlmsg_free(msg);
        return links_answer(answer, EINVAL);
    }
    return links_request(links, msg, NULL, NULL, answer);
}

/* Removes an incomplete link. */
static void discard(struct links *links, const char *name)
{
    struct kernel_answer answer;

    links_request(links, links_message(RTM_DELLINK, 0, name), NULL, NULL, &answer);
}

static void put_peer(struct nl_msg *msg, const char *peer, int mtu)
{
    struct ifinfomsg none = {.ifi_family = AF_UNSPEC};
    struct nlattr *nest = need_memory(nla_nest_start(msg, VETH_INFO_PEER));

    links_need(nlmsg_append(msg, &none, sizeof none, NLMSG_ALIGNTO));
    links_need(nla_put_string(msg, IFLA_IFNAME, peer));
    links_need(nla_put_u32(msg, IFLA_GROUP, LINK_GROUP));
    if (mtu) {
        links_need(nla_put_u32(msg, IFLA_MTU, (uint32_t)mtu));
    }
    nla_nest_end(msg, nest);
}

/* The settings of os-vif's ip_lib.add() for the Linux bridges of its OVS plugin: they flood
 * everything. */
static void put_bridge(struct nl_msg *msg)
{
    links_need(nla_put_u32(msg, IFLA_BR_AGEING_TIME, 0));
    links_need(nla_put_u32(msg, IFLA_BR_FORWARD_DELAY, 0));
    links_need(nla_put_u32(msg, IFLA_BR_STP_STATE, 0));
    links_need(nla_put_u8(msg, IFLA_BR_MCAST_SNOOPING, 0));
}

/* A request for a new link: a veth if there is a `peer`, else a bridge. */
static struct nl_msg *add_message(const char *name, const char *peer, int mtu)
{
    struct nl_msg *msg = links_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, name);
    struct nlattr *info;
    struct nlattr *data;

    links_need(nla_put_u32(msg, IFLA_GROUP, LINK_GROUP));
    if (mtu) {
        links_need(nla_put_u32(msg, IFLA_MTU, (uint32_t)mtu));
    }
    info = need_memory(nla_nest_start(msg, IFLA_LINKINFO));
    links_need(nla_put_string(msg, IFLA_INFO_KIND, peer ? "veth" : "bridge"));
    data = need_memory(nla_nest_start(msg, IFLA_INFO_DATA));
    if (peer) {
        put_peer(msg, peer, mtu);
    } else {
        put_bridge(msg);
    }
    nla_nest_end(msg, data);
    nla_nest_end(msg, info);
    return msg;
}

bool links_add_veth(struct links *links, const char *name, const char *peer, int mtu,
                    const char *alias, struct error *error)
{
    static const char next[] = "correct its name or MTU, or load the kernel's module (modprobe "
                               "veth)";
    const struct change change = {
        .flags = IFF_UP | IFF_PROMISC, .mask = IFF_UP | IFF_PROMISC, .alias = alias};
    struct kernel_answer answer;
    const char *what = name;

    if (!check_name(name, &answer) || !check_name(peer, &answer)) {
        return links_fail(error, &answer, name, next, "made a veth with peer %s", peer);
    }
    if (!links_request(links, add_message(name, peer, mtu), NULL, NULL, &answer)) {
        what = answer.errnum == EEXIST && !links_find(links, name, NULL) ? peer : name;
        return links_fail(error, &answer, what, next, "made a veth with peer %s",
                          what == name ? peer : name);
    }
    /* The kernel does not accept an alias in the request that makes a link. It sets the alias
     * before the flags, so a link without its alias is never up. */
    if (!apply(links, name, &change, &answer) || !apply(links, peer, &change, &answer)) {
        discard(links, name);
        return links_fail(error, &answer, name, next, "set up with its peer %s", peer);
    }
    return true;
}

static bool has_value(const char *path, char value)
{
    int fd = plain_file_open(path);
    char found[2] = "";
    bool has = fd >= 0 && read(fd, found, sizeof found) > 0 && found[0] == value &&
               (found[1] == '\n' || found[1] == '\0');

    if (fd >= 0) {
        close(fd);
    }
    return has;
}

/* Writes net/FAMILY/conf/NAME/KEY below procfs's sys. A kernel without that file does not have the
 * behaviour that the setting disables. */
static bool write_conf(struct links *links, const char *family, const char *name, const char *key,
                       char value, struct error *error)
{
    struct kernel_answer answer;
    char path[PATH_MAX];
    int result = 0;
    int fd;

    if (snprintf(path, sizeof path, "%s/sys/net/%s/conf/%s/%s", links->procfs_root, family, name,
                 key) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        fd = -1;
    } else if (has_value(path, value)) {
        return true; /* /proc/sys may be read-only. */
    } else {
        fd = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    }
    if (fd < 0 && errno == ENOENT) {
        return true;
    }
    if (fd < 0 || write(fd, &value, 1) != 1) {
        result = errno;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (result) {
        links_answer(&answer, result);
        return links_fail(error, &answer, name,
                          "check that /proc/sys is mounted writable for vifplugd",
                          "given %s %c (%s)", key, value, path);
    }
    return true;
}

/* The order of os-vif's ensure_bridge(): the bridge must be silent before it is up. */
static bool tend(struct links *links, const char *name, struct error *error)
{
    return write_conf(links, "ipv6", name, "disable_ipv6", '1', error) &&
           write_conf(links, "ipv4", name, "arp_ignore", '1', error) &&
           write_conf(links, "ipv4", name, "arp_announce", '2', error) &&
           links_set_up(links, name, true, error);
}

bool links_add_bridge(struct links *links, const char *name, const char *alias, struct error *error)
{
    static const char next[] = "correct its name, or load the kernel's module (modprobe bridge)";
    const struct change change = {.alias = alias};
    struct kernel_answer answer;

    if (!check_name(name, &answer) ||
        !links_request(links, add_message(name, NULL, 0), NULL, NULL, &answer)) {
        return links_fail(error, &answer, name, next, "made a bridge");
    }
    if (!apply(links, name, &change, &answer)) {
        discard(links, name);
        return links_fail(error, &answer, name, next, "given its alias");
    }
    if (!tend(links, name, error)) {
        discard(links, name);
        return false;
    }
    return true;
}

/* Fails unless `name` is a Linux bridge. */
static bool look_up_bridge(struct links *links, const char *name, struct named_link *bridge,
                           struct kernel_answer *answer)
{
    if (!links_look_up(links, name, bridge, answer)) {
        return false;
    }
    if (strcmp(bridge->facts.kind, "bridge")) {
        answer->errnum = EOPNOTSUPP;
        snprintf(answer->error_text, sizeof answer->error_text, "%s is no Linux bridge", name);
        return false;
    }
    return true;
}

bool links_prepare_bridge(struct links *links, const char *name, struct error *error)
{
    struct kernel_answer answer;
    struct named_link bridge;

    if (!look_up_bridge(links, name, &bridge, &answer)) {
        return links_fail(error, &answer, name, "remove that link or name another bridge",
                          "used as a bridge");
    }
    return tend(links, name, error);
}

/* Makes `fd`, which has TUN_DEVICE open, a tap device that exists while it is open. */
static bool make_tap(int fd, const char *name, bool multiqueue, struct kernel_answer *answer)
{
    struct ifreq request = {
        .ifr_flags =
            (short)(IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL | (multiqueue ? IFF_MULTI_QUEUE : 0)),
    };

    snprintf(request.ifr_name, sizeof request.ifr_name, "%s", name);
    if (ioctl(fd, TUNSETIFF, &request) < 0) {
        links_answer(answer, errno);
        if (answer->errnum == EBUSY) {
            answer->errnum = EEXIST; /* The error of IFF_TUN_EXCL for a name that exists. */
        }
        return false;
    }
    return true;
}

bool links_add_tap(struct links *links, const char *name, bool multiqueue, const char *address,
                   int mtu, const char *alias, struct error *error)
{
    static const char next[] =
        "correct its name, MAC or MTU, or load the kernel's module (modprobe tun)";
    static const char next_device[] =
        "load the kernel's module (modprobe tun), or give vifplugd's container that device";
    const struct change change = {.flags = IFF_UP,
                                  .mask = IFF_UP,
                                  .mtu = mtu ? &mtu : NULL,
                                  .alias = alias,
                                  .address = address,
                                  .group = LINK_GROUP};
    struct kernel_answer answer;
    int fd;

    if (!check_name(name, &answer)) {
        return links_fail(error, &answer, name, next, "made a tap device");
    }
    fd = open(TUN_DEVICE, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        links_answer(&answer, errno);
        error_set(error, REASON_NOT_REALIZED, "",
                  "Link %s could not be made a tap device of " TUN_DEVICE ": %s; %s.", name,
                  answer.error_text, next_device);
        return error_detail(error, "%s", answer.error_text);
    }
    if (!make_tap(fd, name, multiqueue, &answer)) {
        close(fd);
        return links_fail(error, &answer, name, next, "made a tap device");
    }
    /* Otherwise the host would do duplicate address detection with the guest's link-local address
     * (os-vif's create_tap()). */
    if (!write_conf(links, "ipv6", name, "disable_ipv6", '1', error)) {
        close(fd);
        return false;
    }
    /* The tap becomes persistent only when it is complete, with its alias: until then closing `fd`
     * removes it. */
    if (!apply(links, name, &change, &answer) ||
        (ioctl(fd, TUNSETPERSIST, 1) < 0 && !links_answer(&answer, errno))) {
        close(fd);
        return links_fail(error, &answer, name, next, "set up with MAC '%s' and MTU %d", address,
                          mtu);
    }
    close(fd);
    return true;
}

bool links_set_up(struct links *links, const char *name, bool up, struct error *error)
{
    const struct change change = {.flags = up ? IFF_UP : 0, .mask = IFF_UP};
    struct kernel_answer answer;

    return apply(links, name, &change, &answer) ||
           links_fail(error, &answer, name, "look at the kernel's log (dmesg)", "set %s",
                      up ? "up" : "down");
}

bool links_set_down(struct links *links, int index, const char *name, struct error *error)
{
    const struct change change = {.mask = IFF_UP};
    struct nl_msg *msg = links_message(RTM_SETLINK, 0, NULL);
    struct kernel_answer answer;

    ((struct ifinfomsg *)nlmsg_data(nlmsg_hdr(msg)))->ifi_index = index;
    if (!put_change(msg, &change)) {
        nlmsg_free(msg);
        links_answer(&answer, EINVAL);
    } else if (links_request(links, msg, NULL, NULL, &answer) || answer.errnum == ENODEV) {
        return true;
    }
    return links_fail(error, &answer, name, "look at the kernel's log (dmesg)", "set down");
}

bool links_set_mtu(struct links *links, const char *name, int mtu, struct error *error)
{
    const struct change change = {.mtu = &mtu};
    struct kernel_answer answer;

    return apply(links, name, &change, &answer) ||
           links_fail(error, &answer, name, "choose an MTU in its range (ip -d link)",
                      "given MTU %d", mtu);
}

bool links_set_master(struct links *links, const char *name, const char *master,
                      struct error *error)
{
    static const char next[] = "check what uses the link (ip -d link), and that the other is a "
                               "Linux bridge";
    struct change change = {0};
    struct kernel_answer answer;
    struct named_link bridge;

    if (look_up_bridge(links, master, &bridge, &answer)) {
        change.master = (uint32_t)bridge.facts.index;
        if (apply(links, name, &change, &answer)) {
            return true;
        }
    }
    return links_fail(error, &answer, name, next, "made a port of bridge %s", master);
}

bool links_set_address(struct links *links, const char *name, const char *address,
                       struct error *error)
{
    const struct change change = {.address = address};
    struct kernel_answer answer;

    return apply(links, name, &change, &answer) ||
           links_fail(error, &answer, name, "look at the kernel's log (dmesg)", "given MAC %s",
                      address);
}

bool links_delete(struct links *links, int index, const char *alias, const char *name,
                  struct error *error)
{
    struct kernel_answer answer;
    struct named_link link;
    struct nl_msg *msg;

    if (index ? links_look_up_index(links, index, &link, &answer)
              : links_look_up(links, name, &link, &answer)) {
        if (strcmp(link.facts.alias, alias) && !link_is_incomplete(&link.facts)) {
            return true;
        }
        msg = links_message(RTM_DELLINK, 0, NULL);
        ((struct ifinfomsg *)nlmsg_data(nlmsg_hdr(msg)))->ifi_index = link.facts.index;
        links_request(links, msg, NULL, NULL, &answer);
    }
    return answer.errnum == 0 || answer.errnum == ENODEV ||
           links_fail(error, &answer, name, "look at what it is (ip -d link)", "deleted");
}
