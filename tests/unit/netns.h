/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of kernel links: a network namespace for each test, and iproute2's view of it. */

#ifndef TEST_NETNS_H
#define TEST_NETNS_H 1

#include "check.h"

#include "links/links.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

/* What a test's executable returns if it could test nothing (SKIP_RETURN_CODE of ctest). */
#define NETNS_SKIPPED 77

/* Whether this process may make network namespaces; prints the reason if not. */
static inline bool netns_possible(void)
{
    if (unshare(CLONE_NEWNET) == 0) {
        return true;
    }
    perror("skipped: no network namespace of its own (this test wants root)");
    return false;
}

/* Fixtures of cmocka: *state is a struct links in an empty namespace (only lo, which is down). */
static inline int netns_open(void **state)
{
    struct error error = {0};

    assert_int_equal(unshare(CLONE_NEWNET), 0);
    *state = links_create("/proc", true, &error);
    CHECK_STR("links_create", error.message, "");
    return 0;
}

static inline int netns_close(void **state)
{
    links_destroy(*state);
    return 0;
}

#define NETNS_TEST(function) cmocka_unit_test_setup_teardown(function, netns_open, netns_close)

/* Deletes the link that has that name now. */
static inline bool delete_link(struct links *links, const char *name, struct error *error)
{
    struct link_facts facts = {.index = 0};

    return links_find(links, name, &facts) &&
           links_delete(links, facts.index, facts.alias, name, error);
}

/* What `ip ARGUMENTS` prints, standard error included, until the next call. */
static inline const char *ip(const char *arguments)
{
    static char text[65536];
    char command[256];
    size_t n;
    FILE *pipe;

    snprintf(command, sizeof command, "ip %s 2>&1", arguments);
    pipe = popen(command, "re");
    assert_non_null(pipe);
    n = fread(text, 1, sizeof text - 1, pipe);
    text[n] = '\0';
    pclose(pipe);
    return text;
}

/* Returns one link with its details, as iproute2's JSON. */
static inline const char *ip_link(const char *name)
{
    char arguments[64];

    snprintf(arguments, sizeof arguments, "-d -j link show dev %s", name);
    return ip(arguments);
}

/* The number of links, with lo. */
static inline size_t count_links(void)
{
    size_t n = 0;

    for (const char *line = ip("-o link"); *line; line = strchr(line, '\n') + 1) {
        assert_non_null(strchr(line, '\n'));
        n++;
    }
    return n;
}

#endif
