# SPDX-License-Identifier: Apache-2.0
"""vifplugd refuses plugs that conflict with existing ports, and does not change the ports of other programs."""

import pytest

from api import INSTANCE, ApiError, representor, sample, vhost_user, vif_id
from ovsdb import counts, interface, ports, table


def bridge(box, name="br-int"):
    box.vsctl("add-br", name, "--", "set", "Bridge", name, "datapath_type=netdev")


def test_two_ids_with_the_same_first_characters(box, api):
    twin = "00000001-00ff-4000-8000-000000000000"
    api.plug(vhost_user(1))
    with pytest.raises(ApiError) as refused:
        api.plug(vhost_user(2, vif_id=twin))
    assert refused.value.reason == "port_conflict"
    assert vif_id(1) in refused.value.message
    assert interface(box, "vhu00000001-00")["external_ids"]["vifplug-vif-id"] == vif_id(1)
    assert api.unplug(twin)["changed"] is False
    assert ports(box, "br-int") == ["vhu00000001-00"]


def test_both_twins_at_once(box, api):
    """If two VIFs of one batch need the same name, one gets it and the other fails."""
    twin = "00000001-00ff-4000-8000-000000000000"
    ids = [api.send("plug", vif=vif, instance={"uuid": INSTANCE})
           for vif in (vhost_user(1), vhost_user(2, vif_id=twin))]
    replies = api.collect(ids)
    assert "result" in replies[ids[0]]
    assert replies[ids[1]]["error"]["data"]["reason"] == "port_conflict"


def test_foreign_port_of_that_name(box, api):
    bridge(box)
    box.vsctl("add-port", "br-int", "vhu00000001-00", "--", "set", "Interface", "vhu00000001-00",
              "type=internal")
    before = table(box, "Interface", ["name", "type", "options", "external_ids"])
    with pytest.raises(ApiError) as refused:
        api.plug(vhost_user(1))
    assert refused.value.reason == "port_conflict" and not refused.value.retryable
    assert api.unplug(vif_id(1))["changed"] is False
    assert table(box, "Interface", ["name", "type", "options", "external_ids"]) == before


def refused(api, method, **params):
    with pytest.raises(ApiError) as error:
        api.call(method, **params)
    return error.value


def test_bond_of_that_name(box, api):
    """No interface has the name, but a port has."""
    bridge(box)
    box.vsctl("add-bond", "br-int", "vhu00000001-00", "one", "two")
    before = counts(box)
    for dry_run in (True, False):
        error = refused(api, "plug", vif=vhost_user(1), instance={"uuid": INSTANCE}, dry_run=dry_run)
        assert error.reason == "port_conflict"
        assert "port vhu00000001-00, which vifplugd did not make" in error.message
    assert counts(box) == before


def test_port_with_the_name_of_a_missing_bridge(box, api):
    bridge(box)
    box.vsctl("add-port", "br-int", "br-new", "--", "set", "Interface", "br-new", "type=internal")
    before = counts(box)
    for dry_run in (True, False):
        error = refused(api, "plug", vif=vhost_user(1, bridge="br-new"), instance={"uuid": INSTANCE},
                        dry_run=dry_run)
        assert (error.reason, error.field) == ("port_conflict", "vif.bridge")
        assert "name br-new for its bridge" in error.message
    assert counts(box) == before


@pytest.mark.parametrize("alone", [True, False])
def test_interface_in_a_port_of_another_name(box, api, alone):
    """Another program has put the VIF's interface into a bond: its rows are not the VIF's to change. Others of
    the same batch are plugged."""
    name = "vhu00000001-00"
    api.plug(vhost_user(1))
    port = box.vsctl("get", "Port", name, "_uuid")
    box.vsctl("--id=@i", "get", "Interface", name, "--", "--id=@p", "create", "Port", "name=bond9",
              "interfaces=@i", "--", "remove", "Bridge", "br-int", "ports", port, "--", "add", "Bridge", "br-int",
              "ports", "@p")
    before = interface(box, name)["external_ids"]
    asked = [("unplug", {"vif_id": vif_id(1)}), ("plug", {"vif": vhost_user(1, mtu=1400)}),
             ("update", {"vif_id": vif_id(1), "mtu": 1400})]
    for method, params in asked:
        if method == "plug":
            params["instance"] = {"uuid": INSTANCE}
        ids = [api.send(method, **params)]
        if not alone:
            ids.append(api.send("plug", vif=vhost_user(2), instance={"uuid": INSTANCE}))
        replies = api.collect(ids)
        assert replies[ids[0]]["error"]["data"]["reason"] == "port_conflict", replies
        message = replies[ids[0]]["error"]["message"]
        assert "bond" in message or "another name" in message
        assert all("result" in replies[other] for other in ids[1:])
    assert interface(box, name)["external_ids"] == before and "bond9" in ports(box, "br-int")


@pytest.mark.parametrize("devargs", [
    "0000:65:00.0,representor=[10]", "65:00.0,representor=10", "0000:65:00.0,representor=[8-12]",
    "0000:65:00.0,representor=vf[3,10]", "0000:65:00.0,foo=1,representor=vf10",
    "0000:65:00.0,representor=pf[0,1]vf[3,10]", "0000:65:00.1,representor=pf[0-1]vf[0-255]",
])
def test_vf_of_somebody_elses_port(box, api, devargs):
    bridge(box)
    box.vsctl("add-port", "br-int", "foreign0", "--", "set", "Interface", "foreign0", "type=dpdk",
              f'options:dpdk-devargs="{devargs}"')
    with pytest.raises(ApiError) as refused:
        api.plug(sample("a2"))
    assert refused.value.reason == "vf_in_use" and "foreign0" in refused.value.message
    assert refused.value.field == "vif.port_profile.representor_address"
    assert ports(box, "br-int") == ["foreign0"]


def test_vf_of_another_vif(box, api):
    api.plug(representor(1, "0000:65:01.2"), wait="committed")
    with pytest.raises(ApiError) as refused:
        api.plug(representor(2, "0000:65:01.2"), wait="committed")
    assert refused.value.reason == "vf_in_use" and vif_id(1) in refused.value.message


def test_same_vf_in_one_batch(box, api):
    ids = [api.send("plug", vif=representor(n, "0000:65:01.2"), instance={"uuid": INSTANCE},
                    wait="committed") for n in (1, 2, 3)]
    replies = api.collect(ids)
    assert "result" in replies[ids[0]]
    for other in ids[1:]:
        assert replies[other]["error"]["data"]["reason"] == "vf_in_use"


def test_unplug_and_plug_of_one_vf_pipelined(box, api):
    """A plug waits for the earlier unplug that frees its VF."""
    api.plug(representor(1, "0000:65:01.2"), wait="committed")
    ids = [api.send("unplug", vif_id=vif_id(1)),
           api.send("plug", vif=representor(2, "0000:65:01.2"), instance={"uuid": INSTANCE},
                    wait="committed")]
    replies = api.collect(ids)
    assert replies[ids[0]]["result"]["changed"] is True
    assert replies[ids[1]]["result"]["changed"] is True


def test_operations_on_one_vif_keep_their_order(box, api):
    ids = []
    for mtu in (1400, 1500, 1600):
        ids.append(api.send("plug", vif=vhost_user(1, mtu=mtu), instance={"uuid": INSTANCE}))
        ids.append(api.send("unplug", vif_id=vif_id(1)))
    ids.append(api.send("plug", vif=vhost_user(1, mtu=1700), instance={"uuid": INSTANCE}))
    replies = api.collect(ids)
    assert all(replies[i]["result"]["changed"] for i in ids)
    assert interface(box, "vhu00000001-00")["mtu_request"] == 1700


def test_other_writers_keys_survive(box, api):
    """vifplugd keeps the keys that Neutron's agent and OVN write to its rows."""
    api.plug(vhost_user(1))
    box.vsctl("set", "Interface", "vhu00000001-00", "external_ids:ovn-installed=true",
              "other_config:x=y", "options:n_rxq_desc=512", "--", "set", "Port", "vhu00000001-00",
              "tag=42", "other_config:net_uuid=abc")
    assert api.plug(vhost_user(1))["changed"] is False
    assert api.plug(vhost_user(1, mtu=2000))["changed"] is True
    row = interface(box, "vhu00000001-00")
    assert row["external_ids"]["ovn-installed"] == "true"
    assert row["options"]["n_rxq_desc"] == "512"
    assert box.vsctl("get", "Port", "vhu00000001-00", "tag") == "42"


def test_nothing_of_others_is_touched(box, api):
    bridge(box, "br-other")
    box.vsctl("add-port", "br-other", "int0", "--", "set", "Interface", "int0", "type=internal",
              "external_ids:vifplug-vif-id=fake")
    columns = ["_uuid", "name", "type", "options", "external_ids"]
    before = [row for row in table(box, "Interface", columns)]
    api.plug(vhost_user(1))
    api.unplug(vif_id(1))
    api.unplug("fake")
    box.vsctl("del-br", "br-int")
    assert sorted(map(str, table(box, "Interface", columns))) == sorted(map(str, before))
    assert counts(box)["Bridge"] == 1
