/* SPDX-License-Identifier: Apache-2.0 */
/* All operations by state and by VIF, and which transitions are legal. */

#include "engine/ops.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "openvswitch/vlog.h"

static struct op *add(struct ops *ops, const char *vif_id)
{
    struct request request = {.id = "1"};
    struct op *op;

    snprintf(request.vif_id, sizeof request.vif_id, "%s", vif_id);
    op = op_create(OP_PLUG, &request, NULL);
    ops_add(ops, op);
    return op;
}

static void end(struct ops *ops, struct op *op)
{
    ops_remove(ops, op);
    op_destroy(op);
}

/* The states through which a new operation reaches `state`. */
static void bring_to(struct ops *ops, struct op *op, enum op_state state)
{
    static const enum op_state ways[OP_N_STATES][4] = {
        [OP_QUEUED] = {OP_QUEUED},
        [OP_COMMITTING] = {OP_COMMITTING},
        [OP_SETTLING] = {OP_COMMITTING, OP_SETTLING},
        [OP_REALIZING] = {OP_COMMITTING, OP_SETTLING, OP_REALIZING},
        [OP_CLEARING] = {OP_COMMITTING, OP_SETTLING, OP_REALIZING, OP_CLEARING},
    };

    for (size_t i = 0; op->state != state; i++) {
        ops_set_state(ops, op, ways[state][i]);
    }
}

/* Whether a process that makes the transition survives. */
static bool is_legal(enum op_state from, enum op_state to)
{
    pid_t pid = fork();
    int status;

    if (pid == 0) {
        struct ops ops;
        struct op *op;

        vlog_set_levels(NULL, VLF_ANY_DESTINATION, VLL_OFF);
        ops_init(&ops);
        op = add(&ops, "a");
        bring_to(&ops, op, from);
        ops_set_state(&ops, op, to);
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void test_transitions(void **state)
{
    static const bool legal[OP_N_STATES][OP_N_STATES] = {
        /* To:           QUEUED COMMITTING SETTLING REALIZING CLEARING */
        [OP_QUEUED] = {true, true, false, true, true},
        [OP_COMMITTING] = {true, false, true, false, true},
        [OP_SETTLING] = {true, false, false, true, true},
        [OP_REALIZING] = {true, false, false, false, true},
        [OP_CLEARING] = {false, false, false, false, false},
    };

    (void)state;
    for (int from = 0; from < OP_N_STATES; from++) {
        for (int to = 0; to < OP_N_STATES; to++) {
            char row[64];

            snprintf(row, sizeof row, "%s -> %s", op_state_name((enum op_state)from),
                     op_state_name((enum op_state)to));
            CHECK_INT(row, is_legal((enum op_state)from, (enum op_state)to), legal[from][to]);
        }
    }
}

/* The VIF ids of a list's operations, one after another. */
static const char *ids_in(const struct ovs_list *list)
{
    static char ids[4 * (VIF_ID_MAX + 1)];
    const struct op *op;

    ids[0] = '\0';
    LIST_FOR_EACH (op, node, list) {
        snprintf(ids + strlen(ids), sizeof ids - strlen(ids), "%s", op->request.vif_id);
    }
    return ids;
}

static void test_lists(void **state)
{
    struct op *a, *b, *c;
    struct ops ops;

    (void)state;
    ops_init(&ops);
    a = add(&ops, "a");
    b = add(&ops, "b");
    c = add(&ops, "c");
    assert_int_equal(ops.n, 3);
    assert_string_equal(ids_in(&ops.in[OP_QUEUED]), "abc");
    ops_set_state(&ops, b, OP_COMMITTING);
    ops_set_state(&ops, c, OP_COMMITTING);
    assert_string_equal(ids_in(&ops.in[OP_QUEUED]), "a");
    assert_string_equal(ids_in(&ops.in[OP_COMMITTING]), "bc");
    /* Operations that have begun go before those that have not. */
    ops_set_state(&ops, c, OP_QUEUED);
    assert_string_equal(ids_in(&ops.in[OP_QUEUED]), "ca");
    end(&ops, a);
    end(&ops, b);
    assert_string_equal(ids_in(&ops.in[OP_COMMITTING]), "");
    end(&ops, c);
    assert_int_equal(ops.n, 0);
    ops_destroy(&ops);
}

static void test_queues_of_vifs(void **state)
{
    struct op *first, *other, *second;
    struct ops ops;

    (void)state;
    ops_init(&ops);
    assert_null(ops_of_vif(&ops, "a"));
    first = add(&ops, "a");
    other = add(&ops, "b");
    second = add(&ops, "a");
    assert_ptr_equal(ops_of_vif(&ops, "a"), first->vif_queue);
    assert_ptr_equal(first->vif_queue, second->vif_queue);
    assert_ptr_equal(ops_of_vif(&ops, "b"), other->vif_queue);
    assert_null(ops_of_vif(&ops, "ab"));
    assert_int_equal(ovs_list_size(&ops_of_vif(&ops, "a")->ops), 2);
    /* A state does not change the order of a VIF's operations. */
    ops_set_state(&ops, second, OP_COMMITTING);
    ops_set_state(&ops, second, OP_QUEUED);
    assert_ptr_equal(ovs_list_front(&first->vif_queue->ops), &first->vif_node);
    end(&ops, first);
    assert_ptr_equal(ovs_list_front(&ops_of_vif(&ops, "a")->ops), &second->vif_node);
    end(&ops, second);
    assert_null(ops_of_vif(&ops, "a"));
    end(&ops, other);
    ops_destroy(&ops);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transitions),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_queues_of_vifs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
