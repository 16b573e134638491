/* SPDX-License-Identifier: Apache-2.0 */
#include "fake-vswitchd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake-socket-file.h"
#include "timeval.h"
#include "util.h"

struct vswitchd *vswitchd_create(const char *run_dir OVS_UNUSED)
{
    struct vswitchd *vswitchd = xzalloc(sizeof *vswitchd);

    vswitchd->state = VSWITCHD_ALIVE;
    vswitchd->has_pidfile = true;
    return vswitchd;
}

void vswitchd_destroy(struct vswitchd *vswitchd)
{
    free(vswitchd);
}

void vswitchd_run(struct vswitchd *vswitchd, int64_t cur_cfg)
{
    if (cur_cfg != vswitchd->cur_cfg) {
        vswitchd->cur_cfg = cur_cfg;
        vswitchd->starting = false;
        if (!vswitchd->has_pidfile) {
            vswitchd->state = VSWITCHD_ALIVE;
        }
    }
}

void vswitchd_wait(struct vswitchd *vswitchd OVS_UNUSED)
{
}

enum vswitchd_state vswitchd_state(const struct vswitchd *vswitchd)
{
    return vswitchd->state;
}

const char *vswitchd_state_name(enum vswitchd_state state)
{
    return state == VSWITCHD_ALIVE ? "alive" : state == VSWITCHD_DEAD ? "dead" : "unknown";
}

bool vswitchd_is_starting(const struct vswitchd *vswitchd)
{
    return vswitchd->starting;
}

bool vswitchd_works(const struct vswitchd *vswitchd)
{
    return vswitchd->state == VSWITCHD_ALIVE && !vswitchd->starting;
}

int64_t vswitchd_starting_ms(const struct vswitchd *vswitchd)
{
    return vswitchd->starting ? time_msec() - vswitchd->starting_since : 0;
}

const char *vswitchd_pidfile_error(const struct vswitchd *vswitchd)
{
    return vswitchd->pidfile_error;
}

pid_t vswitchd_pid(const struct vswitchd *vswitchd)
{
    return vswitchd->pid;
}

unsigned int vswitchd_start(const struct vswitchd *vswitchd)
{
    return vswitchd->start;
}

bool vswitchd_start_seen(const struct vswitchd *vswitchd)
{
    return vswitchd->start_seen;
}

int64_t vswitchd_start_ms(const struct vswitchd *vswitchd OVS_UNUSED)
{
    return 0;
}

void vswitchd_note_next_cfg(struct vswitchd *vswitchd OVS_UNUSED, int64_t next_cfg OVS_UNUSED)
{
}

int64_t vswitchd_unanswered_ms(const struct vswitchd *vswitchd)
{
    return vswitchd->unanswered_ms;
}

bool vswitchd_is_stopped(const struct vswitchd *vswitchd)
{
    return vswitchd->stopped;
}

bool vswitchd_is_elsewhere(const struct vswitchd *vswitchd)
{
    return vswitchd->elsewhere;
}

void vswitchd_did_not_answer(struct vswitchd *vswitchd)
{
    vswitchd->n_not_answered++;
    if (!vswitchd->has_pidfile) {
        vswitchd->state = VSWITCHD_UNKNOWN;
    }
}

void fake_rule_add(struct vswitchd *vswitchd, struct fake_rule rule)
{
    ovs_assert(vswitchd->n_rules < FAKE_RULES_MAX);
    rule.times = rule.times ? rule.times : INT_MAX;
    vswitchd->rules[vswitchd->n_rules++] = rule;
}

static struct fake_rule take_rule(struct vswitchd *vswitchd, const struct fake_port *port)
{
    for (size_t i = 0; i < vswitchd->n_rules; i++) {
        struct fake_rule *rule = &vswitchd->rules[i];

        if (!strcmp(rule->port, port->name) && rule->times > 0 &&
            (!rule->option || smap_get(&port->options, rule->option))) {
            rule->times--;
            return *rule;
        }
    }
    return (struct fake_rule){0};
}

static void judge(struct vswitchd *vswitchd, struct fake_port *port)
{
    struct fake_rule rule = take_rule(vswitchd, port);
    int asked = port->mtu_request ? port->mtu_request : 1500;

    if (!strcmp(port->type, TYPE_DETACHED)) {
        rule = (struct fake_rule){.error = "Address family not supported by protocol"};
    }
    if (rule.says_nothing) {
        fake_port_say(port, 0, 0, NULL);
    } else if (rule.error) {
        fake_port_say(port, -1, 0, rule.error);
    } else {
        fake_port_say(port, port->ofport > 0 ? port->ofport : ++vswitchd->last_ofport,
                      rule.mtu ? rule.mtu : asked, NULL);
    }
    snprintf(port->vf_mac, sizeof port->vf_mac, "%s",
             rule.error    ? ""
             : rule.vf_mac ? rule.vf_mac
                           : smap_get_def(&port->options, "dpdk-vf-mac", ""));
}

bool fake_vswitchd_is_due(const struct vswitchd *vswitchd, const struct ovs *ovs)
{
    return !vswitchd->silent && vswitchd->state != VSWITCHD_DEAD &&
           (ovs->unseen || ovs->globals.cur_cfg < ovs->globals.next_cfg);
}

void fake_vswitchd_act(struct vswitchd *vswitchd, struct ovs *ovs)
{
    if (!fake_vswitchd_is_due(vswitchd, ovs)) {
        return;
    }
    for (size_t i = 0; i < ovs->n_ports; i++) {
        judge(vswitchd, ovs->ports[i]);
        fake_ovs_touch(ovs, ovs->ports[i]);
    }
    if (fake_socket_file.leaves) {
        fake_socket_file.file = SOCKET_FILE_ABSENT;
    }
    vswitchd->n_reconfigurations++;
    ovs->unseen = false;
    ovs->globals.cur_cfg = ovs->globals.next_cfg;
}
