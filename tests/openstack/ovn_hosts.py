# SPDX-License-Identifier: Apache-2.0
"""OVN on two hosts: the databases and ovn-northd on the first, an ovn-controller on each, tunnels between them."""

import re

import underlay
from api import wait_until
from ovn import Ovn
from ovsdb import table
from ports import INSTANCE, port_name, slot
from stack import StackGuest

UNDERLAY = "br-phy"
HOSTS = ("compute", "other")
TUNNEL_ENDS = ("198.51.100.1", "198.51.100.2")


class Chassis(Ovn):
    """The ovn-controller of a host that has no databases: `central` has them."""

    def __init__(self, box, host, central):
        super().__init__(box, host)
        self.central = central

    def remote(self, name):
        return self.central.remote(name)


def connect(boxes):
    """Connects the hosts, and starts OVN on them. Returns the Ovn of each host."""
    underlay.connect(*boxes, bridge=UNDERLAY)
    first = Ovn(boxes[0], HOSTS[0])
    first.start_central()
    made = [first, Chassis(boxes[1], HOSTS[1], first)]
    for ovn, address in zip(made, TUNNEL_ENDS):
        # Open vSwitch sends the tunnel's packets where the kernel's routes say: to the bridge with this address.
        underlay.give_address(ovn.box, f"{address}/24", bridge=UNDERLAY)
        ovn.configure()
        ovn.box.vsctl("set", "open_vswitch", ".", f"external_ids:ovn-encap-ip={address}")
        ovn.box.vsctl("add-br", "br-ex", "--", "set", "Bridge", "br-ex", "datapath_type=netdev")
        ovn.start_controller()
    wait_until(lambda: len(first.rows("sb", "Chassis", ("hostname",))) == len(HOSTS), 60, "both chassis")
    for ovn in made:
        wait_until(lambda ovn=ovn: tunnel(ovn.box), 60, "the tunnel's port")
    return made


def tunnel(box):
    """Returns the name of the tunnel's port to the other host, or None."""
    names = [row["name"] for row in table(box, "Interface", ["name", "type", "error"])
             if row["type"] == "geneve" and not row["error"]]
    return names[0] if names else None


def tunnel_packets(box):
    """Returns how many packets have (come, gone) through the tunnel."""
    text = box.command("ovs-ofctl", "dump-ports", "br-int", tunnel(box)).stdout
    return tuple(int(number) for number in re.findall(r"pkts=(\d+)", text))


class Server:
    """A port that is bound and plugged on one of the hosts, and a guest with the kernel's network stack on it."""

    def __init__(self, cloud, at, port):
        self.cloud = cloud
        self.at = at
        self.port = port
        self.mac = port["mac_address"]
        self.address = port["fixed_ips"][0]["ip_address"]
        self.vif = None
        self.guest = None
        self.lease = None

    @property
    def host(self):
        return self.cloud.hosts[self.at]

    def plug(self):
        self.vif = self.host.nova.call("build", port=self.cloud.neutron.show("port", self.port["id"]),
                                       networks=self.cloud.networks, subnets=self.cloud.subnets)
        self.host.plug(self.vif, INSTANCE)
        return self

    def active(self):
        """Waits until Neutron has the port as ACTIVE, and OVN's database has what Neutron writes then."""
        ovn = self.cloud.ovns[self.at]

        def is_active():
            port = self.cloud.neutron.show("port", self.port["id"])
            return port["status"] == "ACTIVE" and ovn.is_written(port)
        ovn.wait(is_active, f"port {self.address} is ACTIVE", self.port, self.cloud.neutron)
        return self

    def boot(self):
        details = self.port["binding:vif_details"]
        self.guest = StackGuest(self.host.box, self.port["id"][:8], details["vhostuser_socket"], self.mac,
                                mode=details["vhostuser_mode"], mtu=self.cloud.neutron.network["mtu"]).start()
        wait_until(self.guest.is_connected, 60, f"guest {self.address} is connected")
        return self

    def frames_taken(self):
        """Returns how many frames the switch has got from the guest."""
        text = self.host.box.command("ovs-ofctl", "dump-ports", "br-int", port_name(self.port)).stdout
        return int(text.partition("rx pkts=")[2].partition(",")[0])

    def send_dropped(self, count, **members):
        """Sends frames that OVN drops: returns when the switch has got them."""
        start = self.frames_taken()
        self.guest.send(count, **members)
        wait_until(lambda: self.frames_taken() >= start + count, 60, "the switch gets the frames")

    def unplug(self):
        if self.guest:
            self.guest.stop()
            self.guest = None
        if self.vif:
            self.host.unplug(self.vif, INSTANCE)
            self.vif = None


class Cloud:
    """neutron-server, and two hosts with their OVN."""

    def __init__(self, neutron, hosts, ovns):
        self.neutron = neutron
        self.hosts = hosts
        self.ovns = ovns
        self.networks = [neutron.network]
        self.subnets = [neutron.subnet]
        self.servers = []

    def add_network(self, name, cidr):
        """Makes a further network with a subnet, which clear() deletes; returns its id."""
        network = self.neutron.create("network", {"name": name, "mtu": self.neutron.network["mtu"]})
        self.networks.append(network)
        self.subnets.append(self.neutron.create("subnet", {
            "network_id": network["id"], "ip_version": 4, "cidr": cidr, "enable_dhcp": False}))
        return network["id"]

    def server(self, at, number, **members):
        """Makes a port that is bound on host `at`, to its VF `number`."""
        port = self.neutron.vf_port(slot(number), host=HOSTS[at], **members)
        self.servers.append(Server(self, at, port))
        return self.servers[-1]

    def running(self, at, number, **members):
        """Makes one that is ACTIVE and has a guest."""
        return self.server(at, number, **members).plug().active().boot()

    def clear(self):
        """Unplugs all servers, and deletes their ports."""
        for server in reversed(self.servers):
            server.unplug()
            self.neutron.delete("port", server.port["id"])
        self.servers.clear()
        for network in self.networks[1:]:
            self.neutron.delete("network", network["id"])
        del self.networks[1:], self.subnets[1:]
