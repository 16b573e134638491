# SPDX-License-Identifier: Apache-2.0
"""`check`: each thing that keeps a guest from the network is made, and the check that looks at it says so."""

import json
import os
import shutil
import signal

import pytest

from api import Api, hybrid, ovs_vif, representor, vhost_user, vif_id, wait_until
from kernel import ip
from test_card import slot


def findings(api, check):
    return [one for one in api.call("check")["checks"] if one["check"] == check]


def says(api, check, result, words="", about=None):
    """Whether a finding of the check has the result, has the words in its message, and is about that object."""
    return any(one["result"] == result and words in one["message"] and about in (None, one["object"])
               for one in findings(api, check))


def passes(api, check):
    return [one["result"] for one in findings(api, check)] == ["pass"]


def expect(api, check, *said, **options):
    wait_until(lambda: says(api, check, *said, **options), what=lambda: f"{said} in {findings(api, check)}")


def expect_pass(api, check):
    wait_until(lambda: passes(api, check), what=lambda: f"pass in {findings(api, check)}")


@pytest.fixture
def host(box):
    """Makes files below the tree that replaces sysfs: a host with hugepages and an IOMMU."""
    made = [f"{box.sys}/devices", f"{box.sys}/kernel"]

    def write(name, text):
        os.makedirs(os.path.dirname(f"{box.sys}/{name}"), exist_ok=True)
        with open(f"{box.sys}/{name}", "w", encoding="ascii") as file:
            file.write(text)
    pages = "devices/system/node/node0/hugepages/hugepages-2048kB"
    write(f"{pages}/nr_hugepages", "8\n")
    write(f"{pages}/free_hugepages", "8\n")
    write("kernel/iommu_groups/0/type", "DMA\n")
    yield write
    for path in made:
        shutil.rmtree(path)


def test_reply_and_exit_status(box, api, host):
    assert api.call("status")["verdict"] == "ok"
    assert box.vifctl("status").stdout.startswith("ok\n")
    reply = api.call("check")
    by_result = {result: [one for one in reply["checks"] if one["result"] == result]
                 for result in ("pass", "warn", "fail")}
    assert reply["counts"] == {result: len(found) for result, found in by_result.items()}
    assert reply["verdict"] == ("fail" if by_result["fail"] else "warn" if by_result["warn"] else "pass")
    assert {"host", "ovsdb", "vswitchd", "dpdk", "hugepages", "iommu", "vif-state"} <= {
        one["check"] for one in by_result["pass"]}
    assert all(one["object"] and one["message"].endswith(".") for one in reply["checks"])
    shown = box.vifctl("check", check=False)
    assert shown.returncode == (1 if by_result["fail"] else 0)
    assert "PASS   ovsdb " in shown.stdout and "OVSDB is connected and replies." in shown.stdout
    host("kernel/iommu_groups/0/type", "DMA\n")
    shutil.rmtree(f"{box.sys}/kernel/iommu_groups/0")
    shown = box.vifctl("check", check=False)
    assert shown.returncode == 1 and "FAIL   iommu " in shown.stdout, shown.stdout
    shown = json.loads(box.vifctl("--format=json", "check", check=False).stdout)
    assert shown["verdict"] == "fail"


def test_host(box, api, host):
    pages = "devices/system/node/node0/hugepages/hugepages-2048kB"
    driver = f"{box.sys}/bus/pci/devices/0000:65:00.4/driver"
    target = os.readlink(driver)
    assert passes(api, "hugepages") and passes(api, "iommu") and passes(api, "vf-drivers")
    host(f"{pages}/free_hugepages", "0\n")
    expect(api, "hugepages", "warn", "All hugepages on NUMA node 0 (16 MiB) are in use", about="0000:65:00.0")
    host(f"{pages}/nr_hugepages", "0\n")
    expect(api, "hugepages", "fail", "There are no hugepages on NUMA node 0", about="0000:65:00.0")
    shutil.rmtree(f"{box.sys}/kernel/iommu_groups/0")
    expect(api, "iommu", "fail", "The IOMMU is off", about="0000:65:00.0")
    expect(api, "dpdk-ports", "warn", "need up to")
    os.unlink(driver)
    try:
        expect(api, "vf-drivers", "warn", "1 of 60 VFs have no driver (the first is 0000:65:00.4)",
               about="0000:65:00.0")
    finally:
        os.symlink(target, driver)
    expect_pass(api, "vf-drivers")


def test_cards_with_one_socket(box, api):
    """A second card with the same VF numbers, whose VFs are gone later."""
    devices = f"{box.sys}/bus/pci/devices"
    assert passes(api, "card-sockets")
    for name in ("0000:66:00.0", "0000:66:00.4"):
        shutil.copytree(f"{devices}/0000:65:{name[8:]}", f"{devices}/{name}", symlinks=True,
                        ignore=shutil.ignore_patterns("virtfn*", "physfn"))
    os.symlink("../0000:66:00.4", f"{devices}/0000:66:00.0/virtfn0")
    os.symlink("../0000:66:00.0", f"{devices}/0000:66:00.4/physfn")
    try:
        expect(api, "card-sockets", "fail", "0000:66:00.0 and 0000:65:00.0 would both serve the socket")
        expect(api, "vfs", "warn", "is to have 60 VFs, and sysfs lists 1", about="0000:66:00.0")
        os.unlink(f"{devices}/0000:66:00.0/virtfn0")
        expect_pass(api, "card-sockets")
        expect(api, "vfs", "warn", "has no VFs", about="0000:66:00.0")
    finally:
        shutil.rmtree(f"{devices}/0000:66:00.0")
        shutil.rmtree(f"{devices}/0000:66:00.4")


def test_configuration(box, configure):
    configure("[daemon]\nsocket_group = nosuchgroup\n")
    with Api(box.socket) as api:
        assert passes(api, "settings")
        expect(api, "socket-group", "warn", "Group nosuchgroup does not exist", about="nosuchgroup")
        with open(box.config, "a", encoding="ascii") as file:
            file.write(f"[ovs]\ndb = {box.db}\nrun_dir = {box.dir}\n")
        expect(api, "settings", "warn", "has been changed since", about=box.config)
        os.kill(box.pid("vifplugd"), signal.SIGHUP)
        expect(api, "settings", "warn", "wait for a restart: run_dir;", about=box.config)
        assert not says(api, "settings", "warn", "has been changed")
        os.unlink(box.socket)
        expect(api, "socket-group", "fail", "has been removed", about=box.socket)


def setting(box, name):
    return box.vsctl("--if-exists", "get", "Open_vSwitch", ".", name).strip()


def test_settings_of_open_vswitch(box, api):
    extra = setting(box, "other_config:dpdk-extra")
    assert passes(api, "vswitchd-settings") and passes(api, "dpdk")
    try:
        box.vsctl("set", "Open_vSwitch", ".", 'other_config:dpdk-extra="-a 0000:65:00.0"',
                  "other_config:vhost-sock-dir=elsewhere", "other_config:hw-offload=true")
        expect(api, "vswitchd-settings", "warn", "restart ovs-vswitchd", about="other_config:dpdk-extra")
        expect(api, "vswitchd-settings", "warn", "restart ovs-vswitchd", about="other_config:vhost-sock-dir")
        expect(api, "offload", "warn", "restart ovs-vswitchd", about="other_config:hw-offload")
        box.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-init=false")
        expect(api, "dpdk", "fail", "DPDK is off", about="other_config:dpdk-init")
    finally:
        box.vsctl("set", "Open_vSwitch", ".", f"other_config:dpdk-extra={extra}",
                  "other_config:dpdk-init=true", "--", "remove", "Open_vSwitch", ".", "other_config",
                  "vhost-sock-dir", "hw-offload")
    expect_pass(api, "vswitchd-settings")
    expect_pass(api, "dpdk")
    expect(api, "offload", "warn", "Hardware offload is off")
    version = setting(box, "ovs_version")
    box.vsctl("set", "Open_vSwitch", ".", "ovs_version=2.17.0")
    expect(api, "versions", "warn", "Open vSwitch 2.17.0 is older")
    box.vsctl("set", "Open_vSwitch", ".", "ovs_version=3.5.0")
    expect_pass(api, "versions")
    box.vsctl("clear", "Open_vSwitch", ".", "ovs_version")
    if version != "[]":
        box.vsctl("set", "Open_vSwitch", ".", f"ovs_version={version}")


def test_vif_that_waits_for_its_vlan(box, api):
    api.plug(vhost_user(1))
    port = api.get_vif(1)["port"]
    box.vsctl("set", "Port", port, "tag=4095")
    assert passes(api, "vif-vlan")
    wait_until(lambda: says(api, "vif-vlan", "warn", "passes no frames, for 3", about=vif_id(1)), timeout=60)
    box.vsctl("set", "Port", port, "tag=7")
    expect_pass(api, "vif-vlan")


def test_vifs(box, api):
    api.plug(vhost_user(1))
    api.plug(vhost_user(2, address="fa:16:3e:00:00:01"))
    one = api.get_vif(1)["port"]
    assert passes(api, "vif-state") and passes(api, "vif-iface-id") and passes(api, "foreign-ports")
    expect(api, "vif-mac", "warn", "has the MAC address fa:16:3e:00:00:01 too")
    expect(api, "vif-link", "warn", "no guest is connected to /usr/local/var/run/vhost1", about=vif_id(1))
    box.command("ovs-vsctl", f"--db={box.db}", "--no-wait", "add-port", "br-int", "bad0", "--", "set", "Interface",
                "bad0", "type=dpdk", "options:dpdk-devargs=0000:ff:00.0", f"external_ids:iface-id={vif_id(1)}")
    expect(api, "foreign-ports", "warn", "on bridge br-int is in error", about="bad0")
    expect(api, "vif-iface-id", "fail", f"Port bad0 has the iface-id {vif_id(1)} too", about=vif_id(1))
    box.vsctl("del-port", "bad0")
    expect_pass(api, "vif-iface-id")
    box.vsctl("set", "Interface", one, "mtu_request=1400")
    expect(api, "vif-state", "warn", "mtu_request is '1400', not '1500'", about=vif_id(1))
    box.vsctl("del-port", one)
    expect(api, "vif-state", "fail", f"Port {one} was plugged, and is not in OVSDB any more", about=vif_id(1))
    api.call("plug", vif=representor(3, "0000:65:00.4"), instance={"uuid": "i"}, wait="committed")
    expect(api, "vif-state", "fail", "could not make port", about=vif_id(3))
    wait_until(lambda: any("1 failed and 1 are missing" in one for one in api.call("status")["problems"]))
    assert api.call("status")["verdict"] == "degraded"
    shown = box.vifctl("status", check=False)
    assert shown.returncode == 1 and shown.stdout.startswith("degraded: Of the VIFs, 1 failed and 1 are missing;")


def test_values_and_links_that_are_gone(box, api):
    api.plug(vhost_user(1))
    box.vsctl("remove", "Interface", api.get_vif(1)["port"], "external_ids", "iface-id")
    expect(api, "vif-state", "warn", f"the VIF: external_ids:iface-id is gone, and was '{vif_id(1)}'; plug",
           about=vif_id(1))
    tap = api.plug(ovs_vif(2, create_tap=True))["port"]
    ip(box, "link", "set", tap, "down")
    ip(box, "link", "set", tap, "name", "another")
    expect(api, "vif-state", "warn", f"the VIF: link {tap} is gone (removed or renamed); plug", about=vif_id(2))
    ip(box, "link", "delete", "another")


def test_left_links_and_stale_vifs(box, api, configure):
    api.plug(hybrid(1))
    api.plug(ovs_vif(2, create_tap=True))
    port = api.get_vif(1)["port"]
    assert passes(api, "left-links")
    box.stop("vifplugd")
    box.command("ovs-vsctl", f"--db={box.db}", "del-port", port)
    configure("", "--boot-id=another")
    with Api(box.socket) as anew:
        expect(anew, "left-links", "warn", f"vifctl reap {vif_id(1)}", about=vif_id(1))
        expect(anew, "vif-state", "warn", f"vifctl reap {vif_id(2)}", about=vif_id(2))
        anew.call("reap")
        expect_pass(anew, "left-links")


@pytest.mark.driver
def test_uplink(card_box, card_api):
    """The PF's port is the uplink of its VFs; one of the bridge is that of all VIFs on it."""
    card_api.plug(representor(1, slot(10), mtu=9000))
    assert passes(card_api, "vif-uplink")
    card_box.vsctl("add-port", "br-int", "up0", "--", "set", "Interface", "up0", "type=dpdk",
                   "options:dpdk-devargs=0000:65:00.0")
    expect(card_api, "vif-uplink", "warn", "MTU 9000 is above that of the uplink up0 on bridge br-int, 1500",
           about=vif_id(1))
    card_api.call("update", vif_id=vif_id(1), mtu=1500)
    expect_pass(card_api, "vif-uplink")


def test_switch_that_does_not_work(box, api):
    pid = box.pid("ovs-vswitchd")
    os.kill(pid, signal.SIGSTOP)
    try:
        expect(api, "vswitchd", "fail", f"ovs-vswitchd (pid {pid}) is stopped", about="ovs-vswitchd")
    finally:
        os.kill(pid, signal.SIGCONT)
    expect_pass(api, "vswitchd")
    box.stop("ovs-vswitchd")
    expect(api, "vswitchd", "fail", "is not running")
    assert passes(api, "ovsdb") and passes(api, "vif-state")
    box.stop("ovsdb-server")
    expect(api, "ovsdb", "fail", "cannot be reached")
    left = {one["check"] for one in api.call("check")["checks"]}
    assert "host" in left and "vswitchd" in left and not {"vif-state", "dpdk", "foreign-ports"} & left


# A control socket that takes connections and says nothing. Its daemon may have a user of its own.
SILENT = """
import os, socket, sys, time
one = socket.socket(socket.AF_UNIX)
one.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o666)
one.listen(4)
time.sleep(600)
"""


def test_switch_that_answers_nothing(box, api):
    """Its main loop hangs while nothing is written to OVSDB: only its control socket shows that."""
    path = f"{box.run}/ovs-vswitchd.{box.pid('ovs-vswitchd')}.ctl"
    box.vsctl("add-br", "br-int")  # Once it has answered that, it does not initialise DPDK any more.
    box.start("listener", ["/usr/bin/python3", "-c", SILENT, path])
    try:
        wait_until(lambda: api.call("status")["vswitchd"]["state"] == "hung", timeout=60)
        status = api.call("status")
        assert status["ovsdb"]["next_cfg"] == status["ovsdb"]["cur_cfg"]
        assert status["verdict"] == "degraded" and "has answered nothing for" in status["problems"][0]
        assert says(api, "vswitchd", "fail", "has answered nothing for")
    finally:
        box.stop("listener")
        os.unlink(path)
    wait_until(lambda: api.call("status")["vswitchd"]["state"] == "alive")
