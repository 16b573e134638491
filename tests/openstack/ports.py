# SPDX-License-Identifier: Apache-2.0
"""Ports as Neutron gives them to Nova, for tests without Neutron."""

INSTANCE = "aaaabbbb-1111-4222-8333-444455556666"
NETWORK = "6a1d2f0c-52a4-4b2a-8a44-5b3f8e7a1c11"
SOCKETS = "/usr/local/var/run"


def port_id(n):
    """Returns ids that differ in their first 11 characters, like random UUIDs."""
    return f"{n:08x}-{n % 0x10000:04x}-4000-8000-000000000000"


def port_name(port):
    """Returns the name of a representor's OVS port."""
    return f"vfr{port['id']}"[:14]


def mac(n):
    return f"fa:16:3e:02:{n >> 8:02x}:{n & 255:02x}"


def vf_port(n, slot, number, status="DOWN", **details):
    """Returns a bound virtio-forwarder port on VF `slot`, whose number is `number`."""
    return {
        "id": port_id(n), "mac_address": mac(n), "network_id": NETWORK, "status": status,
        "admin_state_up": True, "tenant_id": "project",
        "fixed_ips": [{"ip_address": f"10.0.0.{n % 200 + 10}", "subnet_id": "subnet"}],
        "binding:vnic_type": "virtio-forwarder", "binding:vif_type": "agilio_ovs",
        "binding:profile": {"pci_slot": slot, "pci_vendor_info": "18f4:051a",
                            "physical_network": "physnet1"},
        "binding:vif_details": {
            "port_filter": False, "connectivity": "l2", "ovs_hybrid_plug": False,
            "datapath_type": "netdev", "bridge_name": "br-int", "vhostuser_mode": "server",
            "vhostuser_socket": f"{SOCKETS}/stdvio{number}", **details},
    }


NETWORKS = [{"id": NETWORK, "name": "tenant", "tenant_id": "project", "mtu": 1450}]
SUBNETS = [{"id": "subnet", "network_id": NETWORK, "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1",
            "enable_dhcp": True, "dns_nameservers": [], "host_routes": [], "ip_version": 4}]


def slot(number):
    """Returns the PCI address of a VF number of the Napatech card."""
    return f"0000:65:{number // 8:02x}.{number % 8}"


def nova_vif(nova, n, number, **members):
    """Returns Nova's VIF model of a port on VF `number`."""
    return nova.call("build", port=vf_port(n, slot(number), number, **members), networks=NETWORKS,
                     subnets=SUBNETS)


def vif_of(nova, neutron, port):
    """Returns Nova's VIF model of a port from Neutron."""
    return nova.call("build", port=neutron.show("port", port["id"]), networks=[neutron.network],
                     subnets=[neutron.subnet])
