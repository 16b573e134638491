/* SPDX-License-Identifier: Apache-2.0 */
#include "links/link-state.h"

#include <stdio.h>
#include <string.h>

#include "base/names.h"

void link_alias(const char *vif_id, char alias[LINK_ALIAS_MAX + 1])
{
    snprintf(alias, LINK_ALIAS_MAX + 1, LINK_ALIAS_PREFIX "%s", vif_id);
}

const char *link_vif_of(const char *alias)
{
    const size_t prefix = strlen(LINK_ALIAS_PREFIX);

    return strncmp(alias, LINK_ALIAS_PREFIX, prefix) ? NULL : alias + prefix;
}

bool link_is_alias_of(const char *alias, const char *vif_id)
{
    const char *owner = link_vif_of(alias);

    return owner && !strcmp(owner, vif_id);
}

bool link_is_own(const struct link_facts *facts, const char *vif_id)
{
    return link_is_alias_of(facts->alias, vif_id) || link_is_incomplete(facts);
}

bool link_is_osvifs(const char *bridge, const char *vif_id)
{
    char name[VIF_IFNAME_MAX + 1];

    name_linux_bridge(vif_id, name);
    return !strcmp(bridge, name);
}

bool link_spec_names(const struct link_spec *spec, const char *name)
{
    return spec->kind != LINKS_NONE && (!strcmp(spec->netdev, name) || !strcmp(spec->peer, name) ||
                                        !strcmp(spec->linux_bridge, name));
}

bool link_spec_any(const struct link_spec *spec, bool (*cb)(const char *name, void *aux), void *aux)
{
    const char *names[] = {spec->netdev, spec->peer, spec->linux_bridge};

    for (size_t i = 0; spec->kind != LINKS_NONE && i < 3; i++) {
        if (names[i][0] && cb(names[i], aux)) {
            return true;
        }
    }
    return false;
}

void link_state_look(struct links *links, const struct link_spec *spec, struct link_state *state)
{
    memset(state, 0, sizeof *state);
    if (!links || spec->kind == LINKS_NONE) {
        return;
    }
    state->has_netdev = spec->netdev[0] && links_find(links, spec->netdev, &state->netdev);
    state->has_peer = spec->peer[0] && links_find(links, spec->peer, &state->peer);
    state->has_linux_bridge =
        spec->linux_bridge[0] && links_find(links, spec->linux_bridge, &state->linux_bridge);
}

const char *link_state_owner(const struct link_state *state, const char *vif_id)
{
    const struct link_facts *all[] = {state->has_netdev ? &state->netdev : NULL,
                                      state->has_peer ? &state->peer : NULL,
                                      state->has_linux_bridge ? &state->linux_bridge : NULL};

    for (size_t i = 0; i < 3; i++) {
        const char *owner = all[i] ? link_vif_of(all[i]->alias) : NULL;

        if (owner && strcmp(owner, vif_id)) {
            return owner;
        }
    }
    return NULL;
}

static bool lacks(struct link_lack *lack, const char *name, bool exists)
{
    snprintf(lack->what, sizeof lack->what, "link");
    lack->expected = name;
    lack->found = exists ? "a link that is not this VIF's" : "";
    return true;
}

bool link_state_lacks(const char *vif_id, const struct link_spec *spec,
                      const struct link_state *state, struct link_lack *lack)
{
    const struct link_facts *bridge = &state->linux_bridge;
    bool bridge_is_osvifs = !bridge->alias[0] && link_is_osvifs(spec->linux_bridge, vif_id);

    if (!spec->create || (spec->kind != LINKS_TAP && spec->kind != LINKS_HYBRID)) {
        return false;
    }
    if (!state->has_netdev || !link_is_own(&state->netdev, vif_id)) {
        return lacks(lack, spec->netdev, state->has_netdev);
    }
    if (spec->kind == LINKS_TAP) {
        return false;
    }
    if (!state->has_peer || !link_is_own(&state->peer, vif_id)) {
        return lacks(lack, spec->peer, state->has_peer);
    }
    if (!state->has_linux_bridge || strcmp(bridge->kind, "bridge") != 0 ||
        !(link_is_own(bridge, vif_id) || bridge_is_osvifs)) {
        return lacks(lack, spec->linux_bridge, state->has_linux_bridge);
    }
    if (strcmp(state->peer.master, spec->linux_bridge) != 0) {
        snprintf(lack->what, sizeof lack->what, "link:%s:master", spec->peer);
        lack->expected = spec->linux_bridge;
        lack->found = state->peer.master;
        return true;
    }
    return false;
}
