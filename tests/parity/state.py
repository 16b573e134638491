# SPDX-License-Identifier: Apache-2.0
"""The state of a switch and its network namespace, as one flat dict that can be compared.

A key names a thing and one of its properties: "Interface qvo1 external_ids:iface-id", "link qvb1 mtu". The
state does not contain what always differs between two runs (UUIDs, ofport numbers, random MACs) and what
ovs-vswitchd makes by itself (links of internal ports).
"""

import itertools
import json

from kernel import links
from ovsdb import plain as ovsdb_value

COLUMNS = {
    "Bridge": ("name", "_uuid", "ports", "datapath_type", "external_ids", "other_config",
               "fail_mode"),
    "Port": ("name", "_uuid", "tag", "vlan_mode", "trunks", "other_config", "external_ids", "qos"),
    "Interface": ("name", "type", "options", "external_ids", "other_config", "mtu_request",
                  "ingress_policing_rate", "ingress_policing_burst", "ingress_policing_kpkts_rate",
                  "ingress_policing_kpkts_burst"),
    "QoS": ("_uuid", "type", "other_config", "external_ids", "queues"),
    "Queue": ("_uuid", "other_config", "external_ids", "dscp"),
}
# Of Linux bridges (ip-link(8)); times in hundredths of a second.
BRIDGE_SETTINGS = ("ageing_time", "forward_delay", "stp_state", "mcast_snooping")
SYSCTLS = ("ipv6/conf/{}/disable_ipv6", "ipv4/conf/{}/arp_ignore", "ipv4/conf/{}/arp_announce")
GUESTS = "fa:16:3e:"  # How Neutron's MACs begin.

numbers = itertools.count(1)


def _tables(box):
    """Returns all rows, {table: [{column: value}]}, once ovs-vswitchd has seen all changes."""
    command = ["ovs-vsctl", f"--db={box.db}", "--timeout=20", "--format=json", "--",
               "set", "open_vswitch", ".", f"external_ids:seen={next(numbers)}"]
    for table, columns in COLUMNS.items():
        command += ["--", f"--columns={','.join(columns)}", "list", table]
    text = box.command(*command).stdout
    decoder = json.JSONDecoder()
    tables = {}
    for table in COLUMNS:
        text = text.lstrip()
        rows, end = decoder.raw_decode(text)
        text = text[end:]
        tables[table] = [dict(zip(rows["headings"], map(ovsdb_value, row)))
                         for row in rows["data"]]
    return tables


def _flatten(state, thing, row, without=()):
    """Adds a row's columns; leaves out empty columns and limits of 0."""
    state[thing] = "there"
    for column, value in row.items():
        if column in ("name", "_uuid", *without) or value in ([], {}, "", 0):
            continue
        if isinstance(value, dict):
            for key, item in value.items():
                state[f"{thing} {column}:{key}"] = str(item)
        else:
            state[f"{thing} {column}"] = str(value)


def _as_list(value):
    return value if isinstance(value, list) else [value]


def _rows(box):
    state = {}
    tables = _tables(box)
    bridge_of = {port: bridge["name"] for bridge in tables["Bridge"]
                 for port in _as_list(bridge["ports"])}
    user_of = {port["qos"]: port["name"] for port in tables["Port"] if port["qos"]}
    queue_user_of = {}
    for bridge in tables["Bridge"]:
        _flatten(state, f"Bridge {bridge['name']}", bridge, ["ports"])
    for port in tables["Port"]:
        _flatten(state, f"Port {port['name']}", port, ["qos"])
        state[f"Port {port['name']} bridge"] = bridge_of.get(port["_uuid"], "none")
    for interface in tables["Interface"]:
        _flatten(state, f"Interface {interface['name']}", interface)
    for qos in tables["QoS"]:
        user = user_of.get(qos["_uuid"], "nobody")
        _flatten(state, f"QoS {user}", qos, ["queues"])
        for number, queue in qos["queues"].items() if qos["queues"] else ():
            queue_user_of[queue] = f"{user}/{number}"
    for queue in tables["Queue"]:
        _flatten(state, f"Queue {queue_user_of.get(queue['_uuid'], 'nobody')}", queue)
    return state, [interface["name"] for interface in tables["Interface"]
                   if interface["type"] == "internal"]


def _add_link(state, link):
    thing = f"link {link['ifname']}"
    info = link.get("linkinfo", {})
    kind = info.get("info_kind", "device")
    state[thing] = kind
    state[f"{thing} mtu"] = str(link["mtu"])
    state[f"{thing} up"] = str("UP" in link["flags"])
    state[f"{thing} promisc"] = str("PROMISC" in link["flags"])
    for key, name in (("master", "master"), ("link", "peer"), ("ifalias", "alias")):
        if link.get(key, "ovs-system") != "ovs-system":  # ovs-vswitchd sets it.
            state[f"{thing} {name}"] = link[key]
    data = info.get("info_data", {})
    if kind == "bridge":
        state.update({f"{thing} {key}": str(data[key]) for key in BRIDGE_SETTINGS})
    if kind == "tun":
        state[f"{thing} multi_queue"] = str(data["multi_queue"])
        state[f"{thing} persist"] = str(data["persist"])
        if link["address"].startswith(GUESTS):
            state[f"{thing} address"] = link["address"]


def _links(box, internal):
    """Returns the links, except those of ovs-vswitchd, and for Linux bridges and taps their sysctl(8) values."""
    state = {}
    for name, link in links(box).items():
        if name not in ("lo", "ovs-netdev", "ovs-system", *internal):
            _add_link(state, link)
    paths = [(thing, path.format(thing.split()[1])) for thing, kind in state.items()
             if thing.count(" ") == 1 and kind in ("bridge", "tun") for path in SYSCTLS]
    if paths:
        files = (f"/proc/sys/net/{path}" for _, path in paths)
        values = box.command(*box.inside(["cat", *files])).stdout.split()
        for (thing, path), value in zip(paths, values):
            state[f"{thing} {path.rpartition('/')[2]}"] = value
    return state


def look(box):
    """Returns the state of a sandbox."""
    state, internal = _rows(box)
    state.update(_links(box, internal))
    return state


def differences(first, second):
    """{key: (value in first, value in second)} where they differ; None: not there."""
    return {key: (first.get(key), second.get(key)) for key in sorted({*first, *second})
            if first.get(key) != second.get(key)}
