/* SPDX-License-Identifier: Apache-2.0 */
/* Fakes of links/links.h and links/link-remover.h: links in memory. `log` has each call that
 * changes a link; a call whose entry begins with `fails` fails. */

#ifndef FAKE_LINKS_H
#define FAKE_LINKS_H 1

#include "links/link-remover.h"
#include "links/links.h"

/* What links_fd() says; poll() is a fake as well. */
enum { FAKE_LINKS_FD = 1000 };

enum { FAKE_LINKS_MAX = 16, FAKE_REMOVALS_MAX = 32 };

struct fake_link {
    char name[VIF_IFNAME_MAX + 1];
    char peer[VIF_IFNAME_MAX + 1]; /* Of a veth. */
    struct link_facts facts;
};

struct links {
    struct fake_link links[FAKE_LINKS_MAX];
    size_t n;
    int last_index;
    char log[1024];    /* "add_tap tap0, set_mtu tap0 9000, ..." */
    const char *fails; /* Calls whose entry begins so fail; or NULL. */
    bool unheard;      /* They do what they should all the same: only the reply is lost. */
    bool mute;         /* It does not say which links there are. */
    /* For links_run(): the links that were removed or changed, and whether the kernel lost
     * notifications. */
    struct {
        struct fake_link link;
        bool exists;
    } events[FAKE_LINKS_MAX];
    size_t n_events;
    bool overflow;
};

struct link_remover {
    struct links *links;
    struct {
        uint64_t id;
        char vif_id[VIF_ID_MAX + 1];
        struct link_plan plan;
    } removals[FAKE_REMOVALS_MAX];
    size_t n;
    bool silent;      /* Removals do not end. */
    size_t n_allowed; /* ...but for so many removals. */
};

struct fake_link *fake_link(struct links *links, const char *name); /* Or NULL. */
struct fake_link *fake_add_link(struct links *links, const char *name, const char *kind,
                                const char *alias);

/* Removes the link like another program; links_run() reports it. */
void fake_remove_link(struct links *links, const char *name);

/* Reports the link, which the caller has changed. */
void fake_touch_link(struct links *links, const char *name);

#endif
