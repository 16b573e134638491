# SPDX-License-Identifier: Apache-2.0
"""vifplugd for OpenStack: a client, the os-vif plugin, and Neutron's side of it.

client         the daemon's API, with types; needs only Python
os_vif_plugin  in nova-compute: plugs VIFs through the daemon
ml2_ovn        in neutron-server: binds virtio-forwarder ports beside `ovn`
ml2            in neutron-server: binds them beside `openvswitch`
ml2_base       what both have in common; ml2_options has their options
ml2_qos        in neutron-server: which QoS rules apply to these ports
ml2_trunk      in neutron-server: OVN's trunks with these ports as parents
binding        computes VF numbers and sockets from PCI addresses for them; needs only Python
agent_qos      in neutron-openvswitch-agent: bandwidth limits of their representors
opts           all options, for oslo-config-generator

Importing this package imports none of these modules.
"""

__version__ = "0.2.1"
