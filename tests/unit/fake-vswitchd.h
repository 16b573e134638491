/* SPDX-License-Identifier: Apache-2.0 */
/* A fake of ovs/vswitchd.h, and the ovs-vswitchd that it tells of: takes in the fake OVSDB's tables
 * after each transaction, says what came of each port, and sets cur_cfg. */

#ifndef FAKE_VSWITCHD_H
#define FAKE_VSWITCHD_H 1

#include "fake-ovs.h"
#include "ovs/vswitchd.h"

enum { FAKE_RULES_MAX = 8 };

/* What vswitchd makes of a port, where all does not go well. */
struct fake_rule {
    const char *port;   /* Its name. */
    const char *option; /* Only while the port has that option; NULL: always. */
    int times;          /* Only so many reconfigurations; 0: all. */
    bool says_nothing;  /* The port gets neither an ofport nor an error. */
    const char *error;  /* The port fails with these words. */
    int mtu;            /* This MTU is applied; 0: the one asked for. */
    const char *vf_mac; /* The VF has this MAC; NULL: the one asked for. */
};

struct vswitchd {
    enum vswitchd_state state;
    bool starting;
    bool has_pidfile;   /* Without one, only cur_cfg tells whether it is there. */
    int n_not_answered; /* Calls of vswitchd_did_not_answer(). */
    int64_t cur_cfg;

    bool silent; /* It does not take in anything. */
    int n_reconfigurations;
    int64_t last_ofport;
    struct fake_rule rules[FAKE_RULES_MAX]; /* The first that fits counts. */
    size_t n_rules;
};

void fake_rule_add(struct vswitchd *vswitchd, struct fake_rule rule);

/* Takes in the tables, if there is something new and it is alive. */
void fake_vswitchd_act(struct vswitchd *vswitchd, struct ovs *ovs);

/* Whether it would. */
bool fake_vswitchd_is_due(const struct vswitchd *vswitchd, const struct ovs *ovs);

#endif
