# SPDX-License-Identifier: Apache-2.0
"""vhost-user VIFs with the real switch."""

import os

import pytest

from api import INSTANCE, ApiError, sample, vhost_user, vif_id
from ovsdb import counts, datapath_type, interface, ports


def test_server_mode_from_nova(box, api):
    """Nova's object becomes a dpdkvhostuserclient port with all that os-vif writes."""
    reply = api.plug(sample("b1"))
    port = "vhudc065497-3c"
    row = interface(box, port)
    assert row["type"] == "dpdkvhostuserclient"
    assert row["options"] == {"vhost-server-path": "/usr/local/var/run/stdvio10"}
    assert row["mtu_request"] == 1450
    assert row["ofport"] > 0 and row["error"] == []
    ids = row["external_ids"]
    assert ids["iface-id"] == "dc065497-3c8d-4f44-8fb4-e1d33c16a536"
    assert ids["iface-status"] == "active"
    assert ids["attached-mac"] == "fa:16:3e:4c:2c:30"
    assert ids["vm-uuid"] == INSTANCE
    assert ids["vifplug-owner"] == "vifplugd"
    assert ids["vifplug-kind"] == "vhost-user"
    assert len(ids["vifplug-boot-id"]) == 36
    assert datapath_type(box, "br-int") == "netdev"
    assert reply["changed"] is True and reply["state"] == "up"
    assert reply["port"] == port and reply["ofport"] == row["ofport"]
    assert reply["external_ids"] == ids
    assert reply["vhost_user"] == {"path": "/usr/local/var/run/stdvio10", "mode": "server"}
    assert set(reply["timings_ms"]) == {"queued", "commit", "realize", "total"}


def test_client_mode(box, api):
    """In mode client vswitchd makes the socket in its run directory."""
    vif = vhost_user(7, mode="client", run_dir=box.run)
    reply = api.plug(vif)
    assert interface(box, reply["port"])["type"] == "dpdkvhostuser"
    assert reply["state"] == "up"
    assert api.call("get", vif_id=vif_id(7))["vhost_user"] == vif["vhost_user"]
    assert os.path.exists(vif["vhost_user"]["path"])
    api.unplug(vif_id(7))
    assert not os.path.exists(vif["vhost_user"]["path"])


def test_client_mode_by_another_name(box, api):
    """Debian's Open vSwitch says /var/run for /run; and a replug by the other name changes nothing."""
    link = f"{box.dir}/stdvio/link"
    os.symlink(box.run, link)
    try:
        vif = vhost_user(7, mode="client", run_dir="/usr/local/var/run/link")
        reply = api.plug(vif)
        own = f"{box.run}/{reply['port']}"
        assert reply["vhost_user"] == {"path": own, "mode": "client"} and os.path.exists(own)
        assert api.plug(vif)["changed"] is False
        assert api.plug(vhost_user(7, mode="client", path=own))["changed"] is False
        assert api.plug(vif, dry_run=True)["changed"] is False
        with pytest.raises(ApiError) as refused:
            api.plug(vhost_user(8, mode="client", run_dir=f"{box.dir}/stdvio"))
        assert refused.value.reason == "socket_mismatch"
    finally:
        os.unlink(link)
    api.unplug(vif_id(7))
    assert not os.path.exists(own)


def test_client_mode_elsewhere_is_refused(box, api):
    with pytest.raises(ApiError) as refused:
        api.plug(vhost_user(7, mode="client", path="/usr/local/var/run/x"))
    assert refused.value.reason == "socket_mismatch"
    assert refused.value.field == "vif.vhost_user.path"
    assert counts(box)["Bridge"] == 0


def test_idempotent(box, api):
    vif = vhost_user(1)
    first = api.plug(vif)
    second = api.plug(vif)
    assert first["changed"] is True and second["changed"] is False
    assert second["ofport"] == first["ofport"] and second["state"] == "up"
    assert api.unplug(vif_id(1))["changed"] is True
    assert api.unplug(vif_id(1))["changed"] is False
    assert api.unplug("never-plugged")["changed"] is False
    assert ports(box, "br-int") == []


def test_update_in_place(box, api):
    api.plug(vhost_user(1))
    before = box.vsctl("get", "Interface", "vhu00000001-00", "_uuid")
    reply = api.plug(vhost_user(1, mtu=9000, address="fa:16:3e:00:00:99"))
    assert reply["changed"] is True and reply["state"] == "up"
    row = interface(box, "vhu00000001-00")
    assert row["mtu_request"] == 9000
    assert row["external_ids"]["attached-mac"] == "fa:16:3e:00:00:99"
    assert box.vsctl("get", "Interface", "vhu00000001-00", "_uuid") == before


def test_another_socket_takes_effect(box, api):
    """vswitchd ignores a new vhost-user socket path of an existing port, so this must be a replacement; the
    keys of other programs stay."""
    api.plug(vhost_user(1))
    box.vsctl("set", "Interface", "vhu00000001-00", "external_ids:ovn-installed=true", "--",
              "set", "Port", "vhu00000001-00", "tag=7")
    reply = api.plug(vhost_user(1, path="/usr/local/var/run/other"))
    assert reply["changed"] is True and reply["state"] == "up"
    row = interface(box, "vhu00000001-00")
    assert row["type"] == "dpdkvhostuserclient"
    assert row["options"]["vhost-server-path"] == "/usr/local/var/run/other"
    assert row["external_ids"]["ovn-installed"] == "true"
    assert box.vsctl("get", "Port", "vhu00000001-00", "tag") == "7"
    with open(f"{box.log}/ovs-vswitchd.log", encoding="utf-8") as log:
        registered = [line for line in log if "vHost" in line or "VHOST_CONFIG" in line]
    assert any("/usr/local/var/run/other" in line for line in registered)


def test_mode_change(box, api):
    """From server to client: another interface type on the same port."""
    api.plug(vhost_user(1))
    reply = api.plug(vhost_user(1, mode="client", run_dir=box.run))
    assert reply["state"] == "up" and reply["changed"] is True
    row = interface(box, "vhu00000001-00")
    assert row["type"] == "dpdkvhostuser" and row["options"] == {}


def test_moves_to_another_bridge(box, api):
    api.plug(vhost_user(1))
    reply = api.plug(vhost_user(1, bridge="br-two"))
    assert reply["bridge"] == "br-two" and reply["state"] == "up"
    assert ports(box, "br-int") == [] and ports(box, "br-two") == ["vhu00000001-00"]


def test_committed(box, api):
    reply = api.plug(vhost_user(1), wait="committed")
    assert reply["changed"] is True
    assert reply["state"] in ("committed", "realizing", "up")
    assert api.plug(vhost_user(1))["state"] == "up"


def test_dry_run_changes_nothing(box, api):
    before = counts(box)
    reply = api.plug(vhost_user(1), dry_run=True)
    assert counts(box) == before
    assert reply["plan"]["action"] == "create" and reply["port"] == "vhu00000001-00"
    assert "insert Bridge br-int datapath_type=netdev" in reply["plan"]["operations"]
    api.plug(vhost_user(1))
    assert api.plug(vhost_user(1), dry_run=True)["plan"]["action"] == "none"
    assert api.plug(vhost_user(1, mtu=2000), dry_run=True)["plan"]["action"] == "update"
    assert api.plug(vhost_user(1, path="/usr/local/var/run/z"),
                    dry_run=True)["plan"]["action"] == "replace"
    reply = api.unplug(vif_id(1), dry_run=True)
    assert reply["plan"]["action"] == "delete"
    assert ports(box, "br-int") == ["vhu00000001-00"]


def test_get_and_list(box, api):
    for n in (1, 2, 3):
        api.plug(vhost_user(n))
    assert {vif["vif_id"] for vif in api.call("list")["vifs"]} == {vif_id(n) for n in (1, 2, 3)}
    got = api.call("get", vif_id=vif_id(2))
    assert got["port"] == "vhu00000002-00" and got["state"] == "up"
    assert got["vhost_user"]["path"] == "/usr/local/var/run/vhost2"
    with pytest.raises(ApiError) as refused:
        api.call("get", vif_id="nobody")
    assert refused.value.field == "params.vif_id"


@pytest.mark.parametrize("members,field", [
    ({"vhost_user": {"path": "/etc/passwd", "mode": "server"}}, "vif.vhost_user.path"),
    ({"vhost_user": {"path": "/usr/local/var/run/no/such", "mode": "server"}},
     "vif.vhost_user.path"),
    ({"vhost_user": {"path": "/usr/local/var/run/../run/x", "mode": "server"}},
     "vif.vhost_user.path"),
    ({"mtu": 9703}, "vif.mtu"),
    ({"datapath_type": "system"}, "vif.datapath_type"),
])
def test_refused_at_the_door(box, api, members, field):
    before = counts(box)
    with pytest.raises(ApiError) as refused:
        api.plug(vhost_user(1, **members))
    assert (refused.value.reason, refused.value.field) == ("invalid_request", field)
    assert counts(box) == before


def test_existing_bridge_is_never_changed(box, api):
    box.vsctl("add-br", "br-sys", "--", "set", "Bridge", "br-sys", "datapath_type=system")
    with pytest.raises(ApiError) as refused:
        api.plug(vhost_user(1, bridge="br-sys", datapath_type="netdev"))
    assert (refused.value.reason, refused.value.field) == ("invalid_request", "vif.datapath_type")
    with pytest.raises(ApiError) as refused:
        api.plug(vhost_user(1, bridge="br-sys"))
    assert (refused.value.reason, refused.value.field) == ("invalid_request", "vif.datapath_type")
    assert datapath_type(box, "br-sys") == "system" and ports(box, "br-sys") == []


def test_bridges_not_created_where_that_is_off(box, configure):
    from api import Api
    configure("[ovs]\ncreate_bridges = no\n[daemon]\nsocket_group = root\n")
    with Api(box.socket) as api, pytest.raises(ApiError) as refused:
        api.plug(vhost_user(1))
    assert (refused.value.reason, refused.value.field) == ("invalid_request", "vif.bridge")
    assert counts(box)["Bridge"] == 0


def test_unplug_for_another_instance_is_ignored(box, api):
    api.plug(vhost_user(1))
    reply = api.unplug(vif_id(1), instance={"uuid": "11111111-1111-4111-8111-111111111111"})
    assert reply["changed"] is False and reply["warnings"]
    assert ports(box, "br-int") == ["vhu00000001-00"]
    assert api.unplug(vif_id(1), instance={"uuid": INSTANCE})["changed"] is True


def test_unplug_by_object(box, api):
    api.plug(sample("b1"))
    assert api.call("unplug", vif=sample("b1"))["changed"] is True
    assert ports(box, "br-int") == []
