# SPDX-License-Identifier: Apache-2.0
"""Real guests: Linux in QEMU, attached as libvirt would for Nova's guest XML, ping each other through the
representors."""

import os
import signal
import xml.etree.ElementTree

import pytest

from api import SAMPLES, representor, sample, vif_id, wait_until
from qemu import QemuGuest


@pytest.fixture
def boot(card_box):
    guests = []

    def start(name, reply, address, mtu):
        guest = QemuGuest(card_box, name, reply["vhost_user"]["path"], reply["address"], address,
                          mtu)
        guests.append(guest.start())
        return guest
    yield start
    for guest in guests:
        guest.stop()


def nova_interface():
    path = os.path.join(SAMPLES, "a2_agilio_ovs_virtio_forwarder_server.guest.xml")
    return xml.etree.ElementTree.parse(path).getroot()


def nova_vif(mtu):
    vif = sample("a2")
    vif["versioned_object.data"]["network"]["versioned_object.data"]["mtu"] = mtu
    return vif


@pytest.mark.driver  # With net_vhost of DPDK 24.11 no ping arrives; with 22.11's it does.
@pytest.mark.parametrize("mtu", [1500, 9000])
def test_guests_ping(card_box, card_api, boot, mtu):
    """With full frames, and again after vswitchd was killed and started."""
    first_answer = card_api.plug(nova_vif(mtu))
    interface = nova_interface()
    assert interface.find("source").get("path") == first_answer["vhost_user"]["path"]
    assert interface.find("source").get("mode") == first_answer["vhost_user"]["mode"] == "server"
    assert interface.find("mac").get("address") == first_answer["address"]
    second_answer = card_api.plug(representor(1, "0000:65:01.3", mtu=mtu))

    first = boot("one", first_answer, "192.0.2.1/24", mtu)
    second = boot("two", second_answer, "192.0.2.2/24", mtu)
    first.ready()
    second.ready()
    wait_until(lambda: first.ping("192.0.2.2", 100, 1) == 1, 30, "the first ping is answered")
    assert first.ping("192.0.2.2", mtu, 5) == 5
    assert second.ping("192.0.2.1", mtu, 5) == 5

    card_box.stop("ovs-vswitchd", signal.SIGKILL)
    card_box.start_vswitchd()
    wait_until(lambda: first.ping("192.0.2.2", 100, 1) == 1, 30, "pings are answered again")
    assert first.ping("192.0.2.2", mtu, 5) == 5
    assert second.ping("192.0.2.1", mtu, 5) == 5
    assert card_api.plug(nova_vif(mtu))["changed"] is False
    assert card_api.get_vif(1)["state"] == "up"
    card_api.unplug(vif_id(1))
    assert first.ping("192.0.2.2", 100, 1) == 0
