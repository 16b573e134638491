# SPDX-License-Identifier: Apache-2.0
"""Registers with Neutron's QoS service which rules hold for the ports that the mechanism driver binds.

Stock Neutron asks its QoS drivers by VIF type and VNIC type; none knows those of these ports, so every
policy would be refused. The rules themselves reach the agent as for other ports.
"""

from neutron_lib.api.definitions import portbindings
from neutron_lib.services.qos import base
from neutron_lib.services.qos import constants

from neutron.services.qos.drivers.openvswitch import driver as openvswitch

# Minimum bandwidth and packet rate need a scheduler between ports, which DPDK datapaths have not.
SUPPORTED = (constants.RULE_TYPE_BANDWIDTH_LIMIT, constants.RULE_TYPE_PACKET_RATE_LIMIT,
             constants.RULE_TYPE_DSCP_MARKING)

_DRIVER = None


class VifplugQosDriver(base.DriverBase):
    """The stock driver's rules, as far as they hold."""

    def __init__(self):
        super().__init__(
            name="vifplug",
            vif_types=[portbindings.VIF_TYPE_AGILIO_OVS],
            vnic_types=[portbindings.VNIC_VIRTIO_FORWARDER],
            supported_rules={rule: openvswitch.SUPPORTED_RULES[rule] for rule in SUPPORTED
                             if rule in openvswitch.SUPPORTED_RULES},
            requires_rpc_notifications=True)


def register():
    """Once for a process: each driver made announces itself to the QoS service."""
    global _DRIVER  # pylint: disable=global-statement
    if _DRIVER is None:
        _DRIVER = VifplugQosDriver()
