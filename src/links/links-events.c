/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications of links. */

#include "links/links-private.h"

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/socket.h>
#include <string.h>
#include <sys/socket.h>

/* The most messages to drop from a queue that overflowed. */
#define DRAIN_MAX 65536

int links_on_event(struct nl_msg *msg, void *aux)
{
    struct links *links = aux;
    struct named_link former;
    struct named_link link;
    struct link_event *event;
    bool lost_alias;
    size_t i = 0;

    if (!links_parse(nlmsg_hdr(msg), &link)) {
        return NL_OK;
    }
    lost_alias = links_note_ours(links, &link, &former);
    while (i < links->n_pending && links->pending[i].link.facts.index != link.facts.index) {
        i++; /* Another link may have the name of one that was removed, and the other way round. */
    }
    if (i == LINK_EVENTS_MAX) {
        links->lost = true;
        return NL_OK;
    }
    event = &links->pending[i];
    if (i == links->n_pending) {
        links->n_pending++;
        event->lost_alias = false;
    }
    event->link = link;                     /* The last message counts. */
    if (lost_alias && !event->lost_alias) { /* The first alias: only it can have been noticed. */
        event->lost_alias = true;
        event->former = former;
    }
    return NL_OK;
}

/* Drops the queued messages: they are older than the lost ones, so they can be wrong. */
static void drain(struct links *links)
{
    int fd = nl_socket_get_fd(links->events);
    char byte;

    for (int i = 0; i < DRAIN_MAX; i++) {
        if (recv(fd, &byte, sizeof byte, MSG_DONTWAIT) < 0 && errno != ENOBUFS && errno != EINTR) {
            break;
        }
    }
}

void links_run(struct links *links,
               void (*cb)(const char *name, bool exists, const struct link_facts *facts, void *aux),
               void *aux)
{
    struct error ignored; /* The next call tries again. */
    int result = 0;

    if (links->relist) {
        links->relist = !links_list_ours(links, &ignored);
    }
    links->lost = false;
    links->n_pending = 0;
    for (int i = 0; i < LINK_EVENTS_MAX && result >= 0; i++) {
        result = nl_recvmsgs_default(links->events);
    }
    /* libnl returns NLE_NOMEM for ENOBUFS, the overflow, and for a message without memory: in both
     * cases messages are lost. */
    if (links->lost || (result < 0 && result != -NLE_AGAIN)) {
        drain(links);
        links->relist = true;
        cb(NULL, false, NULL, aux);
        return;
    }
    for (size_t i = 0; i < links->n_pending; i++) {
        const struct link_event *event = &links->pending[i];

        if (event->lost_alias) {
            cb(event->former.name, false, &event->former.facts, aux);
        }
        cb(event->link.name, event->link.exists, &event->link.facts, aux);
    }
}

int links_fd(const struct links *links)
{
    return nl_socket_get_fd(links->events);
}
