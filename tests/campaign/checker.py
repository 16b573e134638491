# SPDX-License-Identifier: Apache-2.0
"""The invariants of vifplugd, checked from outside while nothing is under way. Each function returns the
violations as sentences, which begin with the invariant:

lost    an acknowledged operation is not true: rows, links or limits of the VIF are not as they were asked for
left    a row, link, QoS row or bridge is there that no acknowledged request asked for, or that an unplug left
stuck   a VIF cannot be plugged, or cannot be unplugged
shown   something is shown and not there, or there and not shown
shared  two VIFs have what only one can have
other   anything else: no reply, `internal`, a crash, a leak
"""

import collections
import re

from api import Api, ApiError, vif_id, wait_until
from difference import members
from model import DPDK_KINDS, UNKNOWN
from world import BRIDGES

INVARIANTS = ("lost", "left", "stuck", "shown", "shared", "other")
OWNER = "vifplug-owner"
VIF_ID = "vifplug-vif-id"
OUR_KEYS = "vifplug-"
ALIAS = "vifplugd:"
GROUP = str(0x76696670)  # Of links that are not complete yet.
LOAD_LINKS = re.compile(r"^(tap\d|qbr|qvb|qvo)")  # The names of links in this campaign.
VALID_ID = re.compile(r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,63}$")
UP_S = 20  # After a restart ovs-vswitchd makes all ports again.
NAPATECH_PF, GENERIC_PF = "0000:65:00.0", "0000:b3:00.0"


class View:
    """Rows and links at one moment, by what they are looked up by."""

    def __init__(self, world):
        self.tables, self.links = world.look()
        self.interfaces = {row["name"]: row for row in self.tables["Interface"]}
        self.ports = {row["name"]: row for row in self.tables["Port"]}
        self.bridges = {row["name"]: row for row in self.tables["Bridge"]}
        self.qos = {row["_uuid"]: row for row in self.tables["QoS"]}
        self.queues = {row["_uuid"]: row for row in self.tables["Queue"]}

    def ours(self):
        """Our Interface rows, as (VIF id, row). Without a valid id it is nobody's."""
        marked = [(row["external_ids"].get(VIF_ID, ""), row) for row in self.interfaces.values()
                  if row["external_ids"].get(OWNER) == "vifplugd"]
        return [(owner, row) for owner, row in marked if VALID_ID.match(owner)]

    def bridges_of(self, port):
        uuid = self.ports[port]["_uuid"] if port in self.ports else None
        return [name for name, row in self.bridges.items() if uuid in members(row["ports"])]

    def aliased(self):
        """{VIF id: names of the links with its alias}."""
        found = collections.defaultdict(set)
        for name, link in self.links.items():
            if link.get("ifalias", "").startswith(ALIAS):
                found[link["ifalias"][len(ALIAS):].split()[0]].add(name)
        return found


def broken(invariant, sentences):
    return [f"{invariant}: {sentence}" for sentence in sentences]


def invariant_of(violation):
    word = violation.partition(":")[0]
    return word if word in INVARIANTS else "other"


def shown(world):
    """{VIF id: VIF} of `list`; what `get` says of each must be the same."""
    wrong = []
    with Api(world.socket) as api:
        listed = api.call("list")["vifs"]
        by_id = {vif["vif_id"]: vif for vif in listed}
        if len(by_id) != len(listed):
            wrong.append(f"list shows a VIF twice: {sorted(vif['vif_id'] for vif in listed)}")
        for vif in listed:
            try:
                got = api.call("get", vif_id=vif["vif_id"])
            except ApiError as error:
                got = error.message
            if got != vif:
                wrong.append(f"get and list differ: {got} and {vif}")
    return by_id, broken("shown", wrong)


# --- What is shown, and what is there. ---

def shown_is_there(view, by_id):
    there = collections.Counter(owner for owner, _ in view.ours())
    missing = {owner for owner, vif in by_id.items() if vif["state"] == "missing"}
    wrong = [f"VIF {owner} has {count} rows" for owner, count in there.items() if count > 1]
    wrong += [f"VIF {owner} is listed and has no row" for owner in by_id.keys() - there.keys() - missing]
    wrong += [f"VIF {owner} is shown as missing and has a row" for owner in missing & there.keys()]
    wrong += [f"VIF {owner} has a row and is not listed" for owner in there.keys() - by_id.keys()]
    for owner, row in view.ours():
        vif, bridges = by_id.get(owner), view.bridges_of(row["name"])
        if vif and (vif["port"], [vif["bridge"]]) != (row["name"], bridges):
            wrong.append(f"VIF {owner} is shown as port {vif['port']} of {vif['bridge']}, and is {row['name']} of "
                         f"{bridges}")
    return broken("shown", wrong)


def rows_hold_together(view):
    """No row is left that nothing refers to. (Ports and Interfaces go by themselves in OVSDB.)"""
    used = {row["qos"] for row in view.ports.values() if row["qos"]}
    wrong = [f"QoS {row['type']} {row['external_ids']} belongs to no port" for uuid, row in view.qos.items()
             if uuid not in used]
    queues = {uuid for row in view.qos.values() for uuid in row["queues"].values()}
    wrong += [f"Queue {row['external_ids']} belongs to no QoS" for uuid, row in view.queues.items()
              if uuid not in queues]
    wrong += [f"port {name} is on {view.bridges_of(name)}" for name in view.ports
              if len(view.bridges_of(name)) != 1]
    return broken("left", wrong)


def nothing_is_shared(view):
    """A VF, a socket, an iface-id, a tap belong to one VIF."""
    owners = collections.defaultdict(set)
    for owner, row in view.ours():
        for what, value in (("the VF", row["options"].get("dpdk-devargs")),
                            ("the socket", row["options"].get("vhost-server-path")),
                            ("the iface-id", row["external_ids"].get("iface-id")),
                            ("the Linux bridge", row["external_ids"].get("vifplug-linux-bridge"))):
            if value:
                owners[f"{what} {value}"].add(owner)
    return broken("shared", [f"{what} belongs to {sorted(vifs)}" for what, vifs in owners.items()
                             if len(vifs) > 1])


def links_have_vifs(view, left_by_a_kill):
    """A link with our alias belongs to a VIF on record. A killed daemon may leave others
    (docs/architecture.md)."""
    on_record = {owner for owner, _ in view.ours()}
    wrong = []
    if not left_by_a_kill:
        wrong += [f"links {sorted(names)} have the alias of VIF {owner}, which is not plugged"
                  for owner, names in view.aliased().items() if owner not in on_record]
    wrong += [f"link {name} is not complete" for name, link in view.links.items()
              if link.get("group") == GROUP and not link.get("ifalias")]
    return broken("left", wrong)


def bridges_are_asked_for(view, model):
    if model.strangers:
        return []
    allowed = {*BRIDGES, *model.bridges}
    wrong = [f"bridge {name} was asked for by no request that succeeded" for name in view.bridges
             if name not in allowed]
    for name in view.bridges:
        if name.startswith("tbr-") and not [row for _, row in view.ours() if name in view.bridges_of(row["name"])]:
            wrong.append(f"trunk bridge {name} has no VIF any more")
    return broken("left", wrong)


# --- Each VIF against its requests. ---

def differences(view, shape):
    """How the rows and links differ from what was asked for; nothing if they do not."""
    row = view.interfaces.get(shape.port)
    if not row or row["external_ids"].get(VIF_ID) != vif_id(shape.n):
        return [f"there is no port {shape.port} of it"]
    wrong = []

    def compare(what, expected, found):
        if expected != found:
            wrong.append(f"{what}: {found}, not {expected}")

    compare("the bridge", [shape.bridge], view.bridges_of(shape.port))
    compare("the instance", shape.instance, row["external_ids"].get("vm-uuid"))
    compare("the MAC", shape.mac, row["external_ids"].get("attached-mac"))
    compare("the kind", shape.kind, row["external_ids"].get("vifplug-kind"))
    if shape.kind in DPDK_KINDS:
        compare("mtu_request", shape.mtu, row["mtu_request"])
    if shape.kind == "vhost-user":
        compare("the type", "dpdkvhostuserclient" if shape.mode == "server" else "dpdkvhostuser", row["type"])
        compare("the socket", shape.place if shape.mode == "server" else None,
                row["options"].get("vhost-server-path"))
    elif shape.kind == "representor":
        compare("the type", "dpdk", row["type"])
        compare("the VF", devargs(shape.place), row["options"].get("dpdk-devargs"))
    else:
        compare("the type", "", row["type"])
        wrong.extend(link_differences(view, shape))
    if shape.qos != UNKNOWN:
        compare("the limits", tuple(shape.qos), limits_of(view, shape.port))
    return wrong


def devargs(slot):
    device, function = int(slot[8:10], 16), int(slot[11])
    if slot.startswith("0000:65"):
        return f"{NAPATECH_PF},representor=[{device * 8 + function}]"
    return f"{GENERIC_PF},representor=[{(device - 2) * 8 + function}]"


def link_differences(view, shape):
    wrong = []
    for name, kind in shape.links.items():
        link = view.links.get(name)
        if not link:
            wrong.append(f"there is no link {name}")
            continue
        if link.get("linkinfo", {}).get("info_kind") != kind:
            wrong.append(f"link {name} is no {kind}")
        if link.get("ifalias") != ALIAS + vif_id(shape.n):
            wrong.append(f"link {name} has the alias {link.get('ifalias')}")
        if link["mtu"] not in (shape.mtu, shape.mtu_before):
            wrong.append(f"link {name} has MTU {link['mtu']}, not {shape.mtu}")
        if "UP" not in link["flags"]:
            wrong.append(f"link {name} is down")
        if kind == "tun" and link["address"] != (shape.tap_mac or shape.mac):
            wrong.append(f"link {name} has the MAC {link['address']}")
    if shape.kind == "hybrid" and f"qvb{vif_id(shape.n)[:11]}" in view.links:
        master = view.links[f"qvb{vif_id(shape.n)[:11]}"].get("master")
        if master != shape.place:
            wrong.append(f"the veth pair is on {master}, not on {shape.place}")
    return wrong


def limits_of(view, port):
    """(egress, ingress) in kbit/s, as the rows say."""
    egress = view.interfaces[port]["ingress_policing_rate"]
    qos = view.qos.get(view.ports[port]["qos"] or None)
    if not qos:
        return egress, 0
    if qos["type"] == "egress-policer":
        return egress, int(qos["other_config"]["cir"]) * 8 // 1000
    rates = [int(view.queues[uuid]["other_config"]["max-rate"]) // 1000 for uuid in qos["queues"].values()]
    return egress, rates[0] if len(rates) == 1 else rates


def requests_are_true(view, model):
    """Each VIF is in a state that its requests allow; the model takes the state that it is in."""
    wrong = []
    on_record = {owner for owner, _ in view.ours()}
    for n in sorted(model.vifs):
        reasons = []
        for state in sorted(model.candidates(n), key=repr):
            if state is None:
                why = [f"VIF {vif_id(n)} has a row"] if vif_id(n) in on_record else []
            else:
                why = differences(view, state)
            if not why:
                model.seen(n, state)
                break
            reasons.append(f"{'not plugged' if state is None else state}: {'; '.join(why)}")
        else:
            invariant = "left" if model.candidates(n) == {None} else "lost"
            wrong.append(f"{invariant}: VIF {vif_id(n)} is in no state that its requests allow: "
                         + " | ".join(reasons))
    expected = {vif_id(n) for n in model.vifs}
    if not model.strangers:
        wrong += [f"left: VIF {owner} was never asked for" for owner in on_record - expected]
    return wrong


def up_is_up(world, model):
    """A VIF that was said to be up is up again once all processes run."""
    awaited = {vif_id(n) for n, known in model.vifs.items() if known.must_be_up and None not in known.possible}

    def not_up():
        with Api(world.socket) as api:
            states = {vif["vif_id"]: (vif["state"], vif.get("error"), vif.get("drift"))
                      for vif in api.call("list")["vifs"]}
        return {one: states.get(one) for one in awaited if states.get(one, ("",))[0] != "up"}
    try:
        wait_until(lambda: not not_up(), UP_S)
    except AssertionError:
        return broken("lost", [f"VIF {one} is {state}, not up" for one, state in sorted(not_up().items())])
    return []


# --- All of it. ---

def check(world, model, left_by_a_kill=False):
    """All invariants, while all processes run and nothing is under way."""
    world.settle()
    wrong = up_is_up(world, model)
    by_id, differing = shown(world)
    view = View(world)
    return (wrong + differing + shown_is_there(view, by_id) + rows_hold_together(view) + nothing_is_shared(view)
            + links_have_vifs(view, left_by_a_kill) + requests_are_true(view, model)
            + bridges_are_asked_for(view, model))


def nothing_is_left(world, foreign=False):
    """After all is unplugged; `foreign`: other programs have made and removed ports, so limits without one, and
    links without our alias that ovs-vswitchd is about to remove, may be theirs."""
    world.settle()
    by_id, wrong = shown(world)
    view = View(world)
    wrong += broken("left", [f"VIF {owner} is still listed" for owner in by_id])
    for table, rows in view.tables.items():
        for row in rows:
            if any(key.startswith(OUR_KEYS) for key in row.get("external_ids", {})):
                wrong.append(f"left: {table} {row.get('name', '')} still has our keys: {row['external_ids']}")
    if not foreign:
        wrong += rows_hold_together(view)
        wrong += [f"left: QoS {row['type']} {row['external_ids']}" for row in view.qos.values()]
        wrong += [f"left: trunk bridge {name}" for name in view.bridges if name.startswith("tbr-")]
    wrong += [f"left: link {name}, with alias {link.get('ifalias')}" for name, link in view.links.items()
              if link.get("ifalias", "").startswith(ALIAS) or not foreign and LOAD_LINKS.match(name)]
    return wrong


def unplug_all(world, model):
    """Unplugs what may be plugged; returns what went wrong with it."""
    with Api(world.socket) as api:
        ids = {vif["vif_id"] for vif in api.call("list")["vifs"]} | {vif_id(n) for n in model.vifs}
        sent = {api.send("unplug", vif_id=one, timeout_ms=10000): one for one in sorted(ids)}
        replies = api.collect(list(sent))
    wrong = [f"stuck: VIF {sent[number]} cannot be unplugged: {reply['error']['message']}"
             for number, reply in replies.items() if "error" in reply]
    with Api(world.socket) as api:
        try:
            api.call("reap", timeout_ms=10000)
        except ApiError as error:
            wrong.append(f"stuck: reap: {error}")
    model.forget()
    return wrong


def all_can_be_plugged(world, shapes):
    """None of the VIFs is unpluggable: each is plugged, which may fail only for what another one has."""
    wrong = []
    with Api(world.socket) as api:
        for shape in shapes:
            try:
                reply = api.plug(shape.vif(), instance=shape.instance, timeout_ms=10000)
                if reply["state"] != "up":
                    wrong.append(f"lost: VIF {reply['vif_id']} was plugged and is {reply['state']}: "
                                 f"{reply.get('error')}")
            except ApiError as error:
                wrong.append(f"stuck: VIF {vif_id(shape.n)} cannot be plugged: {error.reason}: {error}")
    return wrong
