# SPDX-License-Identifier: Apache-2.0
"""update and limits, on ports of the simulated SmartNIC: rows, and the effect on frames."""

import re

import pytest

from api import ApiError, representor, vhost_user, vif_id, wait_until
from ovsdb import counts, interface, table
from test_card import slot, two_guests

LIMITED = 128  # Frames: four bursts, as many as a guest's ring accepts at once.
SIZE = 1400
KB_A_FRAME = SIZE * 8 / 1000
BURST_KB = 400


def dropped(box):
    """Returns how many frames the switch has dropped at the ports of two_guests(): received or to be sent."""
    return sum(int(number) for n in (0, 1) for number in re.findall(
        r"drop=(\d+)", box.command("ovs-ofctl", "dump-ports", "br-int", f"vfr{vif_id(n)}"[:14]).stdout))


def arrived(sender, receiver):
    """Returns how many of LIMITED frames sent at once arrive. The switch counts those that it drops."""
    receiver.receive()
    before = dropped(sender.sandbox)
    sender.send(LIMITED // 32, SIZE, receiver.mac)
    seen = []

    def all_seen():
        seen.append(receiver.counters()[0])
        return seen[-1] + dropped(sender.sandbox) - before >= LIMITED
    wait_until(all_seen, 15, lambda: f"each frame arrives ({seen[-1]}) or is dropped")
    return seen[-1]


def arrived_limited(api, limited, qos, sender, receiver, most):
    """Returns how many arrive with the limits `qos` of that VIF. A bucket fills again while a thread of the switch
    pauses, so this is repeated while it is more than `most`."""
    for _ in range(5):
        api.call("update", vif_id=vif_id(limited), qos={})
        api.call("update", vif_id=vif_id(limited), qos=qos)  # With a full bucket.
        passed = arrived(sender, receiver)
        if passed <= most:
            break
    return passed


def limits(box, port):
    for row in table(box, "Interface", ("name", "ingress_policing_rate", "ingress_policing_burst",
                                        "ingress_policing_kpkts_rate",
                                        "ingress_policing_kpkts_burst")):
        if row.pop("name") == port:
            return row
    return None


def test_rows_of_limits(card_box, card_api):
    """As in Neutron: policing of the Interface limits what the guest sends, a QoS row what it receives."""
    before = counts(card_box)
    port = card_api.plug(representor(1, slot(10)))["port"]
    reply = card_api.call("update", vif_id=vif_id(1), qos={
        "egress": {"max_kbps": 3000, "max_burst_kbps": 2400},
        "ingress": {"max_kbps": 5000, "max_burst_kbps": 1000}})
    assert reply["changed"] is True and reply["qos"] == {
        "egress": {"max_kbps": 3000, "max_burst_kbps": 2400},
        "ingress": {"max_kbps": 5000, "max_burst_kbps": 1000}}
    assert limits(card_box, port) == {
        "ingress_policing_rate": 3000, "ingress_policing_burst": 2400,
        "ingress_policing_kpkts_rate": 0, "ingress_policing_kpkts_burst": 0}
    rows = table(card_box, "QoS", ("type", "other_config", "external_ids"))
    assert rows == [{"type": "egress-policer", "external_ids": {"id": port},
                     "other_config": {"cir": "625000", "cbs": "125000"}}]
    assert card_api.call("update", vif_id=vif_id(1), qos=reply["qos"])["changed"] is False
    assert card_api.plug(representor(1, slot(10)))["changed"] is False, "not asked for: left alone"
    reply = card_api.call("update", vif_id=vif_id(1), qos={"egress": {"max_kbps": 3000}})
    assert reply["qos"] == {"egress": {"max_kbps": 3000}}
    assert table(card_box, "QoS", ("type",)) == []
    card_api.call("update", vif_id=vif_id(1), qos={"ingress": {"max_kbps": 5000}})
    card_api.unplug(vif_id(1))
    card_box.vsctl("del-br", "br-int")
    assert counts(card_box) == before, "the rows go with the port"


def test_limits_at_plug_and_replaced(card_box, card_api):
    """The limits change in place: the row stays."""
    card_api.plug(representor(1, slot(10), qos={"ingress": {"max_kbps": 1000}}))
    first = table(card_box, "QoS", ("_uuid", "other_config"))
    card_api.plug(representor(1, slot(10), qos={"ingress": {"max_kbps": 2000}}))
    second = table(card_box, "QoS", ("_uuid", "other_config"))
    assert first[0]["_uuid"] == second[0]["_uuid"]
    assert second[0]["other_config"]["cir"] == "250000"
    card_api.unplug(vif_id(1))


@pytest.mark.parametrize("direction", ["egress", "ingress"])
def test_limits_act_on_frames(card_api, guest, direction):
    """A burst larger than the bucket is cut to it; without limits all of it arrives."""
    sender, receiver = two_guests(card_api, guest)
    limited = 0 if direction == "egress" else 1
    assert arrived(sender, receiver) == LIMITED
    expected = BURST_KB / KB_A_FRAME
    most = 1.3 * expected + 2
    passed = arrived_limited(card_api, limited, {direction: {"max_kbps": 100, "max_burst_kbps": BURST_KB}},
                             sender, receiver, most)
    assert 0.7 * expected <= passed <= most, f"{passed} frames passed"
    card_api.call("update", vif_id=vif_id(limited), qos={})
    assert arrived(sender, receiver) == LIMITED


def test_mtu_in_place(card_box, card_api):
    port = card_api.plug(representor(1, slot(10)))["port"]
    before = interface(card_box, port)
    reply = card_api.call("update", vif_id=vif_id(1), mtu=4000)
    after = interface(card_box, port)
    assert (reply["mtu"], reply["changed"]) == (4000, True)
    assert after["mtu"] == after["mtu_request"] == 4000 and after["ofport"] == before["ofport"]
    assert card_api.call("update", vif_id=vif_id(1), mtu=4000)["changed"] is False


def test_mtu_that_the_card_refuses_is_taken_back(card_box, card_api):
    """With limits in the same update: both are as before, and the port works."""
    port = card_api.plug(representor(1, slot(10), qos={"egress": {"max_kbps": 5000}}))["port"]
    with pytest.raises(ApiError) as refused:
        card_api.call("update", vif_id=vif_id(1), mtu=60000,
                      qos={"egress": {"max_kbps": 1000}, "ingress": {"max_kbps": 1000}})
    assert refused.value.reason == "not_realized"
    row = interface(card_box, port)
    assert (row["mtu_request"], row["mtu"], row["error"]) == (1500, 1500, [])
    assert limits(card_box, port)["ingress_policing_rate"] == 5000
    assert table(card_box, "QoS", ("type",)) == []
    assert card_api.get_vif(1)["state"] == "up"


def test_dry_run(card_box, card_api):
    port = card_api.plug(representor(1, slot(10)))["port"]
    reply = card_api.call("update", vif_id=vif_id(1), mtu=4000,
                          qos={"ingress": {"max_kbps": 1000}}, dry_run=True)
    assert reply["plan"]["action"] == "update"
    assert f"set Interface {port} mtu_request=4000" in reply["plan"]["operations"]
    assert f"insert QoS type=egress-policer for Port {port}" in reply["plan"]["operations"]
    assert interface(card_box, port)["mtu_request"] == 1500


def test_refusals(card_box, card_api):
    card_api.plug(vhost_user(1))
    for params, reason, field in (
            ({"vif_id": vif_id(2), "mtu": 1500}, "not_found", "params.vif_id"),
            ({"vif_id": vif_id(1), "mtu": 9703}, "invalid_request", "params.mtu"),
            ({"vif_id": vif_id(1)}, "invalid_request", "params.mtu"),
            ({"vif_id": vif_id(1), "mtu": 67}, "invalid_request", "params.mtu"),
            ({"vif_id": vif_id(1), "qos": {"ingress": {"max_kpps": 1}}}, "invalid_request",
             "params.qos.ingress.max_kpps"),
    ):
        with pytest.raises(ApiError) as refused:
            card_api.call("update", **params)
        assert (refused.value.reason, refused.value.field) == (reason, field)
    assert interface(card_box, card_api.get_vif(1)["port"])["mtu_request"] == 1500


def test_qos_of_somebody_else_is_left_alone(card_box, card_api):
    """The row has two queues, so it does not come from vifplugd, and vifplugd must not remove it."""
    port = card_api.plug(representor(1, slot(10)))["port"]
    card_box.vsctl("set", "Port", port, "qos=@q", "--", "--id=@q", "create", "QoS", "type=linux-htb",
                   "queues:0=@a", "queues:1=@b", "--", "--id=@a", "create", "Queue",
                   "dscp=1", "--", "--id=@b", "create", "Queue", "dscp=2")
    with pytest.raises(ApiError) as refused:
        card_api.call("update", vif_id=vif_id(1), qos={"ingress": {"max_kbps": 1000}})
    assert refused.value.reason == "port_conflict"
    assert len(table(card_box, "Queue", ("_uuid",))) == 2
    card_api.unplug(vif_id(1))
    assert table(card_box, "QoS", ("_uuid",)) == [], "with the port it goes"
