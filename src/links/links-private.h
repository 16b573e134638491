/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files links*.c, and only by them: requests to rtnetlink, the kernel's answers, and
 * links as values. */

#ifndef VP_LINKS_PRIVATE_H
#define VP_LINKS_PRIVATE_H 1

#include <netlink/msg.h>
#include <netlink/netlink.h>

#include "links/links.h"
#include "openvswitch/hmap.h"

/* How many notifications one links_run() reads; the next one reads the rest. */
#define LINK_EVENTS_MAX 256

struct named_link {
    char name[VIF_IFNAME_MAX + 1];
    bool exists; /* In a notification: false if the link was removed. */
    struct link_facts facts;
};

/* What the notifications of one links_run() have told of a link. */
struct link_event {
    struct named_link link; /* As the last of them has it. */
    bool lost_alias;        /* It had an alias of ours, and got another one: */
    struct named_link former;
};

struct links {
    char *procfs_root;
    struct nl_sock *requests; /* NULL after an error: the next request opens another. */
    struct nl_sock *events;
    struct hmap ours; /* Links with an alias of ours (links-ours.c). Empty without `events`. */
    struct hmap ours_by_index; /* The same links. */
    bool relist;               /* They could not be listed after notifications were lost. */
    bool lost;                 /* There were more notifications than fit into `pending`. */
    size_t n_pending;
    struct link_event pending[LINK_EVENTS_MAX];
};

/* The kernel's answer to a request. */
struct kernel_answer {
    int errnum;           /* 0: the kernel did it. */
    char error_text[200]; /* strerror() text and, in brackets, the kernel's text, if any. */
};

/* links-request.c */

/* Opens links->requests. Returns 0 or a negative error of libnl. */
int links_open_requests(struct links *links);

/* A message about the link `name` (NULL: about no link). Never NULL. */
struct nl_msg *links_message(int type, int flags, const char *name);

/* Ends the process if `result`, of a function of libnl that adds to a message, is an error: libnl
 * has only NLE_NOMEM there. (A message of libnl has a page; ours are much shorter.) */
void links_need(int result);

/* Sends `msg`, frees it, and reads the answer: calls `on_message` (may be NULL) with `aux` for each
 * of its messages. Returns whether the kernel did it. */
bool links_request(struct links *links, struct nl_msg *msg, nl_recvmsg_msg_cb_t on_message,
                   void *aux, struct kernel_answer *answer);

/* Fills *answer as for a kernel's error `errnum`. Returns false. */
bool links_answer(struct kernel_answer *answer, int errnum);

/* Fills *error: "Link NAME could not be WHAT: ERROR TEXT; NEXT." where `format` makes WHAT ("set
 * up"), and NEXT is `next`, or a better text for the answer's error number. Returns false. */
bool links_fail(struct error *error, const struct kernel_answer *answer, const char *name,
                const char *next, const char *format, ...) __attribute__((format(printf, 5, 6)));

/* links-read.c */

/* Finds the link with exactly that name. Returns false, with ENODEV in *answer, if there is none.
 */
bool links_look_up(struct links *links, const char *name, struct named_link *link,
                   struct kernel_answer *answer);

/* The same with the link that has that interface index. */
bool links_look_up_index(struct links *links, int index, struct named_link *link,
                         struct kernel_answer *answer);

/* Reads RTM_NEWLINK or RTM_DELLINK. Returns false for messages that do not describe a whole link: a
 * bridge's messages about its ports (AF_BRIDGE, with RTM_DELLINK for a link that only left the
 * bridge), and wireless events, which name a link without describing it. */
bool links_parse(struct nlmsghdr *header, struct named_link *link);

/* links-ours.c: takes note of a notification, and returns whether the link had an alias of ours
 * before, and has another one, or none, now; then *former is the link as it was, with `exists`
 * false. Forgets all; lists all anew. */
bool links_note_ours(struct links *links, const struct named_link *link, struct named_link *former);
void links_forget_ours(struct links *links);
bool links_list_ours(struct links *links, struct error *error);

/* links-events.c: the callback of the notification socket, with struct links as `aux`. */
int links_on_event(struct nl_msg *msg, void *aux);

#endif
