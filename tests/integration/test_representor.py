# SPDX-License-Identifier: Apache-2.0
"""Representors without a card: the rows, the refusals and the undo. This vswitchd has DPDK, but no device, so
it refuses every representor."""

import pytest

from api import ApiError, representor, sample, vif_id, wait_until
from ovsdb import counts, interface


def test_refused_device_is_told_and_undone(box, api):
    before = counts(box)
    with pytest.raises(ApiError) as refused:
        api.plug(sample("a2"))
    error = refused.value
    assert error.reason == "not_realized" and not error.retryable
    # OVS 3.5 appends " to DPDK", 4.0 the reason.
    assert error.detail.startswith("Error attaching device '0000:65:00.0,representor=[10]'")
    assert error.data["vif_id"] == "dc065497-3c8d-4f44-8fb4-e1d33c16a536"
    assert counts(box) == before


def test_bridge_with_other_ports_survives_the_undo(box, api):
    box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
    before = counts(box)
    with pytest.raises(ApiError):
        api.plug(sample("a2"))
    assert counts(box) == before


def test_client_mode_is_not_the_cards(box, api):
    with pytest.raises(ApiError) as refused:
        api.plug(sample("a1"))
    assert refused.value.reason == "socket_mismatch" and refused.value.field == "vif.mode"


def test_another_path_is_not_the_cards(box, api):
    vif = sample("a2")
    vif["versioned_object.data"]["path"] = "/usr/local/var/run/stdvio11"
    with pytest.raises(ApiError) as refused:
        api.plug(vif)
    assert refused.value.reason == "socket_mismatch" and refused.value.field == "vif.path"
    assert "stdvio10" in refused.value.message


@pytest.mark.parametrize("name", ["a2_agilio_ovs_virtio_forwarder_server",
                                  "b1_vhostuser_ovs_plug_virtio_forwarder_server"])
def test_nova_dict_is_the_object_that_nova_makes(api, name):
    """Nova would make a plain vhost-user port of b1; vifplugd keeps its VF."""
    expected = api.plug(sample("a2_agilio_ovs_virtio_forwarder_server.json"), dry_run=True)
    assert expected["kind"] == "representor" and expected["plan"]["action"] == "create"
    assert api.plug(sample(f"{name}.nova_vif"), dry_run=True) == expected


def test_nova_dict_unplugs(box, api):
    api.plug(sample("a2_agilio_ovs_virtio_forwarder_server.nova_vif"), wait="committed")
    assert interface(box, "vfrdc065497-3c")["type"] == "dpdk"
    vif = sample("a2_agilio_ovs_virtio_forwarder_server.nova_vif")
    assert api.call("unplug", vif=vif)["changed"]


def test_nova_dict_errors_name_its_members(api):
    with pytest.raises(ApiError) as refused:
        api.plug(sample("a1_agilio_ovs_virtio_forwarder_client.nova_vif"))
    assert refused.value.reason == "socket_mismatch"
    assert refused.value.field == "vif.details.vhostuser_mode"


@pytest.mark.parametrize("slot,number", [
    ("0000:65:00.4", 4), ("0000:65:00.7", 7), ("0000:65:01.0", 8), ("0000:65:01.2", 10),
    ("0000:65:02.0", 16), ("0000:65:07.7", 63),
])
def test_row_of_a_napatech_vf(box, api, slot, number):
    reply = api.plug(representor(1, slot), wait="committed")
    row = interface(box, "vfr00000001-00")
    assert row["type"] == "dpdk"
    assert row["options"] == {"dpdk-devargs": f"0000:65:00.0,representor=[{number}]",
                              "vhost-server-path": f"/usr/local/var/run/stdvio{number}"}
    assert row["mtu_request"] == 1500
    assert row["external_ids"]["vifplug-pci-slot"] == slot
    assert reply["representor"] == {"pf": "0000:65:00.0", "vf": slot, "vf_num": number,
                                    "devargs": f"0000:65:00.0,representor=[{number}]"}
    assert reply["vhost_user"] == {"path": f"/usr/local/var/run/stdvio{number}",
                                   "mode": "server"}
    shown = api.call("get", vif_id=vif_id(1))
    assert shown["representor"] == reply["representor"]
    assert shown["vhost_user"] == reply["vhost_user"]


def test_row_of_another_nics_vf(api):
    """The number is that of virtfn, with the MAC that the profile says to try. Only a dry run: after the
    refusal of the row the daemon would immediately try without the MAC."""
    reply = api.plug(representor(1, "0000:b3:01.3"), dry_run=True)
    assert reply["options"] == {"dpdk-devargs": "0000:b3:00.0,representor=[3]",
                                "dpdk-vf-mac": "fa:16:3e:01:00:01"}
    assert "vhost_user" not in reply


def is_planned_as(api, vif, kind):
    """Whether a plug would be one of that kind."""
    try:
        return api.plug(vif, dry_run=True)["kind"] == kind
    except ApiError:
        return False


def test_host_device_on_a_netdev_bridge(box, api):
    box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
    # On a bridge that the daemon has not seen yet it would be a kernel representor.
    wait_until(lambda: is_planned_as(api, sample("c1"), "representor"))
    reply = api.plug(sample("c1"), wait="committed")
    assert reply["kind"] == "representor" and reply["representor"]["vf_num"] == 10
    assert interface(box, "vfrdc065497-3c")["type"] == "dpdk"


@pytest.mark.parametrize("slot", ["0000:65:08.0", "0000:65:00.0", "0000:66:00.4"])
def test_no_such_vf(box, api, slot):
    before = counts(box)
    with pytest.raises(ApiError) as refused:
        api.plug(representor(1, slot))
    assert (refused.value.reason, refused.value.field) == ("device_not_found", "vif.pci_slot")
    assert counts(box) == before


def test_replug_of_a_row_in_error_keeps_it(box, api):
    """vswitchd refused a plug that was acknowledged at commit: the row stays, and a replug says what is
    wrong."""
    api.plug(representor(1, "0000:65:01.2"), wait="committed")
    wait_until(lambda: api.call("get", vif_id=vif_id(1))["state"] == "failed")
    with pytest.raises(ApiError) as refused:
        api.plug(representor(1, "0000:65:01.2"))
    assert refused.value.reason == "not_realized"
    assert "Error attaching device" in refused.value.detail
    assert interface(box, "vfr00000001-00") is not None


def test_failed_change_restores_what_worked(box, api, configure):
    """A plug changes a working vhost-user VIF to a representor that cannot work. That is a port of another
    name; it is refused, and the old port comes back and works."""
    from api import Api, vhost_user
    api.plug(vhost_user(1))
    with Api(box.socket) as other, pytest.raises(ApiError) as refused:
        other.plug(representor(1, "0000:65:01.2"))
    assert refused.value.reason == "not_realized"
    shown = api.call("get", vif_id=vif_id(1))
    assert shown["kind"] == "vhost-user" and shown["state"] == "up"
    assert interface(box, "vfr00000001-00") is None
