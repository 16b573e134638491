# SPDX-License-Identifier: Apache-2.0
"""A server that migrates between two hosts while it is pinged, and the kinds of ports that it can have.

Nova's own code makes the VIFs, plugs them at the destination before, unplugs them at the source after, and
rewrites the XML; Server does what libvirt does: it starts QEMU with what the XML says, and migrates with QEMU's
monitor.
"""

import signal
import xml.etree.ElementTree as ElementTree

from api import vhost_user, vif_id, wait_until
from cloud import FLAT, NETDEV, Neutron
from ovn import Ovn
from pinger import Pinger
from ports import INSTANCE, port_id, slot, vf_port, vif_of
from qemu import QemuGuest
import underlay

GUEST, NEIGHBOUR = "192.0.2.1/24", "192.0.2.9/24"
HOSTS = ("198.51.100.1", "198.51.100.2")  # The hosts' own addresses.
ADDRESS = '<address type="pci" domain="0x0000" bus="0x00" slot="0x03" function="0x0"/>'
SLOW = 200 * 1024  # Bytes/s: the guest's memory takes minutes.
FAST = 1 << 30
# The longest that a guest may have no reply around a migration, on a loaded machine: only what is broken takes
# longer. Times are reported, not asserted.
SILENCE_S = 60


class Representors:
    """The port of a server on a representor: each host has another VF, so another socket."""

    numbers = (10, 17)
    guest, neighbour = GUEST, NEIGHBOUR

    def __init__(self, hosts):
        self.hosts = hosts
        self.vifs = [host.vif(1, number) for host, number in zip(hosts, self.numbers)]
        self.id = port_id(1)

    def bound(self, destination):
        """Returns the port with its binding on the destination."""
        number = self.numbers[destination]
        return vf_port(1, slot(number), number)

    def plug(self, at):
        self.hosts[at].plug(self.vifs[at])

    def plug_before(self, source, destination):
        self.hosts[destination].nova.call(
            "plug_before_migration", vif=self.vifs[source], instance=INSTANCE,
            destination=self.bound(destination))

    def unplug_after(self, source):
        self.hosts[source].nova.call("unplug_after_migration", vif=self.vifs[source], instance=INSTANCE)

    def activate(self, destination):
        """There is no Neutron."""

    def roll_back(self, source, destination):
        """Unplugs at the destination, with the VIF of the source's binding, as Nova has it."""
        self.hosts[destination].unplug(self.vifs[source])

    def first_xml(self):
        interface = self.hosts[0].nova.call("guest_xml", vif=self.vifs[0], instance=INSTANCE)
        # libvirt adds the device's address, which Nova keeps.
        interface = interface.replace("</interface>", f"{ADDRESS}</interface>")
        return f"<domain><uuid>{INSTANCE}</uuid><devices>{interface}</devices></domain>"

    def migrated_xml(self, xml, source, destination):
        """Returns the XML for the destination, which Nova's source host makes."""
        return self.hosts[source].nova.call(
            "migrated_xml", vif=self.vifs[source], destination=self.bound(destination), instance=INSTANCE,
            xml=xml)


class PlainPorts:
    """A vhost-user port of ovs-vswitchd, as Neutron binds a port of VNIC type normal; the path is the same on
    all hosts."""

    guest, neighbour = GUEST, NEIGHBOUR

    def __init__(self, hosts):
        self.hosts = hosts
        self.vif = vhost_user(1)
        self.id = vif_id(1)

    def plug(self, at):
        with self.hosts[at].api() as api:
            api.plug(self.vif)

    def plug_before(self, source, destination):  # pylint: disable=unused-argument
        self.plug(destination)

    def unplug_after(self, source):
        with self.hosts[source].api() as api:
            api.unplug(self.id)

    def activate(self, destination):
        """There is no Neutron."""

    def roll_back(self, source, destination):  # pylint: disable=unused-argument
        self.unplug_after(destination)

    def first_xml(self):
        return (f"<domain><devices><interface type='vhostuser'><mac address='{self.vif['address']}'/>"
                f"<source type='unix' mode='server' path='{self.vif['vhost_user']['path']}'/></interface>"
                "</devices></domain>")

    def migrated_xml(self, xml, source, destination):  # pylint: disable=unused-argument
        return xml


class BoundPort(Representors):
    """A port of Neutron, which binds it to both hosts as Nova asks.

    :param cloud: an AgentCloud or an OvnCloud
    """

    def __init__(self, hosts, cloud):
        self.hosts = hosts
        self.cloud = cloud
        self.neutron = cloud.neutron
        self.port = self.neutron.vf_port(slot(self.numbers[0]), host=cloud.names[0])
        self.id = self.port["id"]
        self.guest = f"{self.port['fixed_ips'][0]['ip_address']}/16"
        self.neighbour = cloud.neighbour
        self.vifs = [vif_of(hosts[0].nova, self.neutron, self.port), None]
        self.binding = None

    def _api(self, method, path="", body=None):
        return self.neutron.call("api", method=method, path=f"ports/{self.id}/bindings{path}", body=body)

    def shown(self):
        return self.neutron.show("port", self.id)

    def bindings(self):
        """Returns {host: status} of the port's bindings."""
        return {one["host"]: one["status"] for one in self._api("GET")["bindings"]}

    def plugged_events(self):
        """Returns how often Neutron has told Nova that the port is plugged."""
        return self.neutron.call("nova_events", port=self.id).count("network-vif-plugged")

    def bound(self, destination):
        return {**self.port, **{f"binding:{key}": self.binding[key]
                                for key in ("vnic_type", "vif_type", "vif_details", "profile")}}

    def wait_active(self, at):
        """Waits until the port is ACTIVE on the host, whose agent looks at it after each change."""
        before = self.plugged_events()
        self.cloud.wire(at, self.id)
        wait_until(lambda: self.shown()["status"] == "ACTIVE", 30, "the port is ACTIVE")
        if not self.cloud.tells_early:  # Neutron sends events late; this one must not be taken for the next.
            wait_until(lambda: self.plugged_events() > before, 30, "Nova has the event")

    def wait_claimed(self, at):
        """Waits until the host alone has the port."""
        wait_until(lambda: self.cloud.is_claimed(at, self.port), 30, "the host alone has the port")

    def _migrating_to(self, **profile):
        kept = {key: value for key, value in self.shown()["binding:profile"].items() if key != "migrating_to"}
        self.neutron.update("port", self.id, {"binding:profile": {**kept, **profile}})

    def plug_before(self, source, destination):
        """The steps of conductor and destination up to the migration (conductor's LiveMigrationTask,
        ComputeManager.pre_live_migration)."""
        names = self.cloud.names
        number = self.numbers[destination]
        self.binding = self._api("POST", body={"binding": {
            "host": names[destination], "vnic_type": "virtio-forwarder",
            "profile": {**self.port["binding:profile"], "pci_slot": slot(number)}}})["binding"]
        assert self.binding["vif_type"] == "agilio_ovs" and self.binding["status"] == "INACTIVE"
        assert self.binding["vif_details"]["vhostuser_socket"].endswith(f"/stdvio{number}")
        super().plug_before(source, destination)
        # Nova awaits no event before it migrates. With OVN Neutron sends one all the same; the agent wires the
        # port once its binding is active.
        assert self.hosts[source].nova.call("awaited_events", vif=self.vifs[source]) == []
        before = self.plugged_events()
        self._migrating_to(migrating_to=names[destination])
        if self.cloud.tells_early:
            wait_until(lambda: self.plugged_events() > before, 30, "Nova has an event")
        else:
            assert "no_active_binding" in self.cloud.wire(destination, self.id)
            assert self.plugged_events() == before
        assert self.bindings() == {names[source]: "ACTIVE", names[destination]: "INACTIVE"}
        self.wait_active(source)

    def activate(self, destination):
        self._api("PUT", f"/{self.cloud.names[destination]}/activate", {"port_id": self.id})
        moved = self.shown()
        assert moved["binding:host_id"] == self.cloud.names[destination]
        assert moved["binding:profile"]["pci_slot"] == slot(self.numbers[destination])
        details = self.binding["vif_details"]
        assert {key: moved["binding:vif_details"][key] for key in details} == details

    def unplug_after(self, source):
        """The end: the source unplugs, and the destination has its binding removed (ComputeManager.
        _post_live_migration, post_live_migration_at_destination)."""
        super().unplug_after(source)
        self._api("DELETE", f"/{self.cloud.names[source]}")
        self._migrating_to()

    def roll_back(self, source, destination):
        """ComputeManager._rollback_live_migration."""
        self._api("DELETE", f"/{self.cloud.names[destination]}")
        self._migrating_to()
        super().roll_back(source, destination)


class AgentCloud:
    """Neutron with the drivers openvswitch and vifplug. Instead of the hosts' agents, which need a message queue
    between hosts, wire() reports to the server what they report; the bridges forward without them.

    :param start: starts a neutron_side.py with these drivers
    """

    names = ("compute", "other")
    neighbour = "10.0.255.9/16"
    tells_early = False

    def __init__(self, hosts, start):
        self.neutron = Neutron(start("openvswitch,vifplug"), with_agent=True)
        for name in self.names:
            self.neutron.agent(name, **NETDEV)
        underlay.give_address(hosts[0].box, self.neighbour)

    def wire(self, at, port):
        return self.neutron.call("wire", host=self.names[at], port=port)

    @staticmethod
    def is_claimed(_at, _port):
        return True

    def end(self):
        """Nothing is left on the hosts."""


class OvnCloud:
    """Neutron with the drivers vifplug_ovn and ovn: OVN's databases on the first host, and an ovn-controller on
    both. The hosts' wire is the physical network, and carries the tunnels, too.

    :param start: starts a neutron_side.py with these drivers, and this Ovn
    """

    names = ("compute", "other")
    neighbour = "10.0.255.9/16"
    tells_early = True

    def __init__(self, hosts, start):
        self.ovns = [Ovn(hosts[0].box, self.names[0])]
        self.ovns.append(Ovn(hosts[1].box, self.names[1], self.ovns[0]))
        self.ovns[0].start_central()
        for ovn, address in zip(self.ovns, HOSTS):
            underlay.move(ovn.box, "br-ex")
            underlay.give_address(ovn.box, f"{address}/24", "br-ex")
            ovn.configure(address=address)
            ovn.start_controller()
        underlay.give_address(hosts[0].box, self.neighbour, "br-ex")
        wait_until(lambda: len(self.ovns[0].rows("sb", "Chassis", ("hostname",))) == 2, 30, "two chassis")
        self.neutron = Neutron(start("vifplug_ovn,ovn", self.ovns[0]), with_agent=True, network=FLAT)
        self.neutron.create("security_group_rule", {
            "security_group_id": self.neutron.port()["security_groups"][0], "direction": "ingress",
            "ethertype": "IPv4"}, path="security-group-rules")
        wait_until(lambda: self.neutron.agents().keys() >= set(self.names), 30, "Neutron knows both hosts")

    def wire(self, _at, _port):
        """ovn-controller does it."""

    def is_claimed(self, at, port):
        """Whether the host's chassis has the port, alone."""
        chassis = {row["_uuid"]: row["hostname"]
                   for row in self.ovns[0].rows("sb", "Chassis", ("_uuid", "hostname"))}
        row = self.ovns[0].rows("sb", "Port_Binding", ("chassis", "additional_chassis", "up"),
                                ("logical_port", "==", port["id"]))[0]
        return chassis.get(row["chassis"]) == self.names[at] and row["up"] and not row["additional_chassis"]

    def end(self):
        for ovn in reversed(self.ovns):
            ovn.forget()


class Server:
    """A server that moves between two hosts; the source of a step is where it runs."""

    def __init__(self, hosts, port):
        self.hosts = hosts
        self.port = port
        self.xml = port.first_xml()
        self.qemu = None
        self.started = []

    def start(self, at, xml, incoming):
        interface = ElementTree.fromstring(xml).find("devices/interface")
        assert interface.get("type") == "vhostuser"
        assert interface.find("source").get("mode") == "server"
        self.started.append(QemuGuest(
            self.hosts[at].box, f"server{len(self.started)}", interface.find("source").get("path"),
            interface.find("mac").get("address"), self.port.guest, incoming=incoming).start())
        return self.started[-1]

    def stop(self, qemu, *number):
        self.started.remove(qemu)
        qemu.stop(*number)

    def boot(self, at):
        self.port.plug(at)
        self.qemu = self.start(at, self.xml, incoming=False)
        self.qemu.ready()

    def prepare(self, source, destination):
        """Up to the migration itself: plugs at the destination and starts QEMU there. Returns the XML and QEMU of
        the destination."""
        self.port.plug_before(source, destination)
        for host in self.hosts:
            assert host.vifs()[self.port.id]["state"] == "up", "one VIF, plugged on two hosts"
        xml = self.port.migrated_xml(self.xml, source, destination)
        return xml, self.start(destination, xml, incoming=True)

    def move(self, source, destination):
        """A live migration that succeeds."""
        xml, there = self.prepare(source, destination)
        self.qemu.migrate(there, **{"max-bandwidth": FAST})
        self.qemu.qmp().wait_migration("completed")
        wait_until(lambda: there.qmp().status() == "running", 30, "the guest runs at the destination")
        self.port.activate(destination)
        self.stop(self.qemu)
        self.port.unplug_after(source)
        there.ready()
        self.xml, self.qemu = xml, there

    def fail_to_move(self, source, destination):
        """A live migration that ends with the destination's QEMU, and Nova's roll-back."""
        _, there = self.prepare(source, destination)
        self.qemu.migrate(there, **{"max-bandwidth": SLOW})
        wait_until(lambda: self.qemu.qmp().migration().get("ram", {}).get("transferred", 0) > 0, 30,
                   "the migration is under way")
        self.stop(there, signal.SIGKILL)
        self.qemu.qmp().wait_migration("failed")
        self.port.roll_back(source, destination)

    def ping(self, size, count):
        """Returns how many requests the neighbour has answered."""
        return self.qemu.ping(self.port.neighbour.partition("/")[0], size, count)


def pings_pass(server):
    return server.ping(100, 1) == 1


def watched(server, what, act, *arguments):
    """Pings the guest from its neighbour meanwhile, and reports what that was like."""
    with Pinger(server.hosts[0].box, server.port.guest.partition("/")[0]) as pinger:
        act(*arguments)
        wait_until(lambda: pings_pass(server), SILENCE_S, "the guest is answered")
    result = pinger.result
    print(f"{type(server.port).__name__}, {what}: {result['lost']} of {result['sent']} requests lost, "
          f"{result['longest_s'] * 1000:.0f} ms without a reply")
    assert result["silent_at_end_s"] < SILENCE_S and result["lost"] < result["sent"]
