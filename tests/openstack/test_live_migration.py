# SPDX-License-Identifier: Apache-2.0
"""A live migration rehearsed: a Linux guest in QEMU migrates between two hosts while it is pinged.

Nova's own code makes the VIFs, plugs them at the destination before, unplugs them at the source after, and
rewrites the XML; the test does what libvirt does: it starts QEMU with what the XML says, and migrates with QEMU's
monitor. docs/openstack.md has the whole sequence. With -s the test prints what got lost. Another test has libvirt
migrate.
"""

import signal
import xml.etree.ElementTree as ElementTree

import pytest

import underlay
from api import vhost_user, vif_id, wait_until
from libvirt import Libvirt
from pinger import Pinger
from ports import INSTANCE, SOCKETS, port_id, slot, vf_port
from qemu import QemuGuest
from qmp import QmpError

GUEST, NEIGHBOUR = "192.0.2.1", "192.0.2.9"
HOSTS = ("198.51.100.1", "198.51.100.2")  # Where libvirt migrates to.
ADDRESS = '<address type="pci" domain="0x0000" bus="0x00" slot="0x03" function="0x0"/>'
SLOW = 200 * 1024  # Bytes/s: the guest's memory takes minutes.
FAST = 1 << 30
# The longest that a guest may have no reply around a migration, on a loaded machine: only what is broken takes
# longer. Times are reported, not asserted.
SILENCE_S = 60


class Representors:
    """The port of a server on a representor: each host has another VF, so another socket."""

    numbers = (10, 17)

    def __init__(self, hosts):
        self.hosts = hosts
        self.vifs = [host.vif(1, number) for host, number in zip(hosts, self.numbers)]
        self.id = port_id(1)

    def plug(self, at):
        self.hosts[at].plug(self.vifs[at])

    def plug_before(self, source, destination):
        self.hosts[destination].nova.call(
            "plug_before_migration", vif=self.vifs[source], instance=INSTANCE,
            destination=vf_port(1, slot(self.numbers[destination]), self.numbers[destination]))

    def unplug_after(self, source):
        self.hosts[source].nova.call("unplug_after_migration", vif=self.vifs[source], instance=INSTANCE)

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
        number = self.numbers[destination]
        return self.hosts[source].nova.call(
            "migrated_xml", vif=self.vifs[source], destination=vf_port(1, slot(number), number),
            instance=INSTANCE, xml=xml)


class PlainPorts:
    """A vhost-user port of ovs-vswitchd, as Neutron binds a port of VNIC type normal; the path is the same on
    all hosts."""

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

    def roll_back(self, source, destination):  # pylint: disable=unused-argument
        self.unplug_after(destination)

    def first_xml(self):
        return (f"<domain><devices><interface type='vhostuser'><mac address='{self.vif['address']}'/>"
                f"<source type='unix' mode='server' path='{self.vif['vhost_user']['path']}'/></interface>"
                "</devices></domain>")

    def migrated_xml(self, xml, source, destination):  # pylint: disable=unused-argument
        return xml


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
            interface.find("mac").get("address"), f"{GUEST}/24", incoming=incoming).start())
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


@pytest.fixture
def server(two_hosts, request):
    one = Server(two_hosts, request.param(two_hosts))
    underlay.give_address(two_hosts[0].box, f"{NEIGHBOUR}/24")
    yield one
    for qemu in list(one.started):
        one.stop(qemu)


def pings_pass(server):
    return server.qemu.ping(NEIGHBOUR, 100, 1) == 1


def watched(server, what, act, *arguments):
    """Pings the guest from its neighbour meanwhile, and reports what that was like."""
    with Pinger(server.hosts[0].box, GUEST) as pinger:
        act(*arguments)
        wait_until(lambda: pings_pass(server), SILENCE_S, "the guest is answered")
    result = pinger.result
    print(f"{type(server.port).__name__}, {what}: {result['lost']} of {result['sent']} requests lost, "
          f"{result['longest_s'] * 1000:.0f} ms without a reply")
    assert result["silent_at_end_s"] < SILENCE_S and result["lost"] < result["sent"]


@pytest.mark.parametrize("server", [pytest.param(Representors, marks=pytest.mark.driver), PlainPorts],
                         indirect=True)
def test_a_guest_migrates_there_and_back(server):
    first, second = server.hosts
    nothing = second.rows()
    server.boot(0)
    wait_until(lambda: pings_pass(server), 30, "the first ping is answered")
    # It runs as long as the test, in the guest's memory.
    server.qemu.command(f"ping -i 0.2 {NEIGHBOUR} >/ping 2>&1 & echo $! >/pid")

    if isinstance(server.port, Representors):
        watched(server, "failed migration", server.fail_to_move, 0, 1)
        assert server.qemu.qmp().status() == "running"
        assert server.qemu.ping(NEIGHBOUR, 1400, 2) == 2
        assert second.rows() == nothing and second.vifs() == {}

    watched(server, "there", server.move, 0, 1)
    assert first.vifs() == {} and second.vifs()[server.port.id]["state"] == "up"
    assert server.qemu.ping(NEIGHBOUR, 1400, 2) == 2

    watched(server, "and back", server.move, 1, 0)
    assert second.vifs() == {} and second.rows() == nothing
    assert first.vifs()[server.port.id]["state"] == "up"
    assert server.qemu.ping(NEIGHBOUR, 1400, 2) == 2
    text = server.qemu.command("kill -INT $(cat /pid); sleep 1; tail -n 3 /ping")
    print("the guest's own ping:", " ".join(text.split("\n")[-3:]))
    assert "packets transmitted" in text


def test_a_card_that_does_not_log_memory(two_hosts):
    """QEMU refuses to migrate, names the feature, and the guest runs on."""
    host = two_hosts[0]
    host.box.card_settings(log_memory="no")
    port = Representors(two_hosts)
    server = Server(two_hosts, port)
    port.plug(0)
    qemu = server.start(0, server.xml, incoming=False)
    try:
        with pytest.raises(QmpError, match="VHOST_F_LOG_ALL|LOG_SHMFD"):
            qemu.qmp().command("migrate", uri="unix:/nowhere")
        assert qemu.qmp().status() == "running"
    finally:
        server.stop(qemu)


@pytest.fixture
def libvirts(two_hosts):
    started = []
    for number, host in enumerate(two_hosts):
        underlay.give_address(host.box, f"{HOSTS[number]}/24")
        started.append(Libvirt(host.box).start())
    yield started
    for one in started:
        one.clear()
        one.stop()


def test_through_libvirt(two_hosts, libvirts):
    """libvirt takes the XML that Nova makes of its own, migrates there and back, and undoes a migration that the
    destination cannot take. The server has no system: it waits in its firmware."""
    port = Representors(two_hosts)
    port.plug(0)
    libvirts[0].run("server", port.first_xml().partition("<devices>")[2].partition("</devices>")[0])

    def path(at):
        return ElementTree.fromstring(libvirts[at].xml("server")).find("devices/interface/source").get("path")

    for source, destination in ((0, 1), (1, 0)):
        port.plug_before(source, destination)
        xml = port.migrated_xml(libvirts[source].xml("server", "--migratable"), source, destination)
        refused = libvirts[source].migrate("server", libvirts[destination], HOSTS[destination],
                                           xml.replace("/usr/local/var/run/", "/nowhere/"))
        assert refused.returncode != 0 and "/nowhere/" in refused.stderr
        assert libvirts[source].virsh("domstate", "server").stdout.strip() == "running"
        done = libvirts[source].migrate("server", libvirts[destination], HOSTS[destination], xml)
        assert done.returncode == 0, done.stderr
        assert libvirts[destination].virsh("domstate", "server").stdout.strip() == "running"
        assert path(destination) == f"{SOCKETS}/stdvio{port.numbers[destination]}"
        port.unplug_after(source)
        assert {at for at, host in enumerate(two_hosts) if host.vifs()} == {destination}
