# SPDX-License-Identifier: Apache-2.0
"""fail_mode of bridges that plugs create, and its effect on frames.

The tests do not wait to see that no frame passes: Open vSwitch's counters show when the bridge has looked
frames up in its flow table, and none of them has arrived by then.
"""

import json
import os
import re
import signal
import subprocess

import pytest

from api import (INSTANCE, Api, ApiError, hybrid, ovs_vif, representor, result, vhost_user, vif_id,
                 wait_until)
from kernel import frames, ip, links, names
from ovsdb import counts, interface, ports, table
from test_card import exchange, flows, slot, two_guests

CONFIG = "[daemon]\nsocket_group = root\n[ovs]\nfail_mode = {}\n"
REMOTE = "ovn-remote=tcp:192.0.2.1:6642"
OTHER = ("--", "add-br", "br-tun", "--", "set", "Bridge", "br-tun", "datapath_type=netdev")

# Sends frames on one link; after a line on stdin, prints how many have arrived at another link. (The
# kernel sends its own frames on both.)
PROBE = """
import socket, sys
out, into, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
frame = bytes.fromhex("ffffffffffff" "020000000001" "88b5") + b"vifplug".ljust(100)
receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
receiver.bind((into, 0x88b5))
receiver.setblocking(False)
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind((out, 0))
for _ in range(count):
    sender.send(frame)
print("sent", flush=True)
sys.stdin.readline()
seen = 0
try:
    while True:
        seen += receiver.recv(2000)[14:21] == b"vifplug"
except BlockingIOError:
    print(seen)
"""


@pytest.fixture(autouse=True)
def no_links_left(request):
    """Removes links that the test itself made, in addition to those of its VIFs."""
    if "box" not in request.fixturenames:
        yield
        return
    box = request.getfixturevalue("box")
    before = set(links(box))
    yield
    for name in set(links(box)) - before:
        ip(box, "link", "delete", name, check=False)


@pytest.fixture
def ovn(request):
    """Writes external_ids of Open_vSwitch, and removes OVN's keys after the test."""
    box = request.getfixturevalue("card_box" if "card_box" in request.fixturenames else "box")

    def forget():
        for key in table(box, "Open_vSwitch", ("external_ids",))[0]["external_ids"]:
            if key.startswith("ovn-") or key == "system-id":
                box.vsctl("remove", "Open_vSwitch", ".", "external_ids", key)

    def write(*pairs):
        forget()
        if pairs:
            box.vsctl("set", "Open_vSwitch", ".",
                      *(f'external_ids:{key}="{value}"' for key, value in
                        (pair.split("=", 1) for pair in pairs)))
    yield write
    forget()


def fail_mode(box, bridge="br-int"):
    """Returns the column's value; "" for none."""
    return {row["name"]: row["fail_mode"] or ""
            for row in table(box, "Bridge", ("name", "fail_mode"))}[bridge]


def flow_actions(box, bridge="br-int"):
    """Returns None while a newly started ovs-vswitchd does not serve the bridge yet."""
    dump = box.command("ovs-ofctl", "dump-flows", bridge, check=False)
    return re.findall(r"actions=(\S+)", dump.stdout) if dump.returncode == 0 else None


def looked_up(box, bridge="br-int"):
    """Returns how many frames the bridge has looked up in its first flow table."""
    text = box.command("ovs-ofctl", "dump-tables", bridge).stdout
    return int(re.search(r"table 0.*?lookup=(\d+)", text, re.DOTALL).group(1))


def warning_of(reply, bridge="br-int"):
    """Returns the one warning of a reply whose plug creates the bridge; None if there is none."""
    found = [text for text in reply["warnings"] if text.startswith(f"Bridge {bridge} was missing")]
    assert len(found) <= 1
    return found[0] if found else None


def two_hybrids(api, **members):
    """Plugs two VIFs on a bridge that the first creates; returns their replies."""
    return [api.plug(hybrid(n, **members)) for n in (1, 2)]


def end_of(box, n):
    """Returns the link of a hybrid VIF that its guest would use."""
    return names(box, vif_id(n))[0]


def assert_shut(box, out, into, count=10):
    """The bridge receives frames that are sent on link `out`, and none arrives at link `into`."""
    assert flow_actions(box) == []
    before = looked_up(box)
    with subprocess.Popen(box.inside(["/usr/bin/python3", "-c", PROBE, out, into, str(count)]),
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as probe:
        assert probe.stdout.readline() == "sent\n"
        wait_until(lambda: looked_up(box) >= before + count, what="the switch takes the frames")
        assert probe.communicate("now\n", timeout=30)[0] == "0\n"


def assert_hybrids_shut(box):
    assert_shut(box, end_of(box, 1), end_of(box, 2))


# --- No controller. ---

def test_a_host_without_a_controller_forwards(box, api):
    first, second = two_hybrids(api)
    assert frames(box, end_of(box, 1), end_of(box, 2)) == 3
    assert fail_mode(box) == "" and flow_actions(box) == ["NORMAL"]
    warning = warning_of(first)
    assert "no fail_mode (standalone)" in warning and "OVSDB shows no controller" in warning
    assert "between all its ports at once" in warning
    assert second["warnings"] == [], "the bridge was there"
    assert api.plug(hybrid(1))["warnings"] == []


def test_a_misspelt_bridge(box, api):
    """vifctl shows that it was created. It outlives its VIF, as OVN's and Neutron's bridges must."""
    def bridges():
        return box.vsctl("list-br").split()

    assert bridges() == []
    vif = json.dumps(hybrid(1, bridge="br-nit", datapath_type="netdev"))
    for options in (["--dry-run"], []):
        done = box.vifctl("--instance=00000000-0000-4000-8000-0000000000aa", *options, "plug", "-", stdin=vif)
        assert "vifctl: warning: Bridge br-nit was missing and is created" in done.stderr
    assert bridges() == ["br-nit"]
    assert box.vifctl("unplug", vif_id(1)).stderr == ""
    assert bridges() == ["br-nit"] and ports(box, "br-nit") == []
    assert api.plug(hybrid(1, bridge="br-nit", datapath_type="netdev"))["warnings"] == []


def test_guests_without_a_controller(card_api, guest):
    exchange(*two_guests(card_api, guest), 1000)


# --- A controller. ---

@pytest.mark.parametrize("ids, bridge, reason", [
    ([REMOTE], None, "OVN's integration bridge"),
    ([REMOTE, "ovn-bridge=br-int"], None, "OVN's integration bridge"),
    (["system-id=hv1", "ovn-remote-hv1=tcp:192.0.2.1:6642", "ovn-bridge=br-ovn",
      "ovn-bridge-hv1=br-int"], None, "OVN's integration bridge"),
    ([], ("fail_mode=secure",), "bridge br-tun has a controller or fail_mode=secure"),
    ([], ("--", "set-controller", "br-tun", "tcp:127.0.0.1:6633"),
     "bridge br-tun has a controller or fail_mode=secure"),
])
def test_nothing_passes_before_the_controller(box, api, ovn, ids, bridge, reason):
    ovn(*ids)
    if bridge:
        box.vsctl(*OTHER, *bridge)
    first, second = two_hybrids(api)
    assert (first["state"], second["state"]) == ("up", "up")
    assert fail_mode(box) == "secure"
    warning = warning_of(first)
    assert "fail_mode=secure" in warning and reason in warning
    assert "no frames until" in warning and "set-fail-mode br-int standalone" in warning
    assert second["warnings"] == []
    assert_hybrids_shut(box)
    box.command("ovs-ofctl", "add-flow", "br-int", "actions=NORMAL")
    assert frames(box, end_of(box, 1), end_of(box, 2)) == 3


def test_advice_of_the_warning(box, api, ovn):
    """If no controller programs the bridge, the command in the warning makes it forward."""
    ovn(REMOTE)
    first, _ = two_hybrids(api)
    command = re.search(r"run ovs-vsctl (.*)\.$", warning_of(first)).group(1)
    box.vsctl(*command.split())
    assert frames(box, end_of(box, 1), end_of(box, 2)) == 3
    assert api.plug(hybrid(1))["changed"] is False and fail_mode(box) == "standalone"


@pytest.mark.parametrize("ids, bridge", [
    ([REMOTE, "ovn-bridge=br-ovn"], None),
    (["ovn-bridge=br-int", "ovn-remote-probe-interval=60000"], None),
    ([], ()),
    ([], ("fail_mode=standalone",)),
    # OVN's bridge: its controller programs no other bridge.
    ([REMOTE, "ovn-bridge=br-tun"], ("fail_mode=secure",)),
])
def test_no_controller_for_this_bridge(box, api, ovn, ids, bridge):
    ovn(*ids)
    if bridge is not None:
        box.vsctl(*OTHER, *bridge)
    two_hybrids(api)
    assert fail_mode(box) == ""
    assert frames(box, end_of(box, 1), end_of(box, 2)) == 3


def test_guests_before_the_controller(card_box, card_api, guest, ovn):
    ovn(REMOTE)
    first, second = two_guests(card_api, guest)
    assert fail_mode(card_box) == "secure" and flow_actions(card_box) == []
    second.receive()
    before = looked_up(card_box)
    first.send(1, 1000, second.mac)
    wait_until(lambda: looked_up(card_box) >= before + 32, what="the switch takes the frames")
    text = card_box.command("ovs-ofctl", "dump-ports", "br-int", card_api.get_vif(1)["port"]).stdout
    assert re.search(r"tx pkts=0,", text) and second.counters()[0] == 0
    card_box.command("ovs-ofctl", "add-flow", "br-int", "actions=NORMAL")
    flows(first, second, 1000)
    flows(second, first, 1000)


def test_it_stays_shut_when_vswitchd_is_started_again(box, api, ovn):
    """A bridge without fail_mode forwards after each start, even if its controller had removed its flows."""
    api.plug(vhost_user(3, bridge="br-open"))
    assert flow_actions(box, "br-open") == ["NORMAL"]
    box.command("ovs-ofctl", "del-flows", "br-open")
    assert flow_actions(box, "br-open") == []
    ovn(REMOTE)
    two_hybrids(api)
    box.stop("ovs-vswitchd", signal.SIGKILL)
    wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead")
    box.start_vswitchd()
    wait_until(lambda: all(api.get_vif(n)["state"] == "up" for n in (1, 2)))
    wait_until(lambda: flow_actions(box, "br-open") == ["NORMAL"])
    wait_until(lambda: flow_actions(box) is not None)
    assert_hybrids_shut(box)


# --- The setting. ---

@pytest.mark.parametrize("ids", [[], [REMOTE]])
def test_secure_whatever_ovsdb_shows(box, configure, ovn, ids):
    ovn(*ids)
    configure(CONFIG.format("secure"))
    with Api(box.socket) as api:
        first, _ = two_hybrids(api)
        assert "the configuration says fail_mode = secure" in warning_of(first)
        assert fail_mode(box) == "secure"
        assert_hybrids_shut(box)
        box.command("ovs-ofctl", "add-flow", "br-int", "actions=NORMAL")
        assert frames(box, end_of(box, 1), end_of(box, 2)) == 3


@pytest.mark.parametrize("ids", [[], [REMOTE]])
def test_standalone_whatever_ovsdb_shows(box, configure, ovn, ids):
    ovn(*ids)
    configure(CONFIG.format("standalone"))
    with Api(box.socket) as api:
        first, _ = two_hybrids(api)
        assert "the configuration says fail_mode = standalone" in warning_of(first)
        assert fail_mode(box) == "standalone"
        assert frames(box, end_of(box, 1), end_of(box, 2)) == 3


@pytest.mark.parametrize("setting, mode", [("auto", "secure"), ("secure", "secure"),
                                           ("standalone", "standalone")])
@pytest.mark.parametrize("datapath", ["netdev", "system"])
def test_both_datapaths(box, configure, ovn, setting, mode, datapath):
    """The kernel module may be missing, so the test compares only the rows."""
    ovn(REMOTE)
    configure(CONFIG.format(setting))
    with Api(box.socket) as api:
        api.plug(hybrid(1, datapath_type=datapath), wait="committed")
        assert fail_mode(box) == mode
        assert box.vsctl("get", "Bridge", "br-int", "datapath_type") == datapath


VIFS = {
    "vhost-user": vhost_user(1),
    "representor": representor(1, slot(10)),
    "hybrid": hybrid(1),
    "ovs": ovs_vif(1),
    "ovs without port": ovs_vif(1, create_port=False),
}


@pytest.mark.parametrize("kind", VIFS)
@pytest.mark.parametrize("setting, ids, mode", [
    ("auto", [], ""), ("auto", [REMOTE], "secure"), ("secure", [], "secure"),
    ("standalone", [REMOTE], "standalone")])
def test_dry_run_and_plug_agree(box, configure, ovn, kind, setting, ids, mode):
    ovn(*ids)
    configure(CONFIG.format(setting))
    before = counts(box)
    with Api(box.socket) as api:
        dry = api.plug(VIFS[kind], dry_run=True)
        assert counts(box) == before
        inserted = [text for text in dry["plan"]["operations"] if text.startswith("insert Bridge")]
        shown = f" fail_mode={mode}" if mode else ""
        assert inserted == [f"insert Bridge br-int datapath_type=netdev{shown}"]
        real = api.plug(VIFS[kind], wait="committed")
        assert fail_mode(box) == mode
        assert warning_of(dry) and dry["warnings"] == real["warnings"]
        if kind == "representor":  # There is no card, so the port fails. Then both say so.
            wait_until(lambda: api.get_vif(1)["state"] == "failed")
            for dry_run in (True, False):
                with pytest.raises(ApiError) as refused:
                    api.plug(VIFS[kind], dry_run=dry_run)
                assert refused.value.reason == "not_realized"
        else:
            assert api.plug(VIFS[kind], dry_run=True)["warnings"] == []


@pytest.mark.parametrize("there", ["", "secure", "standalone"])
@pytest.mark.parametrize("setting", ["auto", "secure", "standalone"])
def test_existing_bridge_is_left_alone(box, configure, ovn, there, setting):
    ovn(REMOTE)
    box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev",
              *([f"fail_mode={there}"] if there else []))
    configure(CONFIG.format(setting))
    with Api(box.socket) as api:
        for vif in (vhost_user(1), vhost_user(1, mtu=2000)):
            dry = api.plug(vif, dry_run=True)
            assert not [text for text in dry["plan"]["operations"] if "Bridge br-int " in text]
            reply = api.plug(vif)
            assert reply["changed"] is True and reply["warnings"] == dry["warnings"] == []
        api.unplug(vif_id(1))
        assert fail_mode(box) == there


# --- Bridges without a controller. ---

def test_trunk_bridge_forwards(box, configure, ovn):
    ovn(REMOTE)
    configure(CONFIG.format("secure"))
    with Api(box.socket) as api:
        dry = api.plug(hybrid(1, bridge="tbr-1", datapath_type="netdev"), dry_run=True)
        assert "insert Bridge tbr-1 datapath_type=netdev" in dry["plan"]["operations"]
        replies = two_hybrids(api, bridge="tbr-1", datapath_type="netdev")
        assert all(reply["warnings"] == [] for reply in replies)
        assert fail_mode(box, "tbr-1") == ""
        assert frames(box, end_of(box, 1), end_of(box, 2)) == 3


def test_port_bridge_forwards_and_its_bridge_does_not(box, configure):
    """Frames reach the patch port on br-int, and pass once a controller programs br-int."""
    configure(CONFIG.format("secure") + "[vif]\nper_port_bridge = yes\n")
    for n in (1, 2):
        ip(box, "link", "add", f"tap{n}", "type", "veth", "peer", "name", f"guest{n}")
        for name in (f"tap{n}", f"guest{n}"):
            ip(box, "link", "set", name, "up")
    with Api(box.socket) as api:
        replies = [api.plug(ovs_vif(n)) for n in (1, 2)]
        assert warning_of(replies[0]) and replies[1]["warnings"] == []
        assert fail_mode(box) == "secure"
        for n in (1, 2):
            assert fail_mode(box, f"pb{vif_id(n)[:12]}") == ""
            assert flow_actions(box, f"pb{vif_id(n)[:12]}") == ["NORMAL"]
        assert_shut(box, "guest1", "guest2")
        box.command("ovs-ofctl", "add-flow", "br-int", "actions=NORMAL")
        assert frames(box, "guest1", "guest2") == 3


def test_isolate_vif_on_the_bridge_of_ovn(box, configure, ovn):
    """ovn-controller would leave the port isolated, so it is not isolated, and the reply says so. On other
    bridges the setting acts."""
    ovn(REMOTE)
    configure("[daemon]\nsocket_group = root\n[vif]\nisolate_vif = yes\n")
    words = "isolate_vif = yes has no effect on ports of bridge br-int"
    with Api(box.socket) as api:
        dry = api.plug(vhost_user(1), dry_run=True)
        reply = api.plug(vhost_user(1))
        for one in (dry, reply):
            assert len([text for text in one["warnings"] if words in text]) == 1
        assert box.vsctl("get", "Port", reply["port"], "tag") == "[]"
        assert api.plug(vhost_user(1))["warnings"] == []
        other = api.plug(vhost_user(2, bridge="br-agent"))
        assert not [text for text in other["warnings"] if "isolate_vif" in text]
        assert box.vsctl("get", "Port", other["port"], "tag") == "4095"


# --- Operations that make a bridge, other than a single first plug. ---

def test_two_at_once_on_a_new_bridge(box, api, ovn):
    """Both plugs create the bridge, and both replies have the warning."""
    ovn(REMOTE)
    before = api.call("status")["counters"]["transactions"]
    ids = [api.send("plug", vif=vhost_user(n), instance={"uuid": INSTANCE}) for n in (1, 2, 3)]
    replies = api.collect(ids)
    together = api.call("status")["counters"]["transactions"] - before
    assert fail_mode(box) == "secure" and len(ports(box, "br-int")) == 3
    warned = [i for i in ids if warning_of(result(replies[i]))]
    assert len(warned) >= 1 and (together > 1 or warned == ids)


def test_a_move_to_a_new_bridge(box, api, ovn):
    """The reply has the warning, and the old bridge does not change."""
    assert warning_of(api.plug(vhost_user(1, bridge="br-old")), "br-old")
    ovn(REMOTE)
    vif = vhost_user(1, bridge="br-int")
    dry = api.plug(vif, dry_run=True)
    assert "insert Bridge br-int datapath_type=netdev fail_mode=secure" in dry["plan"]["operations"]
    reply = api.plug(vif)
    assert reply["warnings"] == dry["warnings"] and "fail_mode=secure" in warning_of(reply)
    assert (fail_mode(box), fail_mode(box, "br-old")) == ("secure", "")


def test_a_bridge_of_a_failed_plug_goes_again(card_box, card_api, ovn):
    ovn(REMOTE)
    card_box.card_settings(refuse_probe=10)
    before = counts(card_box)
    for vif in (representor(1, slot(10)), representor(2, slot(11), mtu=20000)):
        with pytest.raises(ApiError) as refused:
            card_api.plug(vif)
        assert refused.value.reason == "not_realized" and counts(card_box) == before
    card_box.card_settings()
    assert "fail_mode=secure" in warning_of(card_api.plug(representor(1, slot(10))))
    assert fail_mode(card_box) == "secure"


def test_a_bridge_that_is_handed_over_is_warned_of(card_box, card_api, ovn):
    """The first plug makes the bridge and fails; the plug that found the bridge keeps it, and its reply has
    the warning."""
    ovn(REMOTE)
    card_box.card_settings(refuse_probe=10)
    os.kill(card_box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        ids = []
        for number in (10, 11):
            vif = representor(number, slot(number))
            ids.append(card_api.send("plug", vif=vif, instance={"uuid": INSTANCE}))
            wait_until(lambda: len(ports(card_box, "br-int")) == len(ids)
                       if "br-int" in card_box.vsctl("list-br") else False)
    finally:
        os.kill(card_box.pid("ovs-vswitchd"), signal.SIGCONT)
    replies = card_api.collect(ids)
    assert replies[ids[0]]["error"]["data"]["reason"] == "not_realized"
    assert "fail_mode=secure" in warning_of(result(replies[ids[1]]))
    assert fail_mode(card_box) == "secure" and len(ports(card_box, "br-int")) == 1


def test_undo_makes_a_bridge_as_it_was(card_box, card_api):
    """A move removes a trunk bridge with its last port; the plug fails, and the undo makes the bridge again."""
    card_api.plug(representor(1, slot(10), bridge="tbr-1"))
    card_box.vsctl("set-fail-mode", "tbr-1", "secure")
    card_box.card_settings(max_mtu=2000)
    with pytest.raises(ApiError):
        card_api.plug(representor(1, slot(10), bridge="br-new", mtu=3000))
    assert card_box.vsctl("list-br") == "tbr-1" and fail_mode(card_box, "tbr-1") == "secure"
    assert card_api.get_vif(1)["state"] == "up"


@pytest.mark.parametrize("made, ids, mode", [
    ("", [], ""), ("secure", [], "secure"), ("", [REMOTE], "secure")])
def test_repair_makes_the_bridge_again(box, configure, ovn, made, ids, mode):
    """The bridge is secure as before, or as a plug at that time would make it."""
    configure(CONFIG.format("auto") + "repair = yes\n")
    with Api(box.socket) as api:
        port = api.plug(vhost_user(1))["port"]
        if made:
            box.vsctl("set-fail-mode", "br-int", made)
            api.plug(vhost_user(1, mtu=2000))
        ovn(*ids)
        uuid = box.vsctl("get", "Port", port, "_uuid")
        box.vsctl("add-br", "br-other", "--", "set", "Bridge", "br-other", "datapath_type=netdev",
                  "--", "remove", "Bridge", "br-int", "ports", uuid, "--", "add", "Bridge",
                  "br-other", "ports", uuid, "--", "del-br", "br-int")
        wait_until(lambda: "br-int" in box.vsctl("list-br").split() and ports(box, "br-int"),
                   what="the port is put back")
        assert fail_mode(box) == mode and ports(box, "br-other") == []
        wait_until(lambda: api.get_vif(1)["state"] == "up")


# --- Changes of OVSDB's content. ---

def test_facts_are_those_of_the_plan(box, api, ovn):
    """The content of OVSDB may change at any time; the daemon does not read it again once the bridge exists."""
    for bridge, ids, mode in (("br-a", [], ""), ("br-b", [REMOTE, "ovn-bridge=br-b"], "secure"),
                              ("br-c", [REMOTE, "ovn-bridge=br-b"], ""),
                              ("br-d", [REMOTE, "ovn-bridge=br-d"], "secure")):
        ovn(*ids)
        if bridge == "br-d":
            box.vsctl("del-br", "br-b")
        api.plug(vhost_user(ord(bridge[-1]), bridge=bridge))
        assert fail_mode(box, bridge) == mode, bridge
    assert fail_mode(box, "br-a") == ""


def test_facts_that_change_while_the_daemon_is_away(box, ovn):
    with Api(box.socket) as api:
        api.plug(vhost_user(1, bridge="br-a"))
    box.stop("vifplugd", signal.SIGKILL)
    ovn(REMOTE)
    box.vsctl("set-fail-mode", "br-a", "standalone")
    box.start_vifplugd()
    with Api(box.socket) as api:
        again = api.plug(vhost_user(1, bridge="br-a"))
        assert (again["changed"], again["warnings"], again["state"]) == (False, [], "up")
        assert fail_mode(box, "br-a") == "standalone"
        assert "fail_mode=secure" in warning_of(api.plug(vhost_user(2)))
        assert fail_mode(box) == "secure"


def test_fail_mode_is_others_to_change(box, api):
    """A changed fail_mode is not drift, and a replug does not change it."""
    port = api.plug(vhost_user(1))["port"]
    box.vsctl("set-fail-mode", "br-int", "secure")
    box.vsctl("set", "Interface", port, "mtu_request=1400")
    wait_until(lambda: api.get_vif(1)["state"] == "drifted")
    assert [row["field"] for row in api.get_vif(1)["drift"]] == ["mtu_request"]
    reply = api.plug(vhost_user(1))
    assert reply["state"] == "up" and reply["warnings"] == []
    assert fail_mode(box) == "secure"
    assert interface(box, port)["mtu_request"] == 1500
