# SPDX-License-Identifier: Apache-2.0
"""VIFs of an earlier boot: listed, reaped, evicted; and the owners of VFs."""

import pytest

from api import Api, ApiError, hybrid, representor, vhost_user, vif_id, wait_until
from difference import read_links, read_tables, without_status
from kernel import ours
from ovsdb import interface, ports
from test_card import slot

CONFIG = "[daemon]\nsocket_group = root\n"


def states(api):
    return {vif["vif_id"]: vif["state"] for vif in api.call("list")["vifs"]}


def rows_and_links(box):
    """What vifplugd may write: OVSDB's tables, and the sandbox's links."""
    return ({table: [without_status(row) for row in rows] for table, rows in read_tables(box).items()},
            read_links(box))


def test_reap_removes_what_is_stale(box, api, configure):
    for n in (1, 2, 3):
        api.plug(vhost_user(n))
    configure(CONFIG, "--boot-id=another-boot")
    with Api(box.socket) as again:
        again.plug(vhost_user(2))
        again.plug(vhost_user(4))
        assert states(again) == {vif_id(1): "stale", vif_id(2): "up", vif_id(3): "stale",
                                 vif_id(4): "up"}
        with pytest.raises(ApiError) as refused:
            again.call("reap", vif_ids=[vif_id(1), vif_id(2)])
        assert refused.value.reason == "invalid_request" and vif_id(2) in refused.value.message
        assert len(ports(box, "br-int")) == 4, "nothing went"
        assert again.call("reap", vif_ids=[vif_id(1)]) == {"removed": [vif_id(1)], "kept": [], "warnings": []}
        assert again.call("reap") == {"removed": [vif_id(3)], "kept": [], "warnings": []}
        assert again.call("reap") == {"removed": [], "kept": [], "warnings": []}
        assert sorted(states(again)) == [vif_id(2), vif_id(4)]
        done = box.vifctl("reap", "--all")
        assert done.returncode == 0


def test_dry_run_of_a_reap_removes_nothing(box, api, configure):
    """It says what the reap does, links included."""
    api.plug(vhost_user(1))
    api.plug(hybrid(2))
    configure(CONFIG, "--boot-id=another-boot")
    before = rows_and_links(box)
    assert len(ours(box)) == 3
    with Api(box.socket) as again:
        again.plug(vhost_user(3))
        again.unplug(vif_id(3))
        for params in ({}, {"vif_ids": [vif_id(2)]}):
            dry = again.call("reap", dry_run=True, **params)
            plans = {plan["vif_id"]: plan["operations"] for plan in dry["plans"]}
            assert list(plans) == dry["removed"] and set(plans) == set(params.get("vif_ids", states(again)))
            assert f"delete Port qvo{vif_id(2)[:11]} from Bridge br-int" in plans[vif_id(2)]
            assert f"delete link qbr{vif_id(2)[:11]}" in plans[vif_id(2)]
            assert len([step for step in plans[vif_id(2)] if step.startswith("delete link")]) == 2
            dry = again.call("unplug", vif_id=vif_id(2), dry_run=True)
            assert dry["plan"]["operations"] == plans[vif_id(2)]
        done = box.vifctl("--dry-run", "reap")
        assert done.returncode == 0 and f"delete link qbr{vif_id(2)[:11]}" in done.stdout
        assert set(states(again).values()) == {"stale"}
        assert rows_and_links(box) == before
        assert box.vifctl("reap", check=False).returncode == 2
        assert set(again.call("reap")["removed"]) == {vif_id(1), vif_id(2)}
    assert ours(box) == []


def test_reap_keeps_what_a_guest_uses(card_box, card_api, configure_card, guest):
    """A guest on a card's socket, one on a port of ovs-vswitchd, a tap that is open; others go."""
    card_api.plug(representor(1, slot(10)))
    card_api.plug(representor(2, slot(11)))
    card_api.plug(vhost_user(3))
    card_api.plug(vhost_user(4))
    guest("a", "/usr/local/var/run/stdvio10")
    guest("b", "/usr/local/var/run/vhost3")
    configure_card(CONFIG, "--boot-id=another-boot")
    with Api(card_box.socket) as again:
        def used():
            dry = again.call("reap", dry_run=True)
            return dry if len(dry["kept"]) == 2 else None
        dry = wait_until(used, what="both guests are connected")
        assert {kept["vif_id"]: kept["why"] for kept in dry["kept"]} == {
            vif_id(1): "a guest is connected to /usr/local/var/run/stdvio10",
            vif_id(3): "a guest is connected to /usr/local/var/run/vhost3"}
        done = again.call("reap")
        assert sorted(done["removed"]) == sorted([vif_id(2), vif_id(4)])
        assert done["kept"] == dry["kept"]
        assert states(again) == {vif_id(1): "stale", vif_id(3): "stale"}
        text = card_box.vifctl("reap", "--all").stdout
        assert "a guest is connected to /usr/local/var/run/vhost3" in text
        assert again.call("reap", vif_ids=[vif_id(3)])["removed"] == [vif_id(3)], "it is named"


def test_stale_vif_is_evicted_by_a_plug_of_its_vf(card_box, card_api, configure_card):
    old = card_api.plug(representor(1, slot(10)))["port"]
    configure_card(CONFIG, "--boot-id=another-boot")
    with Api(card_box.socket) as again, Api(card_box.socket) as watcher:
        watcher.call("subscribe")
        plan = again.plug(representor(2, slot(10)), dry_run=True)["plan"]
        assert f"delete Port {old} of VIF {vif_id(1)}" in plan["operations"]
        reply = again.plug(representor(2, slot(10)))
        assert reply["state"] == "up"
        assert ports(card_box, "br-int") == [reply["port"]]
        events = [(line["method"], line["params"]["vif_id"])
                  for line in (watcher.receive(), watcher.receive())]
        assert sorted(events) == [("vif.plugged", vif_id(2)), ("vif.unplugged", vif_id(1))]


def test_evicted_vif_comes_back_if_the_plug_fails(card_box, card_api, configure_card):
    old = card_api.plug(representor(1, slot(10)))["port"]
    before = interface(card_box, old)
    configure_card(CONFIG, "--boot-id=another-boot")
    card_box.card_settings(max_mtu=2000)
    with Api(card_box.socket) as again:
        with pytest.raises(ApiError) as refused:
            again.plug(representor(2, slot(10), mtu=9000))
        assert refused.value.reason == "not_realized"
        assert ports(card_box, "br-int") == [old]
        after = interface(card_box, old)
        for column in ("type", "options", "external_ids", "mtu_request"):
            assert after[column] == before[column]


def test_vif_of_this_boot_is_evicted_only_if_so_configured(card_box, card_api, configure_card):
    card_api.plug(representor(1, slot(10)))
    with pytest.raises(ApiError) as refused:
        card_api.plug(representor(2, slot(10)))
    assert refused.value.reason == "vf_in_use" and vif_id(1) in refused.value.message
    configure_card(CONFIG + "[vif]\non_vf_conflict = evict\n")
    with Api(card_box.socket) as again:
        assert again.plug(representor(2, slot(10)))["state"] == "up"
        assert list(states(again)) == [vif_id(2)]


def test_port_that_is_not_ours_is_never_evicted(card_box, card_api, configure_card):
    port = card_api.plug(representor(1, slot(10)))["port"]
    configure_card(CONFIG + "[vif]\non_vf_conflict = evict\n", "--boot-id=another-boot")
    card_box.vsctl("remove", "Interface", port, "external_ids", "vifplug-owner")
    with Api(card_box.socket) as again:
        with pytest.raises(ApiError) as refused:
            again.plug(representor(2, slot(10)))
        assert refused.value.reason == "vf_in_use" and port in refused.value.message
        assert ports(card_box, "br-int") == [port]


def test_nics(card_box, card_api):
    """Each VF shows its user: a VIF, or a port of another program."""
    card_api.plug(representor(1, slot(10)))
    card_box.vsctl("add-port", "br-int", "theirs", "--", "set", "Interface", "theirs", "type=dpdk",
                   "options:dpdk-devargs=0000:65:00.0,representor=[11]")
    nics = {nic["pf"]: nic for nic in card_api.call("nics")["nics"]}
    assert {pf: nic["profile"] for pf, nic in nics.items()} == {
        "0000:65:00.0": "napatech", "0000:b3:00.0": "generic"}
    vfs = {vf["vf_num"]: vf for vf in nics["0000:65:00.0"]["vfs"]}
    assert len(vfs) == 40
    assert vfs[10]["vif_id"] == vif_id(1) and vfs[10]["vf"] == slot(10)
    assert vfs[10]["devargs"] == "0000:65:00.0,representor=[10]"
    assert vfs[10]["vhost_user"] == {"path": "/usr/local/var/run/stdvio10", "mode": "server"}
    assert vfs[11]["port"] == "theirs" and "vif_id" not in vfs[11]
    assert "vif_id" not in vfs[12] and "port" not in vfs[12] and "problem" not in vfs[12]
    text = card_box.vifctl("nics").stdout
    assert "profile napatech" in text and vif_id(1) in text and "theirs" in text


def test_nics_tell_of_two_cards_with_one_socket(card_box, configure_card):
    configure_card(CONFIG + "[nic generic]\nvhost-socket = /usr/local/var/run/stdvio{vf}\n")
    with Api(card_box.socket) as api:
        vfs = {(nic["profile"], vf["vf_num"]): vf
               for nic in api.call("nics")["nics"] for vf in nic["vfs"]}
        assert "stdvio10" in vfs[("napatech", 10)]["problem"]
        assert "problem" in vfs[("generic", 10)]
        with pytest.raises(ApiError) as refused:
            api.plug(representor(1, slot(10)))
        assert refused.value.reason == "socket_mismatch"
