# SPDX-License-Identifier: Apache-2.0
"""From neutron-server to frames: neutron-server, its agent, Nova, os-vif, vifplugd, Open vSwitch, a guest."""

from api import wait_until
from ovsdb import interface, ports, table
from ports import INSTANCE, port_name
from test_card import BURSTS, exchange, flows

# The source address of testpmd's frames; the firewall drops frames without the port's address.
TESTPMD = [{"ip_address": "198.18.0.0/16"}]


def test_from_a_port_to_frames(card_box, host, nova, serve):
    """Two servers; the agent gives their ports a VLAN and a firewall, and unplug removes everything."""
    rule = {"security_group_id": host.port()["security_groups"][0], "direction": "ingress",
            "ethertype": "IPv4"}
    host.create("security_group_rule", rule, path="security-group-rules")
    first = serve(10, allowed_address_pairs=TESTPMD)
    second = serve(17, allowed_address_pairs=TESTPMD)
    for port, vif, _ in (first, second):
        row = interface(card_box, port_name(port))
        assert row["type"] == "dpdk" and row["error"] == [] and row["mtu"] == 1450
        assert row["external_ids"]["iface-id"] == port["id"] == vif["id"]
    tags = {row["name"]: row["tag"] for row in table(card_box, "Port", ["name", "tag"])}
    assert tags[port_name(first[0])] == tags[port_name(second[0])] != []
    flows(first[2], second[2], 1000)  # The first frames wait for connection tracking.
    exchange(first[2], second[2], 1000)
    # A third server has the same group, but may send only frames with its own addresses.
    third = serve(12)
    second[2].receive()
    third[2].send(BURSTS, 1000, second[2].mac)
    wait_until(lambda: int(card_box.vsctl("get", "Interface", port_name(third[0]),
                                          "statistics:rx_packets")) >= BURSTS * 32, 20)
    assert second[2].counters()[0] == 0
    for port, vif, one in (first, second, third):
        one.stop()
        nova.call("unplug", vif=vif, instance=INSTANCE)
        wait_until(lambda: host.show("port", port["id"])["status"] == "DOWN", 30)
    assert not [name for name in ports(card_box, "br-int") if name.startswith("vfr")]
    assert nova.lines("ERROR") == []
