# SPDX-License-Identifier: Apache-2.0
"""docs/limits.md: limits that act are taken, and what tc, Open vSwitch and frames say then; others are refused."""

import json
import os
import re
import signal

import pytest

from api import INSTANCE, Api, ApiError, hybrid, ovs_vif, representor, vhost_user, vif_id, wait_until
from conftest import TREES, TreeSandbox, a_sandbox
from kernel import ip, links, names
from ovsdb import interface, table
from sandbox import SCHEMA
from test_card import slot, two_guests
from test_update import LIMITED, arrived, arrived_limited, limits

LARGEST = 4000000000
NONE = {"ingress_policing_rate": 0, "ingress_policing_burst": 0,
        "ingress_policing_kpkts_rate": 0, "ingress_policing_kpkts_burst": 0}


@pytest.fixture(autouse=True)
def no_links_left(request):
    names_of_boxes = [name for name in ("box", "card_box", "old_box") if name in request.fixturenames]
    box = request.getfixturevalue(names_of_boxes[0])
    before = set(links(box))
    yield
    for name in set(links(box)) - before:
        ip(box, "link", "delete", name, check=False)


def refused(api, method, field, **params):
    with pytest.raises(ApiError) as caught:
        api.call(method, **params)
    assert (caught.value.reason, caught.value.field) == ("invalid_request", field), caught.value.message
    return caught.value.message


def shown_by_vswitchd(box, port):
    return box.appctl(f"{box.run}/ovs-vswitchd.ctl", "qos/show", port)


def bits(text):
    """Of a rate as tc writes it."""
    number, unit = re.fullmatch(r"(\d+)([KMG]?)bit", text).groups()
    return int(number) * {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}[unit]


def htb(box, port):
    """(ceil in bit/s, the burst at it as tc writes that) of the class with a port's limit, by tc."""
    output = box.command(*box.inside(["tc", "class", "show", "dev", port]), check=False).stdout
    found = re.search(r"class htb 1:1 .* ceil (\w+) .*cburst (\w+)", output)
    return (bits(found.group(1)), found.group(2)) if found else None


# --- Ports of netdev-dpdk. ---

PORTS = {
    "representor": lambda box: representor(1, slot(10)),
    "client": lambda box: vhost_user(1),
    "server": lambda box: vhost_user(1, "client", run_dir=box.run),
}


@pytest.mark.parametrize("kind", sorted(PORTS))
def test_packets_are_refused_on_dpdk_ports(card_box, card_api, kind):
    """At a plug, by an update and by a dry run; nothing is written."""
    qos = {"egress": {"max_kbps": 1000, "max_kpps": 1, "max_burst_kpps": 1}}
    vif = PORTS[kind](card_box)
    message = refused(card_api, "plug", "vif.qos.egress.max_kpps", vif={**vif, "qos": qos},
                      instance={"uuid": INSTANCE})
    assert "netdev-dpdk" in message
    port = card_api.plug(vif)["port"]
    for more in ({}, {"dry_run": True}):
        refused(card_api, "update", "params.qos.egress.max_kpps", vif_id=vif_id(1), qos=qos, **more)
    assert limits(card_box, port) == NONE


@pytest.mark.parametrize("kind", sorted(PORTS))
def test_largest_limits_of_dpdk_ports(card_box, card_api, kind):
    vif = PORTS[kind](card_box)
    qos = {direction: {"max_kbps": LARGEST, "max_burst_kbps": LARGEST} for direction in ("egress", "ingress")}
    answer = card_api.plug({**vif, "qos": qos})
    assert answer["qos"] == qos and "burst" not in str(answer.get("warnings"))
    assert limits(card_box, answer["port"])["ingress_policing_rate"] == LARGEST
    shown = shown_by_vswitchd(card_box, answer["port"])
    assert f"cir: {LARGEST * 125}" in shown and f"cbs: {LARGEST * 125}" in shown


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_largest_limits_pass_frames(card_api, guest, direction):
    sender, receiver = two_guests(card_api, guest)
    card_api.call("update", vif_id=vif_id(0 if direction == "egress" else 1),
                  qos={direction: {"max_kbps": LARGEST, "max_burst_kbps": LARGEST}})
    assert arrived(sender, receiver) == LIMITED


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_small_bursts_pass_frames(card_api, guest, direction):
    """A burst of 125 bytes becomes one that passes full frames, and the reply says so."""
    sender, receiver = two_guests(card_api, guest)
    asked = {"vif_id": vif_id(0 if direction == "egress" else 1),
             "qos": {direction: {"max_kbps": 10000, "max_burst_kbps": 1}}}
    for more in ({"dry_run": True}, {}):
        answer = card_api.call("update", **asked, **more)
        assert [f"max_burst_kbps of {direction} is 78" in text for text in answer["warnings"]] == [True]
    assert answer["qos"] == {direction: {"max_kbps": 10000, "max_burst_kbps": 78}}
    assert 1 <= arrived_limited(card_api, 0 if direction == "egress" else 1, asked["qos"], sender, receiver,
                                LIMITED - 1) < LIMITED
    assert card_api.call("update", **asked)["changed"] is False


def test_small_bursts_at_a_plug(card_box, card_api):
    answer = card_api.plug(vhost_user(1, qos={"egress": {"max_kbps": 10, "max_burst_kbps": 1},
                                              "ingress": {"max_kbps": 10, "max_burst_kbps": 1}}))
    assert "egress and ingress is 78" in answer["warnings"][0]
    assert limits(card_box, answer["port"])["ingress_policing_burst"] == 78
    assert table(card_box, "QoS", ("other_config",)) == [{"other_config": {"cir": "1250", "cbs": "9750"}}]


# --- Ports of the kernel: what the guest receives. ---

@pytest.mark.parametrize("kbps, burst, shown", [(12, 0, None), (1000, 160, "20000b"), (1000, 0, "100000b"),
                                                (34359738, 0, None)])
def test_tc_has_the_rate(box, api, kbps, burst, shown):
    """From the least to the largest: tc's class and Open vSwitch have what was asked for."""
    port = api.plug(hybrid(1))["port"]
    ingress = {"max_kbps": kbps, **({"max_burst_kbps": burst} if burst else {})}
    api.call("update", vif_id=vif_id(1), qos={"ingress": ingress})
    wait_until(lambda: htb(box, port), what="the class is there")
    rate, cburst = htb(box, port)
    assert abs(rate - kbps * 1000) <= 10**6 * (kbps > 10**6), rate  # tc cuts large numbers to Mbit.
    assert shown in (None, cburst)
    # Where the rate is the least, Open vSwitch shows it as min-rate alone.
    assert f"{'max' if kbps > 12 else 'min'}-rate: {kbps * 1000}" in shown_by_vswitchd(box, port)


@pytest.mark.parametrize("make", [hybrid, lambda n, **members: ovs_vif(n, create_tap=True, **members)])
@pytest.mark.parametrize("ingress, member", [
    ({"max_kbps": 11}, "max_kbps"),
    ({"max_kbps": 34359739}, "max_kbps"),
    ({"max_kbps": 40000000}, "max_kbps"),
    ({"max_kbps": LARGEST}, "max_kbps"),
    ({"max_kbps": 34359738, "max_burst_kbps": 34359739}, "max_burst_kbps"),
    ({"max_kbps": 100, "max_burst_kbps": 26801}, "max_burst_kbps"),
])
def test_what_tc_cannot_have_is_refused(box, api, make, ingress, member):
    refused(api, "plug", f"vif.qos.ingress.{member}", vif=make(1, qos={"ingress": ingress}),
            instance={"uuid": INSTANCE})
    port = api.plug(make(1))["port"]
    refused(api, "update", f"params.qos.ingress.{member}", vif_id=vif_id(1), qos={"ingress": ingress})
    assert table(box, "QoS", ("_uuid",)) == [] and interface(box, port)["error"] == []


def test_least_rate_grows_with_the_mtu(api):
    api.plug(hybrid(1, mtu=1500))
    refused(api, "update", "params.qos.ingress.max_kbps", vif_id=vif_id(1), mtu=9000,
            qos={"ingress": {"max_kbps": 71}})
    api.call("update", vif_id=vif_id(1), mtu=9000, qos={"ingress": {"max_kbps": 72}})
    wait_until(lambda: api.get_vif(1)["mtu"] == 9000, what="vswitchd has seen the MTU")
    refused(api, "update", "params.qos.ingress.max_kbps", vif_id=vif_id(1), qos={"ingress": {"max_kbps": 71}})


# Sends frames of 1000 bytes on one link, some ahead of those that arrive on another, and prints the time between
# two arrivals. Frames that get lost are replaced.
PACE = """
import socket, sys, time
out, into, first, last = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
frame = bytes.fromhex("ffffffffffff" "020000000001" "88b5") + b"vifplug".ljust(986)
receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
receiver.bind((into, 0x88b5))
receiver.settimeout(0.5)
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
sender.bind((out, 0))
deadline = time.monotonic() + 30
seen = 0
for _ in range(20):
    sender.send(frame)
while seen < last and time.monotonic() < deadline:
    sender.send(frame)
    try:
        seen += receiver.recv(2000)[14:21] == b"vifplug"
    except socket.timeout:
        continue
    if seen == first:
        begin = time.monotonic()
print(time.monotonic() - begin if seen == last else "lost")
"""


def test_the_rate_is_what_frames_get(box, api):
    """A bridge's port and the guest's side of a hybrid VIF: beyond the burst, a megabit in a second."""
    for n in (1, 2):
        api.plug(hybrid(n))
    api.call("update", vif_id=vif_id(2), qos={"ingress": {"max_kbps": 1000, "max_burst_kbps": 78}})
    wait_until(lambda: htb(box, names(box, vif_id(2))[2]), what="the class is there")
    expected = 130 * 8000 / 10**6
    for _ in range(5):  # A pause makes it longer, never shorter.
        done = box.command(*box.inside(["/usr/bin/python3", "-c", PACE, names(box, vif_id(1))[0],
                                        names(box, vif_id(2))[0], "20", "150"]))
        assert 0.6 * expected < float(done.stdout)
        if float(done.stdout) < 3 * expected:
            break
    assert float(done.stdout) < 3 * expected


# --- Ports of the kernel: what the guest sends. ---

@pytest.mark.parametrize("make", [hybrid, lambda n, **members: ovs_vif(n, create_tap=True, **members)])
@pytest.mark.parametrize("member", ["max_kbps", "max_kpps"])
def test_policing_on_a_netdev_bridge_is_refused(box, api, make, member):
    port = api.plug(make(1))["port"]
    message = refused(api, "update", f"params.qos.egress.{member}", vif_id=vif_id(1),
                      qos={"egress": {member: 1000}})
    assert "br-int has datapath_type netdev" in message
    assert limits(box, port) == NONE


@pytest.mark.parametrize("egress, member", [
    ({"max_kbps": 34359739}, "max_kbps"),
    ({"max_kbps": LARGEST}, "max_kbps"),
    ({"max_kbps": 34359738, "max_burst_kbps": 4194304}, "max_burst_kbps"),
    ({"max_kbps": 100, "max_burst_kbps": 26801}, "max_burst_kbps"),
    ({"max_kpps": 4294968}, "max_kpps"),
    ({"max_kpps": 1, "max_burst_kpps": 269}, "max_burst_kpps"),
    ({"max_kbps": 1000, "max_kpps": 1}, "max_kpps"),
])
def test_what_a_policer_cannot_have_is_refused(box, api, egress, member):
    vif = hybrid(1, bridge="br-sys", datapath_type="system")
    refused(api, "plug", f"vif.qos.egress.{member}", vif={**vif, "qos": {"egress": egress}},
            instance={"uuid": INSTANCE}, wait="committed")
    assert table(box, "Bridge", ("name",)) == []


@pytest.mark.parametrize("egress, written", [
    ({"max_kbps": 34359738, "max_burst_kbps": 4194303},
     {"ingress_policing_rate": 34359738, "ingress_policing_burst": 4194303}),
    ({"max_kbps": 1000, "max_burst_kbps": 1},
     {"ingress_policing_rate": 1000, "ingress_policing_burst": 78}),
    ({"max_kpps": 4294967, "max_burst_kpps": 4294967},
     {"ingress_policing_kpkts_rate": 4294967, "ingress_policing_kpkts_burst": 4294967}),
])
def test_policing_on_a_system_bridge(box, api, egress, written):
    port = api.plug(hybrid(1, bridge="br-sys", datapath_type="system", qos={"egress": egress}),
                    wait="committed")["port"]
    assert limits(box, port) == {**NONE, **written}


def qos_of(box, port):
    return box.vsctl("get", "Port", port, "qos")


def qos_type(box, port):
    """The type of a port's QoS row, or "" without one; no other row is left."""
    wanted = [row["qos"] for row in table(box, "Port", ("name", "qos")) if row["name"] == port and row["qos"]]
    rows = {row["_uuid"]: row["type"] for row in table(box, "QoS", ("_uuid", "type"))}
    assert sorted(rows) == wanted
    return rows[wanted[0]] if wanted else ""


SYSTEM = {"bridge": "br-sys", "datapath_type": "system"}
BOTH = {"egress": {"max_kbps": 1000}, "ingress": {"max_kbps": 2000}}


@pytest.mark.parametrize("by", ["update", "plug"])
def test_default_qos_type_without_limits_to_the_guest(box, api, by):
    """Whatever was before: its row is there if the port has no limit to the guest."""
    port = api.plug(hybrid(1, **SYSTEM), wait="committed")["port"]
    assert qos_type(box, port) == "linux-noop"
    for qos in ({"egress": BOTH["egress"]}, BOTH, {"ingress": BOTH["ingress"]}, {"egress": BOTH["egress"]},
                BOTH, {}):
        if by == "update":
            api.call("update", vif_id=vif_id(1), qos=qos, wait="committed")
        else:
            api.plug(hybrid(1, **SYSTEM, qos=qos), wait="committed")
        assert qos_type(box, port) == ("linux-htb" if "ingress" in qos else "linux-noop"), qos
    box.vsctl("clear", "Port", port, "qos", "--", "--all", "destroy", "QoS")
    api.call("update", vif_id=vif_id(1), qos={"egress": BOTH["egress"]}, wait="committed")
    assert qos_type(box, port) == "", "somebody did not want one"


@pytest.mark.parametrize("request_", [
    {"method": "update", "vif_id": vif_id(1), "qos": BOTH},
    {"method": "plug", "vif": hybrid(1, **SYSTEM, qos=BOTH), "instance": {"uuid": INSTANCE}},
    {"method": "plug", "vif": ovs_vif(1, create_tap=True, **SYSTEM), "instance": {"uuid": INSTANCE}},
    {"method": "plug", "vif": ovs_vif(1, create_tap=True, **SYSTEM, qos=BOTH), "instance": {"uuid": INSTANCE}},
], ids=["update", "limits", "another port", "another port with limits"])
def test_an_undo_restores_the_type_of_the_qos_row(box, api, request_):
    """Of the operator's choice. (Without the kernel's module nothing on a system datapath is realized.)"""
    port = api.plug(hybrid(1, **SYSTEM), wait="committed")["port"]
    box.vsctl("set", "QoS", qos_of(box, port), "type=linux-sfq")
    with pytest.raises(ApiError) as failed:
        api.call(**request_, timeout_ms=500)
    assert failed.value.reason in ("timeout", "not_realized")
    wait_until(lambda: api.call("status")["counters"]["operations"] == 0)
    assert qos_type(box, port) == "linux-sfq" and limits(box, port) == NONE


@pytest.mark.parametrize("asked", [{}, {"qos": {"ingress": BOTH["ingress"]}}], ids=["kept", "asked for"])
def test_limits_of_a_port_that_becomes_another_kind(card_box, configure_card, asked):
    """In place, with its name: they are in a QoS row of the type that its new kind needs."""
    configure_card("[daemon]\nsocket_group = root\n[nic napatech]\nport-name = vif_name\n")
    with Api(card_box.socket) as api:
        limited = {"qos": {"ingress": BOTH["ingress"]}}
        port = api.plug(representor(1, slot(10), vif_name="tap1", **limited))["port"]
        assert (port, qos_type(card_box, port)) == ("tap1", "egress-policer")
        assert api.plug(ovs_vif(1, create_tap=True, **asked))["port"] == port
        assert qos_type(card_box, port) == "linux-htb"
        wait_until(lambda: htb(card_box, port) and htb(card_box, port)[0] == 2000000, what="tc has the limit")
        api.plug(representor(1, slot(10), vif_name="tap1", **asked))
        assert qos_type(card_box, port) == "egress-policer"
        assert api.get_vif(1)["qos"]["ingress"]["max_kbps"] == 2000


@pytest.mark.parametrize("before, after, word", [
    ({"egress": {"max_kbps": 1000}, "ingress": {"max_kbps": 2000}}, {"ingress": 2000}, "egress"),
    ({"ingress": {"max_kbps": 34359739}}, {}, "ingress"),
    ({"ingress": {"max_kbps": 5}}, {}, "ingress"),
    ({"egress": {"max_kbps": 1000}, "ingress": {"max_kbps": 5}}, {}, "egress and ingress"),
])
@pytest.mark.parametrize("name", ["tap1", "tap9"])
def test_limits_that_do_not_act_on_another_kind(card_box, configure_card, before, after, word, name):
    """They do not come along, and the reply says so. A tap's rates end at 34359738; a tap on a bridge with
    datapath netdev has no egress limits."""
    configure_card("[daemon]\nsocket_group = root\n[nic napatech]\nport-name = vif_name\n")
    with Api(card_box.socket) as api:
        api.plug(representor(1, slot(10), vif_name="tap1", qos=before))
        reply = api.plug(ovs_vif(1, create_tap=True, vif_name=name))
        assert [text for text in reply["warnings"] if f"limits of the VIF's {word} are removed" in text]
        assert {way: limit["max_kbps"] for way, limit in api.get_vif(1).get("qos", {}).items()} == after
        assert qos_type(card_box, name) == ("linux-htb" if after else "")
        assert limits(card_box, name) == NONE


def neutrons(box, port):
    """Writes limits to a guest like Neutron's agent does, for ports of type dpdk, too (docs/openstack.md)."""
    box.vsctl("set", "Port", port, "qos=@q", "--", "--id=@q", "create", "QoS", "type=linux-htb",
              "other_config:max-rate=34359738368", "queues:0=@u", "--", "--id=@u", "create", "Queue",
              "other_config:max-rate=2000000", "other_config:burst=1600000")
    return qos_of(box, port)


@pytest.mark.parametrize("asked", [{}, {"qos": {"ingress": {"max_kbps": 2000, "max_burst_kbps": 1600}}}],
                         ids=["not asked for", "asked for"])
def test_neutrons_row_outlasts_an_undo_of_another_kind(card_box, configure_card, asked):
    configure_card("[daemon]\nsocket_group = root\n[nic napatech]\nport-name = vif_name\n")
    with Api(card_box.socket) as api:
        port = api.plug(representor(1, slot(10), vif_name="tap1"))["port"]
        row = neutrons(card_box, port)
        pid = card_box.pid("ovs-vswitchd")
        os.kill(pid, signal.SIGSTOP)
        try:
            with pytest.raises(ApiError):
                api.plug(ovs_vif(1, create_tap=True, **asked), timeout_ms=500)
        finally:
            os.kill(pid, signal.SIGCONT)
        wait_until(lambda: api.call("status")["counters"]["operations"] == 0)
        assert interface(card_box, port)["type"] == "dpdk" and qos_of(card_box, port) == row


def test_neutrons_row_outlasts_a_repair(card_box, configure_card):
    configure_card("[daemon]\nsocket_group = root\n[ovs]\nrepair = yes\n")
    with Api(card_box.socket) as api:
        port = api.plug(representor(1, slot(10)))["port"]
        row = neutrons(card_box, port)
        card_box.vsctl("set", "Interface", port, "type=internal")
        wait_until(lambda: interface(card_box, port)["type"] == "dpdk", what="the type is repaired")
        assert qos_of(card_box, port) == row


def test_a_port_of_libvirts_has_no_limits(api):
    vif = ovs_vif(1, create_port=False)
    refused(api, "plug", "vif.qos", vif={**vif, "qos": {"ingress": {"max_kbps": 1000}}},
            instance={"uuid": INSTANCE})
    assert api.plug({**vif, "qos": {}}, wait="committed")


# --- A database of Open vSwitch before 2.16. ---

class OldSandbox(TreeSandbox):
    """Its schema has no columns for packets per second."""

    def start_ovsdb(self):
        with open(SCHEMA, encoding="ascii") as file:
            schema = json.load(file)
        for what in ("rate", "burst"):
            del schema["tables"]["Interface"]["columns"][f"ingress_policing_kpkts_{what}"]
        with open(f"{self.dir}/old.ovsschema", "w", encoding="ascii") as file:
            json.dump(schema, file)
        if not os.path.exists(f"{self.dir}/conf.db"):
            self.command("ovsdb-tool", "create", f"{self.dir}/conf.db", f"{self.dir}/old.ovsschema")
        super().start_ovsdb()


@pytest.fixture(name="old_box")
def old_box_():
    with a_sandbox(OldSandbox, cards=TREES) as sandbox:
        yield sandbox


def test_without_columns_for_packets(old_box):
    """Other limits act; only packets are refused, with the reason."""
    with Api(old_box.socket) as api:
        qos = {"egress": {"max_kbps": 1000}, "ingress": {"max_kbps": 2000}}
        answer = api.plug(vhost_user(1, qos=qos))
        assert answer["qos"]["egress"] == qos["egress"]
        assert "cir: 250000" in shown_by_vswitchd(old_box, answer["port"])
        assert api.call("update", vif_id=vif_id(1), qos={})["changed"] is True
        vif = hybrid(2, bridge="br-sys", datapath_type="system")
        message = refused(api, "plug", "vif.qos.egress.max_kpps", instance={"uuid": INSTANCE}, wait="committed",
                          vif={**vif, "qos": {"egress": {"max_kpps": 1}}})
        assert "ingress_policing_kpkts_rate" in message
