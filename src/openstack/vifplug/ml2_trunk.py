# SPDX-License-Identifier: Apache-2.0
"""Lets the ports that vifplug_ovn binds be parents of trunks.

OVN's trunk driver does all the work for the parent's and the subports' logical switch ports, whatever their VIF
types; only the trunk service plugin asks whether a driver accepts the VIF type of a bound parent.
"""

from neutron_lib.services.trunk import constants

from neutron.services.trunk.drivers import base

from vifplug import ml2_base

_DRIVER = None


class VifplugTrunkDriver(base.DriverBase):
    """Accepts the VIF type, and does nothing else."""

    @property
    def is_loaded(self):
        return True


def register():
    """Makes the driver once in a process: each new driver registers with the trunk service plugin."""
    global _DRIVER  # pylint: disable=global-statement
    if _DRIVER is None:
        _DRIVER = VifplugTrunkDriver("vifplug_ovn", (ml2_base.VIF_TYPE,),
                                     (constants.SEGMENTATION_TYPE_VLAN,), can_trunk_bound_port=True)
