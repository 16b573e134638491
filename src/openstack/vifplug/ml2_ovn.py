# SPDX-License-Identifier: Apache-2.0
"""The ML2 mechanism driver for OVN: binds virtio-forwarder ports on hosts whose VFs vifplugd plugs.

Put it before `ovn` in mechanism_drivers: ML2 asks the drivers in that order, and in later releases `ovn` binds
such ports itself, as VIF type vhostuser with a socket of its own. ML2 calls all drivers for each change of a
port, whichever has bound it, so `ovn` makes the logical switch port, its security groups and its limits, and
reports that ovn-controller has claimed it. This driver only binds, and does what `ovn` does only for VIF types
and VNIC types that it binds: the provisioning block, and the event that Nova awaits while a port migrates.
"""

from neutron_lib.api.definitions import portbindings
from neutron_lib.api.definitions import provider_net
from neutron_lib import constants
from neutron_lib.plugins import directory
from neutron_lib.plugins.ml2 import api
from oslo_config import cfg
from oslo_log import log as logging

from neutron.common.ovn import acl
from neutron.common.ovn import constants as ovn_constants
from neutron.conf.plugins.ml2.drivers.ovn import ovn_conf
from neutron.plugins.ml2.drivers.ovn.agent import neutron_agent

from vifplug import binding
from vifplug import ml2_base
from vifplug import ml2_qos
from vifplug import ml2_trunk
from vifplug.display import printable

LOG = logging.getLogger(__name__)

NAME = "vifplug_ovn"
OVN = "ovn"
AGENT = "vifplug"
# Keys of a chassis's other_config; OVN before 22.03 has them in external_ids, too.
DATAPATH = "datapath-type"
MAPPINGS = "ovn-bridge-mappings"
# In a Chassis_Private's external_ids; Neutron's agent on the host writes it.
BRIDGE = "neutron:ovn-bridge"
PHYSICAL = (constants.TYPE_FLAT, constants.TYPE_VLAN)
STRATEGY = "live_migration_activation_strategy"


class VifplugOvnMechanismDriver(api.MechanismDriver):
    """Binds virtio-forwarder ports beside the stock driver `ovn`."""

    def initialize(self):
        self._sockets = ml2_base.CardSockets()
        self._rolled_back = set()  # Ids of ports that ML2 has unbound, and is about to bind again.
        self._check_order()
        self._check_strategy()
        ml2_qos.register_ovn()
        if AGENT not in cfg.CONF.ml2.mechanism_drivers:  # Whose trunk driver refuses such ports.
            ml2_trunk.register()

    @property
    def connectivity(self):
        return portbindings.CONNECTIVITY_L2

    # --- ML2 asks all drivers; `ovn` decides, so this driver does not object. ---

    def check_vlan_transparency(self, context):
        return True

    def check_vlan_qinq(self, context):
        return True

    @staticmethod
    def provider_network_attribute_updates_supported():
        return [provider_net.SEGMENTATION_ID]

    def get_supported_vif_types(self):
        """Ports of these types may be on a network whose VLAN is changed, because `ovn` changes it."""
        return [ml2_base.VIF_TYPE]

    # --- At start. ---

    @staticmethod
    def _check_order():
        drivers = list(cfg.CONF.ml2.mechanism_drivers)
        if OVN not in drivers:
            raise binding.BindingError(
                f"{NAME} is in mechanism_drivers without {OVN}, which makes the logical switch ports; add "
                f"{OVN} after {NAME}")
        if drivers.index(OVN) > drivers.index(NAME):
            return
        if ml2_base.VNIC_TYPE in ovn_constants.OVN_SUPPORTED_VNIC_TYPES:
            LOG.error("ovn is before vifplug_ovn in mechanism_drivers, so it binds virtio-forwarder ports: "
                      "their servers get a plain vhost-user port of Open vSwitch, and the VFs that Nova claims "
                      "for them stay unused; put vifplug_ovn before ovn.")
        else:
            LOG.warning("ovn is before vifplug_ovn in mechanism_drivers. It does not bind virtio-forwarder "
                        "ports in this release of Neutron, but it does in later ones; put vifplug_ovn before "
                        "ovn.")

    @staticmethod
    def _check_strategy():
        """Guests on vhost-user announce themselves with gratuitous ARP, which does not activate a port."""
        ovn_conf.register_opts()  # `ovn` does it, too, but after this.
        option = getattr(cfg.CONF.ovn, STRATEGY, None)
        if option is None:
            LOG.info("This release of Neutron has no option live_migration_activation_strategy: OVN passes no "
                     "frames to a migrated virtio-forwarder port before Nova has ended the migration.")
        elif option == "rarp":
            LOG.warning("live_migration_activation_strategy is rarp: OVN passes no frames to a migrated "
                        "virtio-forwarder port before Nova has ended the migration, because its guest sends "
                        "no RARP frame; set it to the empty string in [ovn].")

    # --- Binding. ---

    def bind_port(self, context):
        """Binds ports of our VNIC type, and logs why a port cannot be bound."""
        port = context.current
        if not ml2_base.is_ours(port):
            return
        agent = self._agent(context.host)
        if not agent:
            ml2_base.refuse(port, context.host, (
                "OVN's southbound database has no chassis with that hostname; start ovn-controller on the "
                "host, or correct external_ids:hostname of its Open_vSwitch"))
            return
        problem = self._sockets.problem(port) or self._agent_problem(agent)
        if not problem and not self._bind_segment(context, agent):
            problem = self._segment_problem(context, agent)
        if problem:
            ml2_base.refuse(port, context.host, problem)
            # Else ML2 would ask `ovn`, which may bind the port with a socket that no card serves.
            context.segments_to_bind.clear()

    @staticmethod
    def _agent(host):
        """Returns the host's ovn-controller in Neutron's view, or None."""
        agents = neutron_agent.AgentCache().get_agents(
            {"host": host, "agent_type": ovn_constants.OVN_CONTROLLER_TYPES})
        return agents[0] if agents else None

    def _agent_problem(self, agent):
        if not agent.alive:
            return ("its ovn-controller is dead: it does not answer changes of the southbound database; "
                    "start it")
        datapath = self._settings(agent).get(DATAPATH) or "unknown"
        return ml2_base.datapath_problem(
            datapath, "chassis", "set external_ids:ovn-bridge-datapath-type=netdev of its Open_vSwitch")

    @staticmethod
    def _settings(agent):
        """Returns what a chassis reports about itself."""
        chassis = agent.chassis
        return {**chassis.external_ids, **getattr(chassis, "other_config", {})}

    def _physical_networks(self, agent):
        return [pair.strip().partition(":")[0] for pair in
                self._settings(agent).get(MAPPINGS, "").split(",") if pair.strip()]

    def _bind_segment(self, context, agent):
        """Binds to the first of the segments that the host has; returns whether there is one."""
        for segment in context.segments_to_bind:
            if (segment[api.NETWORK_TYPE] not in PHYSICAL
                    or segment[api.PHYSICAL_NETWORK] in self._physical_networks(agent)):
                context.set_binding(segment[api.ID], ml2_base.VIF_TYPE, self._details(context, agent))
                return True
        return False

    def _segment_problem(self, context, agent):
        wanted = ", ".join(sorted({str(segment[api.PHYSICAL_NETWORK])
                                   for segment in context.segments_to_bind}))
        return (f"its chassis has no bridge for physical network {wanted} (it has: "
                f"{', '.join(self._physical_networks(agent)) or 'none'}); add it to "
                f"external_ids:{MAPPINGS} of its Open_vSwitch")

    def _details(self, context, agent):
        details = {portbindings.CAP_PORT_FILTER: acl.is_sg_enabled(),
                   portbindings.VIF_DETAILS_CONNECTIVITY: self.connectivity,
                   **self._sockets.details(context.current, self._settings(agent)[DATAPATH])}
        bridge = agent.chassis_private.external_ids.get(BRIDGE)
        if bridge:  # Else Nova uses [neutron] ovs_bridge, by default br-int.
            details[portbindings.VIF_DETAILS_BRIDGE_NAME] = bridge
        return details

    # --- What `ovn` does only for ports of its own types. ---

    @staticmethod
    def _ovn():
        return directory.get_plugin().mechanism_manager.mech_drivers[OVN].obj

    def _block(self, context, original_host=None):
        """Keeps the port from ACTIVE until OVN reports it up, where `ovn` does not know its VNIC type."""
        ovn = self._ovn()
        port = context.current
        if not ml2_base.is_ours(port) or ml2_base.VNIC_TYPE in ovn.supported_vnic_types:
            return
        normal = {**port, portbindings.VNIC_TYPE: portbindings.VNIC_NORMAL}
        if ovn._is_port_provisioning_required(normal, context.host, original_host):
            ovn._insert_port_provisioning_block(context._plugin_context, port["id"])

    def create_port_precommit(self, context):
        self._block(context)

    def update_port_precommit(self, context):
        self._block(context, context.original_host)

    @staticmethod
    def _ends_migration(context):
        """Whether an active port does not migrate any more, and stays where it is."""
        before = context.original
        return (ovn_constants.MIGRATING_ATTR in (before.get(portbindings.PROFILE) or {})
                and ovn_constants.MIGRATING_ATTR not in (context.current[portbindings.PROFILE] or {})
                and before["status"] == constants.PORT_STATUS_ACTIVE
                and context.host == context.original_host)

    def update_port_postcommit(self, context):
        """Sends Nova the event that it awaits before it migrates a server: `ovn` sends it for its own VIF
        types. OVN reports nothing then, because the port is up on the source. So it is when Nova has rolled the
        migration back: ML2 unbinds a port whose profile changes, which makes it DOWN, and binds it again: two
        calls, of which only the first has the port as it was."""
        port = context.current
        rolled_back = port["id"] in self._rolled_back
        self._rolled_back.discard(port["id"])
        if self._ends_migration(context):
            self._rolled_back.add(port["id"])
        if port["status"] != constants.PORT_STATUS_DOWN or port[portbindings.VIF_TYPE] != ml2_base.VIF_TYPE:
            return
        if ovn_constants.MIGRATING_ATTR in port[portbindings.PROFILE]:
            LOG.info("Port %s is migrating: its status becomes ACTIVE, so that Nova gets its event.",
                     printable(port["id"]))
        elif rolled_back:
            LOG.info("Port %s stays on its host %s: its status is ACTIVE again.", printable(port["id"]),
                     printable(context.host))
        else:
            return
        directory.get_plugin().update_port_status(context._plugin_context, port["id"],
                                                  constants.PORT_STATUS_ACTIVE)
