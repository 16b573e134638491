# SPDX-License-Identifier: Apache-2.0
"""The ML2 mechanism driver: binds virtio-forwarder ports on hosts whose VFs vifplugd plugs.

It stands beside the stock openvswitch driver, which binds all other ports on the same hosts and with the
same agents. A port that it binds has VIF type agilio_ovs, and vhostuser_socket and vhostuser_mode in its
vif_details as the card serves them (binding.py); from that stock Nova makes the VIF that the os-vif plugin
hands to vifplugd. Put it after openvswitch in mechanism_drivers.
"""

from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import ovs_constants
from oslo_config import cfg
from oslo_log import log as logging

from neutron.plugins.ml2.drivers.openvswitch.mech_driver import mech_openvswitch

from vifplug import binding
from vifplug import ml2_options
from vifplug import ml2_qos

LOG = logging.getLogger(__name__)

ml2_options.register()


class VifplugMechanismDriver(mech_openvswitch.OpenvswitchMechanismDriver):
    """What it does not override is the stock driver's: agents, segments, bridge names, networks."""

    # Bandwidth in placement is reported and answered for by the stock driver alone, which knows the same
    # agents. (None: takes no part.)
    resource_provider_uuid5_namespace = None

    def __init__(self):
        super().__init__()
        # Not through the base class: vnic_type_prohibit_list is about the stock driver's types.
        self.supported_vnic_types = [portbindings.VNIC_VIRTIO_FORWARDER]
        self.vif_type = portbindings.VIF_TYPE_AGILIO_OVS
        options = cfg.CONF[ml2_options.GROUP]
        self._sockets = binding.Sockets(options.vhost_socket, options.vhost_mode, options.card)
        ml2_qos.register()

    def initialize(self):
        super().initialize()
        drivers = list(cfg.CONF.ml2.mechanism_drivers)
        if "openvswitch" in drivers and "vifplug" in drivers[:drivers.index("openvswitch")]:
            LOG.warning("vifplug stands before openvswitch in mechanism_drivers: the placement service "
                        "plugin takes the first driver of an agent type, and vifplug does not report "
                        "bandwidth; put it after openvswitch.")

    def bind_port(self, context):
        """Leaves the port to others if it is none of ours; says so if it cannot be bound."""
        port = context.current
        if port.get(portbindings.VNIC_TYPE) not in self.supported_vnic_types:
            return
        problem = None
        try:
            self._socket(port)
        except binding.BindingError as error:
            problem = error
        if problem:  # Logged here, since within the handler oslo.log would say the same sentence twice.
            LOG.error("Port %s is not bound on host %s: %s.", port["id"], context.host, problem)
            return
        super().bind_port(context)

    def try_to_bind_segment_for_agent(self, context, segment, agent):
        datapath = agent["configurations"].get("datapath_type")
        if datapath != ovs_constants.OVS_DATAPATH_NETDEV:
            LOG.error("Port %s is not bound on host %s: its agent's datapath_type is %s, and representors "
                      "of VFs are on bridges of datapath netdev; set datapath_type = netdev in the "
                      "agent's [ovs] section, or keep virtio-forwarder ports away from this host.",
                      context.current["id"], agent["host"], datapath)
            return False
        return super().try_to_bind_segment_for_agent(context, segment, agent)

    def get_supported_vif_type(self, agent):
        return self.vif_type

    def get_vif_type(self, context, agent, segment):
        return self.vif_type

    def _socket(self, port):
        """(path, mode) of the port's VF; raises BindingError."""
        profile = port.get(portbindings.PROFILE) or {}
        slot = profile.get("pci_slot")
        if not slot:
            raise binding.BindingError(
                "its binding:profile has no pci_slot; Nova fills it in when it gives the server a VF, so "
                "see that the VFs are in [pci] device_spec of nova.conf with the physical_network of the "
                "port's network, and that the port was bound by Nova")
        return self._sockets.find(slot, profile.get("pci_vendor_info"))

    def _pre_get_vif_details(self, agent, context):
        """vif_details without the bridge's name, which the stock driver adds."""
        path, mode = self._socket(context.current)
        configurations = agent["configurations"]
        details = dict(self.vif_details)
        # The agent filters on the bridge itself, or not at all: there is no place for a Linux bridge.
        if configurations.get(portbindings.OVS_HYBRID_PLUG):
            details[portbindings.CAP_PORT_FILTER] = False
        details[portbindings.OVS_HYBRID_PLUG] = False
        details[portbindings.OVS_DATAPATH_TYPE] = configurations["datapath_type"]
        details[portbindings.VHOST_USER_SOCKET] = path
        details[portbindings.VHOST_USER_MODE] = mode
        return details
