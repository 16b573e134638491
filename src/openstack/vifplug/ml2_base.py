# SPDX-License-Identifier: Apache-2.0
"""What the mechanism drivers for the Open vSwitch agent (ml2.py) and for OVN (ml2_ovn.py) have in common: their
ports, the sockets of VFs, and the log when a port cannot be bound."""

from neutron_lib.api.definitions import portbindings
from neutron_lib.plugins.ml2 import ovs_constants
from oslo_config import cfg
from oslo_log import log as logging

from vifplug import binding
from vifplug import ml2_options
from vifplug.display import printable

LOG = logging.getLogger(__name__)

VNIC_TYPE = portbindings.VNIC_VIRTIO_FORWARDER
# Of this VIF type stock Nova makes the VIF that the os-vif plugin passes to vifplugd.
VIF_TYPE = portbindings.VIF_TYPE_AGILIO_OVS

ml2_options.register()


def is_ours(port):
    """Whether a port has the VNIC type that the drivers bind."""
    return port.get(portbindings.VNIC_TYPE) == VNIC_TYPE


class CardSockets:
    """The socket of a port's VF, by the configuration; raises BindingError if that is wrong."""

    def __init__(self):
        options = cfg.CONF[ml2_options.GROUP]
        self._sockets = binding.Sockets(options.vhost_socket, options.vhost_mode, options.card)

    def find(self, port):
        """Returns (path, mode) of the port's VF; raises BindingError."""
        profile = port.get(portbindings.PROFILE) or {}
        slot = profile.get("pci_slot")
        if not slot:
            raise binding.BindingError(
                "its binding:profile has no pci_slot; Nova fills it in when it gives the server a VF, so "
                "check that the VFs are in [pci] device_spec of nova.conf with the physical_network of the "
                "port's network, and that the port was bound by Nova")
        return self._sockets.find(slot, profile.get("pci_vendor_info"))

    def problem(self, port):
        """Returns why the port has no socket, or None."""
        try:
            self.find(port)
        except binding.BindingError as error:
            return error
        return None

    def details(self, port, datapath):
        """Returns the members of vif_details by which Nova and vifplugd find the VF's socket."""
        path, mode = self.find(port)
        return {portbindings.OVS_HYBRID_PLUG: False,
                portbindings.OVS_DATAPATH_TYPE: datapath,
                portbindings.VHOST_USER_SOCKET: path,
                portbindings.VHOST_USER_MODE: mode}


def refuse(port, host, problem):
    """Logs why a port is not bound; `problem` ends with what to do."""
    LOG.error("Port %s is not bound on host %s: %s.", printable(port["id"]), printable(host),
              printable(problem))


def datapath_problem(datapath, reporter, advice):
    """Returns why ports are not bound on a host with that datapath, or None."""
    if datapath == ovs_constants.OVS_DATAPATH_NETDEV:
        return None
    return (f"its {reporter}'s datapath_type is {datapath}, and representors of VFs are on bridges of "
            f"datapath netdev; {advice}, or do not schedule virtio-forwarder ports to this host")
