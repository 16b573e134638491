# SPDX-License-Identifier: Apache-2.0
"""Registers with Neutron's QoS service which rules apply to the ports that the mechanism driver binds.

Stock Neutron asks its QoS drivers by VIF type and VNIC type; no stock driver supports those of these ports,
so Neutron would refuse every policy. The rules reach the agent like those of other ports.
"""

from neutron_lib.api.definitions import portbindings
from neutron_lib.services.qos import base
from neutron_lib.services.qos import constants

from neutron.services.qos.drivers.openvswitch import driver as openvswitch

# Minimum bandwidth and packet rate need a scheduler between ports, which DPDK datapaths do not have.
SUPPORTED = (constants.RULE_TYPE_BANDWIDTH_LIMIT, constants.RULE_TYPE_PACKET_RATE_LIMIT,
             constants.RULE_TYPE_DSCP_MARKING)

_DRIVER = None


class VifplugQosDriver(base.DriverBase):
    """The stock driver's rules, except those that do not work here."""

    def __init__(self):
        super().__init__(
            name="vifplug",
            vif_types=[portbindings.VIF_TYPE_AGILIO_OVS],
            vnic_types=[portbindings.VNIC_VIRTIO_FORWARDER],
            supported_rules={rule: openvswitch.SUPPORTED_RULES[rule] for rule in SUPPORTED
                             if rule in openvswitch.SUPPORTED_RULES},
            requires_rpc_notifications=True)


def register():
    """Makes the driver once in a process: each new driver registers with the QoS service."""
    global _DRIVER  # pylint: disable=global-statement
    if _DRIVER is None:
        _DRIVER = VifplugQosDriver()
