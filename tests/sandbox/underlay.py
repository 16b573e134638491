# SPDX-License-Identifier: Apache-2.0
"""A wire between two sandboxes, and a neighbour of the guests on it."""

BRIDGE = "br-int"
WIRE = "underlay"


def has_bridge(sandbox):
    return BRIDGE in sandbox.vsctl("list-br").split()


def connect(first, second, bridge=BRIDGE):
    """Makes the bridge in both sandboxes, and connects the bridges with a veth pair. Bridges that exist must have
    the netdev datapath."""
    other = str(second.state["pids"]["holder"])
    first.command(*first.inside(["ip", "link", "add", WIRE, "type", "veth", "peer", "name", WIRE,
                                 "netns", other]))
    for sandbox in (first, second):
        sandbox.command(*sandbox.inside(["ip", "link", "set", WIRE, "up"]))
        sandbox.vsctl("--may-exist", "add-br", bridge, "--", "set", "Bridge", bridge, "datapath_type=netdev",
                      "--", "add-port", bridge, WIRE)
        # The wait for vswitchd: the local port exists afterwards.
        sandbox.command("ovs-vsctl", f"--db={sandbox.db}", "--timeout=30", "set", "open_vswitch", ".",
                        "external_ids:underlay=connected")


def move(sandbox, bridge):
    """Moves this end of the wire to another bridge of the netdev datapath."""
    sandbox.vsctl("--may-exist", "add-br", bridge, "--", "set", "Bridge", bridge, "datapath_type=netdev")
    sandbox.vsctl("del-port", WIRE, "--", "add-port", bridge, WIRE)


def disconnect(first):
    """Removes the wire; the ports in the bridges stay."""
    first.command(*first.inside(["ip", "link", "del", WIRE]))


def give_address(sandbox, address, bridge=BRIDGE):
    """Gives an address like 192.0.2.9/24 to the local port of the bridge."""
    sandbox.command(*sandbox.inside(["ip", "address", "add", address, "dev", bridge]))
    sandbox.command(*sandbox.inside(["ip", "link", "set", bridge, "up"]))
