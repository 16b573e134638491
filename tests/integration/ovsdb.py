# SPDX-License-Identifier: Apache-2.0
"""The content of OVSDB, read with ovs-vsctl."""

import json


def plain(atom):
    """An OVSDB value (RFC 7047, section 5.1) as Python has it."""
    if isinstance(atom, list) and len(atom) == 2:
        kind, value = atom
        if kind == "map":
            return {plain(k): plain(v) for k, v in value}
        if kind == "set":
            return [plain(v) for v in value]
        if kind == "uuid":
            return value
    return atom


def table(box, name, columns):
    """Returns the rows of a table as dicts of the named columns."""
    text = box.vsctl("--format=json", f"--columns={','.join(columns)}", "list", name)
    rows = json.loads(text)
    return [dict(zip(rows["headings"], (plain(v) for v in row))) for row in rows["data"]]


INTERFACE = ("name", "type", "options", "external_ids", "mtu", "mtu_request", "ofport", "error",
             "status")


def interface(box, name):
    """Returns one Interface row, or None."""
    for row in table(box, "Interface", INTERFACE):
        if row["name"] == name:
            return row
    return None


def ports(box, bridge):
    return sorted(box.vsctl("list-ports", bridge).split())


def counts(box):
    """Returns the number of rows of each table: equal before and after if nothing is left behind."""
    return {name: len(table(box, name, ["_uuid"])) for name in
            ("Bridge", "Port", "Interface", "QoS", "Queue")}


def datapath_type(box, bridge):
    return box.vsctl("get", "Bridge", bridge, "datapath_type").strip('"')


def next_cfg(box):
    return int(box.vsctl("get", "open_vswitch", ".", "next_cfg"))
