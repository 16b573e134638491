# SPDX-License-Identifier: Apache-2.0
"""The ML2 mechanism driver: binds virtio-forwarder ports on hosts whose VFs vifplugd plugs.

The stock openvswitch driver binds all other ports on the same hosts, with the same agents. A port that this
driver binds has VIF type agilio_ovs, and the card's vhostuser_socket and vhostuser_mode in its vif_details
(binding.py). From these, stock Nova makes the VIF that the os-vif plugin passes to vifplugd. Put this driver
after openvswitch in mechanism_drivers.
"""

from neutron_lib.api.definitions import portbindings
from oslo_config import cfg
from oslo_log import log as logging

from neutron.plugins.ml2.drivers.openvswitch.mech_driver import mech_openvswitch

from vifplug import ml2_base
from vifplug import ml2_qos

LOG = logging.getLogger(__name__)


class VifplugMechanismDriver(mech_openvswitch.OpenvswitchMechanismDriver):
    """The stock driver with these overrides; agents, segments, bridge names and networks are stock."""

    # Only the stock driver, which has the same agents, reports bandwidth to placement. (None: reports
    # nothing.)
    resource_provider_uuid5_namespace = None

    def __init__(self):
        super().__init__()
        # Not by the base class: its vnic_type_prohibit_list is for the stock driver's types.
        self.supported_vnic_types = [ml2_base.VNIC_TYPE]
        self.vif_type = ml2_base.VIF_TYPE
        self._sockets = ml2_base.CardSockets()
        ml2_qos.register_agent()

    def initialize(self):
        super().initialize()
        drivers = list(cfg.CONF.ml2.mechanism_drivers)
        if "openvswitch" in drivers and "vifplug" in drivers[:drivers.index("openvswitch")]:
            LOG.warning("vifplug is before openvswitch in mechanism_drivers: the placement service "
                        "plugin takes the first driver of an agent type, and vifplug does not report "
                        "bandwidth; put it after openvswitch.")

    def bind_port(self, context):
        """Binds ports of our VNIC type, and logs why a port cannot be bound."""
        port = context.current
        if not ml2_base.is_ours(port):
            return
        problem = self._sockets.problem(port)
        if problem:
            ml2_base.refuse(port, context.host, problem)
            return
        super().bind_port(context)

    def try_to_bind_segment_for_agent(self, context, segment, agent):
        problem = ml2_base.datapath_problem(agent["configurations"].get("datapath_type"), "agent",
                                            "set datapath_type = netdev in the agent's [ovs] section")
        if problem:
            ml2_base.refuse(context.current, agent["host"], problem)
            return False
        return super().try_to_bind_segment_for_agent(context, segment, agent)

    def get_supported_vif_type(self, agent):
        return self.vif_type

    def get_vif_type(self, context, agent, segment):
        return self.vif_type

    def _pre_get_vif_details(self, agent, context):
        """Returns vif_details without the bridge's name; the stock driver adds it."""
        configurations = agent["configurations"]
        details = {**self.vif_details,
                   **self._sockets.details(context.current, configurations["datapath_type"])}
        # The agent can only filter on the bridge itself: a Linux bridge cannot be put before the guest.
        if configurations.get(portbindings.OVS_HYBRID_PLUG):
            details[portbindings.CAP_PORT_FILTER] = False
        return details
