/* SPDX-License-Identifier: Apache-2.0 */
/* Ports and plans as text, for tables. */

#ifndef TEST_PORT_TEXT_H
#define TEST_PORT_TEXT_H 1

#include "check.h"

#include "plan/plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static inline void parse_port_qos(struct port_spec *spec, const char *text)
{
    struct vif_qos *qos = &spec->qos;

    spec->has_qos = true;
    CHECK(text, sscanf(text, "%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64 ",%" SCNd64,
                       &qos->egress_kbps, &qos->egress_burst_kb, &qos->egress_kpps,
                       &qos->egress_burst_kpkt, &qos->ingress_kbps, &qos->ingress_burst_kb) == 6);
}

static inline void parse_port_word(struct port_spec *spec, const char *word, const char *value)
{
    const struct {
        const char *word;
        char *text;
        size_t size;
    } texts[] = {
        {"port", spec->port, sizeof spec->port},
        {"bridge", spec->bridge, sizeof spec->bridge},
        {"type", spec->type, sizeof spec->type},
        {"dp", spec->datapath_type, sizeof spec->datapath_type},
        {"fail", spec->fail_mode, sizeof spec->fail_mode},
        {"own", spec->port_bridge, sizeof spec->port_bridge},
        {"guest", spec->guest_port, sizeof spec->guest_port},
        {"default", spec->default_qos, sizeof spec->default_qos},
        {"dev", spec->links.netdev, sizeof spec->links.netdev},
    };
    const struct {
        const char *word;
        bool *flag;
    } flags[] = {
        {"no_port", &spec->no_port}, {"awaits", &spec->awaits_netdev}, {"isolate", &spec->isolate}};

    for (size_t i = 0; i < N(texts); i++) {
        if (!strcmp(word, texts[i].word)) {
            snprintf(texts[i].text, texts[i].size, "%s", value);
            if (texts[i].text == spec->links.netdev) {
                spec->links.kind = LINKS_NETDEV;
            }
            return;
        }
    }
    for (size_t i = 0; i < N(flags); i++) {
        if (!strcmp(word, flags[i].word)) {
            *flags[i].flag = true;
            return;
        }
    }
    if (!strcmp(word, "mtu")) {
        spec->mtu_request = (int)strtol(value, NULL, 10);
    } else if (!strcmp(word, "qos")) {
        parse_port_qos(spec, value);
    } else {
        CHECK(word, !strncmp(word, "o:", 2) || !strncmp(word, "e:", 2));
        smap_replace(*word == 'o' ? &spec->options : &spec->external_ids, word + 2, value);
    }
}

/* Ports are written as blank-separated words; later ones win: port= bridge= type= mtu= dp=
 * (the bridge's datapath type), fail= (its fail_mode), o:KEY=VALUE for options, e:KEY=VALUE for
 * external_ids, own= and guest= (port_bridge and guest_port), qos= (the six members of struct
 * vif_qos), default= (default_qos), dev= (a netdev that the port needs), no_port, awaits,
 * isolate. */
static inline void parse_port(struct port_spec *spec, const char *text)
{
    char copy[1024];
    char *save = NULL;

    port_spec_init(spec);
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
        char *equals = strchr(word, '=');

        if (equals) {
            *equals = '\0';
        }
        parse_port_word(spec, word, equals ? equals + 1 : "");
    }
}

/* Compares the lines of plan_operations(). */
static inline void check_operations(const char *row, const struct plan *plan, const char *expected)
{
    char text[2048] = "";
    char **lines;
    size_t n;

    lines = plan_operations(plan, &n);
    for (size_t i = 0; i < n; i++) {
        strcat(text, lines[i]);
        strcat(text, "\n");
        free(lines[i]);
    }
    free(lines);
    CHECK_STR(row, text, expected);
}

#endif
