# SPDX-License-Identifier: Apache-2.0
"""ML2/OVN: neutron-server with the drivers vifplug_ovn and ovn, OVN's databases and ovn-northd, ovn-controller on
the sandbox's switch, Nova's conversion and plug, guests."""

import re
import signal

import pytest

from api import Api, wait_until
from cloud import FLAT, Neutron
from conftest import NEUTRON, a_sandbox, integration, nova_config
from guest import Guest
from ovn import Ovn
from ovsdb import counts, interface, ports, table
from ports import INSTANCE, SOCKETS, port_name, slot, vif_of
from test_agent_qos import BURST, LIMIT, OPEN, flood, is_free, is_limited
from test_card import BURSTS, exchange, flows
from test_documents import commands, settings
from test_whole_way import TESTPMD
from worker import WorkerError

OVN = """
[ml2_type_geneve]
vni_ranges = 1:1000
max_header_size = 38
[ovn]
ovn_nb_connection = {nb}
ovn_sb_connection = {sb}
ovsdb_log_level = WARNING
vhost_sock_dir = {sockets}
"""
DRIVERS = "vifplug_ovn,ovn"
# Hosts without an ovn-controller, of which the southbound database has rows.
CHASSIS = {"dead": {"alive": False}, "kernel": {"datapath": "system"}, "bare": {"mappings": "physnet2:br-ex"}}


unplug_all = integration.unplug_all


def received(box, port):
    """Returns how many frames the switch has got from a port's guest."""
    return int(box.vsctl("get", "Interface", port_name(port), "statistics:rx_packets"))


def ovn_config(ovn, directory, drivers=DRIVERS):
    """Returns neutron.conf of a neutron-server that uses OVN."""
    text = NEUTRON.format(directory=directory, drivers=drivers)
    for old, new in (("flat,vlan,vxlan", "flat,vlan,geneve"),
                     ("service_plugins = qos", "service_plugins = qos,trunk"),
                     ("tenant_network_types = vxlan", "tenant_network_types = geneve")):
        assert old in text
        text = text.replace(old, new)
    return text + OVN.format(nb=ovn.remote("nb"), sb=ovn.remote("sb"), sockets=ovn.box.run)


@pytest.fixture(scope="module")
def box():
    with a_sandbox(integration.SeenSandbox, cards=("napatech",)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def ovn(box):
    made = Ovn(box)
    made.start_central()
    made.configure()
    box.vsctl("add-br", "br-ex", "--", "set", "Bridge", "br-ex", "datapath_type=netdev")
    made.start_controller()
    made.wait(lambda: made.rows("sb", "Chassis", ("hostname", "other_config")), "the chassis")
    return made


@pytest.fixture(scope="module")
def neutron(ovn, start_whole_worker, tmp_path_factory):
    """neutron-server's side, with a tunnel network."""
    worker = start_whole_worker("neutron_side.py", ovn_config(ovn, tmp_path_factory.mktemp("neutron")))
    made = Neutron(worker, with_agent=True, network={"name": "tunnel", "mtu": 1400}, dhcp=True)
    # testpmd's frames are UDP; the default group lets a server receive only from its own group.
    made.create("security_group_rule", {
        "security_group_id": made.port()["security_groups"][0], "direction": "ingress", "ethertype": "IPv4"},
        path="security-group-rules")
    return made


@pytest.fixture(scope="module")
def nova(box, start_whole_worker):
    return start_whole_worker("nova_side.py", nova_config(box.socket)
                              + f"[os_vif_ovs]\novsdb_connection = {box.db}\n")


@pytest.fixture(autouse=True)
def clean(box, ovn, neutron, nova):
    """Each test begins with the initial rows, and ends with them."""
    before = (ovn.counts(), counts(box))
    for worker in (neutron.worker, nova):
        worker.forget_log()
    yield
    guests = [name for name in box.state["pids"] if name.startswith("guest-")]
    assert not guests
    unplug_all(box)
    for port in neutron.call("api", method="GET", path="ports")["ports"]:
        if port["device_owner"].startswith("compute:"):
            neutron.delete("port", port["id"])
    ovn.remove_chassis()
    ovn.wait(lambda: (ovn.counts(), counts(box)) == before, f"the rows are as before, {before}")


class Server:
    """A port that is plugged for Nova, and a guest on it."""

    def __init__(self, world, number, **members):
        self.neutron, self.ovn, self.nova, self.guest = world
        self.number = number
        self.port = self.neutron.vf_port(slot(number), **members)
        self.vif = vif_of(self.nova, self.neutron, self.port)
        self.one = None

    def status(self):
        return self.neutron.show("port", self.port["id"])["status"]

    def wait(self, condition, what):
        return self.ovn.wait(condition, f"port {self.number}: {what}", self.port, self.neutron)

    def plug(self):
        self.nova.call("plug", vif=self.vif, instance=INSTANCE)
        return self

    def has_status(self, status):
        """Whether Neutron's port has this status, also in what Neutron writes into OVN's database."""
        port = self.neutron.show("port", self.port["id"])
        return port["status"] == status and self.ovn.is_written(port)

    def active(self):
        self.wait(lambda: self.has_status("ACTIVE"), "it is ACTIVE")
        # ovn-controller writes this into another database than what makes the port ACTIVE.
        self.wait(lambda: self.external_ids().get("ovn-installed") == "true", "it is installed")
        return self

    def external_ids(self):
        return (interface(self.ovn.box, port_name(self.port)) or {}).get("external_ids", {})

    def boot(self):
        details = self.port["binding:vif_details"]
        self.one = self.guest(f"g{self.number}", details["vhostuser_socket"],
                              mode=details["vhostuser_mode"], mac=self.port["mac_address"])
        wait_until(self.one.is_connected, 20, f"guest on VF {self.number} is connected")
        return self

    def unplug(self):
        if self.one:
            self.one.stop()
            self.one = None
        self.nova.call("unplug", vif=self.vif, instance=INSTANCE)


@pytest.fixture
def guests(box, clean):  # pylint: disable=unused-argument
    """Starts guests; ends those that a test left."""
    started = []

    def start(name, path, **options):
        started.append(Guest(box, name, path, **options).start())
        return started[-1]
    yield start
    for one in started:
        if one.input is not None:
            one.stop()


@pytest.fixture
def server(neutron, ovn, nova, guests):
    def make(number, **members):
        return Server((neutron, ovn, nova, guests), number, **members)
    return make


def test_drivers(neutron):
    found = neutron.call("drivers")
    assert found["mechanism"]["vifplug_ovn"] == "vifplug.ml2_ovn"
    assert list(found["mechanism"]) == ["vifplug_ovn", "ovn"]
    assert found["qos"] == ["OVNQosDriver", "vifplug_ovn"]


def test_documented_settings(ovn):
    """These tests run with the settings of docs/openstack.md."""
    assert f"mechanism_drivers = {DRIVERS}" in settings("openstack.md", "ml2")[0]
    ids = dict(pair.split("=") for line in commands("openstack.md", "ovs-vsctl set open_vswitch .")
               for pair in re.findall(r"external_ids:(\S+)", line))
    assert len(ids) == 2 and ids.items() <= ovn.external_ids().items()


def test_bound(neutron, ovn):
    """The port has what Nova reads, the driver `ovn` has made the logical port, and nothing says that the
    port is up before it is plugged."""
    port = neutron.show("port", neutron.vf_port(slot(10))["id"])
    assert port["binding:vif_type"] == "agilio_ovs"
    details = port["binding:vif_details"]
    assert details == {
        "connectivity": "l2", "port_filter": True, "ovs_hybrid_plug": False, "datapath_type": "netdev",
        "vhostuser_socket": f"{SOCKETS}/stdvio10", "vhostuser_mode": "server",
        "bound_drivers": {"0": "vifplug_ovn"}}
    row = ovn.wait(lambda: ovn.logical_port(port), "the logical port")
    assert row["options"]["requested-chassis"] == "compute" and row["up"] is False
    assert row["port_security"].startswith(port["mac_address"])
    assert port["status"] == "DOWN" and neutron.call("is_blocked", port=port["id"])


def test_from_a_port_to_frames(box, ovn, neutron, nova, server):
    """Plugged, claimed by ovn-controller, up, ACTIVE; frames pass, and port security drops others; unplug
    makes the port DOWN."""
    first, second = (server(number, allowed_address_pairs=TESTPMD).plug() for number in (10, 17))
    for one in (first, second):
        one.active()
        row = interface(box, port_name(one.port))
        assert row["type"] == "dpdk" and row["error"] == [] and row["mtu"] == 1400
        assert row["external_ids"]["iface-id"] == one.port["id"]
        assert row["external_ids"]["ovn-installed"] == "true"
        assert ovn.logical_port(one.port)["up"] is True and ovn.binding(one.port)["up"] is True
        one.boot()
    flows(first.one, second.one, 1000)
    exchange(first.one, second.one, 1000)
    # A third server may send only frames with its own addresses, and nobody may send to its group.
    closed = neutron.create("security_group", {"name": "closed"}, path="security-groups")
    third = server(12, security_groups=[closed["id"]]).plug().active().boot()
    for sender, receiver in ((third, second), (second, third)):
        before = received(box, sender.port)
        receiver.one.receive()
        sender.one.send(BURSTS, 1000, receiver.one.mac)
        wait_until(lambda: received(box, sender.port) >= before + BURSTS * 32, 20,
                   "the switch takes the frames")
        assert receiver.one.counters()[0] == 0
    with Api(box.socket) as api:
        assert {vif["state"] for vif in api.call("list")["vifs"]} == {"up"}
    for one in (first, second, third):
        one.unplug()
        one.wait(lambda one=one: one.has_status("DOWN"), "it is DOWN")
        assert ovn.logical_port(one.port)["up"] is False
    assert not [name for name in ports(box, "br-int") if name.startswith("vfr")]
    neutron.delete("port", third.port["id"])
    neutron.delete("security-group", closed["id"])
    assert nova.lines("ERROR") == [] and neutron.worker.lines("ERROR", "vifplug") == []


def test_limits_in_both_directions(ovn, neutron, server):
    """OVN's meters limit, and let go when the rules are removed."""
    policy = neutron.create("policy", {"name": "p"}, under="qos/")
    rules = f"qos/policies/{policy['id']}/"
    first, second = (server(number, **OPEN).plug().active().boot() for number in (10, 17))
    made = [neutron.create("bandwidth_limit_rule", {
        "max_kbps": LIMIT, "max_burst_kbps": BURST, "direction": direction}, under=rules)
        for direction in ("egress", "ingress")]
    neutron.update("port", first.port["id"], {"qos_policy_id": policy["id"]})
    for sender, receiver in ((first, second), (second, first)):
        flood(sender.one, receiver.one)
        is_limited(receiver.one)
    assert sorted(row["direction"] for row in ovn.rows("nb", "QoS", ("direction",))) == [
        "from-lport", "to-lport"]
    for rule in made:
        neutron.delete("bandwidth_limit_rule", rule["id"], under=rules)
    is_free(first.one)
    flood(first.one, second.one)
    is_free(second.one)
    for one in (first, second):
        one.unplug()


def test_policies_on_bound_and_unbound_ports(neutron):
    policy = neutron.create("policy", {"name": "p"}, under="qos/")
    rules = f"qos/policies/{policy['id']}/"
    neutron.create("bandwidth_limit_rule", {"max_kbps": LIMIT}, under=rules)
    neutron.create("dscp_marking_rule", {"dscp_mark": 26}, under=rules)
    unbound = neutron.port(qos_policy_id=policy["id"])
    bound = neutron.vf_port(slot(10))
    assert neutron.update("port", bound["id"],
                          {"qos_policy_id": policy["id"]})["qos_policy_id"] == policy["id"]
    assert neutron.bind(unbound, slot(11))["binding:vif_type"] == "agilio_ovs"
    with pytest.raises(WorkerError) as refused:
        neutron.create("minimum_bandwidth_rule", {"min_kbps": 1000, "direction": "egress"}, under=rules)
    assert "QosRuleNotSupported" in refused.value.text


def test_beside_a_normal_port(box, ovn, neutron, nova, server, guests):
    """The driver `ovn` binds it, with this release's VIF type, and the two exchange frames."""
    port = neutron.bind(neutron.port("normal", allowed_address_pairs=TESTPMD))
    port = neutron.show("port", port["id"])
    assert port["binding:vif_details"]["bound_drivers"] == {"0": "ovn"}
    path = f"{box.run}/normal.sock"
    # Before Neutron reads the datapath where OVN writes it, it binds `ovs`, for which libvirt makes a tap.
    if port["binding:vif_type"] == "vhostuser":
        path = port["binding:vif_details"]["vhostuser_socket"]
        nova.call("plug", vif=vif_of(nova, neutron, port), instance=INSTANCE)
    else:
        box.vsctl("add-port", "br-int", "normal", "--", "set", "Interface", "normal",
                  "type=dpdkvhostuserclient", f"options:vhost-server-path={path}",
                  f"external_ids:iface-id={port['id']}", f"external_ids:attached-mac={port['mac_address']}")
    other = guests("normal", path, mac=port["mac_address"])
    wait_until(other.is_connected, 20, "the normal guest is connected")
    one = server(10, allowed_address_pairs=TESTPMD).plug().active().boot()
    ovn.wait(lambda: neutron.show("port", port["id"])["status"] == "ACTIVE", "the normal port is ACTIVE", port,
             neutron)
    flows(one.one, other, 1000)
    exchange(one.one, other, 1000)
    one.unplug()
    other.stop()
    if port["binding:vif_type"] == "vhostuser":
        nova.call("unplug", vif=vif_of(nova, neutron, port), instance=INSTANCE)
    else:
        box.vsctl("del-port", "br-int", "normal")


# --- Restarts, and who comes first. ---


def test_restarts(box, ovn, server):
    """The port stays claimed and ACTIVE, and vifplugd sees no drift in what ovn-controller writes."""
    one = server(10).plug().active()
    ovn.stop_controller(signal.SIGKILL)
    ovn.start_controller()
    other = server(11).plug().active()
    box.stop("vifplugd", signal.SIGKILL)
    box.start_vifplugd()
    ovn.box.stop("ovn-sb")
    third = server(12).plug()  # vifplugd only needs OVSDB.
    assert third.status() == "DOWN"
    ovn.start_database("sb")
    third.active()
    with Api(box.socket) as api:
        assert [(vif["state"], vif["external_ids"]["ovn-installed"])
                for vif in api.call("list")["vifs"]] == [("up", "true")] * 3
    for port in (one, other, third):
        assert port.status() == "ACTIVE" and ovn.binding(port.port)["up"] is True
        port.unplug()


def test_plugged_before_the_controller(box, ovn, server):
    """The bridge that vifplugd makes for OVN forwards nothing, so guests of two networks do not meet."""
    one = server(10)
    ovn.stop_controller(signal.SIGKILL)
    box.vsctl("del-br", "br-int")
    one.plug()
    assert box.vsctl("get-fail-mode", "br-int") == "secure"
    assert "actions=" not in box.command("ovs-ofctl", "dump-flows", "br-int").stdout
    assert one.status() == "DOWN"
    ovn.start_controller()
    one.active()
    one.unplug()


def test_plugging_by_ovn_beside_ours(box, ovn, neutron, nova, server):
    """Who has plugged the port keeps it; the other says so. (ovn-controller has a provider for tests, which
    plugs a port of type dummy.)"""
    ovn.stop_controller(signal.SIGKILL)
    ovn.start_controller("--enable-dummy-vif-plug")
    one = server(10).plug().active()
    ovn.set_option(one.port, "vif-plug-type", "dummy")
    one.wait(lambda: ovn.controller_says("not maintained by OVN", one.port["id"]), "OVN sees our port")

    def plugged():
        return [row for row in table(box, "Interface", ["name", "external_ids"])
                if row["external_ids"].get("iface-id") == one.port["id"]]
    assert [row["external_ids"]["vifplug-owner"] for row in plugged()] == ["vifplugd"]
    one.unplug()

    def plugged_by_ovn():
        # Neutron, which writes that the port is DOWN, may remove the option before ovn-controller plugs.
        ovn.set_option(one.port, "vif-plug-type", "dummy")
        return [row["external_ids"].get("ovn-plugged") for row in plugged()] == ["dummy"]
    one.wait(plugged_by_ovn, "OVN has plugged")
    with pytest.raises(WorkerError):
        one.plug()
    assert nova.lines("ERROR", "vifplug", "[port_conflict]")
    neutron.delete("port", one.port["id"])
    # ovn-controller would remove it later, because it has started recently.
    for row in plugged():
        box.vsctl("--if-exists", "del-port", row["name"])


# --- Migration. ---


def test_port_that_migrates(ovn, neutron, server):
    """As Nova does it: a binding for the destination, with the VF there; then the port's profile names the
    destination, and Nova awaits the event that an ACTIVE port causes; then the binding is activated."""
    ovn.add_chassis("other")
    one = server(10).plug().active()
    path = f"ports/{one.port['id']}/bindings"
    ovn.wait(lambda: neutron.agents().keys() >= {"compute", "other"}, "the other chassis is an agent")
    made = neutron.call("api", method="POST", path=path, body={"binding": {
        "host": "other", "vnic_type": "virtio-forwarder",
        "profile": {"pci_slot": slot(128), "pci_vendor_info": "18f4:051a"}}})["binding"]
    assert made["vif_type"] == "agilio_ovs" and made["status"] == "INACTIVE"
    assert made["vif_details"]["vhostuser_socket"] == f"{SOCKETS}/stdvio128"
    profile = {**one.port["binding:profile"], "migrating_to": "other"}
    neutron.update("port", one.port["id"], {"binding:profile": profile})
    row = ovn.logical_port(one.port)
    assert row["options"]["requested-chassis"] == "compute,other"
    assert row["options"]["activation-strategy"] == "rarp"
    assert one.status() == "ACTIVE" and neutron.worker.lines("INFO", "is migrating", one.port["id"])
    # Nova rolls back, and tries once more: OVN has nothing to report.
    neutron.update("port", one.port["id"], {"binding:profile": one.port["binding:profile"]})
    assert one.status() == "ACTIVE" and neutron.worker.lines("INFO", "stays on its host", one.port["id"])
    neutron.update("port", one.port["id"], {"binding:profile": profile})
    neutron.call("api", method="PUT", path=f"{path}/other/activate",
                 body={"port_id": one.port["id"]})
    moved = neutron.show("port", one.port["id"])
    assert moved["binding:host_id"] == "other" and moved["binding:profile"]["pci_slot"] == slot(128)
    assert ovn.logical_port(one.port)["options"]["requested-chassis"] == "other"
    one.unplug()


# --- Trunks. ---


def test_trunk(ovn, neutron):
    """A bound port may become the parent of a trunk; OVN has its subport in a VLAN of the parent."""
    parent = neutron.vf_port(slot(10))
    sub = neutron.port("normal")
    trunk = neutron.create("trunk", {"port_id": parent["id"], "sub_ports": [
        {"port_id": sub["id"], "segmentation_type": "vlan", "segmentation_id": 7}]})

    def place():
        row = ovn.logical_port(sub)
        return row["parent_name"], row["tag"]
    ovn.wait(lambda: place() == (parent["id"], 7), "the subport is in a VLAN of the parent", sub)
    neutron.delete("trunk", trunk["id"])
    neutron.delete("port", sub["id"])


# --- Ports that are not bound. ---


@pytest.mark.parametrize("host, pci_slot, words", [
    ("compute", None, "has no pci_slot; Nova fills it in"),
    ("compute", "65:01.2", "is not a PCI address"),
    ("nowhere", slot(10), "has no chassis with that hostname"),
    ("dead", slot(10), "its ovn-controller is dead"),
    ("kernel", slot(10), "its chassis's datapath_type is system"),
    ("bare", slot(10), "no bridge for physical network physnet1 (it has: physnet2)"),
])
def test_not_bound(ovn, neutron, host, pci_slot, words):
    """The log says why."""
    flat = neutron.create("network", FLAT) if host == "bare" else None
    if host in CHASSIS:
        ovn.add_chassis(host, **CHASSIS[host])
        ovn.wait(lambda: host in neutron.all_agents(), "the chassis is an agent")
    port = neutron.vf_port(pci_slot, host=host, **({"network_id": flat["id"]} if flat else {}))
    assert port["binding:vif_type"] == "binding_failed"
    lines = neutron.worker.lines("ERROR", "vifplug.ml2", port["id"])
    assert lines and words in lines[0], neutron.worker.lines("ERROR")
    neutron.delete("port", port["id"])
    if flat:
        neutron.delete("network", flat["id"])


def test_bound_on_a_physical_network(neutron):
    """Also where `ovn` of this release does not see the chassis's bridge mappings."""
    flat = neutron.create("network", FLAT)
    port = neutron.vf_port(slot(10), network_id=flat["id"])
    assert port["binding:vif_type"] == "agilio_ovs"
    neutron.delete("port", port["id"])
    neutron.delete("network", flat["id"])


# --- The configuration of drivers. ---


def test_ovn_first(ovn, neutron, start_worker, tmp_path_factory):
    """The log says what happens, and it happens."""
    worker = start_worker("neutron_side.py", ovn_config(ovn, tmp_path_factory.mktemp("neutron"),
                                                        "ovn,vifplug_ovn"))
    other = Neutron(worker, with_agent=True, network={"name": "tunnel2"})
    port = other.vf_port(slot(10))
    if worker.lines("ERROR", "ovn is before vifplug_ovn"):
        assert port["binding:vif_type"] == "vhostuser"
    else:
        assert worker.lines("WARNING", "does not bind virtio-forwarder ports in this release")
        assert port["binding:vif_type"] == "agilio_ovs"
    other.delete("port", port["id"])
    other.delete("network", other.network["id"])
    other.delete("security-group", port["security_groups"][0])


def test_without_ovn_the_server_does_not_start(ovn, start_worker, tmp_path_factory):
    worker = start_worker("neutron_side.py", ovn_config(ovn, tmp_path_factory.mktemp("neutron"),
                                                        "vifplug_ovn"))
    with pytest.raises(WorkerError):
        worker.call("drivers")
    assert worker.lines("CRITICAL", "add ovn after vifplug_ovn")
