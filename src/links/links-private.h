/* SPDX-License-Identifier: Apache-2.0 */
/* What the files links*.c share: requests to rtnetlink, their answers, and links as values. Nobody
 * else includes this. */

#ifndef VP_LINKS_PRIVATE_H
#define VP_LINKS_PRIVATE_H 1

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "links/links.h"

/* How many notifications one links_run() takes in; the rest waits for the next. */
#define LINK_EVENTS_MAX 256

struct named_link {
    char name[VIF_IFNAME_MAX + 1];
    bool exists; /* Of a notification: false if the link has gone. */
    struct link_facts facts;
};

struct links {
    char *procfs_root;
    struct nl_sock *requests; /* NULL after it broke: the next request opens another. */
    struct nl_sock *events;
    bool lost; /* More notifications than there is room for. */
    size_t n_pending;
    struct named_link pending[LINK_EVENTS_MAX];
};

/* What the kernel said to a request. */
struct kernel_answer {
    int errnum;      /* 0: it was done. */
    char words[200]; /* Why not: strerror()'s words and, in brackets, its own where it has some. */
};

/* links-request.c */

/* Opens links->requests. Returns 0 or a negative error of libnl. */
int links_open_requests(struct links *links);

/* A message that is about the link `name` (NULL: about none); NULL if memory ran out. */
struct nl_msg *links_message(int type, int flags, const char *name);

/* Sends `msg` (which it frees; NULL is no memory) and takes in the answer: `on_message` (may be
 * NULL) is called with `aux` for each message of it. Returns whether the kernel did it. */
bool links_request(struct links *links, struct nl_msg *msg, nl_recvmsg_msg_cb_t on_message,
                   void *aux, struct kernel_answer *answer);

/* Fills *answer as if the kernel had answered with `errnum`. Returns false. */
bool links_answer(struct kernel_answer *answer, int errnum);

/* Fills *error: "Link NAME could not be WHAT: WORDS; NEXT." where `format` makes WHAT ("set up"),
 * and NEXT is `next` unless the answer's number tells better. Returns false. */
bool links_fail(struct error *error, const struct kernel_answer *answer, const char *name,
                const char *next, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* links-read.c */

/* Finds the link of exactly that name. If there is none, false with ENODEV in *answer. */
bool links_look_up(struct links *links, const char *name, struct named_link *link,
                   struct kernel_answer *answer);

/* The callback of the notifications' socket, with struct links as `aux`. */
int links_on_event(struct nl_msg *msg, void *aux);

#endif
