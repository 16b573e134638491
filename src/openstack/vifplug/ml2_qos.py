# SPDX-License-Identifier: Apache-2.0
"""Registers with Neutron's QoS service which rules apply to the ports that the mechanism drivers bind.

Stock Neutron asks its QoS drivers by VIF type and VNIC type; no stock driver supports those of these ports,
so Neutron would refuse every policy. The rules reach the agent or OVN like those of other ports.
"""

from neutron_lib.services.qos import base
from neutron_lib.services.qos import constants

from vifplug import ml2_base

# Minimum bandwidth and packet rate need a scheduler between ports, which DPDK datapaths do not have.
SUPPORTED = (constants.RULE_TYPE_BANDWIDTH_LIMIT, constants.RULE_TYPE_PACKET_RATE_LIMIT,
             constants.RULE_TYPE_DSCP_MARKING)

_DRIVERS = {}


class VifplugQosDriver(base.DriverBase):
    """A stock driver's rules, except those that do not work here."""

    def __init__(self, name, stock_rules, requires_rpc_notifications):
        super().__init__(
            name=name,
            vif_types=[ml2_base.VIF_TYPE],
            vnic_types=[ml2_base.VNIC_TYPE],
            supported_rules={rule: stock_rules[rule] for rule in SUPPORTED if rule in stock_rules},
            requires_rpc_notifications=requires_rpc_notifications)


def _register(name, *arguments):
    """Makes a driver once in a process: each new driver registers with the QoS service."""
    if name not in _DRIVERS:
        _DRIVERS[name] = VifplugQosDriver(name, *arguments)


def register_agent():
    """For the Open vSwitch agent, which learns of rules by RPC."""
    from neutron.services.qos.drivers.openvswitch import driver  # pylint: disable=import-outside-toplevel

    _register("vifplug", driver.SUPPORTED_RULES, True)


def register_ovn():
    """For OVN: its QoS driver writes the rules of all ports of a policy into the northbound database."""
    from neutron.services.qos.drivers.ovn import driver  # pylint: disable=import-outside-toplevel

    _register("vifplug_ovn", driver.SUPPORTED_RULES, False)
