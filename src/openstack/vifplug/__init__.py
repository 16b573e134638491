# SPDX-License-Identifier: Apache-2.0
"""vifplugd for OpenStack: a client, the os-vif plugin, and Neutron's side of it.

client         the daemon's API; needs only Python
os_vif_plugin  in nova-compute: plugs VIFs through the daemon
ml2            in neutron-server: binds virtio-forwarder ports; ml2_options has its options
ml2_qos        in neutron-server: which QoS rules apply to them
binding        computes VF numbers and sockets from PCI addresses for ml2; needs only Python
agent_qos      in neutron-openvswitch-agent: bandwidth limits of their representors
opts           all options, for oslo-config-generator

Importing this package imports none of these modules.
"""
