# SPDX-License-Identifier: Apache-2.0
"""VIFs with links, on a netdev bridge: veth pairs, taps and Linux bridges are real."""

import json
import os
import signal

import pytest

from api import PATIENCE_MS, Api, ApiError, hybrid, ovs_vif, sample, vhost_user, vif_id, wait_until
from kernel import frames, ip, links, names, ours, sysctl
from ovsdb import counts, interface, ports, table


@pytest.fixture(autouse=True)
def no_links_left(box):
    before = set(links(box))
    yield
    for name in set(links(box)) - before:
        ip(box, "link", "delete", name, check=False)


def port_row(box, name):
    for row in table(box, "Port", ("name", "tag", "vlan_mode", "trunks", "qos")):
        if row["name"] == name:
            return row
    return None


# --- hybrid ---

def test_hybrid_makes_bridge_and_veth_pair(box, api):
    reply = api.plug(hybrid(1, mtu=1400))
    bridge, inner, outer = names(box, vif_id(1))
    assert (reply["port"], reply["state"], reply["mtu"]) == (outer, "up", 1400)
    found = links(box)
    assert found[bridge]["linkinfo"]["info_kind"] == "bridge"
    assert found[bridge]["linkinfo"]["info_data"]["ageing_time"] == 0
    assert "UP" in found[bridge]["flags"]
    assert sysctl(box, f"ipv6/conf/{bridge}/disable_ipv6") == "1"
    assert sysctl(box, f"ipv4/conf/{bridge}/arp_ignore") == "1"
    assert sysctl(box, f"ipv4/conf/{bridge}/arp_announce") == "2"
    for name in (inner, outer):
        assert found[name]["linkinfo"]["info_kind"] == "veth" and found[name]["mtu"] == 1400
        assert {"UP", "PROMISC"} <= set(found[name]["flags"])
    assert found[inner]["master"] == bridge
    row = interface(box, outer)
    assert (row["type"], row["mtu_request"], row["error"]) == ("", [], [])
    assert row["external_ids"]["vifplug-linux-bridge"] == bridge
    assert api.plug(hybrid(1, mtu=1400))["changed"] is False


def test_hybrid_passes_frames(box, api):
    for n in (1, 2):
        api.plug(hybrid(n))
    assert frames(box, names(box, vif_id(1))[0], names(box, vif_id(2))[0]) == 3


def test_hybrid_mtu_on_replug_and_update(box, api):
    api.plug(hybrid(1, mtu=1400))
    reply = api.plug(hybrid(1, mtu=1300))
    assert (reply["changed"], reply["mtu"]) == (True, 1300)
    assert {links(box)[name]["mtu"] for name in names(box, vif_id(1))[1:]} == {1300}
    reply = api.call("update", vif_id=vif_id(1), mtu=1350)
    assert (reply["changed"], reply["mtu"]) == (True, 1350)
    assert {links(box)[name]["mtu"] for name in names(box, vif_id(1))[1:]} == {1350}


def test_hybrid_unplug_leaves_nothing(box, api):
    before = counts(box)
    api.plug(hybrid(1))
    after_bridge = {**before, "Bridge": before["Bridge"] + 1, "Port": before["Port"] + 1,
                    "Interface": before["Interface"] + 1}
    assert api.unplug(vif_id(1))["changed"] is True
    assert ours(box) == [] and counts(box) == after_bridge
    assert api.unplug(vif_id(1))["changed"] is False


def test_hybrid_of_nova(box, api):
    """Nova's object names the Linux bridge and the tap."""
    vif = sample("e1")
    reply = api.plug(vif, wait="committed")
    bridge = vif["versioned_object.data"]["bridge_name"]
    assert reply["kind"] == "hybrid" and bridge in links(box)
    api.call("unplug", vif=vif, wait="committed")
    assert bridge not in links(box) and ours(box) == []


def test_dry_run_makes_no_link(box, api):
    reply = api.plug(hybrid(1), dry_run=True)
    bridge, inner, outer = names(box, vif_id(1))
    assert reply["plan"]["operations"][:3] == [
        f"add Linux bridge {bridge}", f"add veth pair {inner} and {outer} with MTU 1500",
        f"set link {inner} master {bridge}"]
    assert ours(box) == []


@pytest.mark.parametrize("which", [0, 1, 2])
def test_foreign_link_in_the_way(box, api, which):
    name = names(box, vif_id(1))[which]
    ip(box, "link", "add", name, "type", "ifb")
    before = counts(box)
    with pytest.raises(ApiError) as refused:
        api.plug(hybrid(1))
    assert refused.value.reason == "port_conflict" and name in refused.value.message
    assert ours(box) == [] and name in links(box) and counts(box) == before


def test_links_go_when_the_port_is_refused(box, api):
    """The port's name exists already, which only OVSDB knows; the links are removed."""
    outer = names(box, vif_id(1))[2]
    box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev", "--",
              "add-port", "br-int", outer, "--", "set", "Interface", outer, "type=internal")
    with pytest.raises(ApiError) as refused:
        api.plug(hybrid(1))
    assert refused.value.reason == "port_conflict"
    assert ours(box) == []


def test_links_go_when_vswitchd_says_nothing(box, api):
    api.plug(vhost_user(9))
    import os  # pylint: disable=import-outside-toplevel
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        with pytest.raises(ApiError) as refused:
            api.plug(hybrid(1), timeout_ms=500)
        assert refused.value.reason in ("timeout", "switch_unavailable")
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    wait_until(lambda: ours(box) == [], what="the links are taken back")
    assert names(box, vif_id(1))[2] not in ports(box, "br-int")


def test_start_removes_only_what_no_guest_can_use(box, api):
    """A killed daemon left a pair without its alias, and one whose VIF is not in OVSDB, which may be another
    database than it was. The start removes the first; a reap removes the second too."""
    api.plug(hybrid(1))
    kept = ours(box)
    ip(box, "link", "add", "begun0", "group", str(0x76696670), "type", "veth", "peer", "name", "begun1")
    ip(box, "link", "add", "ghost0", "type", "veth", "peer", "name", "ghost1")
    ip(box, "link", "set", "ghost0", "alias", f"vifplugd:{vif_id(77)}")
    ip(box, "link", "add", "mine0", "type", "veth", "peer", "name", "mine1")
    box.stop("vifplugd", signal.SIGKILL)
    box.start_vifplugd()
    wait_until(lambda: "begun0" not in links(box), what="the incomplete link is removed")
    assert "ghost0" in links(box)
    with Api(box.socket) as again:
        assert again.call("reap")["removed"] == [vif_id(77)]
    assert "ghost0" not in links(box) and "mine0" in links(box)
    assert ours(box) == kept


def test_links_of_a_deleted_row_go_with_an_unplug(box, api):
    api.plug(hybrid(1))
    box.vsctl("del-port", names(box, vif_id(1))[2])
    assert api.unplug(vif_id(1))["changed"] is True
    assert ours(box) == []


def test_many_hybrids_do_not_hold_up_the_others(box, api):
    """The kernel takes long to remove links; the daemon replies to a status meanwhile."""
    for n in range(8):
        api.plug(hybrid(n))
    ids, status = list(range(101, 109)), 109
    requests = [{"id": ids[n], "method": "unplug", "params": {"vif_id": vif_id(n), "timeout_ms": PATIENCE_MS}}
                for n in range(8)] + [{"id": status, "method": "status"}]
    # At once: a pause of the test before the last would let all unplugs end before it.
    api.send_raw(b"".join(json.dumps({"jsonrpc": "2.0", **request}).encode() + b"\n" for request in requests))
    replies = [api.receive()["id"] for _ in range(9)]
    assert set(replies) == {*ids, status}
    assert replies.index(status) < 4
    assert ours(box) == []


# --- ovs ---

def test_tap_is_made_and_goes(box, api):
    reply = api.plug(ovs_vif(1, create_tap=True, multiqueue=True, mtu=1450))
    assert (reply["kind"], reply["port"], reply["state"], reply["mtu"]) == (
        "ovs", "tap1", "up", 1450)
    tap = links(box)["tap1"]
    assert tap["linkinfo"]["info_kind"] == "tun" and tap["linkinfo"]["info_data"]["multi_queue"]
    assert tap["linkinfo"]["info_data"]["persist"] and tap["address"] == reply["address"]
    assert "UP" in tap["flags"] and tap["mtu"] == 1450
    assert api.plug(ovs_vif(1, create_tap=True, multiqueue=True, mtu=1450))["changed"] is False
    api.unplug(vif_id(1))
    assert "tap1" not in links(box) and ports(box, "br-int") == []


@pytest.mark.parametrize("commands,what", [
    (["link add tap1 type veth peer name other1"], "(veth)"),
    (["link add tap1 type bridge"], "(bridge)"),
    (["tuntap add tap1 mode tun"], "takes no frames"),
    (["tuntap add tap1 mode tap multi_queue"], "with several queues"),
    (["tuntap add tap1 mode tap", "link set tap1 alias vpn"], "not made for this VIF"),
    (["tuntap add tap1 mode tap", "link add other1 type bridge", "link set tap1 master other1"],
     "ip link set tap1 nomaster"),
])
def test_link_that_the_guest_could_not_use_as_its_tap(box, api, commands, what):
    for command in commands:
        ip(box, *command.split())
    before, link = counts(box), links(box)["tap1"]
    for dry_run in (True, False):
        with pytest.raises(ApiError) as error:
            api.plug(ovs_vif(1, create_tap=True), dry_run=dry_run)
        assert error.value.reason == "port_conflict"
        assert "tap1" in error.value.message and what in error.value.message
    assert (counts(box), links(box)["tap1"]) == (before, link)


def test_tap_of_another_program_is_used_and_stays(box, api):
    ip(box, "tuntap", "add", "tap1", "mode", "tap")
    reply = api.plug(ovs_vif(1, create_tap=True, mtu=1450))
    assert (reply["state"], reply["mtu"]) == ("up", 1450)
    assert "UP" in links(box)["tap1"]["flags"]
    ip(box, "link", "set", "tap1", "down")
    assert api.plug(ovs_vif(1, create_tap=True, mtu=1450))["changed"] is True
    assert "UP" in links(box)["tap1"]["flags"]
    api.unplug(vif_id(1))
    assert "tap1" in links(box)


def test_tap_with_another_alias_is_none_of_ours(box, api):
    """Whoever gave it the alias keeps it, and vifplugd says of no VIF that it has left links."""
    api.plug(ovs_vif(1, create_tap=True))
    ip(box, "link", "set", "tap1", "alias", "vpn")
    api.unplug(vif_id(1))
    assert links(box)["tap1"]["ifalias"] == "vpn"
    ip(box, "link", "delete", "tap1")
    found = [one for one in api.call("check")["checks"] if one["check"] == "left-links"]
    assert [one["result"] for one in found] == ["pass"], found


def test_veth_pair_that_is_down_is_set_up(box, api):
    api.plug(hybrid(1))
    for name in names(box, vif_id(1)):
        ip(box, "link", "set", name, "down")
    plan = api.plug(hybrid(1), dry_run=True)["plan"]["operations"]
    assert plan[:2] == [f"set Linux bridge {names(box, vif_id(1))[0]} without IPv6, with ARP filtering",
                        f"set link {names(box, vif_id(1))[0]} up"]
    assert api.plug(hybrid(1))["changed"] is True
    assert all("UP" in links(box)[name]["flags"] for name in names(box, vif_id(1)))


def test_port_without_its_netdev_is_done_at_commit(box, api):
    """QEMU makes the tap later; until then vswitchd's error is not a failure."""
    reply = api.plug(ovs_vif(1))
    assert reply["changed"] is True
    wait_until(lambda: interface(box, "tap1")["error"], what="vswitchd misses the netdev")
    assert api.get_vif(1)["state"] == "committed"
    assert api.plug(ovs_vif(1))["changed"] is False
    ip(box, "tuntap", "add", "tap1", "mode", "tap")
    wait_until(lambda: api.get_vif(1)["state"] == "up", what="vswitchd finds the netdev")
    api.unplug(vif_id(1))
    assert "tap1" in links(box), "a tap that QEMU made is QEMU's"


@pytest.mark.parametrize("wait", ["realized", "committed"])
def test_state_of_a_port_without_its_netdev(box, api, wait):
    """It does not depend on how quickly vswitchd says that the netdev is missing."""
    api.plug(vhost_user(2))
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        assert api.plug(ovs_vif(1), dry_run=True)["state"] == "planned"
        assert api.plug(ovs_vif(1), wait=wait)["state"] == "committed"
        box.stop("vifplugd")
        box.start_vifplugd()
        with Api(box.socket) as again:
            assert again.get_vif(1)["state"] == "committed"
            assert again.plug(ovs_vif(1), wait=wait)["state"] == "committed"
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    with Api(box.socket) as again:
        wait_until(lambda: interface(box, "tap1")["error"], what="vswitchd misses the netdev")
        assert again.get_vif(1)["state"] == "committed"
        assert {vif["vif_id"]: vif["state"] for vif in again.call("list")["vifs"]} == {
            vif_id(1): "committed", vif_id(2): "up"}


def test_mtu_is_that_of_the_link(box, api):
    """ovs-vswitchd writes a changed MTU to OVSDB a moment later, or here not at all."""
    api.plug(hybrid(1, mtu=1400))
    api.plug(ovs_vif(2, create_tap=True, mtu=1400))
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        for name in (names(box, vif_id(1))[2], "tap2"):
            ip(box, "link", "set", name, "mtu", "1300")
        assert api.get_vif(1)["mtu"] == api.get_vif(2)["mtu"] == 1300
        assert [vif["mtu"] for vif in api.call("list")["vifs"]] == [1300, 1300]
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)


def test_without_create_port_only_the_bridge_is_ensured(box, api):
    reply = api.plug(ovs_vif(1, create_port=False))
    assert (reply["changed"], reply["state"], reply["port"]) == (True, "committed", "tap1")
    assert ports(box, "br-int") == []
    assert api.plug(ovs_vif(1, create_port=False))["changed"] is False
    assert api.call("list")["vifs"] == []


def test_left_over_port_goes_with_an_unplug(box, api):
    """libvirt's row has the VIF's name and iface-id, and none of our keys."""
    vif = ovs_vif(1, create_port=False)
    api.plug(vif)

    def left(iface_id):
        box.vsctl("--may-exist", "add-port", "br-int", "tap1", "--", "set", "Interface", "tap1",
                  "type=internal", f"external_ids:iface-id={iface_id}")
    left("another")
    assert api.call("unplug", vif=vif)["changed"] is False and ports(box, "br-int") == ["tap1"]
    left(vif_id(1))
    assert api.unplug(vif_id(1))["changed"] is False, "an id alone does not name the port"
    assert api.call("unplug", vif=vif)["changed"] is True and ports(box, "br-int") == []


def test_nova_delegates_creation(box, api):
    reply = api.plug(sample("d2"), wait="committed")
    assert reply["kind"] == "ovs" and ports(box, "br-int") == [reply["port"]]
    assert api.call("unplug", vif=sample("d2"), wait="committed")["changed"] is True


def test_per_port_bridge(box, configure):
    from api import Api  # pylint: disable=import-outside-toplevel
    before = counts(box)
    configure("[daemon]\nsocket_group = root\n[vif]\nper_port_bridge = yes\n")
    with Api(box.socket) as api:
        reply = api.plug(ovs_vif(1, create_tap=True))
        vif = vif_id(1)
        assert reply["port"] == f"ibp{vif}" and reply["state"] == "up"
        assert ports(box, "br-int") == [f"ibp{vif}"]
        assert ports(box, f"pb{vif[:12]}") == sorted([f"pbp{vif}", "tap1"])
        assert interface(box, f"ibp{vif}")["options"] == {"peer": f"pbp{vif}"}
        assert interface(box, f"pbp{vif}")["options"] == {"peer": f"ibp{vif}"}
        assert interface(box, f"ibp{vif}")["external_ids"]["iface-id"] == vif
        assert interface(box, "tap1")["external_ids"] == {}
        assert api.plug(ovs_vif(1, create_tap=True))["changed"] is False
        assert api.plug(ovs_vif(1, create_tap=True, vif_name="tap9"))["changed"] is True
        assert ports(box, f"pb{vif[:12]}") == sorted([f"pbp{vif}", "tap9"])
        assert "tap1" not in links(box) and "tap9" in links(box)
        api.unplug(vif)
        box.vsctl("del-br", "br-int")
        assert counts(box) == before and "tap9" not in links(box)


# --- Options of os-vif, trunks ---

def test_isolate_vif(box, configure):
    from api import Api  # pylint: disable=import-outside-toplevel
    configure("[daemon]\nsocket_group = root\n[vif]\nisolate_vif = yes\n")
    with Api(box.socket) as api:
        port = api.plug(vhost_user(1))["port"]
        row = port_row(box, port)
        assert (row["tag"], row["vlan_mode"], row["trunks"]) == (4095, "trunk", 4095)
        box.vsctl("set", "Port", port, "tag=7", "--", "clear", "Port", port, "vlan_mode", "--",
                  "clear", "Port", port, "trunks")
        assert api.plug(vhost_user(1))["changed"] is False
        assert port_row(box, port)["tag"] == 7, "only a new port is isolated"
        trunk = api.plug(vhost_user(2, bridge="tbr-x"))["port"]
        assert port_row(box, trunk)["tag"] == []


def test_trunk_bridge_goes_with_its_last_vif(box, api):
    """Neutron's patch ports do not keep the bridge; another VIF's port does."""
    for n in (1, 2):
        api.plug(vhost_user(n, bridge="tbr-12345678-1"))
    ids = interface(box, api.get_vif(1)["port"])["external_ids"]
    assert ids["bridge_name"] == "tbr-12345678-1"
    box.vsctl("add-port", "tbr-12345678-1", "tpt-1", "--", "set", "Interface", "tpt-1",
              "type=patch", "options:peer=tpi-1")
    api.unplug(vif_id(1))
    assert "tbr-12345678-1" in box.vsctl("list-br")
    api.unplug(vif_id(2))
    assert box.vsctl("list-br") == ""


def test_trunk_bridge_with_separate_bridges(box, configure):
    """The patch port of a VIF with a separate bridge is the VIF's port, and not Neutron's."""
    from api import Api  # pylint: disable=import-outside-toplevel
    configure("[daemon]\nsocket_group = root\n[vif]\nper_port_bridge = yes\n")
    with Api(box.socket) as api:
        api.plug(ovs_vif(1, bridge="tbr-abc", create_tap=True))
        other = ovs_vif(3, bridge="tbr-abc")
        assert api.call("unplug", vif=other, dry_run=True)["changed"] is False
        assert api.call("unplug", vif=other)["changed"] is False
        assert api.get_vif(1)["state"] == "up"
        operations = api.unplug(vif_id(1), dry_run=True)["plan"]["operations"]
        assert "delete Bridge tbr-abc if that leaves it empty" in operations
        api.unplug(vif_id(1))
        assert box.vsctl("list-br") == ""


def test_default_qos_type_on_a_system_bridge(box, api):
    """The kernel module may be missing, so the test compares only the rows."""
    box.vsctl("add-br", "br-sys", "--", "set", "Bridge", "br-sys", "datapath_type=system")
    before = counts(box)
    port = api.plug(hybrid(1, bridge="br-sys"), wait="committed")["port"]
    rows = table(box, "QoS", ("_uuid", "type", "external_ids"))
    assert [row["type"] for row in rows] == ["linux-noop"]
    assert rows[0]["external_ids"]["_type"] == "linux-noop"
    assert port_row(box, port)["qos"] == rows[0]["_uuid"]
    api.call("update", vif_id=vif_id(1), qos={"ingress": {"max_kbps": 5000}}, wait="committed")
    assert [row["type"] for row in table(box, "QoS", ("type",))] == ["linux-htb"]
    queue = table(box, "Queue", ("other_config",))[0]["other_config"]
    assert queue == {"max-rate": "5000000", "burst": "4000000"}
    api.unplug(vif_id(1), wait="committed")
    assert counts(box) == before and ours(box) == []
