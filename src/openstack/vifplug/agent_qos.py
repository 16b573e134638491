# SPDX-License-Identifier: Apache-2.0
"""The L2 agent extension `vifplug_qos`: QoS in neutron-openvswitch-agent, for representor ports too.

It replaces the stock `qos` extension. It is the stock extension with another backend: the stock Open
vSwitch driver with these differences:

* A limit towards the server on a type=dpdk port is an egress-policer, as on vhost-user ports. (Stock makes
  a linux-htb queue, which the datapath does not support.)
* Such a limit without a burst gets one, because Open vSwitch does not configure a policer without a burst.
* In both directions a burst has room for a frame. (With a smaller one, as 80 % of a low rate are, no full frame
  passes.)
* When a limit is removed, its policer is removed. (Stock looks for a queue, finds none, and keeps the
  policer.)
* When the agent starts, it removes policers of ports that do not exist any more.

Limits from the server are ingress policing of the Interface, as in stock.
"""

from neutron_lib import constants
from neutron_lib.plugins.ml2 import ovs_constants
from neutron_lib.services.qos import constants as qos_constants
from oslo_config import cfg
from oslo_log import log as logging

from neutron.agent.l2.extensions import qos
from neutron.plugins.ml2.drivers.openvswitch.agent.extension_drivers import qos_driver

from vifplug.display import printable

LOG = logging.getLogger(__name__)

EXTENSION = "vifplug_qos"
POLICER = "egress-policer"

# The burst of a limit without one, as a share of a second's traffic: Neutron's value for TCP in the other
# direction.
DEFAULT_BURST = qos_constants.DEFAULT_BURST_RATE

# The least burst, in kbit: a frame of 9728 bytes, the largest that DPDK ports take. vifplugd has the same
# (src/plan/qos.h).
LEAST_BURST = 78


class VifplugQosAgentDriver(qos_driver.QosOVSAgentDriver):
    """The stock driver with these differences; the extension names its entry point."""

    def initialize(self):
        # The types of Interface that the bridge's QoS calls treat as DPDK.
        if "dpdk" not in ovs_constants.OVS_DPDK_PORT_TYPES:
            ovs_constants.OVS_DPDK_PORT_TYPES.append("dpdk")
        super().initialize()
        self._remove_orphans()

    def _get_egress_burst_value(self, rule):
        return max(super()._get_egress_burst_value(rule), LEAST_BURST)

    def _update_ingress_bandwidth_limit(self, vif_port, rule):
        name = vif_port.port_name
        burst = rule.max_burst_kbps or 0
        if not burst and self._is_dpdk(name):
            burst = int(rule.max_kbps * DEFAULT_BURST)
        if burst:
            burst = max(burst, LEAST_BURST)
        self.br_int.update_ingress_bw_limit_for_port(name, rule.max_kbps, burst)

    def _is_dpdk(self, name):
        return (self.br_int.db_get_val("Interface", name, "type")
                in ovs_constants.OVS_DPDK_PORT_TYPES)

    def delete_bandwidth_limit_ingress(self, port):
        # The agent knows the name of a removed port only from the time when it set the limit.
        known = self.ports[port["port_id"]].get(
            (qos_constants.RULE_TYPE_BANDWIDTH_LIMIT, constants.INGRESS_DIRECTION), {})
        vif_port = port.get("vif_port") or known.get("vif_port")
        super().delete_bandwidth_limit_ingress(port)
        if vif_port:
            self._remove_policers(vif_port.port_name)

    def _policers(self):
        """Policers that an agent made, as (name of the port, UUID of the row)."""
        ovsdb = self.br_int.ovsdb
        rows = ovsdb.db_find("QoS", ("type", "=", POLICER),
                             columns=["_uuid", "external_ids"]).execute(check_error=True)
        return [(row["external_ids"]["id"], row["_uuid"]) for row in rows if "id" in row["external_ids"]]

    def _remove_policers(self, name):
        self._remove_rows([row for port_name, row in self._policers() if port_name == name])

    def _remove_rows(self, rows):
        if not rows:
            return
        ovsdb = self.br_int.ovsdb
        users = ovsdb.db_list("Port", columns=["name", "qos"]).execute(check_error=True)
        with ovsdb.transaction(check_error=True) as transaction:
            for user in users:
                if user["qos"] in rows:
                    transaction.add(ovsdb.db_clear("Port", user["name"], "qos"))
            for row in rows:
                transaction.add(ovsdb.db_destroy("QoS", row))

    def _remove_orphans(self):
        """Removes policers of ports that were removed while no agent ran.

        vifplugd plugs and unplugs meanwhile. It makes a port and its policer at once, so the policers are read
        before the ports. Only rows that were read then are removed: a later policer of an orphan's name has a
        port. Rows that have gone since are left out, because removing them would fail."""
        ovsdb = self.br_int.ovsdb
        policers = self._policers()
        ports = {row["name"] for row in
                 ovsdb.db_list("Port", columns=["name"]).execute(check_error=True)}
        orphans = [policer for policer in policers if policer[0] not in ports]
        if not orphans:
            return
        orphans = [policer for policer in self._policers() if policer in orphans]
        for name in sorted({name for name, _ in orphans}):
            LOG.info("Removing the bandwidth limit of port %s, which does not exist any more",
                     printable(name))
        self._remove_rows([row for _, row in orphans])


class VifplugQosAgentExtension(qos.QosAgentExtension):
    """The stock extension with the driver above."""

    def initialize(self, connection, driver_type):
        """:raises ValueError: if the agent is of another kind, or also runs the stock extension."""
        if driver_type != ovs_constants.EXTENSION_DRIVER_TYPE:
            raise ValueError(f"{EXTENSION} is an extension of the Open vSwitch agent; remove it from "
                             "this agent's extensions")
        if "qos" in cfg.CONF.agent.extensions:
            raise ValueError(f"{EXTENSION} replaces the extension qos, and both would write the same "
                             "rows; take qos out of extensions in the agent's [agent] section")
        super().initialize(connection, "vifplug")
