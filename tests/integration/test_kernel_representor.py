# SPDX-License-Identifier: Apache-2.0
"""VIFHostDevice on a system bridge: the representor netdev of the kernel. There is no switchdev hardware, so
sysfs is a fake tree, and its netdevs are veth pairs with the right names; without the openvswitch kernel
module the tests read only OVSDB and the links."""

import os
import shutil

import pytest

from api import INSTANCE, Api, ApiError, sample, vif_id
from kernel import ip, links
from ovsdb import counts, interface, ports

PF = "0000:b3:00.0"
SWITCH = "e8ebd30300a1b2c4"


class Tree:
    """Net devices in the sandbox's sysfs tree."""

    def __init__(self, box):
        self.box = box
        self.net = os.path.join(box.sys, "class/net")
        self.made = []

    def add(self, name, phys_port_name, switch=SWITCH, pf=None, link=True):
        directory = os.path.join(self.net, name)
        os.makedirs(directory)
        self.made.append(directory)
        for file, text in (("phys_switch_id", switch), ("phys_port_name", phys_port_name)):
            with open(os.path.join(directory, file), "w", encoding="ascii") as output:
                output.write(text + "\n")
        if pf:
            path = os.path.join(self.box.sys, "bus/pci/devices", pf, "net", name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.symlink(directory, path)
            self.made.append(os.path.dirname(path))
        if link:
            ip(self.box, "link", "add", name, "type", "veth", "peer", "name", f"{name}x"[-15:])

    def remove(self):
        for path in self.made:
            shutil.rmtree(path, ignore_errors=True)
            ip(self.box, "link", "delete", os.path.basename(path), check=False)


@pytest.fixture
def tree(box):
    tree = Tree(box)
    tree.add("p0", "p0", pf=PF)
    yield tree
    tree.remove()


def host_device(n, slot="0000:b3:01.3", **members):
    return {"vif_id": vif_id(n), "kind": "kernel-representor", "bridge": "br-sys", "mtu": 1450,
            "address": f"fa:16:3e:04:00:{n:02x}", "pci_slot": slot, **members}


@pytest.mark.parametrize("spelling", ["3", "vf3", "VF3", "pf0vf3", "c0pf0vf3"])
def test_representor_is_found_and_set_up(box, api, tree, spelling):
    tree.add("eth7", spelling)
    reply = api.plug(host_device(1), wait="committed")
    assert reply["port"] == "eth7" and reply["representor"] == {
        "pf": PF, "vf": "0000:b3:01.3", "vf_num": 3}
    assert "UP" in links(box)["eth7"]["flags"] and links(box)["eth7"]["mtu"] == 1450
    row = interface(box, "eth7")
    assert (row["type"], row["options"], row["mtu_request"]) == ("", {}, [])
    assert box.vsctl("get", "Bridge", "br-sys", "datapath_type").strip('"') == "system"
    api.unplug(vif_id(1), wait="committed")
    assert "eth7" in links(box), "the netdev is the device's"
    assert "UP" not in links(box)["eth7"]["flags"]
    assert ports(box, "br-sys") == []


@pytest.mark.parametrize("spelling, switch", [
    ("pf1vf3", SWITCH), ("c1pf0vf3", SWITCH), ("pf0sf3", SWITCH), ("p3", SWITCH), ("vf30", SWITCH),
    ("vf3", "0011223344556677"),
])
def test_nothing_else_is_taken_for_it(box, api, tree, spelling, switch):
    tree.add("eth7", spelling, switch=switch)
    before = counts(box)
    with pytest.raises(ApiError) as refused:
        api.plug(host_device(1), wait="committed")
    assert (refused.value.reason, refused.value.field) == ("device_not_found", "vif.pci_slot")
    assert counts(box) == before and "UP" not in links(box)["eth7"]["flags"]


def test_second_vif_on_the_vf(box, api, tree):
    tree.add("eth7", "vf3")
    api.plug(host_device(1), wait="committed")
    with pytest.raises(ApiError) as refused:
        api.plug(host_device(2), wait="committed")
    assert refused.value.reason == "vf_in_use" and vif_id(1) in refused.value.message
    api.unplug(vif_id(1), wait="committed")
    assert api.plug(host_device(2), wait="committed")["changed"] is True
    api.unplug(vif_id(2), wait="committed")
    assert ports(box, "br-sys") == []


def test_netdev_passes_to_the_next_vif_up(box, api, tree):
    """Pipelined: an unplug, or a move to another VF, and a plug of the VF that becomes free."""
    tree.add("eth7", "vf3")
    tree.add("eth8", "vf4")
    instance = {"uuid": INSTANCE}
    for n in range(1, 5):
        api.plug(host_device(n), wait="committed")
        if n % 2:
            first = api.send("unplug", vif_id=vif_id(n), wait="committed")
        else:
            first = api.send("plug", vif=host_device(n, slot="0000:b3:01.4"), instance=instance, wait="committed")
        second = api.send("plug", vif=host_device(9), instance=instance, wait="committed")
        replies = api.collect([first, second])
        assert all("result" in reply for reply in replies.values()), replies
        assert "UP" in links(box)["eth7"]["flags"], n
        assert ("UP" in links(box)["eth8"]["flags"]) == (n % 2 == 0)
        for left in (n, 9):
            api.unplug(vif_id(left), wait="committed")
        assert "UP" not in links(box)["eth7"]["flags"]
    assert ports(box, "br-sys") == []


def test_netdev_that_has_gone_is_no_obstacle_to_an_unplug(box, api, tree):
    tree.add("eth7", "vf3")
    api.plug(host_device(1), wait="committed")
    tree.remove()
    assert api.unplug(vif_id(1), wait="committed")["changed"] is True
    assert ports(box, "br-sys") == []


@pytest.mark.parametrize("way", ["unplug", "reap", "plug"])
def test_name_that_another_netdev_has_after_a_boot(box, api, configure, tree, way):
    """The kernel names netdevs in the order in which it finds them, so the name in a row may be another card's."""
    tree.add("eth7", "vf3")
    api.plug(host_device(1), wait="committed")
    tree.remove()
    tree.add("p0", "p0", pf=PF)
    tree.add("eth7", "p0", switch="0011223344556677")
    tree.add("eth8", "vf3")
    ip(box, "link", "set", "eth7", "up")
    ip(box, "link", "set", "eth7x", "up")
    configure("[daemon]\nsocket_group = root\n", "--boot-id=another-boot")
    with Api(box.socket) as again:
        assert again.get_vif(1)["state"] == "stale"
        with pytest.raises(ApiError) as refused:
            again.call("update", vif_id=vif_id(1), mtu=1300, wait="committed")
        assert refused.value.reason == "device_not_found"
        if way == "unplug":
            assert again.unplug(vif_id(1), wait="committed")["changed"] is True
        elif way == "reap":
            assert again.call("reap", vif_ids=[vif_id(1)])["removed"] == [vif_id(1)]
        else:
            assert again.plug(host_device(2), wait="committed")["port"] == "eth8"
            assert "UP" in links(box)["eth8"]["flags"]
        assert "eth7" not in ports(box, "br-sys")
        assert "UP" in links(box)["eth7"]["flags"] and links(box)["eth7"]["mtu"] == 1500


def test_netdev_of_sysfs_that_is_not_in_the_namespace(box, api, tree):
    tree.add("eth7", "vf3", link=False)
    before = counts(box)
    with pytest.raises(ApiError) as refused:
        api.plug(host_device(1), wait="committed")
    assert refused.value.reason == "not_realized" and "eth7" in refused.value.message
    assert counts(box) == before


def test_object_that_nova_made(box, tree):
    """VIFHostDevice with the representor profile, for a VF of the other card."""
    vif = sample("c1")
    vif["versioned_object.data"]["dev_address"] = "0000:b3:01.3"
    offload = vif["versioned_object.data"]["port_profile"]["versioned_object.data"]
    for data in (offload, offload["datapath_offload"]["versioned_object.data"]):
        data["representor_address"] = "0000:b3:01.3"
    tree.add("eth7", "vf3")
    with Api(box.socket) as api:
        reply = api.plug(vif, wait="committed")
        assert (reply["kind"], reply["port"]) == ("kernel-representor", "eth7")
        api.call("unplug", vif=vif, wait="committed")
