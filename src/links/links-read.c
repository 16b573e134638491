/* SPDX-License-Identifier: Apache-2.0 */
#include "links/links-private.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/socket.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util.h"

/* How often to try a dump if links are added and removed during it. */
#define DUMP_TRIES 8

/* IFF_LOWER_UP of <linux/if.h>, which cannot be included together with <net/if.h>. */
#define LOWER_UP 0x10000u

_Static_assert(VIF_IFNAME_MAX + 1 == IF_NAMESIZE, "if_indextoname() fills IF_NAMESIZE bytes");

static void read_address(struct nlattr *attr, char address[VIF_MAC_LEN])
{
    const uint8_t *b = nla_data(attr);

    if (nla_len(attr) == 6) {
        snprintf(address, VIF_MAC_LEN, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
                 b[4], b[5]);
    }
}

static void read_kind(struct nlattr *attr, struct link_facts *facts)
{
    struct nlattr *info[IFLA_INFO_MAX + 1];
    struct nlattr *tun[IFLA_TUN_MAX + 1];

    if (nla_parse_nested(info, IFLA_INFO_MAX, attr, NULL) < 0 || !info[IFLA_INFO_KIND]) {
        return;
    }
    nla_strlcpy(facts->kind, info[IFLA_INFO_KIND], sizeof facts->kind);
    if (strcmp(facts->kind, "tun") != 0 || !info[IFLA_INFO_DATA] ||
        nla_parse_nested(tun, IFLA_TUN_MAX, info[IFLA_INFO_DATA], NULL) < 0) {
        return;
    }
    facts->multiqueue = tun[IFLA_TUN_MULTI_QUEUE] && nla_get_u8(tun[IFLA_TUN_MULTI_QUEUE]) != 0;
    facts->ip_only = tun[IFLA_TUN_TYPE] && nla_get_u8(tun[IFLA_TUN_TYPE]) == IFF_TUN;
}

bool links_parse(struct nlmsghdr *header, struct named_link *link)
{
    struct nlattr *attrs[IFLA_MAX + 1];
    struct link_facts *facts = &link->facts;
    const struct ifinfomsg *info;

    memset(link, 0, sizeof *link);
    if ((header->nlmsg_type != RTM_NEWLINK && header->nlmsg_type != RTM_DELLINK) ||
        nlmsg_parse(header, sizeof *info, attrs, IFLA_MAX, NULL) < 0) {
        return false;
    }
    info = nlmsg_data(header);
    if (info->ifi_family != AF_UNSPEC || !attrs[IFLA_IFNAME] || !attrs[IFLA_MTU]) {
        return false;
    }
    link->exists = header->nlmsg_type == RTM_NEWLINK;
    nla_strlcpy(link->name, attrs[IFLA_IFNAME], sizeof link->name);
    facts->index = info->ifi_index;
    facts->up = info->ifi_flags & IFF_UP;
    facts->carrier = info->ifi_flags & LOWER_UP;
    facts->mtu = (int)nla_get_u32(attrs[IFLA_MTU]);
    if (attrs[IFLA_LINKINFO]) {
        read_kind(attrs[IFLA_LINKINFO], facts);
    }
    if (attrs[IFLA_LINK]) {
        facts->peer = (int)nla_get_u32(attrs[IFLA_LINK]);
    }
    if (attrs[IFLA_GROUP]) {
        facts->group = nla_get_u32(attrs[IFLA_GROUP]);
    }
    if (attrs[IFLA_IFALIAS]) {
        nla_strlcpy(facts->alias, attrs[IFLA_IFALIAS], sizeof facts->alias);
    }
    if (attrs[IFLA_ADDRESS]) {
        read_address(attrs[IFLA_ADDRESS], facts->address);
    }
    if (attrs[IFLA_MASTER] && !if_indextoname(nla_get_u32(attrs[IFLA_MASTER]), facts->master)) {
        facts->master[0] = '\0'; /* The bridge was just removed. */
    }
    return true;
}

/* libnl's requests (rtnl_link_get_kernel()) ask for VFs too, and the list of some hundred VFs does
 * not fit into an attribute. This request asks only for what is cheap. */
static struct nl_msg *get_message(int flags, const char *name)
{
    struct nl_msg *msg = links_message(RTM_GETLINK, flags, name);

    links_need(nla_put_u32(msg, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS));
    return msg;
}

static int on_found(struct nl_msg *msg, void *aux)
{
    links_parse(nlmsg_hdr(msg), aux);
    return NL_OK;
}

bool links_look_up(struct links *links, const char *name, struct named_link *link,
                   struct kernel_answer *answer)
{
    link->exists = false;
    if (strlen(name) > VIF_IFNAME_MAX) {
        return links_answer(answer, ENODEV);
    }
    if (!links_request(links, get_message(0, name), on_found, link, answer)) {
        return false;
    }
    /* The kernel also finds a link by its alternative names (ip link property), which other
     * programs may set. */
    return (link->exists && !strcmp(link->name, name)) || links_answer(answer, ENODEV);
}

bool links_look_up_index(struct links *links, int index, struct named_link *link,
                         struct kernel_answer *answer)
{
    struct nl_msg *msg = get_message(0, NULL);

    ((struct ifinfomsg *)nlmsg_data(nlmsg_hdr(msg)))->ifi_index = index;
    link->exists = false;
    if (!links_request(links, msg, on_found, link, answer)) {
        return false;
    }
    return link->exists || links_answer(answer, ENODEV);
}

int links_ask(struct links *links, const char *name, struct link_facts *facts)
{
    struct kernel_answer answer;
    struct named_link link;

    if (!links_look_up(links, name, &link, &answer)) {
        return answer.errnum;
    }
    if (facts) {
        *facts = link.facts;
    }
    return 0;
}

bool links_find(struct links *links, const char *name, struct link_facts *facts)
{
    return links_ask(links, name, facts) == 0;
}

bool link_is_incomplete(const struct link_facts *facts)
{
    return facts->group == LINK_GROUP && !facts->alias[0];
}

struct collection {
    const char *prefix;
    struct named_link *links;
    size_t n;
    size_t allocated;
};

static int on_listed(struct nl_msg *msg, void *aux)
{
    struct collection *collection = aux;
    struct named_link link;

    if (!links_parse(nlmsg_hdr(msg), &link) ||
        (strncmp(link.facts.alias, collection->prefix, strlen(collection->prefix)) &&
         !link_is_incomplete(&link.facts))) {
        return NL_OK;
    }
    if (collection->n == collection->allocated) {
        collection->links =
            x2nrealloc(collection->links, &collection->allocated, sizeof *collection->links);
    }
    collection->links[collection->n++] = link;
    return NL_OK;
}

bool links_for_each_alias(struct links *links, const char *prefix,
                          void (*cb)(const char *name, const struct link_facts *facts, void *aux),
                          void *aux, struct error *error)
{
    struct collection collection = {.prefix = prefix};
    struct kernel_answer answer;
    int tries = 0;

    /* If links are added or removed during a dump, it can miss links, or have them twice. */
    do {
        collection.n = 0;
        links_request(links, get_message(NLM_F_DUMP, NULL), on_listed, &collection, &answer);
    } while (answer.errnum == EINTR && ++tries < DUMP_TRIES);
    for (size_t i = 0; answer.errnum == 0 && i < collection.n; i++) {
        cb(collection.links[i].name, &collection.links[i].facts, aux);
    }
    free(collection.links);
    if (answer.errnum) {
        error_set(error, REASON_NOT_REALIZED, "",
                  "The links with alias %s* could not be listed: %s; try again.", prefix,
                  answer.error_text);
        return error_detail(error, "%s", answer.error_text);
    }
    return true;
}
