# SPDX-License-Identifier: Apache-2.0
"""Stock neutron-server binds virtio-forwarder ports: the API, ML2, its MechanismManager, the QoS service."""

import os
import sys

import pytest

from api import ApiError, INSTANCE, connect_once_it_listens, representor
from cloud import SYSTEM
from conftest import TESTS, TOP
from ports import SOCKETS, slot
from worker import WorkerError

sys.path.insert(0, os.path.join(TOP, "src", "openstack"))
sys.path.insert(0, os.path.join(TESTS, "sandbox"))

import pcitree  # noqa: E402
from vifplug import binding  # noqa: E402


def test_drivers(neutron):
    found = neutron.call("drivers")
    assert list(found["mechanism"]) == ["openvswitch", "vifplug"]
    assert found["mechanism"]["vifplug"] == "vifplug.ml2"
    assert found["qos"] == ["openvswitch", "vifplug"]


def test_bound(neutron):
    """The reply has all that Nova reads from a binding, and the driver. (Not every Neutron sends this in the
    reply to a PUT.)"""
    port = neutron.show("port", neutron.vf_port(slot(10))["id"])
    assert port["binding:vif_type"] == "agilio_ovs"
    assert port["binding:vif_details"] == {
        "connectivity": "l2", "port_filter": True, "ovs_hybrid_plug": False, "datapath_type": "netdev",
        "bridge_name": "br-int", "vhostuser_socket": f"{SOCKETS}/stdvio10", "vhostuser_mode": "server",
        "bound_drivers": {"0": "vifplug"}}


def test_nova_needs_the_role_service(neutron):
    """If Neutron's rule for binding:profile says so, the administrator role is not enough; see
    docs/openstack.md."""
    port = neutron.port()
    profile = {"binding:host_id": "compute", "binding:profile": {"pci_slot": slot(10)}}

    def bind(roles):
        return neutron.call("api", method="PUT", path=f"ports/{port['id']}", body={"port": profile},
                            roles=roles)["port"]["binding:vif_type"]
    if "service" in neutron.call("who_writes_profiles"):
        with pytest.raises(WorkerError) as refused:
            bind([])
        assert "403" in refused.value.text
    else:
        assert bind([]) == "agilio_ovs"
    assert bind(["service"]) == "agilio_ovs"


def test_agents_that_the_tests_register_stay_alive(neutron):
    """They report once, and a run on a loaded machine may take long."""
    neutron.agent("slow", **{**SYSTEM, "datapath_type": "netdev"})
    neutron.call("age_agent", host="slow", seconds=86400)
    assert "slow" in neutron.agents()
    assert neutron.vf_port(slot(10), host="slow")["binding:vif_type"] == "agilio_ovs"


def test_side_by_side(neutron):
    """Ports of the three VNIC types on one host and network; each is bound by its driver."""
    forwarder = neutron.vf_port(slot(10))
    normal = neutron.bind(neutron.port("normal"))
    direct = neutron.update("port", neutron.port("direct")["id"], {
        "binding:host_id": "compute", "device_owner": "compute:nova",
        "binding:profile": {"pci_slot": slot(11), "capabilities": ["switchdev"]}})
    assert forwarder["binding:vif_type"] == "agilio_ovs"
    assert normal["binding:vif_type"] == "vhostuser"
    assert normal["binding:vif_details"]["vhostuser_socket"].startswith("/var/run/openvswitch/vhu")
    assert direct["binding:vif_type"] == "ovs"


def test_rebound_to_another_vf_and_host(neutron):
    """As in a migration."""
    neutron.agent("other", **{**SYSTEM, "datapath_type": "netdev"})
    port = neutron.vf_port(slot(10))
    moved = neutron.bind(port, slot(128), "other")
    assert moved["binding:host_id"] == "other"
    assert moved["binding:vif_details"]["vhostuser_socket"] == f"{SOCKETS}/stdvio128"


def test_placement_asks_the_stock_driver(neutron):
    assert neutron.call("responsible_for_placement") == "OpenvswitchMechanismDriver"


def test_order_of_drivers_matters_to_placement(start_neutron):
    neutron = start_neutron(drivers="vifplug,openvswitch")
    assert neutron.worker.lines("WARNING", "put it after openvswitch")
    assert neutron.vf_port(slot(10))["binding:vif_type"] == "agilio_ovs"


@pytest.mark.parametrize("pci_slot,words", [
    (None, "has no pci_slot; Nova fills it in"),
    ("65:01.2", "'65:01.2' of the port's binding:profile is not a PCI address"),
    ("0000:65:20.0", "is not a PCI address"),
    ("0000:65:01.8", "is not a PCI address"),
    (7, "7 of the port's binding:profile is not a PCI address"),
])
def test_not_bound(neutron, pci_slot, words):
    """The log says why, and the port is binding_failed."""
    port = neutron.vf_port(pci_slot)
    assert port["binding:vif_type"] == "binding_failed"
    lines = neutron.worker.lines("ERROR", "vifplug.ml2", port["id"])
    assert lines and words in lines[0] and lines[0].count(words) == 1


def test_not_bound_on_a_system_datapath(neutron):
    neutron.agent("kernel", **SYSTEM)
    port = neutron.vf_port(slot(10), host="kernel")
    assert port["binding:vif_type"] == "binding_failed"
    assert "datapath_type is system" in neutron.worker.lines("ERROR", port["id"])[0]


def test_not_bound_without_an_agent(neutron):
    assert neutron.vf_port(slot(10), host="nowhere")["binding:vif_type"] == "binding_failed"


def test_no_filter_where_it_would_be_a_linux_bridge(neutron):
    """iptables_hybrid cannot filter these ports; Nova and operators must see that."""
    neutron.agent("hybrid", **{**SYSTEM, "datapath_type": "netdev", "ovs_hybrid_plug": True})
    details = neutron.vf_port(slot(10), host="hybrid")["binding:vif_details"]
    assert details["port_filter"] is False and details["ovs_hybrid_plug"] is False


def test_several_cards(start_neutron):
    neutron = start_neutron(
        "vhost_socket = /run/a/{vf}", "vhost_mode = client", "card = 0000:B3 /run/bus{pf_bus}/{vf}",
        "card = fa5e:0002 /run/ids/{vf_pci} server", "card = fa5e:* /run/vendor/{vf}")

    def bound(pci_slot, ids):
        details = neutron.bind(neutron.port(), pci_slot, ids=ids)["binding:vif_details"]
        return details["vhostuser_socket"], details["vhostuser_mode"]
    assert bound("0000:65:01.2", "18f4:051a") == ("/run/a/10", "client")
    assert bound("0000:b3:01.2", "fa5e:0002") == ("/run/busb3/10", "client")
    assert bound("0000:01:1f.7", "FA5E:0002") == ("/run/ids/0000:01:1f.7", "server")
    assert bound("0000:01:1f.7", "fa5e:0003") == ("/run/vendor/255", "client")


@pytest.mark.parametrize("line,words", [
    ("vhost_socket = /x/{nr}", "unknown variable {nr}"),
    ("vhost_socket = /x/y", "gives all VFs one socket"),
    ("vhost_socket = x/{vf}", "not an absolute path"),
    ("vhost_socket = /x/{vf", "brace without its other half"),
    ("card = 0000:65", "is not understood"),
    ("card = 65 /x/{vf}", "is not understood"),
    ("card = 0000:65 /x/{vf} both", "neither server nor client"),
    ("card = 0000:65 /x/{vf}\ncard = 0000:65 /y/{vf}", "given twice"),
])
def test_wrong_options_stop_the_server(start_neutron, line, words):
    with pytest.raises(WorkerError) as failed:
        start_neutron(line)
    assert words in str(failed.value)


# --- Numbers. ---


@pytest.mark.parametrize("pci_slot,number", [
    ("0000:65:00.1", 1), ("0000:65:01.2", 10), ("0000:65:10.0", 128), ("0000:65:1f.7", 255),
    ("0001:ff:0A.0", 80),
])
def test_vf_numbers(pci_slot, number):
    assert binding.vf_number(pci_slot) == number


@pytest.mark.parametrize("pci_slot", ["", "0000:65:01", "0000:65:01.2 ", "0000:65:1.2", "10000:65:01.2",
                                      None, 10])
def test_no_vf_numbers(pci_slot):
    with pytest.raises(binding.BindingError):
        binding.vf_number(pci_slot)


def test_long_path():
    with pytest.raises(binding.BindingError):
        binding.Sockets("/" + "x" * 106 + "{vf}").find("0000:65:01.2")


def test_neutron_and_the_daemon_agree(card_box, tmp_path):
    """For every VF that fits on a bus the daemon accepts the socket that Neutron chooses, and no other of
    these sockets."""
    pf = "0000:65:00.0"
    slots = [pcitree.following(pf, n) for n in range(1, 256)]
    pcitree.Tree(str(tmp_path / "sys")).add_card(pf, slots)
    path = os.path.join(card_box.dir, "bus.sock")
    config = tmp_path / "vifplugd.conf"
    config.write_text("[daemon]\nsocket_group = root\n"
                      "[nic napatech]\nrepresentors = any-time\nvf-range = any\n")
    card_box.start("bus-vifplugd", [
        os.path.join(card_box.build, "src/vifplugd"), f"--config={config}",
        f"--socket={path}", f"--db={card_box.db}", f"--sysfs-root={tmp_path / 'sys'}",
        f"--pidfile={card_box.run}/bus-vifplugd.pid", f"--log-file={card_box.log}/bus-vifplugd.log",
        "-vconsole:off"])
    try:
        sockets = binding.Sockets("/usr/local/var/run/stdvio{vf}")
        with connect_once_it_listens(path) as api:
            for n, pci_slot in enumerate(slots):
                named, mode = sockets.find(pci_slot, "18f4:051a")
                vif = representor(n, pci_slot, vhost_user={"path": named, "mode": mode})
                reply = api.plug(vif, INSTANCE, dry_run=True)
                assert reply["representor"]["vf_num"] == binding.vf_number(pci_slot) == n + 1
                assert reply["vhost_user"] == {"path": named, "mode": mode}
            other = sockets.find(slots[8])[0]
            with pytest.raises(ApiError) as refused:
                api.plug(representor(1, slots[9], vhost_user={"path": other, "mode": "server"}),
                         INSTANCE, dry_run=True)
            assert refused.value.reason == "socket_mismatch"
    finally:
        card_box.stop("bus-vifplugd")


# --- QoS policies. ---


@pytest.fixture
def policy(neutron):
    """Makes a policy with a limit in each direction."""
    made = neutron.create("policy", {"name": "p"}, under="qos/")
    for direction in ("egress", "ingress"):
        neutron.create("bandwidth_limit_rule", {"max_kbps": 1000, "direction": direction},
                       under=f"qos/policies/{made['id']}/")
    return made


def test_policy_on_a_bound_and_an_unbound_port(neutron, policy):
    unbound = neutron.port(qos_policy_id=policy["id"])
    assert unbound["qos_policy_id"] == policy["id"]
    bound = neutron.vf_port(slot(10))
    assert neutron.update("port", bound["id"],
                          {"qos_policy_id": policy["id"]})["qos_policy_id"] == policy["id"]
    assert neutron.bind(unbound, slot(11))["binding:vif_type"] == "agilio_ovs"


def test_policy_that_cannot_hold(neutron, policy):
    """A DPDK datapath has no scheduler between ports."""
    neutron.create("minimum_bandwidth_rule", {"min_kbps": 1000, "direction": "egress"},
                   under=f"qos/policies/{policy['id']}/")
    for port in (neutron.port(), neutron.vf_port(slot(10))):
        with pytest.raises(WorkerError) as refused:
            neutron.update("port", port["id"], {"qos_policy_id": policy["id"]})
        assert "QosRuleNotSupported" in refused.value.text


def test_without_the_driver_no_policy_holds(start_neutron):
    """The reason for the QoS driver: stock Neutron supports neither the VNIC type nor the VIF type."""
    neutron = start_neutron(drivers="openvswitch")
    made = neutron.create("policy", {"name": "p"}, under="qos/")
    neutron.create("bandwidth_limit_rule", {"max_kbps": 1000}, under=f"qos/policies/{made['id']}/")
    with pytest.raises(WorkerError) as refused:
        neutron.port(qos_policy_id=made["id"])
    assert "QosRuleNotSupported" in refused.value.text
    assert neutron.vf_port(slot(10))["binding:vif_type"] == "binding_failed"
