# SPDX-License-Identifier: Apache-2.0
"""Stock Nova plugs through vifplugd: LibvirtGenericVIFDriver, os-vif, the plugin, the daemon, OVS."""

import os
import signal
import xml.etree.ElementTree as ElementTree

import pytest

from api import wait_until
from ovsdb import counts, interface, ports as ports_of
from ports import INSTANCE, SOCKETS, mac, nova_vif, port_id, slot, vf_port
from worker import WorkerError

OTHER_INSTANCE = "11111111-1111-4111-8111-111111111111"


def name_of(n):
    return f"vfr{port_id(n)}"[:14]


def up_to(latest):
    """Returns versions 1.0 to `latest`."""
    return [f"1.{minor}" for minor in range(int(latest.partition(".")[2]) + 1)]


def data_of(primitive):
    """Returns only the data of a primitive."""
    if isinstance(primitive, list):
        return [data_of(one) for one in primitive]
    if isinstance(primitive, dict):
        members = primitive.get("versioned_object.data", primitive)
        return {key: data_of(value) for key, value in members.items()}
    return primitive


def kinds_of(described):
    """Returns the VIF objects of a HostPluginInfo primitive."""
    return {info["versioned_object.data"]["vif_object_name"]
            for info in described["versioned_object.data"]["vif_info"]}


def test_plugins_that_os_vif_finds(nova):
    """os-vif finds ours by name, beside stock ones; ours reports what the daemon can plug."""
    found = nova.call("plugins")
    assert found["classes"]["agilio_ovs"] == found["classes"]["vifplug"] == "vifplug.os_vif_plugin"
    assert found["classes"]["ovs"] == "vif_plug_ovs.ovs"
    for described in found["described"]:
        assert kinds_of(described) == {"VIFBridge", "VIFOpenVSwitch", "VIFVHostUser", "VIFHostDevice"}


def test_plug_and_unplug(card_box, nova):
    vif = nova_vif(nova, 1, 10)
    nova.call("plug", vif=vif, instance=INSTANCE)
    row = interface(card_box, name_of(1))
    assert row["type"] == "dpdk" and row["error"] == [] and row["ofport"] > 0
    assert row["options"] == {"dpdk-devargs": "0000:65:00.0,representor=[10]",
                              "vhost-server-path": "/usr/local/var/run/stdvio10"}
    assert row["mtu"] == row["mtu_request"] == 1450
    ids = row["external_ids"]
    assert ids["iface-id"] == port_id(1) and ids["attached-mac"] == mac(1)
    assert ids["vm-uuid"] == INSTANCE and ids["iface-status"] == "active"
    assert ports_of(card_box, "br-int") == [name_of(1)]
    nova.call("unplug", vif=vif, instance=INSTANCE)
    assert ports_of(card_box, "br-int") == []
    nova.call("unplug", vif=vif, instance=INSTANCE)  # Nova's clean-up also unplugs missing VIFs.
    assert nova.lines("ERROR") == []


def test_replug_changes_nothing(card_box, nova):
    """nova-compute replugs everything when it starts."""
    vif = nova_vif(nova, 1, 10)
    nova.call("plug", vif=vif, instance=INSTANCE)
    before = interface(card_box, name_of(1))
    nova.call("plug", vif=vif, instance=INSTANCE)
    assert interface(card_box, name_of(1)) == before


def test_unplug_for_a_former_instance_is_left_alone(card_box, nova):
    """A late clean-up of a server that does not have the port any more changes nothing, and logs a warning."""
    vif = nova_vif(nova, 1, 10)
    nova.call("plug", vif=vif, instance=INSTANCE)
    nova.call("unplug", vif=vif, instance=OTHER_INSTANCE)
    assert ports_of(card_box, "br-int") == [name_of(1)]
    assert nova.lines("WARNING", port_id(1))


def test_guest_xml(nova):
    vif = nova_vif(nova, 1, 10)
    interface_ = ElementTree.fromstring(nova.call("guest_xml", vif=vif, instance=INSTANCE))
    assert interface_.get("type") == "vhostuser"
    assert interface_.find("source").attrib == {"type": "unix", "mode": "server",
                                                "path": f"{SOCKETS}/stdvio10"}
    assert interface_.find("mac").get("address") == mac(1)
    assert interface_.find("target").get("dev") == f"tap{port_id(1)}"[:14]


def test_versions_of_os_vif_objects(nova):
    """Every version that this os-vif can write; the daemon supports the latest."""
    made = nova.call("versions", vif=nova_vif(nova, 1, 10), instance=INSTANCE)
    latest = max(profile for _, profile, *_ in made)
    assert {tuple(one[:2]) for one in made} == {
        (vif, profile) for vif in ("1.0", "1.1") for profile in up_to(latest)}
    assert all(state == "up" for *_, state, _ in made)
    assert [changed for *_, changed in made] == [True] + [False] * (len(made) - 1)
    assert latest in ("1.3", "1.4")
    described = nova.call("plugins")["described"][0]["versioned_object.data"]["vif_info"]
    profiles = [profile["versioned_object.data"] for info in described
                for profile in info["versioned_object.data"]["supported_port_profiles"]]
    assert profiles and all(profile["max_version"] >= latest for profile in profiles)
    assert any("datapath_offload" not in members for _, _, members, *_ in made)


def test_objects_of_a_later_os_vif(card_box, start_nova):
    nova = start_nova()
    nova.call("later_versions", vif=nova_vif(nova, 1, 10), instance=INSTANCE)
    assert ports_of(card_box, "br-int") == [name_of(1)]


def test_xml_for_a_live_migration(nova):
    """The destination has another VF, so the socket and the port's binding differ."""
    vif = nova_vif(nova, 1, 10)
    xml = ("<domain><uuid>x</uuid><devices>" + nova.call("guest_xml", vif=vif, instance=INSTANCE).replace(
        "</interface>", '<address type="pci" domain="0x0000" bus="0x01" slot="0x00" function="0x0"/>'
        "</interface>") + "</devices></domain>")
    changed = ElementTree.fromstring(nova.call(
        "migrated_xml", vif=vif, destination=vf_port(1, slot(17), 17), instance=INSTANCE, xml=xml))
    interface_ = changed.find("devices/interface")
    assert interface_.find("source").get("path") == f"{SOCKETS}/stdvio17"
    assert interface_.find("address").get("bus") == "0x01"


# --- What fails, as Nova and an operator see it. ---


def fails(nova, call, vif, instance=INSTANCE):
    """Returns Nova's error text for a failed call, and the plugin's one line in the log."""
    with pytest.raises(WorkerError) as failed:
        nova.call(call, vif=vif, instance=instance)
    assert failed.value.kind == "InternalError"
    lines = nova.lines("ERROR", "vifplug.os_vif_plugin")
    assert len(lines) == 1, lines
    return failed.value.text, lines[0]


def test_refused(card_box, nova):
    """The daemon's message is in Nova's exception and, on one line, in the log."""
    before = counts(card_box)
    text, line = fails(nova, "plug", nova_vif(nova, 1, 10, vhostuser_socket=f"{SOCKETS}/stdvio11"))
    sentence = f"The card serves VF number 10 at {SOCKETS}/stdvio10, not at {SOCKETS}/stdvio11"
    assert sentence in text and sentence in line
    assert port_id(1) in line and INSTANCE in line and line.endswith("[socket_mismatch]")
    assert line.count(sentence) == 1
    assert counts(card_box) == before


@pytest.mark.parametrize("pci_slot", ["0000:65:1f.7", "0000:66:00.1", "0000:65:00.0"])
def test_no_such_vf(nova, pci_slot):
    vif = nova_vif(nova, 1, 10)
    vif["profile"]["pci_slot"] = pci_slot
    _, line = fails(nova, "plug", vif)
    assert "[device_not_found]" in line and pci_slot in line


@pytest.mark.parametrize("pci_slot", ["0000:65:20.0", "65"])
def test_malformed_slot(nova, pci_slot):
    """These never reach vifplugd: os-vif's objects refuse them."""
    vif = nova_vif(nova, 1, 10)
    vif["profile"]["pci_slot"] = pci_slot
    with pytest.raises(WorkerError) as failed:
        nova.call("plug", vif=vif, instance=INSTANCE)
    assert failed.value.kind == "ValueError" and pci_slot in failed.value.text


def test_refused_vf_of_another(nova):
    nova.call("plug", vif=nova_vif(nova, 1, 10), instance=INSTANCE)
    text, line = fails(nova, "plug", nova_vif(nova, 2, 10))
    assert "[vf_in_use]" in line and port_id(1) in line and port_id(1) in text


def test_refused_by_the_switch(card_box, nova):
    """The message has vswitchd's error text, and nothing is left."""
    card_box.card_settings(refuse_probe=10)
    before = counts(card_box)
    text, line = fails(nova, "plug", nova_vif(nova, 1, 10))
    assert "[not_realized]" in line and "Error attaching device" in line
    assert "Error attaching device" in text
    assert counts(card_box) == before


def test_timed_out_in_the_daemon(card_box, configure_card, nova):
    """vswitchd hangs: the operation times out in the daemon, and the message says so."""
    configure_card("[ovs]\ntimeout = 4 s\n")
    before = counts(card_box)
    vswitchd = card_box.pid("ovs-vswitchd")
    os.kill(vswitchd, signal.SIGSTOP)
    try:
        _, line = fails(nova, "plug", nova_vif(nova, 1, 10))
    finally:
        os.kill(vswitchd, signal.SIGCONT)
    assert "[timeout]" in line
    assert counts(card_box) == before


def test_switch_is_away(card_box, configure_card, nova):
    configure_card("[ovs]\ntimeout = 1 s\n")
    card_box.stop("ovs-vswitchd")
    _, line = fails(nova, "plug", nova_vif(nova, 1, 10))
    assert "[switch_unavailable]" in line


def test_daemon_hangs(card_box, start_nova):
    """The plugin's own timeout ends the call."""
    nova = start_nova("timeout = 1")
    vif = nova_vif(nova, 1, 10)
    daemon = card_box.pid("vifplugd")
    os.kill(daemon, signal.SIGSTOP)
    try:
        text, line = fails(nova, "plug", vif)
    finally:
        os.kill(daemon, signal.SIGCONT)
    assert "[no_answer]" in line and "did not reply to 'plug' within 1 s" in text


def test_daemon_down(card_box, nova):
    """The daemon is killed: its socket exists, but no process listens. Calls succeed again as soon as the
    daemon runs."""
    vif = nova_vif(nova, 1, 10)
    card_box.stop("vifplugd", signal.SIGKILL)
    text, line = fails(nova, "plug", vif)
    assert "[unreachable]" in line and "start vifplugd" in text and card_box.socket in text
    card_box.start_vifplugd()
    nova.call("plug", vif=vif, instance=INSTANCE)
    assert ports_of(card_box, "br-int") == [name_of(1)]


def test_daemon_down_at_unplug(card_box, nova):
    card_box.stop("vifplugd")
    _, line = fails(nova, "unplug", nova_vif(nova, 1, 10))
    assert "did not unplug" in line and "[unreachable]" in line


def test_wrong_socket(start_nova, tmp_path):
    nova = start_nova(socket=tmp_path / "nothing.sock")
    _, line = fails(nova, "plug", nova_vif(nova, 1, 10))
    assert "[unreachable]" in line and "there is no such socket" in line


def test_socket_of_another_service(card_box, start_nova):
    """OVSDB's socket, which uses another JSON-RPC and closes the connection."""
    nova = start_nova("timeout = 3", socket=card_box.db.partition(":")[2])
    _, line = fails(nova, "plug", nova_vif(nova, 1, 10))
    assert "[no_answer]" in line and "or another program listens there" in line


# --- While nova-compute starts. ---


def test_start_without_the_daemon(card_box, start_nova):
    """With startup_grace, plugs of active ports' VIFs do not fail; others still fail."""
    strict = start_nova()
    lenient = start_nova("startup_grace = 300")
    active = nova_vif(lenient, 1, 10, status="ACTIVE")
    new = nova_vif(lenient, 2, 11)
    lenient.call("plug", vif=active, instance=INSTANCE)
    card_box.stop("vifplugd")
    fails(strict, "plug", active)
    lenient.call("plug", vif=active, instance=INSTANCE)
    assert len(lenient.lines("WARNING", port_id(1), "was not replugged")) == 1
    fails(lenient, "plug", new)
    assert ports_of(card_box, "br-int") == [name_of(1)]


def test_start_does_not_hide_refusals(start_nova):
    """startup_grace does not apply to errors that are not temporary."""
    nova = start_nova("startup_grace = 300")
    _, line = fails(nova, "plug", nova_vif(nova, 1, 10, status="ACTIVE",
                                           vhostuser_socket=f"{SOCKETS}/other"))
    assert "[socket_mismatch]" in line


def test_grace_ends(card_box, start_nova):
    nova = start_nova("startup_grace = 1")
    active = nova_vif(nova, 1, 10, status="ACTIVE")
    card_box.stop("vifplugd")

    def refused():
        try:
            nova.call("plug", vif=active, instance=INSTANCE)
        except WorkerError:
            return True
        return False
    wait_until(refused, 10, "the grace is over")


def test_loading_does_not_need_the_daemon(card_box, nova, start_nova, tmp_path):
    """Nor does host_info(), which then returns the same as the daemon would."""
    lonely = start_nova(socket=tmp_path / "nothing.sock")
    assert ([data_of(one) for one in lonely.call("plugins")["described"]]
            == [data_of(one) for one in nova.call("plugins")["described"]])
    assert lonely.lines("WARNING", "did not say what it can plug", f"{tmp_path}/nothing.sock")
    assert not nova.lines("WARNING", "did not say what it can plug", card_box.socket)
