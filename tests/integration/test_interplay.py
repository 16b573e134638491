# SPDX-License-Identifier: Apache-2.0
"""Operations, evictions, repairs and other programs that interfere with each other."""

import signal
import socket

import pytest

from api import (INSTANCE, Api, ApiError, hybrid, ovs_vif, representor, result, vhost_user, vif_id,
                 wait_until)
from kernel import ip, links, ours
from ovsdb import counts, interface, ports, table
from test_card import slot

BASE = "[daemon]\nsocket_group = root\n"
EVICT = BASE + "[vif]\non_vf_conflict = evict\n"
REPAIR = BASE + "[ovs]\nrepair = yes\n"
PER_PORT = BASE + "[vif]\nper_port_bridge = yes\n"


def send_plug(api, vif, **params):
    return api.send("plug", vif=vif, instance={"uuid": INSTANCE}, **params)


def port_row(box, name):
    for row in table(box, "Port", ("name", "tag", "vlan_mode", "other_config", "qos")):
        if row["name"] == name:
            return row
    return None


@pytest.fixture(autouse=True)
def no_links_left(whole_box):
    yield
    for name in ours(whole_box):
        ip(whole_box, "link", "delete", name, check=False)


# --- Evictions. ---

def test_unplugged_vif_stays_away(card_box, card_api, configure_card):
    """The VIF's unplug was under way when another VIF claimed its VF and failed; the undo does not restore
    it."""
    card_api.plug(representor(1, slot(10)))
    configure_card(EVICT)
    card_box.card_settings(max_mtu=2000)
    with Api(card_box.socket) as api:
        ids = [api.send("unplug", vif_id=vif_id(1)), send_plug(api, representor(2, slot(10), mtu=9000))]
        replies = api.collect(ids)
        assert result(replies[ids[0]])["changed"] is True
        assert replies[ids[1]]["error"]["data"]["reason"] == "not_realized"
        assert api.call("list")["vifs"] == []


@pytest.mark.parametrize("fails", [False, True], ids=["plugged", "undone"])
def test_eviction_from_a_trunk_bridge(card_box, card_api, configure_card, fails):
    """The bridge stays, with Neutron's patch port and its settings, for the undo, or for the unplug by Nova."""
    vif = representor(1, slot(10), bridge="tbr-1")
    port = card_api.plug(vif)["port"]
    card_box.vsctl("add-port", "tbr-1", "tpt-1", "--", "set", "Interface", "tpt-1", "type=patch",
                   "options:peer=tpi-1", "--", "set", "Bridge", "tbr-1", "external_ids:a=b")
    configure_card(EVICT)
    if fails:
        card_box.card_settings(max_mtu=2000)
    with Api(card_box.socket) as api:
        reply = api.collect([send_plug(api, representor(2, slot(10), mtu=9000))]).popitem()[1]
        assert ports(card_box, "tbr-1") == sorted([port, "tpt-1"] if fails else ["tpt-1"])
        assert card_box.vsctl("get", "Bridge", "tbr-1", "external_ids:a") == "b"
        if fails:
            assert reply["error"]["data"]["reason"] == "not_realized"
        else:
            assert result(reply)["changed"]
            api.call("unplug", vif=vif)
            assert card_box.vsctl("list-br") == "br-int"


@pytest.mark.parametrize("moves", [False, True], ids=["evicted", "moved"])
def test_trunk_bridge_that_could_not_be_made_again_stays(card_box, card_api, configure_card, moves):
    """With create_bridges = no: what fails leaves VIF 1 on its bridge."""
    vif = representor(1, slot(10), bridge="tbr-1")
    port = card_api.plug(vif)["port"]
    card_box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
    configure_card(EVICT + "[ovs]\ncreate_bridges = no\n")
    card_box.card_settings(max_mtu=2000)
    with Api(card_box.socket) as api:
        with pytest.raises(ApiError) as failed:
            api.plug(representor(1 if moves else 2, slot(10), mtu=9000))
        assert failed.value.reason == "not_realized" and "not restored" not in failed.value.message
        assert ports(card_box, "tbr-1") == [port] and ports(card_box, "br-int") == []
        assert api.plug(vif)["changed"] is False


def test_dry_run_of_an_eviction_that_would_wait(card_box, card_api, configure_card):
    card_api.plug(representor(1, slot(10)))
    configure_card(EVICT)
    with Api(card_box.socket) as api:
        ids = [api.send("unplug", vif_id=vif_id(1)),
               send_plug(api, representor(2, slot(10)), dry_run=True)]
        reply = api.collect(ids)[ids[1]]
        assert "result" in reply or reply["error"]["data"]["reason"] == "busy", reply


def test_two_vifs_swap_their_vfs(card_box, card_api, configure_card):
    """Each VIF blocks the other, and neither waits for ever."""
    card_api.plug(representor(1, slot(10)))
    card_api.plug(representor(2, slot(11)))
    configure_card(BASE, "--boot-id=another-boot")
    with Api(card_box.socket) as api:
        ids = [send_plug(api, representor(1, slot(11))), send_plug(api, representor(2, slot(10)))]
        replies = api.collect(ids)
        assert [result(replies[n])["representor"]["vf_num"] for n in ids] == [11, 10]


def test_evicted_vif_comes_back_as_it_was(card_box, card_api, configure_card):
    """The undo restores its limits, and the VLAN from Neutron's agent."""
    port = card_api.plug(representor(1, slot(10), qos={"egress": {"max_kbps": 1000},
                                                       "ingress": {"max_kbps": 2000}}))["port"]
    card_box.vsctl("set", "Port", port, "tag=7", "other_config:net_uuid=n")
    configure_card(EVICT)
    card_box.card_settings(max_mtu=2000)
    with Api(card_box.socket) as api:
        with pytest.raises(ApiError):
            api.plug(representor(2, slot(10), mtu=9000))
        row = port_row(card_box, port)
        assert (row["tag"], row["other_config"]) == (7, {"net_uuid": "n"})
        assert api.get_vif(1)["qos"] == {"egress": {"max_kbps": 1000},
                                         "ingress": {"max_kbps": 2000, "max_burst_kbps": 1600}}


def test_eviction_is_no_drift(card_box, card_api, configure_card):
    card_api.plug(representor(1, slot(10)))
    configure_card(EVICT)
    card_box.card_settings(probe_delay_ms=600)
    with Api(card_box.socket) as api, Api(card_box.socket) as watcher:
        watcher.call("subscribe")
        api.plug(representor(2, slot(10)))
        events = sorted(watcher.receive()["method"] for _ in range(2))
        assert events == ["vif.plugged", "vif.unplugged"]


# --- A VIF with another kind or name. ---

def test_failed_change_of_kind_keeps_limits_and_vlan(card_box, card_api):
    port = card_api.plug(vhost_user(1, qos={"egress": {"max_kbps": 1000}}))["port"]
    card_box.vsctl("set", "Port", port, "tag=7")
    card_box.card_settings(max_mtu=2000)
    with pytest.raises(ApiError):
        card_api.plug(representor(1, slot(10), mtu=9000))
    assert port_row(card_box, port)["tag"] == 7
    assert card_api.get_vif(1)["qos"] == {"egress": {"max_kbps": 1000}}
    card_box.card_settings()
    assert card_api.plug(representor(1, slot(10)))["qos"] == {"egress": {"max_kbps": 1000}}


def test_links_of_the_old_kind_go(box, api):
    """Also if the change was acknowledged at commit and another operation followed immediately."""
    api.plug(hybrid(1))
    ids = [send_plug(api, vhost_user(1), wait="committed"), api.send("unplug", vif_id=vif_id(1))]
    assert all("result" in reply for reply in api.collect(ids).values())
    assert ours(box) == []


def test_change_of_kind_is_no_drift(box, api):
    api.plug(hybrid(1))
    with Api(box.socket) as watcher:
        watcher.call("subscribe")
        api.plug(vhost_user(1))
        wait_until(lambda: ours(box) == [], what="the old kind's links are gone")
        box.wait_seen()
        api.unplug(vif_id(1))
        assert [watcher.receive()["method"] for _ in range(2)] == ["vif.changed", "vif.unplugged"]


def test_dry_run_does_not_end_the_following_of_a_plug(card_box, card_api, configure_card):
    """set-vf-mac = try must see the port fail before it plugs without the MAC."""
    configure_card("[nic napatech]\nset-vf-mac = try\n")
    card_box.card_settings(refuse_mac="yes")
    with Api(card_box.socket) as api:
        ids = [send_plug(api, representor(1, slot(10)), wait="committed"),
               send_plug(api, representor(1, slot(10)), dry_run=True)]
        api.collect(ids)
        wait_until(lambda: api.get_vif(1)["state"] == "up", 15, "the port is up without the MAC")


# --- Separate bridges of a VIF. ---

def test_half_of_a_port_bridge(box, configure):
    """The other side of the port bridge was removed: the VIF can be plugged again, and unplugged."""
    before = counts(box)
    configure(PER_PORT)
    with Api(box.socket) as api, Api(box.socket) as watcher:
        watcher.call("subscribe")
        api.plug(ovs_vif(1, create_tap=True))
        box.vsctl("del-br", "br-int")
        wait_until(lambda: watcher.receive()["params"].get("drift"), what="drift is reported")
        reply = api.plug(ovs_vif(1, create_tap=True))
        assert (reply["changed"], reply["state"]) == (True, "up")
        box.vsctl("del-port", f"ibp{vif_id(1)}")
        assert api.unplug(vif_id(1))["changed"] is True
        box.vsctl("del-br", "br-int")
        assert counts(box) == before


def test_port_bridge_that_was_deleted(box, configure):
    configure(PER_PORT)
    with Api(box.socket) as api, Api(box.socket) as watcher:
        watcher.call("subscribe")
        api.plug(ovs_vif(1, create_tap=True))
        assert watcher.receive()["method"] == "vif.plugged"
        box.vsctl("del-br", f"pb{vif_id(1)[:12]}")
        wait_until(lambda: watcher.receive()["params"].get("drift"), what="drift is reported")
        reply = api.plug(ovs_vif(1, create_tap=True))
        assert (reply["changed"], reply["state"]) == (True, "up")
        assert ports(box, f"pb{vif_id(1)[:12]}") == sorted([f"pbp{vif_id(1)}", "tap1"])


def test_per_port_bridge_is_turned_off(box, configure):
    configure(PER_PORT)
    with Api(box.socket) as api:
        api.plug(ovs_vif(1, create_tap=True))
    configure(BASE)
    with Api(box.socket) as api:
        reply = api.plug(ovs_vif(1, create_tap=True))
        assert (reply["port"], reply["changed"]) == ("tap1", True)
        assert box.vsctl("list-br") == "br-int" and ports(box, "br-int") == ["tap1"]


def test_names_of_a_port_bridge_that_are_taken(box, configure):
    configure(PER_PORT)
    box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev", "--",
              "add-port", "br-int", "tap1", "--", "set", "Interface", "tap1", "type=internal")
    before = counts(box)
    with Api(box.socket) as api:
        with pytest.raises(ApiError) as refused:
            api.plug(ovs_vif(1, create_tap=True))
        assert refused.value.reason == "port_conflict" and "tap1" in refused.value.message
        assert counts(box) == before and ours(box) == []


@pytest.mark.parametrize("bridge", ["br-sys", f"pb{vif_id(1)[:12]}"])
@pytest.mark.parametrize("end", ["unplug", "another name"])
def test_row_that_names_a_bridge_of_others(box, api, bridge, end):
    """Somebody has edited or copied it: the bridge does not go with the VIF."""
    api.plug(ovs_vif(1, create_tap=True))
    box.vsctl("add-br", bridge, "--", "set", "Bridge", bridge, "datapath_type=netdev", "--",
              "add-port", bridge, "sys1", "--", "set", "Interface", "sys1", "type=internal", "--",
              "add-port", bridge, "sys2", "--", "set", "Interface", "sys2", "type=internal", "--",
              "set", "Interface", "tap1", f"external_ids:vifplug-port-bridge={bridge}",
              "external_ids:vifplug-guest-port=sys1")
    if end == "unplug":
        api.unplug(vif_id(1))
    else:
        api.plug(ovs_vif(1, create_tap=True, vif_name="tap9"))
    assert ports(box, bridge) == ["sys1", "sys2"]
    assert "tap1" not in box.vsctl("list-ports", "br-int") if end == "another name" else ours(box) == []


@pytest.mark.parametrize("end", ["unplug", "replug"])
@pytest.mark.parametrize("edit", [("set", "external_ids:vifplug-port-bridge=br-sys"),
                                  ("remove", "external_ids", "vifplug-port-bridge")], ids=["changed", "removed"])
def test_row_that_does_not_name_its_separate_bridge(box, configure, edit, end):
    """Its patch port tells of the bridge, which stays as it is, with its limits, and goes with the VIF."""
    configure(PER_PORT)
    before = counts(box)
    vif = ovs_vif(1, create_tap=True)
    with Api(box.socket) as api:
        port = api.plug({**vif, "qos": {"ingress": {"max_kbps": 2000}}})["port"]
        bridge = box.vsctl("get", "Bridge", f"pb{vif_id(1)[:12]}", "_uuid")
        word, *columns = edit
        box.vsctl(word, "Interface", port, *columns)
        if end == "replug":
            assert api.plug(vif)["changed"] is True
            assert interface(box, port)["external_ids"]["vifplug-port-bridge"] == f"pb{vif_id(1)[:12]}"
            assert box.vsctl("get", "Bridge", f"pb{vif_id(1)[:12]}", "_uuid") == bridge
            assert api.get_vif(1)["qos"]["ingress"]["max_kbps"] == 2000
        api.unplug(vif_id(1))
        box.vsctl("del-br", "br-int")
        assert counts(box) == before and ours(box) == []


def test_port_of_others_on_a_separate_bridge_without_its_patch_port(box, configure):
    """The guest's port is still the VIF's."""
    configure(PER_PORT)
    bridge = f"pb{vif_id(1)[:12]}"
    with Api(box.socket) as api:
        api.plug(ovs_vif(1, create_tap=True))
        box.vsctl("del-port", f"pbp{vif_id(1)}", "--", "add-port", bridge, "span0", "--",
                  "set", "Interface", "span0", "type=internal")
        api.unplug(vif_id(1))
        assert box.vsctl("list-br") == "br-int" and ours(box) == []
        assert api.plug(ovs_vif(1, create_tap=True))["state"] == "up"


# --- Repairs and drift. ---

def test_repaired_port_is_isolated(box, configure):
    """Like any new port that Neutron has not configured yet."""
    configure(REPAIR + "[vif]\nisolate_vif = yes\n")
    with Api(box.socket) as api:
        port = api.plug(vhost_user(1, qos={"egress": {"max_kbps": 1000}}))["port"]
        box.vsctl("del-port", port)
        wait_until(lambda: interface(box, port), what="the port is back")
        assert port_row(box, port)["tag"] == 4095
        wait_until(lambda: api.get_vif(1)["qos"] == {"egress": {"max_kbps": 1000}})


def test_repair_of_links(box, configure):
    configure(REPAIR)
    with Api(box.socket) as api:
        api.plug(hybrid(1, mtu=1300))
        api.plug(ovs_vif(2, create_tap=True))
        ip(box, "link", "delete", "qvb00000001-00")
        ip(box, "link", "delete", "tap2")
        wait_until(lambda: {"qvb00000001-00", "qvo00000001-00", "tap2"} <= set(links(box)), 20,
                   "the links are back")
        assert links(box)["qvo00000001-00"]["mtu"] == 1300
        wait_until(lambda: api.get_vif(1)["state"] == api.get_vif(2)["state"] == "up", 20)


def test_stale_vif_is_not_brought_back(box, api, configure):
    port = api.plug(vhost_user(1))["port"]
    configure(REPAIR, "--boot-id=another-boot")
    with Api(box.socket) as again, Api(box.socket) as watcher:
        watcher.call("subscribe")
        box.vsctl("del-port", port)
        assert watcher.receive()["method"] == "vif.drifted"
        again.plug(vhost_user(2))
        assert ports(box, "br-int") == [again.get_vif(2)["port"]]


def test_drift_while_an_operation_comes_to_nothing(box, api):
    port = api.plug(vhost_user(1))["port"]
    box.stop("ovs-vswitchd", signal.SIGKILL)
    wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead")
    waiting = send_plug(api, vhost_user(1, mtu=1400), timeout_ms=1500)
    box.vsctl("set", "Interface", port, "external_ids:iface-id=x")
    assert api.collect([waiting])[waiting]["error"]["data"]["reason"] == "switch_unavailable"
    wait_until(lambda: api.get_vif(1)["state"] == "drifted", what="the drift is seen")
    box.start_vswitchd()


def test_shared_qos_row_goes_with_the_last_port(box, api):
    """Both ports are in one batch."""
    names = [api.plug(vhost_user(n))["port"] for n in (1, 2)]
    box.vsctl("--id=@q", "create", "QoS", "type=egress-policer", "other_config:cir=1000",
              "other_config:cbs=1000", "--", "set", "Port", names[0], "qos=@q", "--",
              "set", "Port", names[1], "qos=@q")
    api.collect([api.send("unplug", vif_id=vif_id(n)) for n in (1, 2)])
    assert table(box, "QoS", ("_uuid",)) == []


def test_half_closed_subscriber_goes_on(box, api):
    with Api(box.socket, timeout=10) as watcher:
        watcher.call("subscribe")
        watcher.socket.shutdown(socket.SHUT_WR)
        api.plug(vhost_user(1))
        assert watcher.receive()["method"] == "vif.plugged"
