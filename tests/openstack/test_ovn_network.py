# SPDX-License-Identifier: Apache-2.0
"""What OVN's network gives to guests on representors: a tunnel between two hosts, addresses by DHCP, metadata,
trunks, and what passes while a port migrates. Neutron's server, OVN and Nova's side are as in test_ovn.py, but on
two hosts; the guests have the kernel's network stack."""

import hmac
import json

import pytest

from api import wait_until
from cloud import Neutron
from conftest import a_sandbox, integration, nova_config
from hosts import Host
from metadata import SECRET, MetadataAgent
from ovn_hosts import Cloud, Server, connect, tunnel_packets
from ovsdb import interface
from ports import INSTANCE, port_name, slot
from test_ovn import ovn_config

MTU = 1400
COUNT = 20
TAG = 7
METADATA = "169.254.169.254"


@pytest.fixture(scope="module")
def boxes():
    with a_sandbox(integration.SeenSandbox, cards=("napatech",)) as first, \
            a_sandbox(integration.SeenSandbox, cards=("napatech",)) as second:
        yield first, second


@pytest.fixture(scope="module")
def whole_cloud(boxes, start_whole_worker, tmp_path_factory):
    ovns = connect(boxes)
    config = ovn_config(ovns[0], tmp_path_factory.mktemp("neutron")) + "ovn_metadata_enabled = true\n"
    worker = start_whole_worker("neutron_side.py", config)
    hosts = [Host(box, start_whole_worker("nova_side.py", nova_config(box.socket))) for box in boxes]
    neutron = Neutron(worker, with_agent=True, network={"name": "tunnel", "mtu": MTU}, dhcp=True)
    wait_until(lambda: neutron.agents().keys() >= {"compute", "other"}, 20, "both hosts' agents")
    return Cloud(neutron, hosts, ovns)


@pytest.fixture(scope="module")
def metadata_agent(whole_cloud):
    """The agent of the first host, which needs a while to be ready."""
    with MetadataAgent(whole_cloud.ovns[0]) as agent:
        yield agent


@pytest.fixture(scope="module")
def pair(whole_cloud, metadata_agent):  # pylint: disable=unused-argument
    """A server on each host, in one network, with the addresses that they got."""
    made = [whole_cloud.running(0, 10), whole_cloud.running(1, 17)]
    whole_cloud.servers.clear()
    for server in made:
        server.lease = server.guest.dhcp()
    yield made
    whole_cloud.servers += made
    whole_cloud.clear()
    assert all(host.vifs() == {} for host in whole_cloud.hosts)


@pytest.fixture
def cloud(whole_cloud, pair):  # pylint: disable=unused-argument
    yield whole_cloud
    whole_cloud.clear()


def test_addresses(cloud, pair):
    """OVN answers DISCOVER and REQUEST with the port's address, the network's MTU and the way to the metadata."""
    for server in pair:
        lease = server.lease
        assert (lease["ip"], lease["mask"]) == (server.address, "16")
        assert lease["mtu"] == str(MTU) and lease["router"] == cloud.neutron.subnet["gateway_ip"]
        assert f"{METADATA}/32 " in lease["staticroutes"]


def test_through_the_tunnel(boxes, cloud, pair):  # pylint: disable=unused-argument
    """Guests on two hosts reach each other, with packets as large as the network's MTU, through the tunnel."""
    first, second = pair
    wait_until(lambda: first.guest.ping(second.address, 1) == 1, 20, "the first ping is answered")
    before = [tunnel_packets(box) for box in boxes]
    assert first.guest.ping(second.address, COUNT, MTU) == COUNT
    # Open vSwitch adds up the packets of a tunnel late.
    wait_until(lambda: all(now >= was + COUNT for box, numbers in zip(boxes, before)
                           for now, was in zip(tunnel_packets(box), numbers)), 15, "the tunnel counts the packets")


def arrives(listener, tag, mark, sender, **members):
    """Sends frames until the first arrives, since flows come late; then each must. (OVN may send a frame
    twice to a port that has just been activated.)"""
    def first():
        sender.guest.send(1, mark=f"{mark}-first", **members)
        return f"{tag} {mark}-first" in listener.counts()
    wait_until(first, 20, f"a frame {mark} arrives")
    sender.guest.send(COUNT, mark=mark, **members)
    wait_until(lambda: listener.counts().get(f"{tag} {mark}", 0) >= COUNT, 20,
               lambda: f"{COUNT} frames {mark} arrive (these have: {listener.counts()})")


def test_trunk(cloud, pair):
    """Tagged frames of the parent's guest are in the network of the subport only, in both directions; others are
    in the parent's only."""
    parent, neighbour = pair
    neutron = cloud.neutron
    network = cloud.add_network("subports", "10.7.0.0/24")
    sub = neutron.port("normal", network_id=network)
    trunk = neutron.create("trunk", {"port_id": parent.port["id"], "sub_ports": [
        {"port_id": sub["id"], "segmentation_type": "vlan", "segmentation_id": TAG}]})
    address = sub["fixed_ips"][0]["ip_address"]
    other = cloud.running(1, 18, network_id=network)
    try:
        with parent.guest.listen() as at_parent, neighbour.guest.listen() as at_neighbour, \
                other.guest.listen() as at_other:
            arrives(at_other, 0, "tagged", parent, source=sub["mac_address"], addresses=[address, other.address],
                    vlan=TAG)
            arrives(at_parent, TAG, "back", other, destination=sub["mac_address"],
                    addresses=[other.address, address])
            arrives(at_neighbour, 0, "plain", parent, addresses=[parent.address, neighbour.address])
            assert "tagged" not in str(at_neighbour.counts()) and "plain" not in str(at_other.counts())
    finally:
        neutron.delete("trunk", trunk["id"])
        other.unplug()
        neutron.delete("port", sub["id"])


def ovn_installed(server):
    row = interface(server.host.box, port_name(server.port))
    return row["external_ids"].get("ovn-installed") == "true"


def test_announcement(cloud, pair):
    """While a port migrates, nothing passes to or from its guest at the destination until that has sent a RARP
    frame; other frames are no announcement."""
    peer = pair[0]
    neutron, ovn = cloud.neutron, cloud.ovns[0]
    one = cloud.server(0, 12).plug().active()
    path = f"ports/{one.port['id']}/bindings"
    made = neutron.call("api", method="POST", path=path, body={"binding": {
        "host": "other", "vnic_type": "virtio-forwarder",
        "profile": {"pci_slot": slot(19), "pci_vendor_info": "18f4:051a"}}})["binding"]
    there = {f"binding:{key}": made[key] for key in ("vnic_type", "vif_type", "vif_details", "profile")}
    cloud.hosts[1].nova.call("plug_before_migration", vif=one.vif, instance=INSTANCE, destination=there)
    neutron.update("port", one.port["id"], {
        "binding:profile": {**one.port["binding:profile"], "migrating_to": "other"}})
    wait_until(lambda: ovn.logical_port(one.port)["options"]["requested-chassis"] == "compute,other", 20)
    assert ovn.logical_port(one.port)["options"]["activation-strategy"] == "rarp"
    moved = Server(cloud, 1, {**one.port, **there})
    moved.vif = one.vif
    try:
        wait_until(lambda: ovn_installed(moved), 20, "the destination has claimed the port")
        with peer.guest.listen() as at_peer, moved.boot().guest.listen() as at_moved:
            out = {"destination": peer.mac, "addresses": [one.address, peer.address]}
            back = {"destination": one.mac, "addresses": [peer.address, one.address]}
            moved.send_dropped(COUNT, mark="early", **out)
            peer.send_dropped(COUNT, mark="early", **back)
            moved.guest.send(1, rarp=True)
            arrives(at_peer, 0, "late", moved, **out)
            arrives(at_moved, 0, "late", peer, **back)
            assert "early" not in f"{at_peer.counts()} {at_moved.counts()}"
    finally:
        moved.unplug()
    neutron.call("api", method="PUT", path=f"{path}/other/activate", body={"port_id": one.port["id"]})
    assert ovn.logical_port(one.port)["options"]["requested-chassis"] == "other"


def test_metadata(cloud, pair, metadata_agent):
    """The packaged agent plugs OVN's localport into the switch; a guest's request for metadata gets through it,
    and names the guest's instance to Nova."""
    one = pair[0]
    wait_until(metadata_agent.port, 60, lambda: f"the agent's port; its log: {metadata_agent.log()}")
    [localport] = cloud.ovns[0].rows("sb", "Port_Binding", ("logical_port",), ("type", "==", "localport"))
    assert metadata_agent.port()["iface-id"] == localport["logical_port"]
    url = f"http://{METADATA}/openstack/latest/meta_data.json"
    reply = wait_until(lambda: one.guest.get(url), 30, lambda: f"a reply; the agent's log: {metadata_agent.log()}")
    got = json.loads(reply)
    signature = hmac.new(SECRET.encode(), INSTANCE.encode(), "sha256").hexdigest()
    assert got == {"path": "/openstack/latest/meta_data.json", "X-Forwarded-For": one.address,
                   "X-Instance-ID": INSTANCE, "X-Instance-ID-Signature": signature,
                   "X-Tenant-ID": one.port["project_id"]}
