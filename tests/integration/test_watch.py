# SPDX-License-Identifier: Apache-2.0
"""Notifications, drift and repair: other programs change our rows."""

import os
import signal
import socket

import pytest

from api import Api, ApiError, hybrid, ovs_vif, representor, vhost_user, vif_id, wait_until
from kernel import ip, links
from ovsdb import interface
from test_card import slot
from test_counts import Metrics


class Watcher:
    """A subscriber: events as (method, params)."""

    def __init__(self, box):
        self.api = Api(box.socket, timeout=15)
        assert self.api.call("subscribe")["subscribed"] is True

    def next(self):
        line = self.api.receive()
        assert line is not None and "id" not in line and line["jsonrpc"] == "2.0"
        assert line["params"].pop("event") > 0 and line["params"].pop("time")
        return line["method"], line["params"]

    def expect(self, method, **members):
        """Checks that the next event is this one, with these members of its params, and returns it."""
        event, params = self.next()
        assert event == method, (event, params)
        for key, value in members.items():
            assert params.get(key) == value, (key, params)
        return params

    def expect_drift(self, field, expected, found):
        params = self.expect("vif.drifted")
        assert {"field": field, "expected": expected, "found": found} in params["drift"], params
        return params

    def nothing(self, seconds=0.8):
        self.api.socket.settimeout(seconds)
        try:
            line = self.api.socket.recv(65536)
        except socket.timeout:
            line = b""
        finally:
            self.api.socket.settimeout(15)
        assert line == b"", line


@pytest.fixture
def watcher(box):
    one = Watcher(box)
    yield one
    one.api.close()


@pytest.fixture
def card_watcher(card_box):
    one = Watcher(card_box)
    yield one
    one.api.close()


def test_operations_are_told(api, watcher):
    api.plug(vhost_user(1))
    watcher.expect("vif.plugged", vif_id=vif_id(1), state="up")
    api.plug(vhost_user(1))
    api.plug(vhost_user(1, mtu=1400))
    watcher.expect("vif.changed", vif_id=vif_id(1))
    api.call("update", vif_id=vif_id(1), mtu=1300)
    watcher.expect("vif.changed", vif_id=vif_id(1))
    api.unplug(vif_id(1))
    assert watcher.expect("vif.unplugged") == {"vif_id": vif_id(1)}
    api.unplug(vif_id(1))
    watcher.nothing()


def test_end_of_a_committed_plug_is_told(api, watcher):
    """The plug is acknowledged at commit; the notification that vswitchd failed comes later."""
    api.plug(representor(1, "0000:65:01.2"), wait="committed")
    watcher.expect("vif.failed", vif_id=vif_id(1), operation="plug", reason="not_realized")
    params = watcher.expect("vif.changed", vif_id=vif_id(1), state="failed")
    assert "Error attaching device" in params["error"]


def test_plug_beside_a_dead_switch_is_told_later(box, api, watcher):
    """vif.plugged comes once ovs-vswitchd has the port, not at the commit."""
    box.stop("ovs-vswitchd", signal.SIGKILL)
    watcher.expect("switch.down", what="vswitchd")
    assert api.plug(vhost_user(1), wait="committed")["state"] == "committed"
    box.start_vswitchd()
    watcher.expect("switch.up", what="vswitchd")
    watcher.expect("vif.plugged", vif_id=vif_id(1), state="up")
    assert api.plug(vhost_user(1))["changed"] is False
    watcher.nothing()


def test_switch_down_and_up(box, watcher):
    box.stop("ovs-vswitchd", signal.SIGKILL)
    watcher.expect("switch.down", what="vswitchd")
    box.start_vswitchd()
    watcher.expect("switch.up", what="vswitchd")
    box.stop("ovsdb-server", signal.SIGKILL)
    watcher.expect("switch.down", what="ovsdb")
    box.start_ovsdb()
    watcher.expect("switch.up", what="ovsdb")


@pytest.mark.parametrize("command, field, expected, found", [
    (("set", "Interface", "PORT", "mtu_request=1400"), "mtu_request", "1500", "1400"),
    (("set", "Interface", "PORT", "external_ids:iface-id=x"), "external_ids:iface-id", vif_id(1), "x"),
    (("remove", "Interface", "PORT", "external_ids", "attached-mac"), "external_ids:attached-mac",
     "fa:16:3e:00:00:01", ""),
    (("set", "Interface", "PORT", "options:vhost-server-path=/x"), "options:vhost-server-path",
     "/usr/local/var/run/vhost1", "/x"),
    (("set", "Interface", "PORT", "type=internal"), "type", "dpdkvhostuserclient", "internal"),
    (("del-port", "PORT"), "port", "vhu00000001-00", ""),
])
def test_drift_is_told(box, api, watcher, command, field, expected, found):
    port = api.plug(vhost_user(1))["port"]
    watcher.expect("vif.plugged")
    box.vsctl(*[port if word == "PORT" else word for word in command])
    params = watcher.expect_drift(field, expected, found)
    if field == "port":
        assert (params["vif_id"], params["state"]) == (vif_id(1), "missing")
        assert api.get_vif(1)["state"] == "missing" and api.get_vif(1)["drift"] == params["drift"]
    else:
        assert (params["vif_id"], params["state"]) == (vif_id(1), "drifted")
        assert api.get_vif(1)["state"] == "drifted" and api.get_vif(1)["drift"] == params["drift"]
        assert api.plug(vhost_user(1))["state"] == "up", "a plug puts it right"
        watcher.expect("vif.changed", state="up")


def test_port_moved_to_another_bridge(box, api, watcher):
    """This changes none of the port's own rows."""
    port = api.plug(vhost_user(1))["port"]
    watcher.expect("vif.plugged")
    uuid = box.vsctl("get", "Port", port, "_uuid")
    box.vsctl("add-br", "br-other", "--", "set", "Bridge", "br-other", "datapath_type=netdev", "--",
              "remove", "Bridge", "br-int", "ports", uuid, "--", "add", "Bridge", "br-other",
              "ports", uuid)
    watcher.expect_drift("bridge", "br-int", "br-other")


def test_others_rights(box, api, watcher):
    """What Neutron's agent and OVN write to our rows is not drift."""
    port = api.plug(vhost_user(1))["port"]
    watcher.expect("vif.plugged")
    box.vsctl("set", "Port", port, "tag=7", "other_config:tag=7", "--",
              "set", "Interface", port, "other_config:x=y", "external_ids:ovn-installed=true",
              "ingress_policing_rate=1000", "external_ids:trunk_id=t")
    watcher.nothing()
    assert api.get_vif(1)["state"] == "up"


def test_drift_that_ends_is_told(box, api, watcher):
    port = api.plug(vhost_user(1))["port"]
    watcher.expect("vif.plugged")
    box.vsctl("set", "Interface", port, "mtu_request=1400")
    watcher.expect_drift("mtu_request", "1500", "1400")
    box.vsctl("set", "Interface", port, "mtu_request=1500")
    watcher.expect("vif.changed", state="up")


def test_drift_outlasts_a_plug_that_is_undone(box, api, watcher):
    """The undo restores the row that it found, with the other program's change."""
    port = api.plug(vhost_user(1))["port"]
    watcher.expect("vif.plugged")
    box.vsctl("set", "Interface", port, "mtu_request=1400")
    watcher.expect_drift("mtu_request", "1500", "1400")
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        with pytest.raises(ApiError) as refused:
            api.plug(vhost_user(1, mtu=1300), timeout_ms=1000)
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    assert refused.value.reason == "timeout"
    watcher.expect("vif.failed", operation="plug", reason="timeout")
    wait_until(lambda: api.call("ops")["n_under_way"] == 0)
    assert interface(box, port)["mtu_request"] == 1400
    assert api.get_vif(1)["state"] == "drifted"
    assert api.plug(vhost_user(1))["state"] == "up"
    watcher.expect("vif.changed", state="up")


REPAIR = "[daemon]\nsocket_group = root\n[ovs]\nrepair = yes\n"


def test_repair(box, configure):
    configure(REPAIR)
    with Api(box.socket) as api:
        port = api.plug(vhost_user(1))["port"]
        watcher = Watcher(box)
        box.vsctl("set", "Interface", port, "mtu_request=1400", "external_ids:iface-id=x",
                  "external_ids:theirs=1")
        watcher.expect("vif.drifted")
        watcher.expect("vif.changed", state="up")
        row = interface(box, port)
        assert row["mtu_request"] == 1500 and row["external_ids"]["iface-id"] == vif_id(1)
        assert row["external_ids"]["theirs"] == "1"
        box.vsctl("del-port", port)
        watcher.expect_drift("port", port, "")
        watcher.expect("vif.changed", state="up")
        assert interface(box, port)["external_ids"]["iface-id"] == vif_id(1)
        watcher.api.close()


def test_no_repair_of_a_port_that_another_has_taken_over(box, configure):
    """libvirt makes another row with the same iface-id: the daemon does not make its port again."""
    configure(REPAIR)
    with Api(box.socket) as api:
        api.plug(ovs_vif(1))
        watcher = Watcher(box)
        box.vsctl("del-port", "tap1", "--", "add-port", "br-int", "tap1", "--", "set", "Interface",
                  "tap1", "type=internal", f"external_ids:iface-id={vif_id(1)}")
        watcher.expect_drift("port", "tap1", "")
        watcher.nothing(1.5)
        assert "vifplug-owner" not in interface(box, "tap1")["external_ids"]
        watcher.api.close()


def test_repair_gives_up(box, configure):
    """After three repairs the daemon leaves the other program's change."""
    configure(REPAIR)
    with Api(box.socket) as api:
        port = api.plug(vhost_user(1))["port"]

        def insist():
            if interface(box, port)["mtu_request"] != 1400:
                box.vsctl("set", "Interface", port, "mtu_request=1400")
            with open(f"{box.log}/vifplugd.log", encoding="utf-8") as log:
                return "repaired 3 times in vain" in log.read()
        wait_until(insist, 30, "the daemon gives up")
        wait_until(lambda: api.get_vif(1)["state"] == "drifted")
        assert interface(box, port)["mtu_request"] == 1400


def test_error_that_comes_later(card_box, card_api, card_watcher):
    """The card's driver refuses after vswitchd was started again; later it works again."""
    card_api.plug(representor(1, slot(10)))
    card_watcher.expect("vif.plugged")
    card_box.card_settings(refuse_probe=10)
    card_box.stop("ovs-vswitchd", signal.SIGKILL)
    card_watcher.expect("switch.down", what="vswitchd")
    card_box.start_vswitchd()
    card_watcher.expect("switch.up", what="vswitchd")
    params = card_watcher.expect("vif.drifted", vif_id=vif_id(1), state="failed")
    assert params["drift"][0]["field"] == "error"
    card_box.card_settings()
    card_box.vsctl("add-br", "br-again", "--", "set", "Bridge", "br-again", "datapath_type=netdev")
    card_watcher.expect("vif.changed", state="up")


def test_hybrid_link_that_goes(box, api, watcher):
    api.plug(hybrid(1))
    watcher.expect("vif.plugged")
    ip(box, "link", "delete", "qvb00000001-00")
    params = watcher.expect("vif.drifted", vif_id=vif_id(1))
    assert params["drift"][0]["field"] in ("link", "error")
    assert api.plug(hybrid(1))["changed"] is True
    assert "qvb00000001-00" in links(box)
    api.unplug(vif_id(1))


@pytest.mark.parametrize("commands,found", [
    (["link delete tap1"], ["link", "tap1", ""]),
    (["link set tap1 down", "link set tap1 name other1"], ["link", "tap1", ""]),
    (["link delete tap1", "tuntap add tap1 mode tap"], ["link", "tap1", "a link that is not this VIF's"]),
    (["link delete qbr00000002-00"], ["link", "qbr00000002-00", ""]),
    (["link set qvb00000002-00 nomaster"], ["link:qvb00000002-00:master", "qbr00000002-00", ""]),
])
def test_links_that_others_change(box, api, watcher, commands, found):
    """get and list say what the notification said, until the next plug."""
    vifs = [ovs_vif(1, create_tap=True), hybrid(2)]
    for vif in vifs:
        assert api.plug(vif)["state"] == "up"
        watcher.expect("vif.plugged")
    os.kill(box.pid("vifplugd"), signal.SIGSTOP)  # So that it sees what all commands make, not each.
    try:
        for command in commands:
            ip(box, *command.split())
    finally:
        os.kill(box.pid("vifplugd"), signal.SIGCONT)
    n = 1 if "tap1" in found else 2
    assert watcher.expect("vif.drifted", vif_id=vif_id(n))["drift"][0] == dict(
        zip(("field", "expected", "found"), found))
    for vif in (api.get_vif(n), {vif["vif_id"]: vif for vif in api.call("list")["vifs"]}[vif_id(n)]):
        assert vif["state"] == "drifted"
        assert [vif["drift"][0][key] for key in ("field", "expected", "found")] == found
    assert api.get_vif(3 - n)["state"] == "up"
    ip(box, "link", "delete", "other1", check=False)
    if found[2].startswith("a link"):
        ip(box, "link", "delete", "tap1")
    assert api.plug(vifs[n - 1])["changed"] is True
    wait_until(lambda: api.get_vif(n)["state"] == "up", what="the VIF is as it was")
    assert not {"tap1", "qbr00000002-00", "qvb00000002-00"} - set(links(box))
    for vif in vifs:
        api.unplug(vif_id(vifs.index(vif) + 1))


def test_link_that_gets_another_alias(box, api, watcher):
    api.plug(ovs_vif(1, create_tap=True))
    watcher.expect("vif.plugged")
    watcher.nothing()  # The checks after the plug are over.
    ip(box, "link", "set", "tap1", "alias", "vpn")
    assert watcher.expect_drift("link", "tap1", "a link that is not this VIF's")["vif_id"] == vif_id(1)
    ip(box, "link", "set", "tap1", "alias", f"vifplugd:{vif_id(1)}")
    watcher.expect("vif.changed", vif_id=vif_id(1), state="up")
    api.unplug(vif_id(1))
    assert "tap1" not in links(box)


def test_link_that_goes_while_the_daemon_is_stopped(box, api):
    api.plug(hybrid(1))
    box.stop("vifplugd")
    ip(box, "link", "delete", "qbr00000001-00")
    box.start_vifplugd()
    with Api(box.socket) as again:
        wait_until(lambda: again.get_vif(1)["state"] == "drifted", what="the loss is seen")
        assert again.plug(hybrid(1))["changed"] is True
        wait_until(lambda: again.get_vif(1)["state"] == "up", what="the VIF is as it was")
        again.unplug(vif_id(1))


@pytest.mark.parametrize("per_port_bridge", [False, True])
@pytest.mark.parametrize("repair", [False, True])
def test_tap_that_goes_while_the_daemon_is_stopped(box, configure, per_port_bridge, repair):
    """Only the row can tell then that vifplugd made the tap, with which MAC, MTU and queues."""
    vif = ovs_vif(1, create_tap=True, multiqueue=True, mtu=1450)
    settings = f"[vif]\nper_port_bridge = {'yes' if per_port_bridge else 'no'}\n"
    configure(settings)
    with Api(box.socket) as api:
        assert api.plug(vif)["state"] == "up"
        before = links(box)["tap1"]
        assert api.plug(vif)["changed"] is False
    box.stop("vifplugd")
    ip(box, "link", "delete", "tap1")
    box.stop("ovs-vswitchd")
    box.start_vswitchd()
    wait_until(lambda: "No such device" in interface(box, "tap1")["error"], what="vswitchd misses the tap")
    configure(settings + f"[ovs]\nrepair = {'yes' if repair else 'no'}\n")
    with Api(box.socket) as api:
        if repair:
            wait_until(lambda: "tap1" in links(box) and api.get_vif(1)["state"] == "up", what="the repair")
            assert {key: links(box)["tap1"][key] for key in ("address", "mtu", "linkinfo")} == {
                key: before[key] for key in ("address", "mtu", "linkinfo")}
            return
        wait_until(lambda: api.get_vif(1)["state"] == "drifted", what="the loss is seen")
        assert [api.get_vif(1)["drift"][0][key] for key in ("field", "expected", "found")] == ["link", "tap1", ""]
        assert Metrics(api).value("vifplug_vif_events_total", event="drifted") == 1
        assert api.plug(vif)["changed"] is True
        wait_until(lambda: api.get_vif(1)["state"] == "up", what="the VIF is as it was")
        api.unplug(vif_id(1))
        assert "tap1" not in links(box)


def test_slow_subscriber_is_closed_and_delays_nobody(box, api, watcher):
    """Each notification is about 100 kB long, with what another program has written to the Interface row. One
    subscriber reads nothing: the daemon closes it between 1 MiB and what sockets hold more. The other gets all."""
    def subscribers():
        return api.call("status")["counters"]["subscribers"]

    port = api.plug(vhost_user(1))["port"]
    watcher.expect("vif.plugged")
    box.vsctl("set", "Interface", port, f"external_ids:theirs={'x' * 100_000}")
    with Api(box.socket) as slow:
        assert slow.call("subscribe")["subscribed"] is True
        assert subscribers() == 2
        since = os.path.getsize(f"{box.log}/vifplugd.log")
        sent = 0
        while subscribers() == 2 and sent < 40:
            api.call("update", vif_id=vif_id(1), mtu=1400 + sent)
            watcher.expect("vif.changed", vif_id=vif_id(1))
            sent += 1
        assert 11 <= sent < 40, "1 MiB, and what the sockets hold"
        assert subscribers() == 1
        with open(f"{box.log}/vifplugd.log", encoding="utf-8") as log:
            log.seek(since)
            assert "closed, because it does not read its notifications" in log.read()
        left = len(b"".join(iter(lambda: slow.socket.recv(1 << 20), b"")))
        assert left < (sent - 10) * 100_000, "the end of the stream comes before the unread notifications"
    api.unplug(vif_id(1))
    watcher.expect("vif.unplugged", vif_id=vif_id(1))
