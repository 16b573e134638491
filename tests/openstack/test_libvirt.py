# SPDX-License-Identifier: Apache-2.0
"""Nova's guest XML in a real libvirtd, and how libvirt finds the port for its statistics."""

import grp
import os
import pwd
import xml.etree.ElementTree as ElementTree

import pytest

from libvirt import Libvirt
from ports import INSTANCE, SOCKETS, nova_vif, port_id

TAP = f"tap{port_id(1)}"[:14]  # Nova's device name.
VFR = f"vfr{port_id(1)}"[:14]


@pytest.fixture(scope="module")
def whole_libvirt(whole_card_box):
    """One for all tests: it probes QEMU for some seconds before it is ready."""
    one = Libvirt(whole_card_box).start()
    yield one
    one.stop()


@pytest.fixture
def libvirt(whole_libvirt, card_box):  # pylint: disable=unused-argument
    yield whole_libvirt
    whole_libvirt.clear()


def server(nova, libvirt):
    """Defines and starts a server with the <interface> that Nova makes; returns what libvirt has made of it."""
    libvirt.run("server", nova.call("guest_xml", vif=nova_vif(nova, 1, 10), instance=INSTANCE))
    return ElementTree.fromstring(libvirt.xml("server")).find("devices/interface")


@pytest.fixture(params=[("vfr", VFR), ("vif_name", TAP)], ids=["vfr", "vif_name"])
def port(request, configure_card, nova):
    """Plugs the port; returns its name with either setting of port-name."""
    configure_card(f"[nic napatech]\nport-name = {request.param[0]}\n")
    nova.call("plug", vif=nova_vif(nova, 1, 10), instance=INSTANCE)
    return request.param[1]


def test_a_server_on_the_socket_that_nova_names(card_box, nova, libvirt):
    nova.call("plug", vif=nova_vif(nova, 1, 10), instance=INSTANCE)
    interface = server(nova, libvirt)
    assert interface.get("type") == "vhostuser"
    assert interface.find("source").attrib == {"type": "unix", "mode": "server",
                                               "path": f"{SOCKETS}/stdvio10"}
    assert libvirt.virsh("domstate", "server").stdout.strip() == "running"
    made = os.stat(os.path.join(card_box.dir, "stdvio", "stdvio10"))
    owner = pwd.getpwuid(made.st_uid).pw_name, grp.getgrgid(made.st_gid).gr_name
    assert owner == ("libvirt-qemu", "libvirt-qemu")


def test_statistics(card_box, port, nova, libvirt):
    """libvirt looks for the Interface whose options:vhost-server-path is the server's socket, and uses its
    name, whatever device name Nova gave. So both values of port-name work, if the port has the option."""
    card_box.vsctl("set", "Interface", port, f"options:vhost-server-path={SOCKETS}/stdvio10")
    assert server(nova, libvirt).find("target").get("dev") == port
    assert set(libvirt.interface_statistics("server", port)) >= {"rx_bytes", "tx_packets"}
    assert card_box.vsctl("get", "Interface", port, "error") == "[]"  # vswitchd ignores the option.


def test_no_statistics_without_the_option(card_box, port, nova, libvirt):
    """Without the option the device has no name, even if the port has Nova's device name."""
    card_box.vsctl("remove", "Interface", port, "options", "vhost-server-path")
    assert server(nova, libvirt).find("target").get("dev") == ""
    assert libvirt.interface_statistics("server", port) is None
