# SPDX-License-Identifier: Apache-2.0
"""The ports of each kind, in the form that each alternative needs.

  representor   a VF of the simulated SmartNIC, which ovs-vswitchd attaches
  row           a representor of a VF that DPDK does not have: ovs-vswitchd tries, and reports an error
  vhost-user    a dpdkvhostuserclient port
"""

import dataclasses
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "sandbox"))

from pcitree import following  # noqa: E402

BRIDGE = "br-int"
INSTANCE = "aaaabbbb-1111-4222-8333-444455556666"
MTU = 1500
KINDS = ("representor", "row", "vhost-user")

# The card whose VFs attach: os-vif only uses the N of virtfnN as VF number, which is right for this card.
CARD_PF = "0000:b3:00.0"
CARD_VF = "0000:b3:02.0"
REPRESENTORS = 27  # DPDK supports 32 ports; two cards use one each, and one VF is always plugged.

# Cards that exist only in sysfs.
ROWS_PER_CARD = 128
ROW_CARDS = 2
ROW_BUS = 0xD0

with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as _file:
    BOOT_ID = _file.read().strip()


def row_pf(card):
    return f"0000:{ROW_BUS + card:02x}:00.0"


def row_cards():
    """Returns the cards in the syntax of pcitree.py."""
    return tuple(f"pf={row_pf(card)},vendor=1af9,device=0003,vf-device=0002,"
                 f"vf=0000:{ROW_BUS + card:02x}:02.0+{ROWS_PER_CARD}"
                 for card in range(ROW_CARDS))


def most(kind):
    """Returns how many ports of a kind there can be at once, with ovs-vswitchd."""
    return {"representor": REPRESENTORS, "row": ROW_CARDS * ROWS_PER_CARD, "vhost-user": 1000}[kind]


@dataclasses.dataclass(frozen=True)
class Port:
    """The n-th port of its kind."""

    kind: str
    n: int

    @property
    def vif_id(self):
        """Returns ids that differ in their first 11 characters, which the names of ports contain."""
        number = KINDS.index(self.kind) << 24 | self.n
        return f"{number:08x}-{self.n % 0x10000:04x}-4000-8000-000000000000"

    @property
    def name(self):
        return ("vhu" if self.kind == "vhost-user" else "vfr") + self.vif_id[:11]

    @property
    def address(self):
        return (f"fa:16:{KINDS.index(self.kind):02x}:{self.n >> 16 & 255:02x}:"
                f"{self.n >> 8 & 255:02x}:{self.n & 255:02x}")

    @property
    def path(self):
        return f"/usr/local/var/run/vhost{self.n}"

    @property
    def pf(self):
        return CARD_PF if self.kind == "representor" else row_pf(self.n // ROWS_PER_CARD)

    @property
    def vf_num(self):
        return self.n if self.kind == "representor" else self.n % ROWS_PER_CARD

    @property
    def slot(self):
        """Returns the VF's PCI address."""
        first = CARD_VF if self.kind == "representor" else self.pf.replace(":00.0", ":02.0")
        return following(first, self.vf_num)

    @property
    def fails(self):
        """Whether ovs-vswitchd cannot make it."""
        return self.kind == "row"

    def vif(self):
        """Returns a native VIF (docs/api.md)."""
        vif = {"vif_id": self.vif_id, "address": self.address, "bridge": BRIDGE, "mtu": MTU}
        if self.kind == "vhost-user":
            return {**vif, "kind": "vhost-user",
                    "vhost_user": {"path": self.path, "mode": "server"}}
        return {**vif, "kind": "representor", "pci_slot": self.slot}

    def row(self):
        """Returns the Interface as vifplugd writes it: all clients that write rows write the same."""
        external_ids = {
            "iface-id": self.vif_id, "iface-status": "active", "attached-mac": self.address,
            "vm-uuid": INSTANCE, "vifplug-owner": "vifplugd", "vifplug-vif-id": self.vif_id,
            "vifplug-boot-id": BOOT_ID,
            "vifplug-kind": "vhost-user" if self.kind == "vhost-user" else "representor"}
        if self.kind == "vhost-user":
            kind, options = "dpdkvhostuserclient", {"vhost-server-path": self.path}
        else:
            kind = "dpdk"
            options = {"dpdk-devargs": f"{self.pf},representor=[{self.vf_num}]"}
            external_ids["vifplug-pci-slot"] = self.slot
        return {"name": self.name, "type": kind, "mtu_request": MTU, "options": options,
                "external_ids": external_ids}


# Always plugged (world.py).
WARM = (Port("representor", REPRESENTORS), Port("vhost-user", 99999))


def ports(kind, count, first=0):
    return [Port(kind, n) for n in range(first, first + count)]


# --- vifplugd's requests. ---


def request(number, method, **params):
    return json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params},
                      separators=(",", ":"))


def plug_requests(some_ports, wait):
    """`wait` is vifplugd's, `realized` or `committed`. A port that fails is plugged with `committed`: with
    `realized` vifplugd would undo it, but the bench compares the time to the verdict."""
    return [request(n, "plug", vif=port.vif(), instance={"uuid": INSTANCE},
                    wait="committed" if port.fails else wait, timeout_ms=120000)
            for n, port in enumerate(some_ports)]


def unplug_requests(some_ports, wait):
    return [request(n, "unplug", vif_id=port.vif_id, wait=wait, timeout_ms=120000)
            for n, port in enumerate(some_ports)]


# --- OVSDB operations (RFC 7047). ---


def _map(values):
    return ["map", [[key, value] for key, value in values.items()]]


def _bridge_ports(bridge, mutator, uuids):
    return {"op": "mutate", "table": "Bridge", "where": [["name", "==", bridge]],
            "mutations": [["ports", mutator, ["set", uuids]]]}


def transaction(number, operations):
    """Returns a transaction with the operations at its end: increment and select next_cfg, and a comment."""
    cfg = [{"op": "comment", "comment": f"benchmark: transaction {number}"},
           {"op": "mutate", "table": "Open_vSwitch", "where": [],
            "mutations": [["next_cfg", "+=", 1]]},
           {"op": "select", "table": "Open_vSwitch", "where": [], "columns": ["next_cfg"]}]
    return json.dumps({"id": number, "method": "transact",
                       "params": ["Open_vSwitch", *operations, *cfg]}, separators=(",", ":"))


def insert_transaction(rows, bridge=BRIDGE, number=0):
    """Inserts Interfaces (first of all) and their Ports, and puts the Ports on the bridge."""
    interfaces = []
    port_rows = []
    for i, row in enumerate(rows):
        interfaces.append({"op": "insert", "table": "Interface", "uuid-name": f"i{i}", "row": {
            "name": row["name"], "type": row["type"], "options": _map(row["options"]),
            "external_ids": _map(row["external_ids"]),
            "mtu_request": row["mtu_request"] or ["set", []]}})
        port_rows.append({"op": "insert", "table": "Port", "uuid-name": f"p{i}", "row": {
            "name": row["name"], "interfaces": ["named-uuid", f"i{i}"]}})
    named = [["named-uuid", f"p{i}"] for i in range(len(rows))]
    return transaction(number, [*interfaces, *port_rows, _bridge_ports(bridge, "insert", named)])


def delete_transaction(port_uuids, bridge=BRIDGE, number=0):
    """Takes ports off the bridge; ovsdb-server then removes their rows."""
    ports = [["uuid", uuid] for uuid in port_uuids]
    return transaction(number, [_bridge_ports(bridge, "delete", ports)])


def patch_row(name, peer):
    return {"name": name, "type": "patch", "options": {"peer": peer}, "external_ids": {},
            "mtu_request": 0}
