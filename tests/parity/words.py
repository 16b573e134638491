# SPDX-License-Identifier: Apache-2.0
"""A row of docs/vif-types.md as text: the VIF's forms, and the results."""

import json
import re

import cases
import vifs

# The external_ids of the Interface of every VIF's port; None: any value.
COMMON_IDS = {"iface-id": vifs.ID, "iface-status": "active", "attached-mac": vifs.ADDRESS,
              "vm-uuid": "aaaabbbb-1111-4222-8333-444455556666", "vifplug-owner": "vifplugd",
              "vifplug-vif-id": vifs.ID, "vifplug-kind": None, "vifplug-boot-id": None}
# The id, cut to the length of a name; the longest first.
PARTS_OF_ID = "|".join(vifs.ID[:n] for n in range(len(vifs.ID), len(vifs.SHORT) - 1, -1))
FLAGS = ("create_port", "create_tap", "multiqueue")


def code(text):
    return f"`{re.sub(PARTS_OF_ID, '<id>', str(text)).replace(cases.TRUNK, 'tbr-<trunk>')}`"


def assigned(pairs):
    """Returns columns in the syntax of ovs-vsctl."""
    return [code(f"{key}={value}") for key, value in pairs]


def named(members, keys):
    """Returns the members that exist."""
    return [f"{code(key)} {json.dumps(members[key]).strip(chr(34))}" for key in keys
            if key in members]


# --- The forms. ---

def osvif_words(vif):
    data = vif["versioned_object.data"]
    profile = data["port_profile"]
    return ", ".join([code(vif["versioned_object.name"]), code(profile["versioned_object.name"]),
                      *named(data, ("mode",)),
                      *(code(key) for key in FLAGS if profile["versioned_object.data"].get(key))])


def nova_words(vif):
    words = named(vif, ("type",) if vif["vnic_type"] == "normal" else ("type", "vnic_type"))
    return ", ".join(words + named(vif, ("delegate_create",)) + named(
        vif["details"], ("ovs_hybrid_plug", "vhostuser_ovs_plug", "vhostuser_mode")))


def native_words(vif):
    words = [code(vif["kind"])]
    if "vhost_user" in vif:
        words.append(f"{code('vhost_user.mode')} {vif['vhost_user']['mode']}")
    words += named(vif, FLAGS)
    words += [f"{code('qos')} {code(json.dumps(vif['qos']))}"] if "qos" in vif else []
    return ", ".join(words)


# --- The results. ---

def things(found, kind):
    """Returns {name: {property: value}} of a state's things of a kind."""
    result = {}
    for key, value in found.items():
        thing, name, *rest = key.split(" ", 2)
        if thing == kind:
            result.setdefault(name, {})[rest[0] if rest else ""] = value
    return result


def new(outcome, kind):
    """Returns the things that the plug has made."""
    before = things(outcome.before, kind)
    return {name: members for name, members in sorted(things(outcome.plugged, kind).items())
            if name not in before}


def check_common_ids(interface):
    for key, value in COMMON_IDS.items():
        given = interface.get(f"external_ids:{key}")
        assert given and value in (None, given), (key, given)


def interface_words(interface, port):
    """Describes a port, without what all ports have."""
    if "external_ids:iface-id" in interface:
        check_common_ids(interface)
    columns = {"type": interface.get("type", '""')}
    columns.update((key, interface[key]) for key in sorted(interface, key=lambda key: (
        key.startswith("external_ids"), not key.startswith("options"), key))
        if key not in ("", "type") and key.partition(":")[2] not in COMMON_IDS)
    columns.update((key, port[key]) for key in sorted(port) if key not in ("", "bridge"))
    return ", ".join(assigned(columns.items()))


def rows_words(outcome):
    """Describes the new bridges, ports and QoS rows."""
    lines = []
    bridges = new(outcome, "Bridge")
    ports = things(outcome.plugged, "Port")
    for name, interface in new(outcome, "Interface").items():
        if name not in bridges:
            where = f" on {code(ports[name]['bridge'])}" if bridges else ""
            lines.append(f"Port {code(name)}{where}: {interface_words(interface, ports[name])}")
    lines += [f"Bridge {code(name)}: {code('datapath_type=' + bridge['datapath_type'])}"
              for name, bridge in bridges.items()]
    for kind in ("QoS", "Queue"):
        lines += [f"{kind}: " + ", ".join(assigned(
            (key, value) for key, value in sorted(row.items(), key=lambda item: item[0] != "type")
            if key and not key.startswith("external_ids"))) for row in new(outcome, kind).values()]
    return "<br>".join(lines) or "none"


def link_words(name, link):
    """Describes a link, without the kernel's defaults."""
    words = [f"{code(name)}: {'tap' if link[''] == 'tun' else link['']}", f"MTU {link['mtu']}"]
    words += [text for key, text in (("up", "up"), ("promisc", "promiscuous"),
                                     ("persist", "persistent"), ("multi_queue", "multi-queue"))
              if link.get(key) == "True"]
    words += [f"MAC {code(link['address'])}"] if "address" in link else []
    words += [f"port of {code(link['master'])}"] if "master" in link else []
    words += assigned((key, link[key]) for key in (
        "ageing_time", "disable_ipv6", "arp_ignore", "arp_announce") if link[""] == "bridge"
                      or link.get(key, "0") != "0")
    return ", ".join(words)


def links_words(outcome):
    """Describes the new links, and the changes of existing links."""
    lines = [link_words(name, link) for name, link in new(outcome, "link").items()]
    before = things(outcome.before, "link")
    for name, link in sorted(things(outcome.plugged, "link").items()):
        changed = {key for key in link if name in before and before[name][key] != link[key]}
        assert changed <= {"up", "mtu"}, (name, before[name], link)
        if changed:
            lines.append(f"the card's {code(name)}: set up, MTU {link['mtu']}")
    return "<br>".join(lines) or "none"


def check_nothing_left(outcome):
    """After the unplug nothing exists that the plug made."""
    for kind in ("Bridge", "Port", "Interface", "QoS", "Queue", "link"):
        left = set(new(outcome, kind)) & set(things(outcome.after, kind))
        assert not left, (kind, left)


def unplug_words(outcome):
    """Describes what the unplug removed."""
    check_nothing_left(outcome)
    lines = []
    bridges = things(outcome.plugged, "Bridge")
    for kind, text in (("Port", "Port"), ("QoS", ""), ("Queue", ""), ("Bridge", "Bridge"),
                       ("link", "link")):
        gone = [code(name) for name in sorted(things(outcome.plugged, kind))
                if name not in things(outcome.after, kind) and not (kind == "Port"
                                                                    and name in bridges)]
        if gone:
            lines.append(f"{text} {', '.join(gone)}" if text else kind)
    for name, link in sorted(things(outcome.after, "link").items()):
        if link["up"] != things(outcome.plugged, "link")[name]["up"]:
            lines.append(f"the card's {code(name)} is set down")
    return "<br>".join(lines) or "nothing"


def cells(*texts):
    """Returns a line of a table."""
    return f"| {' | '.join(texts)} |"


def table(header, lines):
    return "\n".join([cells(*header), cells(*["---"] * len(header)), *lines])


VIF_HEADER = ("os-vif object", "Nova's dict", "native", "datapath", "rows", "links",
              "unplug removes")
SETTING_HEADER = ("with", "the VIF", "datapath", "rows", "links", "unplug removes")


def line(row, outcome):
    """Returns a row of the document's tables."""
    results = (code(row.datapath), rows_words(outcome), links_words(outcome),
               unplug_words(outcome))
    if row.setting:
        vif = osvif_words(row.osvif) if row.osvif else native_words(row.native)
        return cells(row.setting, vif, *results)
    return cells(osvif_words(row.osvif), "<br>or ".join(map(nova_words, row.nova)) or "none",
                 native_words(row.native), *results)
