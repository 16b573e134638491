/* SPDX-License-Identifier: Apache-2.0 */
/* A fake of ovs/vswitchd.h, and of ovs-vswitchd itself: applies the fake OVSDB's tables after each
 * transaction, writes the result for each port, and sets cur_cfg. */

#ifndef FAKE_VSWITCHD_H
#define FAKE_VSWITCHD_H 1

#include "fake-ovs.h"
#include "ovs/vswitchd.h"

enum { FAKE_RULES_MAX = 8 };

/* How vswitchd treats a port that does not simply come up. */
struct fake_rule {
    const char *port;   /* Its name. */
    const char *option; /* Only while the port has that option; NULL: always. */
    int times;          /* The rule ends after so many reconfigurations; 0: never. */
    bool says_nothing;  /* The port gets neither an ofport nor an error. */
    const char *error;  /* The port fails with this error text. */
    int mtu;            /* vswitchd applies this MTU; 0: the requested one. */
    const char *vf_mac; /* The VF gets this MAC; NULL: the requested one. */
};

struct vswitchd {
    enum vswitchd_state state;
    bool starting;
    int64_t starting_since; /* ms. */
    unsigned int start;     /* What vswitchd_start() says. */
    bool start_seen;
    bool has_pidfile;          /* Without a pidfile, only cur_cfg shows whether vswitchd runs. */
    const char *pidfile_error; /* What vswitchd_pidfile_error() says. */
    int n_not_answered;        /* Calls of vswitchd_did_not_answer(). */
    int64_t cur_cfg;
    int64_t unanswered_ms;
    bool stopped;
    bool elsewhere; /* In another network namespace. */
    pid_t pid;

    bool silent; /* It applies nothing. */
    int n_reconfigurations;
    int64_t last_ofport;
    struct fake_rule rules[FAKE_RULES_MAX]; /* The first rule that matches counts. */
    size_t n_rules;
};

void fake_rule_add(struct vswitchd *vswitchd, struct fake_rule rule);

/* Applies the tables if they have changed and vswitchd is alive. */
void fake_vswitchd_act(struct vswitchd *vswitchd, struct ovs *ovs);

/* Whether fake_vswitchd_act() would apply them. */
bool fake_vswitchd_is_due(const struct vswitchd *vswitchd, const struct ovs *ovs);

#endif
