# SPDX-License-Identifier: Apache-2.0
"""The hostile writer: another program that changes our rows, and rows beside them, as the schema allows it. Each
change is a transaction of ovs-vsctl or of OVSDB's protocol, made of what is in the database at that moment.

Afterwards nothing is promised of the VIFs whose rows it changed, but the daemon runs and shows what is there, each
VIF can be unplugged, and each can be plugged again once the foreign rows are gone.
"""

import json
import time

from api import vif_id
from checker import OWNER
from load import TAPS
from world import BRIDGES

VALUES = ("", "0", "-1", "4294967296", "vifplugd", "x" * 3000, "a b\nc", "\u00e9\u2028", "../../etc/passwd",
          "br-int", "lo", "0000:65:00.0,representor=[8]", "/usr/local/var/run/vm1", "fa:16:3e:00:00:01", "true",
          "[]", "%s%n", "\u001b[2J")
KEYS = ("vifplug-owner", "vifplug-vif-id", "vifplug-kind", "vifplug-boot-id", "vifplug-pci-slot", "vifplug-pf",
        "vifplug-vf-num", "vifplug-linux-bridge", "vifplug-port-bridge", "vifplug-guest-port",
        "vifplug-create-tap", "vifplug-multiqueue", "vifplug-tap-mtu", "iface-id", "iface-status", "attached-mac",
        "vm-uuid", "bridge_name")
OPTIONS = ("dpdk-devargs", "dpdk-vf-mac", "vhost-server-path", "peer", "n_rxq", "tx-steering")
TYPES = ("", "dpdk", "dpdkvhostuser", "dpdkvhostuserclient", "internal", "patch", "tap", "vifplug-detached",
         "nosuch")


def transact(world, *operations):
    """One transaction; what OVSDB refuses of it is none of our business."""
    world.command("ovsdb-client", "--timeout=10", "transact", world.db, json.dumps(["Open_vSwitch", *operations]),
                  check=False)


def by_uuid(uuid):
    return [["_uuid", "==", ["uuid", uuid]]]


def update(table, uuid, **columns):
    return {"op": "update", "table": table, "where": by_uuid(uuid), "row": columns}


def set_key(table, uuid, column, key, value):
    """Sets a key of a map; None removes it."""
    mutations = [[column, "delete", ["set", [key]]]]
    if value is not None:
        mutations.append([column, "insert", ["map", [[key, value]]]])
    return {"op": "mutate", "table": table, "where": by_uuid(uuid), "mutations": mutations}


class Writer:
    """One look at the database, and one change of it."""

    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        tables, _ = world.look()
        self.tables = tables
        self.interfaces = [row for row in tables["Interface"] if row["external_ids"].get(OWNER)]
        self.ports = {row["name"]: row for row in tables["Port"]}

    def change(self):
        """Makes one change of a random kind."""
        kinds = [self.no_port, self.new_port, self.foreign_bridge, self.counters]
        if self.interfaces:
            kinds += 2 * [self.delete_port, self.move_port, self.key, self.key, self.option, self.type, self.mtu,
                          self.policing, self.qos, self.port_of_our_name, self.rename_iface_id]
        if self.tables["QoS"]:
            kinds += [self.qos_row, self.queue_row]
        self.rng.choice(kinds)()

    def one(self):
        return self.rng.choice(self.interfaces)

    def value(self):
        return self.rng.choice(VALUES + (None, vif_id(self.rng.randint(1, 12))))

    # --- Our rows. ---

    def key(self):
        transact(self.world, set_key("Interface", self.one()["_uuid"], "external_ids", self.rng.choice(KEYS),
                                     self.value()))

    def option(self):
        transact(self.world, set_key("Interface", self.one()["_uuid"], "options", self.rng.choice(OPTIONS),
                                     self.value()))

    def type(self):
        transact(self.world, update("Interface", self.one()["_uuid"], type=self.rng.choice(TYPES)))

    def mtu(self):
        transact(self.world, update("Interface", self.one()["_uuid"],
                                    mtu_request=self.rng.choice((68, 1000, 1500, 9000, 65535, ["set", []]))))

    def policing(self):
        transact(self.world, update("Interface", self.one()["_uuid"],
                                    ingress_policing_rate=self.rng.choice((0, 1, 10**9)),
                                    ingress_policing_burst=self.rng.choice((0, 1, 10**9))))

    def rename_iface_id(self):
        transact(self.world, set_key("Interface", self.one()["_uuid"], "external_ids", "iface-id",
                                     vif_id(self.rng.randint(1, 12))))

    def delete_port(self):
        self.world.vsctl("--if-exists", "del-port", self.one()["name"], check=False)

    def move_port(self):
        """To another bridge, in one transaction."""
        port = self.ports.get(self.one()["name"])
        if port:
            uuid = ["uuid", port["_uuid"]]
            transact(self.world, {"op": "mutate", "table": "Bridge", "where": [], "mutations": [
                ["ports", "delete", ["set", [uuid]]]]},
                     {"op": "mutate", "table": "Bridge", "where": [["name", "==", self.rng.choice(BRIDGES)]],
                      "mutations": [["ports", "insert", ["set", [uuid]]]]})

    def qos(self):
        """Another program's limits on our port."""
        port = self.one()["name"]
        self.world.vsctl("--if-exists", "set", "Port", port, "qos=@q", "--", "--id=@q", "create", "QoS",
                         f"type={self.rng.choice(('linux-htb', 'egress-policer', 'linux-noop', 'nosuch'))}",
                         "other_config:max-rate=1000000", check=False)

    def qos_row(self):
        row = self.rng.choice(self.tables["QoS"])
        self.rng.choice((
            lambda: transact(self.world, set_key("QoS", row["_uuid"], "external_ids", "id", self.value())),
            lambda: transact(self.world, set_key("QoS", row["_uuid"], "other_config", "cir", self.value())),
            lambda: transact(self.world, update("QoS", row["_uuid"], queues=["map", []])),
            lambda: transact(self.world, {"op": "delete", "table": "QoS", "where": by_uuid(row["_uuid"])}),
        ))()

    def queue_row(self):
        for row in self.tables["Queue"][:1]:
            transact(self.world, set_key("Queue", row["_uuid"], "other_config", "max-rate", self.value()))

    # --- Foreign rows beside them. ---

    def foreign_port(self, name, **columns):
        """A port that is not ours, on a random bridge."""
        transact(self.world,
                 {"op": "insert", "table": "Interface", "uuid-name": "i", "row": {"name": name, **columns}},
                 {"op": "insert", "table": "Port", "uuid-name": "p",
                  "row": {"name": name, "interfaces": ["named-uuid", "i"]}},
                 {"op": "mutate", "table": "Bridge", "where": [["name", "==", self.rng.choice(BRIDGES)]],
                  "mutations": [["ports", "insert", ["set", [["named-uuid", "p"]]]]]})

    def no_port(self):
        """A foreign port with the VF, the socket or the iface-id that a VIF may ask for."""
        self.foreign_port(f"foreign{self.rng.randrange(5)}", type=self.rng.choice(TYPES), options=["map", [
            ["dpdk-devargs", "0000:65:00.0,representor=[9]"], ["vhost-server-path", "/usr/local/var/run/vm2"]]],
            external_ids=["map", [["iface-id", vif_id(self.rng.randint(1, 12))]]])

    def new_port(self):
        """A foreign port with the name that a VIF's port will have."""
        n = self.rng.randint(1, 12)
        self.foreign_port(self.rng.choice((f"vhu{vif_id(n)[:11]}", f"vfr{vif_id(n)[:11]}", f"tap{n % TAPS}",
                                           f"qvo{vif_id(n)[:11]}")), type="internal")

    def port_of_our_name(self):
        """A Port of our port's name that has another Interface."""
        port = self.ports.get(self.one()["name"])
        if port:
            other = {"name": f"other{self.rng.randrange(5)}", "type": "internal"}
            transact(self.world, {"op": "insert", "table": "Interface", "uuid-name": "i", "row": other},
                     update("Port", port["_uuid"], interfaces=["named-uuid", "i"]))

    def foreign_bridge(self):
        self.world.vsctl(*self.rng.choice((
            ("--if-exists", "del-br", self.rng.choice((*BRIDGES, "br-new", "tbr-1"))),
            ("--may-exist", "add-br", "br-new"),
            ("--may-exist", "add-br", "tbr-1"),
            ("--if-exists", "set", "Bridge", self.rng.choice(BRIDGES), "datapath_type=nosuch"),
        )), check=False)

    def counters(self):
        """next_cfg as another writer would have it."""
        uuid = self.tables["Open_vSwitch"][0]["_uuid"]
        transact(self.world, update("Open_vSwitch", uuid, next_cfg=self.rng.choice((0, 2**31, 2**62))))


def hostile_writer(world, rng, _model):
    """Another program changes our rows, and those beside them, at random."""
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline:
        writer = Writer(world, rng)
        for _ in range(3):
            writer.change()


WRITERS = {"hostile-writer": hostile_writer}
