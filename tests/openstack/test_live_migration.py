# SPDX-License-Identifier: Apache-2.0
"""A live migration rehearsed: a Linux guest in QEMU migrates between two hosts while it is pinged.

docs/openstack.md has the whole sequence. With -s the test prints what got lost. One test has Neutron make the
bindings of both hosts around it, another has libvirt migrate.
"""

import xml.etree.ElementTree as ElementTree

import pytest

import underlay
from api import wait_until
from conftest import NEUTRON
from libvirt import Libvirt
from migrating import HOSTS, AgentCloud, BoundPort, OvnCloud, PlainPorts, Representors, Server, pings_pass, watched
from ports import SOCKETS
from qmp import QmpError
from test_ovn import ovn_config


@pytest.fixture
def server(two_hosts, request):
    one = Server(two_hosts, request.param(two_hosts))
    underlay.give_address(two_hosts[0].box, one.port.neighbour)
    yield one
    for qemu in list(one.started):
        one.stop(qemu)


@pytest.mark.parametrize("server", [pytest.param(Representors, marks=pytest.mark.driver), PlainPorts],
                         indirect=True)
def test_a_guest_migrates_there_and_back(server):
    first, second = server.hosts
    nothing = second.rows()
    server.boot(0)
    wait_until(lambda: pings_pass(server), 30, "the first ping is answered")
    # It runs as long as the test, in the guest's memory.
    server.qemu.command(f"ping -i 0.2 {server.port.neighbour.partition('/')[0]} >/ping 2>&1 & echo $! >/pid")

    if isinstance(server.port, Representors):
        watched(server, "failed migration", server.fail_to_move, 0, 1)
        assert server.qemu.qmp().status() == "running"
        assert server.ping(1400, 2) == 2
        assert second.rows() == nothing and second.vifs() == {}

    watched(server, "there", server.move, 0, 1)
    assert first.vifs() == {} and second.vifs()[server.port.id]["state"] == "up"
    assert server.ping(1400, 2) == 2

    watched(server, "and back", server.move, 1, 0)
    assert second.vifs() == {} and second.rows() == nothing
    assert first.vifs()[server.port.id]["state"] == "up"
    assert server.ping(1400, 2) == 2
    text = server.qemu.command("kill -INT $(cat /pid); wait $(cat /pid); tail -n 3 /ping")
    print("the guest's own ping:", " ".join(text.split("\n")[-3:]))
    assert "packets transmitted" in text


@pytest.fixture
def start_notifying(start_worker, tmp_path_factory):
    """Starts a neutron-server's side that sends Nova its events."""
    def start(drivers, ovn=None):
        directory = tmp_path_factory.mktemp("neutron")
        text = ovn_config(ovn, directory, drivers) if ovn else NEUTRON.format(directory=directory, drivers=drivers)
        old = "notify_nova_on_port_status_changes = false"
        assert old in text
        return start_worker("neutron_side.py", text.replace(old, old.replace("false", "true")))
    return start


@pytest.fixture
def cloud(two_hosts, start_notifying, request):
    one = request.param(two_hosts, start_notifying)
    yield one
    one.end()


@pytest.mark.driver
@pytest.mark.parametrize("cloud", [AgentCloud, OvnCloud], indirect=True)
def test_bindings_of_neutron(two_hosts, cloud):
    """neutron-server binds the port to the destination, Nova plugs there what the binding says, the guest
    migrates, and the source's binding goes. A migration that was rolled back before it began leaves nothing."""
    first, second = two_hosts
    server = Server(two_hosts, BoundPort(two_hosts, cloud))
    port = server.port
    nothing = second.rows()
    try:
        server.boot(0)
        port.wait_active(0)
        port.wait_claimed(0)
        wait_until(lambda: pings_pass(server), 30, "the first ping is answered")

        port.plug_before(0, 1)
        port.roll_back(0, 1)
        assert port.bindings() == {"compute": "ACTIVE"} and second.vifs() == {} and second.rows() == nothing
        port.wait_active(0)
        port.wait_claimed(0)
        assert server.ping(1400, 2) == 2

        watched(server, "with Neutron", server.move, 0, 1)
        port.wait_claimed(1)
        if isinstance(cloud, AgentCloud):  # With OVN the status follows what ovn-controller reports.
            port.wait_active(1)
        assert port.bindings() == {"other": "ACTIVE"} and "migrating_to" not in port.shown()["binding:profile"]
        assert first.vifs() == {} and second.vifs()[port.id]["state"] == "up"
        assert server.ping(1400, 2) == 2
        for worker in (first.nova, second.nova, cloud.neutron.worker):
            assert worker.lines("ERROR", "vifplug") == []
    finally:
        for qemu in list(server.started):
            server.stop(qemu)


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
