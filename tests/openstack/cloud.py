# SPDX-License-Identifier: Apache-2.0
"""Neutron for tests: networks, ports and policies through its API."""

NETDEV = {
    "datapath_type": "netdev", "ovs_hybrid_plug": False,
    "vhostuser_socket_dir": "/var/run/openvswitch",
    "ovs_capabilities": {"datapath_types": ["netdev", "system"],
                         "iface_types": ["dpdk", "dpdkvhostuser", "dpdkvhostuserclient"]},
}
SYSTEM = {**NETDEV, "datapath_type": "system"}

FLAT = {"name": "tenant", "mtu": 1450, "provider:network_type": "flat",
        "provider:physical_network": "physnet1"}


class Neutron:
    """A neutron_side.py with an agent on host "compute", a network and its subnet.

    :param with_agent: the host reports itself: the worker has started a real agent, or it has an ovn-controller
    :param network: the members of the network
    :param dhcp: whether Neutron gives servers their addresses
    """

    def __init__(self, worker, with_agent=False, network=None, dhcp=False):
        self.worker = worker
        if not with_agent:
            self.agent("compute", **NETDEV)
        self.network = self.create("network", network or FLAT)
        self.subnet = self.create("subnet", {"network_id": self.network["id"], "ip_version": 4,
                                             "cidr": "10.0.0.0/16", "enable_dhcp": dhcp})

    def call(self, call, **members):
        return self.worker.call(call, **members)

    def agent(self, host, **configurations):
        self.call("register_agent", host=host, **configurations)

    def create(self, kind, members, under="", path=None):
        collection = "policies" if kind == "policy" else f"{kind}s"
        return self.call("api", method="POST", path=path or f"{under}{collection}",
                         body={kind: members})[kind]

    def show(self, kind, identity):
        return self.call("api", method="GET", path=f"{kind}s/{identity}")[kind]

    def update(self, kind, identity, members, under=""):
        return self.call("api", method="PUT", path=f"{under}{kind}s/{identity}",
                         body={kind: members})[kind]

    def delete(self, kind, identity, under=""):
        self.call("api", method="DELETE", path=f"{under}{kind}s/{identity}")

    def agents(self):
        """Returns host and extensions of the agents that are alive."""
        return {agent["host"]: agent["configurations"].get("extensions", [])
                for agent in self.call("api", method="GET", path="agents")["agents"]
                if agent["alive"]}

    def all_agents(self):
        """Returns the hosts of all agents, also of those that are not alive."""
        return {agent["host"] for agent in self.call("api", method="GET", path="agents")["agents"]}

    def vf_port(self, slot, host="compute", **members):
        """Makes a port and binds it like Nova: creates it without a host, then sets host and VF in one
        update."""
        port = self.port(**members)
        assert port["binding:vif_type"] == "unbound"
        return self.bind(port, slot, host)

    def port(self, vnic_type="virtio-forwarder", **members):
        """Makes an unbound port."""
        return self.create("port", {"network_id": self.network["id"], "binding:vnic_type": vnic_type,
                                    **members})

    def bind(self, port, slot=None, host="compute", ids="18f4:051a"):
        """Writes what Nova writes when it has placed a server."""
        profile = {"pci_slot": slot, "pci_vendor_info": ids, "physical_network": "physnet1"}
        return self.update("port", port["id"], {
            "device_id": "aaaabbbb-1111-4222-8333-444455556666", "device_owner": "compute:nova",
            "binding:host_id": host, "binding:profile": profile if slot else {}})
