# SPDX-License-Identifier: Apache-2.0
"""The ML2 mechanism driver: binds virtio-forwarder ports on hosts whose VFs vifplugd plugs.

The stock openvswitch driver binds all other ports on the same hosts, with the same agents. A port that this
driver binds has VIF type agilio_ovs, and the card's vhostuser_socket and vhostuser_mode in its vif_details
(binding.py). From these, stock Nova makes the VIF that the os-vif plugin passes to vifplugd. Put this driver
after openvswitch in mechanism_drivers.
"""

from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import ovs_constants
from oslo_config import cfg
from oslo_log import log as logging

from neutron.plugins.ml2.drivers.openvswitch.mech_driver import mech_openvswitch

from vifplug import binding
from vifplug import ml2_options
from vifplug import ml2_qos
from vifplug.display import printable

LOG = logging.getLogger(__name__)

ml2_options.register()


class VifplugMechanismDriver(mech_openvswitch.OpenvswitchMechanismDriver):
    """The stock driver with these overrides; agents, segments, bridge names and networks are stock."""

    # Only the stock driver, which has the same agents, reports bandwidth to placement. (None: reports
    # nothing.)
    resource_provider_uuid5_namespace = None

    def __init__(self):
        super().__init__()
        # Not by the base class: its vnic_type_prohibit_list is for the stock driver's types.
        self.supported_vnic_types = [portbindings.VNIC_VIRTIO_FORWARDER]
        self.vif_type = portbindings.VIF_TYPE_AGILIO_OVS
        options = cfg.CONF[ml2_options.GROUP]
        self._sockets = binding.Sockets(options.vhost_socket, options.vhost_mode, options.card)
        ml2_qos.register()

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
        if port.get(portbindings.VNIC_TYPE) not in self.supported_vnic_types:
            return
        problem = None
        try:
            self._socket(port)
        except binding.BindingError as error:
            problem = error
        if problem:  # Not in the handler: there oslo.log would print the same sentence twice.
            LOG.error("Port %s is not bound on host %s: %s.", printable(port["id"]),
                      printable(context.host), printable(problem))
            return
        super().bind_port(context)

    def try_to_bind_segment_for_agent(self, context, segment, agent):
        datapath = agent["configurations"].get("datapath_type")
        if datapath != ovs_constants.OVS_DATAPATH_NETDEV:
            LOG.error("Port %s is not bound on host %s: its agent's datapath_type is %s, and representors "
                      "of VFs are on bridges of datapath netdev; set datapath_type = netdev in the "
                      "agent's [ovs] section, or do not schedule virtio-forwarder ports to this host.",
                      printable(context.current["id"]), printable(agent["host"]), printable(datapath))
            return False
        return super().try_to_bind_segment_for_agent(context, segment, agent)

    def get_supported_vif_type(self, agent):
        return self.vif_type

    def get_vif_type(self, context, agent, segment):
        return self.vif_type

    def _socket(self, port):
        """Returns (path, mode) of the port's VF; raises BindingError."""
        profile = port.get(portbindings.PROFILE) or {}
        slot = profile.get("pci_slot")
        if not slot:
            raise binding.BindingError(
                "its binding:profile has no pci_slot; Nova fills it in when it gives the server a VF, so "
                "check that the VFs are in [pci] device_spec of nova.conf with the physical_network of the "
                "port's network, and that the port was bound by Nova")
        return self._sockets.find(slot, profile.get("pci_vendor_info"))

    def _pre_get_vif_details(self, agent, context):
        """Returns vif_details without the bridge's name; the stock driver adds it."""
        path, mode = self._socket(context.current)
        configurations = agent["configurations"]
        details = dict(self.vif_details)
        # The agent can only filter on the bridge itself: a Linux bridge cannot be put before the guest.
        if configurations.get(portbindings.OVS_HYBRID_PLUG):
            details[portbindings.CAP_PORT_FILTER] = False
        details[portbindings.OVS_HYBRID_PLUG] = False
        details[portbindings.OVS_DATAPATH_TYPE] = configurations["datapath_type"]
        details[portbindings.VHOST_USER_SOCKET] = path
        details[portbindings.VHOST_USER_MODE] = mode
        return details
