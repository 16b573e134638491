# SPDX-License-Identifier: Apache-2.0
"""Representors on the simulated SmartNIC: real ports, real frames."""

import json
import os
import signal
import threading
import time

import pytest

from api import INSTANCE, PATIENCE_MS, Api, ApiError, representor, result, sample, vif_id, wait_until
from ovsdb import counts, interface, ports

PF = "0000:65:00.0"
GENERIC = "0000:b3:00.0"
BURSTS = 4  # 128 frames: as many as a guest's ring accepts at once.


def slot(number):
    """Returns the PCI address of a VF number of the Napatech card."""
    return f"0000:65:{number // 8:02x}.{number % 8}"


def generic_slot(index):
    return f"0000:b3:{2 + index // 8:02x}.{index % 8}"


def socket_of(number):
    return f"/usr/local/var/run/stdvio{number}"


def exchange(first, second, size):
    """Sends frames in both directions between two guests, and counts them where they arrive."""
    for sender, receiver in ((first, second), (second, first)):
        receiver.receive()
        sender.send(BURSTS, size, receiver.mac)
        wait_until(lambda: receiver.counters()[0] >= BURSTS * 32, 15,
                   f"{BURSTS * 32} frames arrive at {receiver.name}")


def flows(first, second, size, timeout=20):
    """Waits until frames pass from one guest to the other."""
    deadline = time.monotonic() + timeout
    while True:
        second.receive()
        first.send(1, size, second.mac)
        until = time.monotonic() + 1
        while time.monotonic() < until:
            if second.counters()[0] >= 32:
                return
        assert time.monotonic() < deadline, "no frames arrive"


def two_guests(api, guest, mtu=1500, numbers=(10, 11)):
    """Makes two VIFs, with a guest on the socket of each."""
    guests = []
    for n, number in enumerate(numbers):
        reply = api.plug(representor(n, slot(number), mtu=mtu))
        guests.append(guest(f"g{n}", reply["vhost_user"]["path"], mac=reply["address"],
                            mtu=mtu))
    for one in guests:
        wait_until(one.is_connected, 20, f"{one.name} is connected")
    return guests


def test_from_nova_to_a_port(card_box, card_api):
    """Nova's object becomes a port; ovs-vsctl shows it."""
    reply = card_api.plug(sample("a2"))
    row = interface(card_box, "vfrdc065497-3c")
    assert row["type"] == "dpdk" and row["error"] == []
    assert row["options"] == {"dpdk-devargs": "0000:65:00.0,representor=[10]",
                              "vhost-server-path": "/usr/local/var/run/stdvio10"}
    assert row["mtu_request"] == 1450 and row["ofport"] == reply["ofport"] > 0
    assert int(card_box.vsctl("get", "Interface", "vfrdc065497-3c", "mtu")) == 1450
    assert reply["mtu"] == 1450 and reply["state"] == "up" and reply["changed"] is True
    ids = row["external_ids"]
    assert ids["iface-id"] == "dc065497-3c8d-4f44-8fb4-e1d33c16a536"
    assert ids["attached-mac"] == "fa:16:3e:4c:2c:30" and ids["iface-status"] == "active"
    assert ids["vm-uuid"] == INSTANCE and ids["vifplug-pci-slot"] == "0000:65:01.2"
    assert reply["vhost_user"] == {"path": socket_of(10), "mode": "server"}
    again = card_api.plug(sample("a2"))
    assert again["changed"] is False and again["ofport"] == reply["ofport"]


@pytest.mark.parametrize("number", [4, 7, 8, 10, 15, 16, 43])
def test_numbers_across_device_boundaries(card_api, number):
    """The card accepts a number only if VF_NUM=ID*8+VF gives it."""
    reply = card_api.plug(representor(1, slot(number)))
    assert reply["representor"]["vf_num"] == number and reply["state"] == "up"


@pytest.mark.parametrize("index", [0, 1, 8, 39])
def test_numbers_of_another_card(card_box, card_api, index):
    """The number is that of virtfn, and the representor sets the VF's MAC."""
    reply = card_api.plug(representor(1, generic_slot(index)))
    assert reply["representor"]["vf_num"] == index and reply["state"] == "up"
    status = interface(card_box, reply["port"])["status"]
    assert status["dpdk-vf-mac"] == "fa:16:3e:01:00:01"


@pytest.mark.parametrize("mtu,size", [(1500, 1514), (9000, 9014)])
def test_frames(card_api, guest, mtu, size):
    first, second = two_guests(card_api, guest, mtu)
    exchange(first, second, size)


def test_frames_with_the_card_as_server(card_box, configure_card, guest):
    """With vhost-mode = client the card listens, and the guests connect."""
    configure_card("[nic napatech]\nvhost-mode = client\n")
    card_box.card_settings(vhost_mode="client")
    with Api(card_box.socket) as api:
        with pytest.raises(ApiError) as refused:
            api.plug(sample("a2"))
        assert refused.value.reason == "socket_mismatch" and refused.value.field == "vif.mode"
        assert api.plug(sample("a1"))["vhost_user"]["mode"] == "client"
        reply = api.plug(representor(1, slot(11)))
    first = guest("c0", socket_of(10), mode="client", mac="fa:16:3e:4c:2c:30")
    second = guest("c1", socket_of(11), mode="client", mac=reply["address"])
    for one in (first, second):
        wait_until(one.is_connected, 20)
    exchange(first, second, 1000)


def test_statistics_are_the_guests(card_box, card_api, guest):
    first, second = two_guests(card_api, guest)
    exchange(first, second, 1000)

    def counted():
        port = card_api.get_vif(0)["port"]
        received = int(card_box.vsctl("get", "Interface", port, "statistics:rx_packets"))
        sent = int(card_box.vsctl("get", "Interface", port, "statistics:tx_packets"))
        return received >= BURSTS * 32 and sent >= BURSTS * 32
    wait_until(counted, 20, "vswitchd counts the frames")


@pytest.mark.parametrize("devargs", [
    f"{PF},representor=[3]", f"{PF},representor=[44]", f"{GENERIC},representor=[40]",
    f"{PF},representor=[4-60]", "0000:66:00.0,representor=[4]",
])
def test_the_card_refuses_numbers_that_it_has_not(card_box, card_api, devargs):
    """The card refuses unknown numbers like a real driver. The test uses ovs-vsctl, because vifplugd refuses
    them first. The text after the device's name differs: OVS 3.5 says " to DPDK", 4.0 says why."""
    card_api.plug(representor(1, slot(10)))
    card_box.vsctl("add-port", "br-int", "wrong", "--", "set", "Interface", "wrong", "type=dpdk",
                   f'options:dpdk-devargs="{devargs}"')
    row = wait_until(lambda: (lambda r: r if r["error"] else None)(interface(card_box, "wrong")))
    assert row["error"].startswith(f"Error attaching device '{devargs}'") and row["ofport"] == -1
    assert card_api.get_vif(1)["state"] == "up"


def test_representors_probed_at_start(card_box, card_api):
    """Some drivers make representors only at start: vifplugd plugs those that -a names there."""
    before = card_box.vsctl("get", "open_vswitch", ".", "other_config:dpdk-extra")
    card_box.vsctl("set", "open_vswitch", ".", "other_config:dpdk-extra="
                   + before.replace(f"-a {PF}", f"-a {PF},representor=[10-12]"))
    try:
        card_box.stop("ovs-vswitchd")
        card_box.start_vswitchd()
        for number in (10, 12, 20):
            assert card_api.plug(representor(number, slot(number)))["state"] == "up"
    finally:
        card_box.vsctl("set", "open_vswitch", ".", f"other_config:dpdk-extra={before}")
        card_box.stop("ovs-vswitchd")
        card_box.start_vswitchd()


def test_probing_leaks_nothing(card_box, card_api):
    card_api.plug(representor(1, slot(10)))
    card_box.card_settings(refuse_probe=12)

    def files():
        return len(os.listdir(f"/proc/{card_box.pid('ovs-vswitchd')}/fd"))

    def fail(times):
        for _ in range(times):
            with pytest.raises(ApiError):
                card_api.plug(representor(2, slot(12)))
    fail(3)
    before = files()
    fail(30)
    # vswitchd opens other files for a moment: sometimes /proc/self/stat.
    wait_until(lambda: files() <= before, what="no more files than before")


def test_unplug_gives_the_vf_back(card_box, card_api):
    """The VF is free, and the socket is removed if the card listens."""
    card_box.card_settings(vhost_mode="client")
    card_api.plug(representor(1, slot(10)))
    path = os.path.join(card_box.dir, "stdvio", "stdvio10")
    wait_until(lambda: os.path.exists(path))
    with pytest.raises(ApiError) as refused:
        card_api.plug(representor(2, slot(10)))
    assert refused.value.reason == "vf_in_use" and vif_id(1) in refused.value.message
    assert card_api.unplug(vif_id(1))["changed"] is True
    wait_until(lambda: not os.path.exists(path))
    assert card_api.plug(representor(2, slot(10)))["state"] == "up"


def test_another_vf_for_the_same_vif(card_box, card_api, guest):
    """The port moves to the new device, and the old device is free again."""
    card_api.plug(representor(1, slot(10)))
    reply = card_api.plug(representor(1, slot(12)))
    assert reply["changed"] is True and reply["state"] == "up"
    assert reply["representor"]["vf_num"] == 12
    assert card_api.plug(representor(2, slot(10)))["state"] == "up"
    one = guest("moved", socket_of(12), mac=reply["address"])
    wait_until(one.is_connected, 20)


def test_a_vf_that_cannot_be_had_restores_the_old(card_box, card_api, guest):
    first, second = two_guests(card_api, guest)
    card_box.card_settings(refuse_probe=12)
    with pytest.raises(ApiError) as refused:
        card_api.plug(representor(0, slot(12)))
    assert refused.value.reason == "not_realized"
    assert card_api.get_vif(0)["representor"]["vf_num"] == 10
    assert card_api.get_vif(0)["state"] == "up"
    flows(first, second, 1000)


@pytest.mark.driver  # The stand-in has no port for the PF.
def test_32nd_port_is_explained(card_box, card_api):
    """Debian's DPDK supports 32 ports, with PFs; the next one fails, and the message says why."""
    number = 4
    with pytest.raises(ApiError) as refused:
        while number < 40:
            before = counts(card_box)
            assert card_api.plug(representor(number, slot(number)))["state"] == "up"
            number += 1
    assert 30 <= number - 4 <= 31
    assert refused.value.reason == "not_realized"
    assert "RTE_MAX_ETHPORTS" in refused.value.message
    assert counts(card_box) == before


def test_16_at_once(card_box, card_api):
    ids = [card_api.send("plug", vif=representor(n, slot(n)), instance={"uuid": INSTANCE})
           for n in range(4, 20)]
    replies = card_api.collect(ids)
    assert all(result(replies[i])["state"] == "up" for i in ids)
    assert len(ports(card_box, "br-int")) == 16


def test_mtu_refused_at_plug(card_box, card_api):
    card_box.card_settings(max_mtu=2000)
    before = counts(card_box)
    with pytest.raises(ApiError) as refused:
        card_api.plug(representor(1, slot(10), mtu=3000))
    assert refused.value.reason == "not_realized"
    assert counts(card_box) == before
    assert card_api.plug(representor(1, slot(10), mtu=2000))["mtu"] == 2000


def test_mtu_above_what_ovs_has(card_box, card_api):
    """OVS reports no error and runs the port at 1500: the daemon compares the applied MTU."""
    before = counts(card_box)
    with pytest.raises(ApiError) as refused:
        card_api.plug(representor(1, slot(10), mtu=20000))
    assert refused.value.reason == "not_realized" and refused.value.field == "vif.mtu"
    assert counts(card_box) == before


def test_mtu_changed_in_place(card_box, card_api, guest):
    first, second = two_guests(card_api, guest, 9000)
    for n, number in ((0, 10), (1, 11)):
        reply = card_api.plug(representor(n, slot(number), mtu=2000))
        assert reply["mtu"] == 2000 and reply["changed"] is True
    flows(first, second, 1900)


@pytest.mark.driver  # net_vhost stops forwarding after a failed configuration.
def test_mtu_refused_in_place(card_box, card_api, guest):
    """The port continues with the old MTU, and the guest's frames pass again."""
    first, second = two_guests(card_api, guest)
    card_box.card_settings(max_mtu=2000)
    with pytest.raises(ApiError) as refused:
        card_api.plug(representor(0, slot(10), mtu=9000))
    assert refused.value.reason == "not_realized"
    assert "could not be brought back" not in refused.value.message
    shown = card_api.get_vif(0)
    assert shown["mtu"] == 1500 and shown["state"] == "up"
    assert interface(card_box, shown["port"])["mtu_request"] == 1500
    flows(first, second, 1400)
    flows(second, first, 1400)


@pytest.mark.parametrize("setting", ["no_mac", "refuse_mac"])
def test_mac_tried_on_a_card_that_cannot(card_box, card_api, guest, setting):
    """With set-vf-mac = try the daemon plugs without the MAC and warns, and the port carries frames."""
    card_box.card_settings(**{setting: "yes"})
    reply = card_api.plug(representor(1, generic_slot(3)))
    assert reply["state"] == "up"
    assert any("dpdk-vf-mac" in warning for warning in reply["warnings"])
    assert "dpdk-vf-mac" not in interface(card_box, reply["port"])["options"]
    one = guest("m", socket_of(3), mac="fa:16:3e:01:00:01")
    wait_until(one.is_connected, 20)


def test_mac_demanded_of_a_card_that_cannot(card_box, configure_card):
    configure_card("[nic generic]\nset-vf-mac = yes\n")
    card_box.card_settings(no_mac="yes")
    before = counts(card_box)
    with Api(card_box.socket) as api, pytest.raises(ApiError) as refused:
        api.plug(representor(1, generic_slot(3)))
    assert refused.value.reason == "not_realized" and "dpdk-vf-mac" in refused.value.detail
    assert counts(card_box) == before


def test_slow_card_beside_a_fast_one(card_box, configure_card):
    """With slow-probe a card's VFs get separate batches, so that other VIFs of the burst do not wait for
    them. (vswitchd itself does one thing after another, and all that it finds at once before it answers; so one
    burst of several must show it.)"""
    configure_card("[nic generic]\nslow-probe = yes\nset-vf-mac = no\n")
    with Api(card_box.socket) as api:
        api.plug(representor(1, slot(4)))
        card_box.card_settings(**{f"probe_delay_ms@{GENERIC}": 3000})
        vifs = {50: representor(50, generic_slot(0)), 10: representor(10, slot(10)),
                11: representor(11, slot(11))}
        for _ in range(4):
            # The slow one first, all in one write, so that they arrive together.
            api.send_raw(b"".join(json.dumps(
                {"jsonrpc": "2.0", "id": n, "method": "plug", "params": {
                    "vif": vif, "instance": {"uuid": INSTANCE}, "timeout_ms": PATIENCE_MS}}).encode() + b"\n"
                for n, vif in vifs.items()))
            replies = api.collect(list(vifs))
            assert all(result(reply)["state"] == "up" for reply in replies.values())
            times = {n: result(replies[n])["timings_ms"]["total"] for n in replies}
            assert times[50] >= 3000
            if max(times[10], times[11]) < 3000:
                return
            for n in vifs:
                api.unplug(vif_id=vif_id(n))
    assert False, times


def test_guests_come_go_and_die(card_box, card_api, guest):
    """The link of the port follows the guest's."""
    def link():
        return card_box.vsctl("get", "Interface", card_api.get_vif(1)["port"], "link_state")

    first, second = two_guests(card_api, guest)
    exchange(first, second, 1000)
    wait_until(lambda: link() == "up", 20, "the link is up")
    second.stop(signal.SIGKILL)
    wait_until(lambda: link() == "down", 20, "the link is down")
    again = guest("again", socket_of(11), mac=second.mac)
    wait_until(again.is_connected, 20)
    flows(first, again, 1000)
    again.stop()
    last = guest("last", socket_of(11), mac=second.mac)
    wait_until(last.is_connected, 20)
    flows(last, first, 1000)


def test_replug_under_running_guests(card_api, guest):
    """Unplug and plug work while both guests stay."""
    first, second = two_guests(card_api, guest)
    card_api.unplug(vif_id(1))
    card_api.plug(representor(1, slot(11)))
    flows(first, second, 1000)


def test_vswitchd_killed_under_running_guests(card_box, card_api, guest):
    """Frames pass again when vswitchd is back, and a replug in between removes nothing."""
    first, second = two_guests(card_api, guest)
    exchange(first, second, 1400)
    card_box.stop("ovs-vswitchd", signal.SIGKILL)
    wait_until(lambda: card_api.call("status")["vswitchd"]["state"] == "dead")
    reply = card_api.plug(representor(0, slot(10)))
    assert reply["changed"] is False and reply["state"] == "unverified"
    card_box.start_vswitchd()
    flows(first, second, 1400)
    flows(second, first, 1400)
    assert card_api.plug(representor(0, slot(10)))["state"] == "up"


class Storm:
    """Plugs and unplugs VFs all the time, over connections that break when the daemon is killed."""

    def __init__(self, box, numbers):
        self.box = box
        self.numbers = numbers
        self.known = {}  # VF number -> plugged or not, if the last reply was a success.
        self.done = 0
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.failure = None

    def _run(self):
        try:
            while not self.stop.is_set():
                try:
                    with Api(self.box.socket, timeout=30) as api:
                        self._requests(api)
                except (OSError, AssertionError):
                    time.sleep(0.01)  # The daemon is away.
        except Exception as error:  # pylint: disable=broad-except
            self.failure = error

    def _requests(self, api):
        while not self.stop.is_set():
            number = self.numbers[self.done % len(self.numbers)]
            plugged = self.known.pop(number, None)
            if plugged:
                api.unplug(vif_id(number))
            else:
                assert api.plug(representor(number, slot(number)))["state"] == "up"
            self.known[number] = not plugged
            self.done += 1


def test_daemon_killed_at_random_instants(card_box, card_api):
    """During a storm of plugs and unplugs: the last acknowledged state exists, every row belongs to a known
    VIF, and every VIF can be plugged and unplugged again."""
    import random
    chance = random.Random(7)
    card_api.plug(representor(0, slot(4)))
    storms = [Storm(card_box, range(10, 16)), Storm(card_box, range(20, 26))]
    for storm in storms:
        storm.thread.start()
    for _ in range(12):
        enough = sum(storm.done for storm in storms) + chance.randrange(1, 12)
        wait_until(lambda: sum(storm.done for storm in storms) >= enough
                   or any(storm.failure for storm in storms), 30, "the storm goes on")
        card_box.stop("vifplugd", signal.SIGKILL)
        card_box.start_vifplugd()
    for storm in storms:
        storm.stop.set()
        storm.thread.join(60)
        assert not storm.thread.is_alive() and storm.failure is None, storm.failure
    card_box.stop("vifplugd", signal.SIGKILL)
    card_box.start_vifplugd()
    with Api(card_box.socket) as api:
        there = {vif["vif_id"]: vif for vif in api.call("list")["vifs"]}
        assert there[vif_id(0)]["state"] == "up"
        for storm in storms:
            for number, plugged in storm.known.items():
                assert (vif_id(number) in there) == plugged, number
        assert set(ports(card_box, "br-int")) == {vif["port"] for vif in there.values()}
        for storm in storms:
            for number in storm.numbers:
                assert api.plug(representor(number, slot(number)))["state"] == "up"
                assert api.unplug(vif_id(number))["changed"] is True
    assert ports(card_box, "br-int") == ["vfr00000000-00"]


def test_replug_does_not_try_the_mac_again(card_box, card_api):
    """A replug of a port that was plugged without dpdk-vf-mac does not try the MAC again, also while vswitchd
    is away: nova-compute replugs all VIFs at its start, and must not disconnect a guest."""
    card_box.card_settings(no_mac="yes")
    first = card_api.plug(representor(1, generic_slot(3)))
    again = card_api.plug(representor(1, generic_slot(3)))
    assert again["changed"] is False and again["ofport"] == first["ofport"]
    assert again["warnings"] == []
    card_box.stop("ovs-vswitchd", signal.SIGKILL)
    wait_until(lambda: card_api.call("status")["vswitchd"]["state"] == "dead")
    away = card_api.plug(representor(1, generic_slot(3)))
    assert away["changed"] is False and away["state"] == "unverified"


def test_replug_for_another_instance_is_no_better(card_box, card_api):
    """The replug of a port with an error fails, also if only external_ids would change, and the row stays."""
    card_box.card_settings(refuse_probe=10)
    card_api.plug(representor(1, slot(10)), wait="committed")
    wait_until(lambda: card_api.get_vif(1)["state"] == "failed")
    for instance in (INSTANCE, "11111111-1111-4111-8111-111111111111"):
        with pytest.raises(ApiError) as refused:
            card_api.plug(representor(1, slot(10)), instance)
        assert refused.value.reason == "not_realized"
        assert interface(card_box, "vfr00000001-00")["external_ids"]["vm-uuid"] == INSTANCE


def test_bridge_of_a_failed_move_goes_again(card_box, card_api):
    card_api.plug(representor(1, slot(10)))
    card_box.card_settings(max_mtu=2000)
    with pytest.raises(ApiError) as refused:
        card_api.plug(representor(1, slot(10), bridge="br-new", mtu=3000))
    assert refused.value.reason == "not_realized"
    assert card_box.vsctl("list-br") == "br-int"
    shown = card_api.get_vif(1)
    assert shown["bridge"] == "br-int" and shown["state"] == "up"


def test_bridge_of_a_failed_batch_goes_again(card_box, card_api):
    """Several plugs that fail at different times on one new bridge leave no bridge."""
    card_box.card_settings(refuse_probe=10)
    vifs = [representor(1, slot(10)), representor(2, slot(11), mtu=9710),
            representor(3, slot(12), mtu=20000)]
    ids = [card_api.send("plug", vif=vif, instance={"uuid": INSTANCE}) for vif in vifs]
    replies = card_api.collect(ids)
    assert all(replies[i]["error"]["data"]["reason"] == "not_realized" for i in ids)
    assert counts(card_box)["Bridge"] == 0


def test_undo_that_is_a_replacement_ends_attached(card_box, configure_card):
    """The undo must remove an added MAC, and vswitchd dies during the undo."""
    configure_card("[nic generic]\nset-vf-mac = yes\n")
    vif = representor(1, generic_slot(3))
    bare = {key: value for key, value in vif.items() if key != "address"}
    with Api(card_box.socket) as api:
        api.plug(bare)
        os.kill(card_box.pid("ovs-vswitchd"), signal.SIGSTOP)
        request = api.send("plug", vif=vif, instance={"uuid": INSTANCE}, timeout_ms=3000)
        wait_until(lambda: interface(card_box, "vfr00000001-00")["type"] == "vifplug-detached")
        card_box.stop("ovs-vswitchd", signal.SIGKILL)
        reply = api.collect([request])[request]
        assert reply["error"]["data"]["retryable"] is True
        card_box.start_vswitchd()
        wait_until(lambda: api.get_vif(1)["state"] == "up")
        row = interface(card_box, "vfr00000001-00")
        assert row["type"] == "dpdk" and "dpdk-vf-mac" not in row["options"]
