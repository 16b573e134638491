# SPDX-License-Identifier: Apache-2.0
"""What a request has come to, in the words of a dry run (src/plan/plan-describe.c, src/links/link-plan.c).

Snapshots of OVSDB and of the kernel's links are compared. What a dry run has no words for is told by its column,
so that it cannot pass unnoticed.
"""

import json
from collections import Counter
from typing import NamedTuple

from api import wait_until
from kernel import is_closed_tap
from ovsdb import plain

TABLES = ("Open_vSwitch", "Bridge", "Port", "Interface", "QoS", "Queue")
# What ovs-vswitchd and ovsdb-server write.
STATUS = {
    "_version", "next_cfg", "cur_cfg", "db_version", "ovs_version", "dpdk_version", "dpdk_initialized",
    "datapath_types", "iface_types", "datapath_id", "datapath_version", "statistics", "status", "ofport", "error",
    "mtu", "mac_in_use", "admin_state", "link_state", "link_speed", "link_resets", "duplex", "ifindex",
    "bond_active_slave", "lacp_current", "cfm_fault", "cfm_fault_status", "cfm_flap_count", "cfm_health",
    "cfm_mpid", "cfm_remote_mpids", "cfm_remote_opstate", "bfd_status", "rstp_status", "rstp_statistics",
}
POLICING = ("ingress_policing_rate", "ingress_policing_burst", "ingress_policing_kpkts_rate",
            "ingress_policing_kpkts_burst")
ISOLATION = ("tag", "vlan_mode", "trunks")
# The settings of the kernel that a Linux bridge has when it is tended.
TENDED = {"disable_ipv6": "1", "arp_ignore": "1", "arp_announce": "2"}
bridge_names = {"ovs-netdev"}  # Of all bridges that there have been; each has a link.
internal_links = set()  # The links of all internal ports that have been seen, as (sandbox, index).
LINKS = """ip -d -j link
grep -s . /proc/sys/net/ipv6/conf/*/disable_ipv6 /proc/sys/net/ipv4/conf/*/arp_ignore \
    /proc/sys/net/ipv4/conf/*/arp_announce
true"""


# --- Snapshots: OVSDB's rows by UUID, the kernel's links by name. ---

class Snapshot(NamedTuple):
    tables: dict
    links: dict
    next_cfg: int

    def by_name(self, table):
        return {row["name"]: row for row in self.tables[table].values()}

    def bridge_of(self, port):
        """The name of the bridge that a Port row is on."""
        return next((bridge["name"] for bridge in self.tables["Bridge"].values()
                     if port["_uuid"] in members(bridge["ports"])), None)


def members(column):
    """The members of a set, which is no list if it has one member."""
    return column if isinstance(column, list) else [column]


def read_tables(box):
    select = [{"op": "select", "table": table, "where": []} for table in TABLES]
    text = box.command("ovsdb-client", "transact", box.db, json.dumps(["Open_vSwitch", *select])).stdout
    return {table: [{column: plain(cell) for column, cell in row.items()} for row in answer["rows"]]
            for table, answer in zip(TABLES, json.loads(text))}


def without_status(row):
    return {column: cell for column, cell in row.items() if column not in STATUS}


def settled_tables(box, api):
    """The tables once vifplugd has ended all operations, also those that it has answered, and ovs-vswitchd has
    taken in what they wrote."""
    def settled():
        counters = api.call("status")["counters"]
        if counters["operations"] or counters["link_removals"]:
            return None
        tables = read_tables(box)
        row = tables["Open_vSwitch"][0]
        return tables if row["next_cfg"] == row["cur_cfg"] else None
    return wait_until(settled, what="all operations have ended, and ovs-vswitchd has taken in what they wrote")


def read_links(box):
    """{name: {what vifplugd may set}} of all links but Open vSwitch's own."""
    listing, *settings = box.command(*box.inside(["sh", "-c", LINKS])).stdout.splitlines()
    links = {}
    for link in json.loads(listing):
        if is_closed_tap(link):
            continue
        links[link["ifname"]] = {"kind": link.get("linkinfo", {}).get("info_kind", ""), "mtu": link["mtu"],
                                 "master": link.get("master", ""), "up": "UP" in link["flags"],
                                 "alias": link.get("ifalias", ""), "peer": link.get("link", ""),
                                 "index": link["ifindex"]}
        if links[link["ifname"]]["kind"] == "tun":
            links[link["ifname"]]["address"] = link["address"]
    for path, _, setting in (line.partition(":") for line in settings):
        name, key = path.split("/")[-2:]
        if links.get(name, {}).get("kind") == "bridge":
            links[name][key] = setting
    return links


def take(box, api):
    """A snapshot of a sandbox at rest."""
    rows = settled_tables(box, api)
    tables = {table: {row["_uuid"]: without_status(row) for row in rows[table]} for table in TABLES}
    own = {row["name"][:15] for row in rows["Interface"] if row["type"] == "internal"}
    # ovs-vswitchd closes the link of a bridge, or of an internal port, some time after it has taken in that it is
    # gone, or is of another type.
    bridge_names.update(row["name"][:15] for row in rows["Bridge"])
    links = read_links(box)
    internal_links.update((box.dir, link["index"]) for name, link in links.items()
                          if link["kind"] == "tun" and name in own)
    links = {name: link for name, link in links.items() if not (link["kind"] == "tun" and (
        (box.dir, link["index"]) in internal_links or (name in bridge_names and not link["alias"])))}
    return Snapshot(tables, links, rows["Open_vSwitch"][0]["next_cfg"])


# --- From the difference of two snapshots to lines. ---

def changed_columns(old, new):
    """{column: its new value} of what differs; a column that a new row has not been given is empty."""
    return {column: cell for column, cell in new.items()
            if column != "_uuid" and (cell != old[column] if old else bool(cell))}


class Words:
    """The lines that a dry run should have listed for what came of a request."""

    def __init__(self, before, after, vif):
        self.before = before
        self.after = after
        self.vif = vif
        self.lines = []

    def all(self):
        self.bridges()
        self.ports()
        self.interfaces()
        self.qos()
        self.links()
        return self.lines

    def say(self, line):
        self.lines.append(line)

    def rest(self, table, name, changes):
        """What no line of a dry run has words for."""
        for column, cell in changes.items():
            self.say(f"set {table} {name} {column}={cell}")

    def pairs(self, table):
        """(old row or None, new row or None) of all rows of a table that have been there."""
        old, new = self.before.tables[table], self.after.tables[table]
        return [(old.get(uuid), new.get(uuid)) for uuid in sorted({*old, *new})]

    # A bridge comes with its local port, and what goes takes along what is on it, but for ports of VIFs.

    def bridges(self):
        for old, new in self.pairs("Bridge"):
            if not new:
                self.say(f"delete Bridge {old['name']}" + self.condition(old["name"]))
                continue
            changes = changed_columns(old, new)
            for column in ("name", "ports"):
                changes.pop(column, None)
            if not old:
                mode = changes.pop("fail_mode", "")
                self.say(f"insert Bridge {new['name']} datapath_type={changes.pop('datapath_type', '')}"
                         + (f" fail_mode={mode}" if mode else ""))
            self.rest("Bridge", new["name"], changes)

    @staticmethod
    def condition(bridge):
        return " if that leaves it empty" if bridge.startswith("tbr-") else ""

    def ports(self):
        for old, new in self.pairs("Port"):
            if not new:
                self.port_goes(old)
            elif not old:
                self.port_comes(new)
            else:
                source, target = self.before.bridge_of(old), self.after.bridge_of(new)
                if source != target:
                    self.say(f"move Port {new['name']} from Bridge {source} to Bridge {target}")
            if new:
                self.port_columns(old, new)

    def port_goes(self, port):
        bridge = self.before.bridge_of(port)
        row = self.before.by_name("Interface")[port["name"]]
        owner = row["external_ids"].get("vifplug-vif-id")
        if not owner and self.is_gone(bridge):
            return
        if owner and owner != self.vif:
            self.say(f"delete Port {port['name']} of VIF {owner}")
        elif self.is_on_record():
            self.say(f"delete Port {port['name']}")
        else:
            self.say(f"delete Port {port['name']} from Bridge {bridge}")

    def is_gone(self, bridge):
        """Whether that very row has gone; another may have its name by now."""
        return self.before.by_name("Bridge")[bridge]["_uuid"] not in self.after.tables["Bridge"]

    def is_on_record(self):
        return any(row["external_ids"].get("vifplug-vif-id") == self.vif
                   for row in self.after.tables["Interface"].values())

    def port_comes(self, port):
        if port["name"] not in self.after.by_name("Bridge"):
            kind = " type=patch" if self.is_far_end(port["name"]) else ""
            self.say(f"insert Port {port['name']}{kind} into Bridge {self.after.bridge_of(port)}")

    def is_far_end(self, name):
        """Whether it is the patch port on a VIF's bridge of its own: its name says all of it."""
        row = self.after.by_name("Interface")[name]
        return (name.startswith("pbp") and row["type"] == "patch"
                and row["options"] == {"peer": f"ibp{name[3:]}"})

    def port_columns(self, old, new):
        changes = changed_columns(old, new)
        for column in ("name", "interfaces", "qos"):
            changes.pop(column, None)
        if set(ISOLATION) <= set(changes):
            self.say(f"set Port {new['name']} " + " ".join(f"{key}={changes.pop(key)}" for key in ISOLATION))
        self.rest("Port", new["name"], changes)

    def interfaces(self):
        for old, new in self.pairs("Interface"):
            if new:
                self.interface(old, new)

    def interface(self, old, new):
        name = new["name"]
        changes = changed_columns(old, new)
        changes.pop("name", None)
        if not old and (name in self.after.by_name("Bridge") or self.is_far_end(name)):
            changes.pop("type", None)
        if "type" in changes:
            self.say(f"set Interface {name} type={changes.pop('type')}")
        if "mtu_request" in changes:
            self.say(f"set Interface {name} mtu_request={changes.pop('mtu_request') or 0}")
        if [column for column in POLICING if changes.pop(column, None) is not None]:
            self.say(f"set Interface {name} " + " ".join(f"{column}={new[column]}" for column in POLICING))
        for column in ("options", "external_ids"):
            if not self.is_far_end(name) and changes.pop(column, None) is not None:
                self.map(f"Interface {name} {column}", old[column] if old else {}, new[column])
        self.rest("Interface", name, {column: cell for column, cell in changes.items()
                                      if not (self.is_far_end(name) and column == "options")})

    def map(self, what, old, new):
        for key in sorted({*old, *new}):
            if key not in new:
                self.say(f"remove {what}:{key}")
            elif old.get(key) != new[key]:
                self.say(f"set {what}:{key}={new[key]}")

    # QoS and Queue rows are told by the port that has them. What no port has should not be there.

    def qos(self):
        old_owners, new_owners = self.qos_owners(self.before), self.qos_owners(self.after)
        for old, new in self.pairs("QoS"):
            if new and new["_uuid"] in new_owners:
                self.qos_row(old, new, new_owners[new["_uuid"]])
            elif new and (not old or old["_uuid"] in old_owners):
                self.say(f"leave QoS type={new['type']}")
        for name in set(old_owners.values()) - set(new_owners.values()):
            if name in self.after.by_name("Port"):
                self.say(f"clear Port {name} qos")
        for uuid in self.loose_queues(self.after) - self.loose_queues(self.before):
            self.say(f"leave Queue {uuid}")

    @staticmethod
    def loose_queues(snapshot):
        """Queue rows that no QoS row has."""
        used = {uuid for row in snapshot.tables["QoS"].values() for uuid in row["queues"].values()}
        return set(snapshot.tables["Queue"]) - used

    @staticmethod
    def qos_owners(snapshot):
        return {port["qos"]: port["name"] for port in snapshot.tables["Port"].values() if port["qos"]}

    def qos_row(self, old, new, port):
        changes = changed_columns(old, new)
        for column in ("external_ids", "queues"):
            if not old:
                changes.pop(column, None)
        if not old:
            self.say(f"insert QoS type={changes.pop('type')} for Port {port}")
        if "other_config" in changes:
            self.map(f"Interface {port} QoS other_config", old["other_config"] if old else {},
                     changes.pop("other_config"))
        self.rest("QoS", port, changes)
        for uuid in new["queues"].values():
            queue = self.before.tables["Queue"].get(uuid)
            self.map(f"Interface {port} Queue other_config", queue["other_config"] if queue else {},
                     self.after.tables["Queue"][uuid]["other_config"])

    # Links of the kernel. A veth pair has two.

    def links(self):
        told = set()
        for name in sorted({*self.before.links, *self.after.links}):
            old, new = self.before.links.get(name), self.after.links.get(name)
            if old and new and old["index"] == new["index"]:
                self.link_changes(name, old, new)
            elif name not in told:
                told |= {name, (old or {}).get("peer"), (new or {}).get("peer")}
                self.link_comes_or_goes(name, old, new)

    def link_comes_or_goes(self, name, old, new):
        if old:
            self.say(f"delete link {old['peer'] if name.startswith('qvb') and old['peer'] else name}")
        if not new:
            return
        assert new["up"] and new["alias"].startswith(f"vifplugd:{self.vif}"), (name, new)
        if new["kind"] == "bridge":
            assert new.items() >= TENDED.items()
            self.say(f"add Linux bridge {name}")
        elif new["kind"] == "veth":
            self.say(f"add veth pair {name} and {new['peer']} with MTU {new['mtu']}")
            self.say(f"set link {name} master {new['master']}")
        else:
            self.say(f"add tap {name} with MTU {new['mtu']}")

    def link_changes(self, name, old, new):
        changes = {key: setting for key, setting in new.items() if setting != old[key]}
        if new["kind"] == "bridge":
            changes.pop("mtu", None)  # It follows its ports.
        if "up" in changes:
            self.say(f"set link {name} {'up' if changes.pop('up') else 'down'}")
        for key in ("address", "mtu", "master"):
            if key in changes:
                self.say(f"set link {name} {key} {changes.pop(key)}")
        if changes and changes.items() <= TENDED.items():
            self.say(f"set Linux bridge {name} without IPv6, with ARP filtering")
        else:
            self.rest("link", name, changes)


def written_lines(before, after, vif, plan):
    """The lines of what was written for a VIF. That a replacement takes two steps shows in next_cfg."""
    lines = Words(before, after, vif).all()
    if plan["action"] == "replace":
        port = next(row["name"] for row in after.tables["Interface"].values()
                    if row["external_ids"].get("vifplug-vif-id") == vif)
        assert after.next_cfg >= before.next_cfg + 2
        lines.append(f"detach Interface {port} and wait for ovs-vswitchd")
    return Counter(lines)


def listed_lines(plan, after):
    """What the dry run has listed, but for the bridges that others' ports keep."""
    kept = {f"delete Bridge {name} if that leaves it empty" for name in after.by_name("Bridge")}
    return Counter(line for line in plan["operations"] if line not in kept)
