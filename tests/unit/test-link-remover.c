/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that removes links, on a kernel that refuses for a while. */

#include "links/link-remover.h"

#include <pthread.h>
#include <string.h>

#include "check.h"
#include "openvswitch/poll-loop.h"
#include "timeval.h"

/* What the kernel does; the thread reads it, and writes `order`. */
static struct {
    pthread_mutex_t mutex;
    int refusals;   /* So many tries of "a" fail. */
    char order[64]; /* The tries, "ab..." */
    bool no_netlink;
} kernel = {.mutex = PTHREAD_MUTEX_INITIALIZER};

struct links *links_create(const char *procfs_root, bool watch, struct error *error)
{
    static char links;
    bool fails;

    (void)procfs_root;
    (void)watch;
    pthread_mutex_lock(&kernel.mutex);
    fails = kernel.no_netlink;
    kernel.no_netlink = false;
    pthread_mutex_unlock(&kernel.mutex);
    if (fails) {
        error_set(error, REASON_NOT_REALIZED, "", "The fake kernel has no netlink.");
        return NULL;
    }
    return (struct links *)(void *)&links;
}

void links_destroy(struct links *links)
{
    (void)links;
}

bool link_plan_execute(struct links *links, const char *vif_id, struct link_plan *plan,
                       enum link_when when, bool all, struct error *error)
{
    bool ok = true;

    (void)links;
    (void)plan;
    (void)when;
    (void)all;
    pthread_mutex_lock(&kernel.mutex);
    strncat(kernel.order, vif_id, sizeof kernel.order - strlen(kernel.order) - 1);
    if (!strcmp(vif_id, "a") && kernel.refusals > 0) {
        kernel.refusals--;
        ok = error_set(error, REASON_NOT_REALIZED, "", "The fake kernel refused.");
    }
    pthread_mutex_unlock(&kernel.mutex);
    return ok;
}

/* Adds the removals of "a" and "b", each with a netdev that it sets down, and waits for both.
 * Returns the error of "a". */
static struct error remove_both(int refusals, bool no_netlink, char *ended)
{
    const struct link_plan plan = {
        .steps = {{.type = LINK_DELETE, .name = "tap0"}, {.type = LINK_SET_DOWN, .name = "rep1"}},
        .n = 2};
    struct link_remover *remover;
    struct error of_a = {.reason = REASON_NONE};
    struct error error;
    uint64_t id;

    kernel.refusals = refusals;
    kernel.order[0] = '\0';
    kernel.no_netlink = no_netlink;
    remover = link_remover_create();
    link_remover_add(remover, 1, "a", &plan);
    link_remover_add(remover, 2, "b", &plan);
    *ended = '\0';
    while (link_remover_n(remover) > 0) {
        CHECK("the name is pending", link_remover_has(remover, "tap0"));
        CHECK("the netdev's too", link_remover_sets_down(remover, "rep1"));
        CHECK("it does not count as absent", !link_remover_has(remover, "rep1"));
        CHECK("a deletion sets nothing down", !link_remover_sets_down(remover, "tap0"));
        while (link_remover_next(remover, &id, &error)) {
            strcat(ended, id == 1 ? "a" : "b");
            of_a = id == 1 ? error : of_a;
        }
        link_remover_wait(remover);
        if (link_remover_n(remover) > 0) {
            poll_timer_wait(10000);
            poll_block();
        } else {
            poll_immediate_wake();
            poll_block();
        }
    }
    CHECK("the name is free", !link_remover_has(remover, "tap0"));
    CHECK("the netdev is free", !link_remover_sets_down(remover, "rep1"));
    link_remover_destroy(remover);
    return of_a;
}

static void test_order(void **state)
{
    char ended[8];

    (void)state;
    CHECK_INT("no error", remove_both(0, false, ended).reason, REASON_NONE);
    CHECK_STR("as they were added", ended, "ab");
    CHECK_STR("one try each", kernel.order, "ab");
}

/* A failed removal is tried again, and does not hold up the others. */
static void test_tried_again(void **state)
{
    char ended[8];

    (void)state;
    CHECK_INT("no error", remove_both(2, false, ended).reason, REASON_NONE);
    CHECK_STR("the other does not wait", ended, "ba");
    CHECK_STR("three tries", kernel.order, "abaa");
}

static void test_gives_up(void **state)
{
    char ended[8];
    struct error error = remove_both(1000, false, ended);

    (void)state;
    CHECK_STR("the last error", error.message, "The fake kernel refused.");
    CHECK_INT("the tries", 1000 - kernel.refusals, LINK_REMOVER_TRIES);
    CHECK_STR("the other does not wait", ended, "ba");
}

/* The socket could not be opened: it is opened when there is something to do. */
static void test_no_netlink(void **state)
{
    char ended[8];

    (void)state;
    CHECK_INT("no error", remove_both(0, true, ended).reason, REASON_NONE);
    CHECK_STR("both", ended, "ab");
}

/* What waits for its next try does not hold up the end. */
static void test_end(void **state)
{
    const struct link_plan plan = {.steps = {{.type = LINK_DELETE, .name = "tap0"}}, .n = 1};
    struct link_remover *remover = link_remover_create();

    (void)state;
    kernel.refusals = 1000;
    link_remover_add(remover, 1, "a", &plan);
    link_remover_destroy(remover);
    CHECK("at most the first try", kernel.refusals >= 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),    cmocka_unit_test(test_tried_again),
        cmocka_unit_test(test_gives_up), cmocka_unit_test(test_no_netlink),
        cmocka_unit_test(test_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
