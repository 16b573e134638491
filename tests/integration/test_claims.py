# SPDX-License-Identifier: Apache-2.0
"""Claims: what two VIFs cannot share has one owner. A plug of what another VIF, port, bridge or link has is
refused, with the owner, whatever the two are; and so is its dry run."""

import os
import socket

import pytest

from api import INSTANCE, Api, ApiError, hybrid, ovs_vif, representor, result, vhost_user, vif_id, wait_until
from kernel import ip, links, names
from ovsdb import counts, interface, ports, table
from test_card import slot

RUN = "/usr/local/var/run"
ROWS = ["name", "type", "options", "external_ids", "mtu_request"]
CONFIG = "[daemon]\nsocket_group = root\n"


def rows(box):
    """All that a refused plug must not change."""
    tables = table(box, "Interface", ROWS) + table(box, "Bridge", ["name", "ports"])
    return sorted(map(str, tables)), sorted(links(box))


def is_settled(api):
    ovsdb = api.call("status")["ovsdb"]
    return ovsdb["cur_cfg"] == ovsdb["next_cfg"]


def refused(box, api, vif, reason, field, *words, **params):
    """Returns the message of a plug that is refused, and whose dry run says the same."""
    wait_until(lambda: is_settled(api), what="ovs-vswitchd has made all links")
    before = rows(box)
    errors = []
    for dry_run in (True, False):
        with pytest.raises(ApiError) as error:
            api.plug(vif, dry_run=dry_run, **params)
        errors.append(error.value)
    for error in errors:
        assert (error.reason, error.field, error.retryable) == (reason, field, False), error.message
        assert all(word in error.message for word in words), error.message
    assert errors[0].message == errors[1].message
    assert rows(box) == before
    return errors[1].message


def client(box, n, port=None, **members):
    path = {"path": f"{box.run}/{port}"} if port else {}
    return vhost_user(n, mode="client", run_dir=box.run, **path, **members)


def foreign(box, name, kind, *columns, bridge="br-int"):
    """A port of another program."""
    box.vsctl("--may-exist", "add-br", bridge, "--", "set", "Bridge", bridge, "datapath_type=netdev", "--",
              "add-port", bridge, name, "--", "set", "Interface", name, f"type={kind}", *columns)


# --- Sockets ---

@pytest.fixture
def spellings(box):
    """Other names of the sockets in RUN, as paths; the files are those of the sandbox."""
    stdvio = os.path.join(box.dir, "stdvio")
    os.mkdir(f"{stdvio}/real")
    os.symlink("real", f"{stdvio}/link")
    os.symlink(f"{RUN}/real/vm1", f"{stdvio}/vm1-link")
    with socket.socket(socket.AF_UNIX) as guest:
        guest.bind(f"{stdvio}/hard1")
        os.link(f"{stdvio}/hard1", f"{stdvio}/hard2")
        yield
    for name in ("hard1", "hard2", "vm1-link", "link"):
        os.unlink(f"{stdvio}/{name}")
    os.rmdir(f"{stdvio}/real")


@pytest.mark.parametrize("path, other", [
    ("real/vm1", "real/vm1"), ("real/vm1", "link/vm1"), ("link/vm1", "real/vm1"), ("real/vm1", "vm1-link"),
    ("vm1-link", "link/vm1"), ("hard1", "hard2"),
])
@pytest.mark.usefixtures("spellings")
def test_one_socket(box, api, path, other):
    api.plug(vhost_user(1, path=f"{RUN}/{path}"))
    message = refused(box, api, vhost_user(2, path=f"{RUN}/{other}"), "socket_in_use", "vif.vhost_user.path",
                      vif_id(1), f"instance {INSTANCE}", f"{RUN}/{other}",
                      f"unplug VIF {vif_id(1)} if instance {INSTANCE} does not use it any more")
    assert (f"the same file as {RUN}/{path}" in message) == (path != other)
    assert api.unplug(vif_id(2))["changed"] is False
    assert api.get_vif(1)["state"] == "up"
    api.unplug(vif_id(1))
    assert api.plug(vhost_user(2, path=f"{RUN}/{other}"))["state"] == "up"


@pytest.mark.usefixtures("spellings")
def test_another_socket_of_the_same_name(box, api):
    """A directory that becomes another one is another place, also for the sockets that are plugged."""
    stdvio = os.path.join(box.dir, "stdvio")
    api.plug(vhost_user(1, path=f"{RUN}/real/vm1"))
    assert api.plug(vhost_user(2, path=f"{RUN}/vm1"))["state"] == "up"
    os.unlink(f"{stdvio}/link")
    os.symlink("/tmp", f"{stdvio}/link")
    api.plug(vhost_user(3, path=f"{RUN}/link/vm1"))
    os.unlink(f"{stdvio}/link")
    os.symlink("real", f"{stdvio}/link")
    refused(box, api, vhost_user(4, path=f"{RUN}/link/vm1"), "socket_in_use", "vif.vhost_user.path", vif_id(3))
    api.unplug(vif_id(3))
    refused(box, api, vhost_user(4, path=f"{RUN}/link/vm1"), "socket_in_use", "vif.vhost_user.path", vif_id(1))


@pytest.mark.parametrize("kind", ["dpdkvhostuserclient", "dpdk"])
@pytest.mark.parametrize("spelling", ["vm1", "/vm1", "./vm1", "other/../vm1"])
def test_socket_of_a_foreign_port(box, api, kind, spelling):
    foreign(box, "else", kind, f"options:vhost-server-path={RUN}/{spelling}")
    if "other" in spelling:
        os.mkdir(f"{box.dir}/stdvio/other")
    refused(box, api, vhost_user(1, path=f"{RUN}/vm1"), "socket_in_use", "vif.vhost_user.path",
            "port else, which vifplugd did not make, on bridge br-int", "ovs-vsctl del-port else")
    box.vsctl("del-port", "else")
    assert api.plug(vhost_user(1, path=f"{RUN}/vm1"))["state"] == "up"
    if "other" in spelling:
        os.rmdir(f"{box.dir}/stdvio/other")


def test_sockets_in_both_modes(box, api):
    """The socket that ovs-vswitchd makes for a guest is not another guest's to make."""
    port = api.plug(client(box, 1))["port"]
    with Api(box.socket) as again:
        with pytest.raises(ApiError) as error:
            again.plug(vhost_user(2, path=f"{box.run}/{port}"))
    assert error.value.reason in ("socket_in_use", "invalid_request")  # The latter: not in socket_dirs.
    foreign(box, "vhu00000003-00", "dpdkvhostuserclient", f"options:vhost-server-path={box.run}/vhu00000004-00")
    refused(box, api, client(box, 4), "socket_in_use", "vif.vhost_user.path", "port vhu00000003-00")


def test_socket_of_a_card(box, api):
    """The card serves the socket of its VF: no port has it in its options."""
    api.plug(representor(1, "0000:65:01.2"), wait="committed")
    refused(box, api, vhost_user(2, path=f"{RUN}/stdvio10"), "socket_in_use", "vif.vhost_user.path", vif_id(1))
    api.unplug(vif_id(1))
    api.plug(vhost_user(2, path=f"{RUN}/stdvio10"))
    refused(box, api, representor(1, "0000:65:01.2"), "socket_in_use", "vif.pci_slot", vif_id(2), wait="committed")


def test_onto_a_taken_socket(box, api):
    """A plugged VIF cannot move to the socket of another; its own stays as it is."""
    api.plug(vhost_user(1))
    api.plug(vhost_user(2))
    taken = vhost_user(2, path=f"{RUN}/vhost1")
    refused(box, api, taken, "socket_in_use", "vif.vhost_user.path", vif_id(1))
    refused(box, api, {**taken, "bridge": "br-other", "mtu": 1400}, "socket_in_use", "vif.vhost_user.path")
    assert api.get_vif(2)["vhost_user"]["path"] == f"{RUN}/vhost2"
    api.plug(vhost_user(1, path=f"{RUN}/vhost3"))
    assert api.plug(taken)["state"] == "up"


def test_one_socket_in_one_batch(box, api):
    ids = [api.send("plug", vif=vhost_user(n, path=f"{RUN}/vm1"), instance={"uuid": INSTANCE}) for n in (1, 2, 3)]
    replies = api.collect(ids)
    assert "result" in replies[ids[0]]
    assert [replies[n]["error"]["data"]["reason"] for n in ids[1:]] == ["socket_in_use"] * 2
    assert ports(box, "br-int") == ["vhu00000001-00"]


def test_a_plug_waits_for_the_unplug(box, api):
    api.plug(vhost_user(1, path=f"{RUN}/vm1"))
    ids = [api.send("unplug", vif_id=vif_id(1)),
           api.send("plug", vif=vhost_user(2, path=f"{RUN}/vm1"), instance={"uuid": INSTANCE})]
    replies = api.collect(ids)
    assert result(replies[ids[0]])["changed"] is True
    assert result(replies[ids[1]])["state"] == "up"


# --- iface-ids ---

def test_one_iface_id(box, api):
    api.plug(vhost_user(1, interface_id="port-1"))
    refused(box, api, vhost_user(2, interface_id="port-1"), "port_conflict", "vif.interface_id", vif_id(1),
            f"instance {INSTANCE}", "iface-id port-1", "another iface-id")
    refused(box, api, representor(2, "0000:65:01.2", interface_id="port-1"), "port_conflict", "vif.interface_id",
            wait="committed")
    api.plug(vhost_user(3))
    refused(box, api, vhost_user(3, interface_id="port-1"), "port_conflict", "vif.interface_id", vif_id(1))
    assert api.get_vif(3)["external_ids"]["iface-id"] == vif_id(3)
    api.unplug(vif_id(1))
    assert api.plug(vhost_user(2, interface_id="port-1"))["state"] == "up"


def test_iface_id_that_is_another_vifs_id(box, api):
    """Without interface_id, the id of a VIF is its iface-id."""
    api.plug(vhost_user(1, interface_id=vif_id(2)))
    refused(box, api, vhost_user(2), "port_conflict", "vif.vif_id", vif_id(1))


def test_iface_id_of_a_foreign_port(box, api):
    """What is left after a change from os-vif to vifplugd."""
    foreign(box, "tap7", "internal", f"external_ids:iface-id={vif_id(1)}")
    message = refused(box, api, vhost_user(1), "port_conflict", "vif.vif_id",
                      "port tap7, which vifplugd did not make",
                      "on bridge br-int")
    assert "another id" not in message
    box.vsctl("remove", "Interface", "tap7", "external_ids", "iface-id")
    assert api.plug(vhost_user(1))["state"] == "up"


def test_one_iface_id_in_one_batch(box, api):
    ids = [api.send("plug", vif=vhost_user(n, interface_id="port-1"), instance={"uuid": INSTANCE}) for n in (1, 2)]
    replies = api.collect(ids)
    assert "result" in replies[ids[0]]
    assert replies[ids[1]]["error"]["data"]["reason"] == "port_conflict"


@pytest.mark.parametrize("create_port", [False, True])
def test_tap_that_libvirt_makes(box, api, create_port):
    """libvirt makes the VIF's own port, or adds its keys to it: replugs and the unplug work as before."""
    vif = ovs_vif(1, create_port=create_port)
    api.plug(vif)
    ip(box, "tuntap", "add", "tap1", "mode", "tap")
    box.vsctl("--may-exist", "add-port", "br-int", "tap1", "--", "set", "Interface", "tap1",
              f'external_ids:iface-id="{vif_id(1)}"', "external_ids:iface-status=active",
              f'external_ids:attached-mac="{vif["address"]}"')
    assert api.plug(vif)["warnings"] == []
    refused(box, api, vhost_user(2, interface_id=vif_id(1)), "port_conflict", "vif.interface_id", "tap1")
    assert api.call("unplug", vif=vif)["changed"] is True
    assert ports(box, "br-int") == []
    ip(box, "link", "delete", "tap1")


def test_a_port_that_shares_already(box, api):
    """A running guest's port stays as asked, and changes in place; the reply warns of the other port."""
    api.plug(vhost_user(1, path=f"{RUN}/vm1"))
    foreign(box, "else", "dpdkvhostuserclient", f"options:vhost-server-path={RUN}/vm1",
            f'external_ids:iface-id="{vif_id(1)}"')
    reply = api.plug(vhost_user(1, path=f"{RUN}/vm1", mtu=1400))
    assert reply["changed"] is True and interface(box, reply["port"])["mtu_request"] == 1400
    assert len(reply["warnings"]) == 1 and "port else, which vifplugd did not make" in reply["warnings"][0]
    assert api.plug(vhost_user(1, path=f"{RUN}/vm1", mtu=1400))["changed"] is False


# --- Names ---

def test_port_whose_interface_has_another_name(box, api):
    box.vsctl("add-br", "br-int", "--", "set", "Bridge", "br-int", "datapath_type=netdev")
    box.vsctl("add-bond", "br-int", "vhu00000001-00", "one", "two", "--", "set", "Interface", "one",
              "type=internal", "--", "set", "Interface", "two", "type=internal")
    refused(box, api, vhost_user(1), "port_conflict", "vif.vif_id", "port vhu00000001-00", "br-int")
    refused(box, api, ovs_vif(2, vif_name="two", create_port=True), "port_conflict", "vif.vif_name",
            "port vhu00000001-00")


def test_bridge_with_the_name_of_a_port(box, api):
    api.plug(vhost_user(1, vif_name="x1"))
    foreign(box, "else", "internal")
    for name in ("else", "vhu00000001-00"):
        refused(box, api, vhost_user(2, bridge=name), "port_conflict", "vif.bridge", name, "another bridge")


def test_port_with_the_name_of_a_bridge(box, api):
    box.vsctl("add-br", "tap1", "--", "set", "Bridge", "tap1", "datapath_type=netdev")
    refused(box, api, ovs_vif(1, create_port=True), "port_conflict", "vif.vif_name", "tap1")
    refused(box, api, ovs_vif(1, create_port=True, create_tap=True), "port_conflict", "vif.vif_name", "tap1")


def test_bridge_and_port_of_one_name(box, api):
    """One VIF, or two of one batch, whose new bridge has the name of a port."""
    refused(box, api, ovs_vif(1, bridge="tap1", create_port=True), "invalid_request", "vif.vif_name", "tap1")
    ids = [api.send("plug", vif=vif, instance={"uuid": INSTANCE})
           for vif in (vhost_user(2, bridge="tap3"), ovs_vif(3, create_port=True), vhost_user(4, bridge="tap3"))]
    replies = api.collect(ids)
    assert result(replies[ids[0]])["state"] == result(replies[ids[2]])["state"] == "up"
    assert replies[ids[1]]["error"]["data"]["reason"] == "port_conflict"


@pytest.mark.parametrize("tap, tap_first", [
    ({"create_tap": True}, True), ({"create_tap": True}, False), ({}, True), ({}, False),
    ({"create_port": False}, False)])
@pytest.mark.parametrize("together", [True, False])
def test_tap_and_bridge_of_one_name(box, api, tap, tap_first, together):
    """A tap's VIF, and one whose bridge has to be made with the tap's name, in one batch and one after the other:
    the second is refused, and the first is as if it were alone. (Of a first VIF without a port nothing is
    recorded.)"""
    vifs = [ovs_vif(1, **{"create_port": True, **tap}), vhost_user(2, bridge="tap1")]
    if not tap_first:
        vifs.reverse()
    if together:
        ids = [api.send("plug", vif=vif, instance={"uuid": INSTANCE}) for vif in vifs]
        replies = api.collect(ids)
        first, second = (replies[one] for one in ids)
        assert result(first)["vif_id"] == vifs[0]["vif_id"]
        assert second["error"]["data"]["reason"] == "port_conflict" and "tap1" in second["error"]["message"]
    else:
        assert api.plug(vifs[0])["vif_id"] == vifs[0]["vif_id"]
        refused(box, api, vifs[1], "port_conflict", "vif.bridge" if tap_first else "vif.vif_name", "tap1")
    names_of_bridges = set(box.vsctl("list-br").split())
    assert names_of_bridges == {"br-int" if tap_first else "tap1"}


@pytest.mark.parametrize("kind", [("bridge",), ("veth", "peer", "name", "x2"), ("ifb",)])
def test_bridge_with_the_name_of_a_link(box, api, kind):
    ip(box, "link", "add", "x1", "type", *kind)
    before = counts(box)
    refused(box, api, vhost_user(1, bridge="x1"), "port_conflict", "vif.bridge", "x1", "ip link delete",
            "another bridge")
    ip(box, "link", "delete", "x1")
    assert api.plug(vhost_user(1, bridge="x1"))["state"] == "up"
    api.unplug(vif_id(1))
    box.vsctl("del-br", "x1")
    assert counts(box) == before
    assert api.plug(vhost_user(1, bridge="x1"))["state"] == "up", "the link of the removed bridge is no obstacle"


def test_bridge_with_the_name_of_a_vifs_link(box, api):
    api.plug(hybrid(1))
    bridge = names(box, vif_id(1))[0]
    refused(box, api, vhost_user(2, bridge=bridge), "port_conflict", "vif.bridge", vif_id(1), INSTANCE)


def test_one_linux_bridge(box, api):
    api.plug(hybrid(1, linux_bridge="lb1"))
    refused(box, api, hybrid(2, linux_bridge="lb1"), "port_conflict", "vif.linux_bridge", vif_id(1), INSTANCE,
            "another Linux bridge")
    api.plug(hybrid(3))
    refused(box, api, hybrid(3, linux_bridge="lb1"), "port_conflict", "vif.linux_bridge", vif_id(1))
    assert "lb1" in links(box)
    api.unplug(vif_id(1))
    assert "lb1" not in links(box)
    assert api.plug(hybrid(2, linux_bridge="lb1"))["state"] == "up"


def test_one_linux_bridge_in_one_batch(box, api):
    ids = [api.send("plug", vif=hybrid(n, linux_bridge="lb1"), instance={"uuid": INSTANCE}) for n in (1, 2)]
    replies = api.collect(ids)
    assert "result" in replies[ids[0]]
    assert replies[ids[1]]["error"]["data"]["reason"] == "port_conflict"
    assert "lb1" in links(box) and names(box, vif_id(2))[2] not in links(box)


def test_one_tap(box, api):
    """A tap of one VIF, and a Linux bridge of another."""
    api.plug(ovs_vif(1, create_port=True, create_tap=True, vif_name="t1"))
    refused(box, api, ovs_vif(2, create_port=True, create_tap=True, vif_name="t1"), "port_conflict",
            "vif.vif_name",
            vif_id(1))
    refused(box, api, hybrid(3, linux_bridge="t1"), "port_conflict", "vif.linux_bridge", vif_id(1))


# --- Others who change rows; restarts ---

def test_two_rows_of_one_vif(box, api):
    """Somebody has copied a VIF's row."""
    api.plug(vhost_user(1))
    ids = interface(box, "vhu00000001-00")["external_ids"]
    foreign(box, "copy", "internal", *(f'external_ids:{key}="{value}"' for key, value in ids.items()))
    for _ in range(2):
        with Api(box.socket) as again:
            assert [vif["port"] for vif in again.call("list")["vifs"]] == ["vhu00000001-00"]
            assert again.get_vif(1)["port"] == "vhu00000001-00"
            reply = again.plug(vhost_user(1, mtu=1400))
            assert reply["port"] == "vhu00000001-00"
            assert len(reply["warnings"]) == 1 and "port copy on bridge br-int" in reply["warnings"][0]
            refused(box, again, vhost_user(2, interface_id=vif_id(1)), "port_conflict",
                    "vif.interface_id", vif_id(1))
        box.stop("vifplugd")
        box.start_vifplugd()
    with Api(box.socket) as again:
        warnings = again.unplug(vif_id(1))["warnings"]
        assert len(warnings) == 1 and "ovs-vsctl del-port copy" in warnings[0]
        assert ports(box, "br-int") == ["copy"]


def test_claims_after_a_restart(box, api):
    api.plug(vhost_user(1, path=f"{RUN}/vm1", interface_id="port-1"))
    api.plug(hybrid(2, linux_bridge="lb1"))
    api.plug(representor(3, "0000:65:01.2"), wait="committed")
    box.stop("vifplugd")
    box.start_vifplugd()
    with Api(box.socket) as again:
        refused(box, again, vhost_user(4, path=f"{RUN}/vm1"), "socket_in_use", "vif.vhost_user.path", vif_id(1))
        refused(box, again, vhost_user(4, interface_id="port-1"), "port_conflict", "vif.interface_id", vif_id(1))
        refused(box, again, hybrid(4, linux_bridge="lb1"), "port_conflict", "vif.linux_bridge", vif_id(2))
        refused(box, again, vhost_user(4, path=f"{RUN}/stdvio10"), "socket_in_use",
                "vif.vhost_user.path", vif_id(3))
        refused(box, again, representor(4, "0000:65:01.2"), "vf_in_use", "vif.pci_slot", vif_id(3), INSTANCE)


def test_repair_leaves_what_another_has_taken(box, configure):
    """Another program removes a port and plugs its socket elsewhere."""
    configure(f"{CONFIG}[ovs]\nrepair = yes\n")
    with Api(box.socket) as api:
        api.plug(vhost_user(1, path=f"{RUN}/vm1"))
        api.plug(vhost_user(2))
        box.vsctl("del-port", "vhu00000001-00", "--", "add-port", "br-int", "else", "--",
                  "set", "Interface", "else",
                  "type=dpdkvhostuserclient", f"options:vhost-server-path={RUN}/vm1")
        box.vsctl("del-port", "vhu00000002-00")
        wait_until(lambda: "vhu00000002-00" in ports(box, "br-int"), what="the other VIF is repaired")
        wait_until(lambda: f"VIF {vif_id(1)} is not repaired: it needs socket {RUN}/vm1, but port else"
                   in log(box),
                   what="the log says why")
        assert ports(box, "br-int") == ["else", "vhu00000002-00"]


def log(box):
    with open(f"{box.log}/vifplugd.log", encoding="utf-8") as file:
        return file.read()


# --- A card ---

def test_card_and_its_socket(card_box, card_api):
    """A guest's port cannot take the socket that the card serves, and the other way round."""
    card_api.plug(representor(1, slot(10)))
    refused(card_box, card_api, vhost_user(2, path=f"{RUN}/stdvio10"), "socket_in_use", "vif.vhost_user.path",
            vif_id(1))
    card_api.unplug(vif_id(1))
    card_api.plug(vhost_user(2, path=f"{RUN}/stdvio10"))
    refused(card_box, card_api, representor(1, slot(10)), "socket_in_use", "vif.pci_slot", vif_id(2), "another VF")


def test_what_a_failed_change_needs_again(card_box, card_api):
    """A VIF that leaves its VF and socket gets them back if the change fails, also if others wait for them."""
    card_api.plug(representor(1, slot(10), mtu=1500))
    card_box.card_settings(max_mtu=2000)
    ids = [card_api.send("plug", vif=vif, instance={"uuid": INSTANCE})
           for vif in (representor(1, slot(11), mtu=9000), representor(2, slot(10)),
                       vhost_user(3, path=f"{RUN}/stdvio10"))]
    replies = card_api.collect(ids)
    assert all("error" in reply for reply in replies.values()), replies
    errors = [replies[n]["error"]["data"]["reason"] for n in ids]
    assert errors == ["not_realized", "vf_in_use", "socket_in_use"]
    assert (card_api.get_vif(1)["representor"]["vf_num"], card_api.get_vif(1)["state"]) == (10, "up")
