/* SPDX-License-Identifier: Apache-2.0 */
/* Which VIF may lose its VF to another (plan/evict.h). */

#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/keys.h"
#include "plan/evict.h"

/* The facts that a row changes: at first a VIF that evict-unused may evict. */
struct world {
    struct record owner;
    struct evict_facts facts;
};

static void begin(struct world *world)
{
    record_init(&world->owner);
    world->owner.ours = true;
    world->owner.ofport = 7;
    strcpy(world->owner.spec.vif_id, "b");
    strcpy(world->owner.spec.type, TYPE_DPDK);
    strcpy(world->owner.spec.vhost_path, "/run/stdvio10");
    world->owner.spec.kind = VIF_KIND_REPRESENTOR;
    world->owner.spec.vhost_mode = VHOST_MODE_SERVER;
    strcpy(world->owner.instance, "vm-b");
    strcpy(world->owner.boot_id, "boot-1");
    strcpy(world->owner.link_state, "down");
    world->facts = (struct evict_facts){
        .policy = EVICT_UNUSED,
        .unused_after_ms = 600000,
        .boot_id = "boot-1",
        .vif_id = "a",
        .instance = "vm-a",
        .owner = &world->owner,
        .switch_answers = true,
        .looked = true,
        .socket = SOCKET_FILE_ABSENT,
        .down_ms = 600000,
    };
}

/* Checks the answer after `change`. */
#define CASE(allowed, words, change)                                                               \
    do {                                                                                           \
        struct world world;                                                                        \
        struct record *owner = &world.owner;                                                       \
        struct evict_facts *facts = &world.facts;                                                  \
        char why[EVICT_WHY_LEN];                                                                   \
                                                                                                   \
        begin(&world);                                                                             \
        change;                                                                                    \
        CHECK_INT(#change, evict_allowed(facts, why, sizeof why), allowed);                        \
        CHECK_HAS(#change, why, words);                                                            \
        (void)owner;                                                                               \
        record_destroy(&world.owner);                                                              \
    } while (0)

#define EVICTED(words, change) CASE(true, words, change)
#define KEPT(words, change) CASE(false, words, change)

static void test_unused(void **state)
{
    (void)state;
    EVICTED("no guest has used it for 600 s", (void)0);
    EVICTED("700 s", facts->down_ms = 700999);
    EVICTED("600 s", facts->socket = SOCKET_FILE_STALE);

    /* Too early. A plug whose guest has not come yet looks like this. */
    KEPT("after 600 s without a guest, and vifplugd has seen it so for 599 s",
         facts->down_ms = 599999);
    KEPT("for 0 s", facts->down_ms = 0);
    KEPT("for 0 s", facts->down_ms = -1);

    /* A guest is there, whichever of the two shows it. */
    KEPT("a guest is connected", strcpy(owner->link_state, "up"));
    KEPT("a process listens at its socket", facts->socket = SOCKET_FILE_BOUND);

    /* Nobody knows. */
    KEPT("does not tell", owner->link_state[0] = '\0');
    KEPT("does not tell", facts->switch_answers = false);
    KEPT("does not tell", owner->ofport = 0);
    KEPT("does not tell", owner->ofport = -1);
    KEPT("check_paths is no", facts->looked = false);
    KEPT("cannot be looked at", facts->socket = SOCKET_FILE_UNKNOWN);
    KEPT("cannot be looked at", facts->socket = SOCKET_FILE_OTHER);
    KEPT("cannot be looked at", facts->socket = SOCKET_FILE_NO_DIRECTORY);

    /* Whose it is. */
    KEPT("the same instance's", strcpy(owner->instance, "vm-a"));
    KEPT("not known whose", owner->instance[0] = '\0');
    KEPT("not known whose", facts->instance = "");

    /* Ports that show nothing. */
    KEPT("mode client", owner->spec.vhost_mode = VHOST_MODE_CLIENT);
    KEPT("nothing shows", owner->spec.vhost_path[0] = '\0');
    KEPT("nothing shows", owner->spec.kind = VIF_KIND_KERNEL_REPRESENTOR);
    KEPT("nothing shows", strcpy(owner->spec.type, TYPE_DETACHED));

    /* No VIF of another. */
    KEPT(".", owner->ours = false);
    KEPT(".", facts->owner = NULL);
    KEPT(".", facts->vif_id = "b");
}

/* The other policies, and a VIF of an earlier boot. */
static void test_policies(void **state)
{
    (void)state;
    for (int used = 0; used <= 1; used++) {
        EVICTED("on_vf_conflict is evict", {
            facts->policy = EVICT_ALWAYS;
            strcpy(owner->link_state, used ? "up" : "down");
        });
        KEPT("on_vf_conflict = evict-unused evicts a VIF", {
            facts->policy = EVICT_NEVER;
            strcpy(owner->link_state, used ? "up" : "down");
        });
    }
    KEPT(".", {
        facts->policy = EVICT_NEVER;
        owner->spec.vhost_mode = VHOST_MODE_CLIENT; /* The hint would help nobody. */
    });
    for (int policy = EVICT_NEVER; policy <= EVICT_UNUSED; policy++) {
        EVICTED("an earlier boot", {
            facts->policy = (enum evict_policy)policy;
            strcpy(owner->boot_id, "boot-0");
            strcpy(owner->link_state, "");
        });
        KEPT(".", {
            facts->policy = (enum evict_policy)policy;
            owner->ours = false;
            strcpy(owner->boot_id, "");
        });
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unused),
        cmocka_unit_test(test_policies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
