# SPDX-License-Identifier: Apache-2.0
"""A compute node among several: its switch, its vifplugd, and nova-compute's side."""

from api import Api
from ovsdb import table
from ports import INSTANCE, NETWORKS, SUBNETS, nova_vif


class Host:
    """One compute node. VIFs are Nova's dicts; nova-compute plugs them through os-vif and the plugin."""

    def __init__(self, box, nova):
        self.box = box
        self.nova = nova

    def vif(self, n, number):
        """Returns Nova's VIF of port n, bound to VF `number` of this host."""
        return nova_vif(self.nova, n, number)

    def vif_of(self, port):
        return self.nova.call("build", port=port, networks=NETWORKS, subnets=SUBNETS)

    def plug(self, vif, instance=INSTANCE):
        self.nova.call("plug", vif=vif, instance=instance)

    def unplug(self, vif, instance=INSTANCE):
        self.nova.call("unplug", vif=vif, instance=instance)

    def api(self):
        return Api(self.box.socket)

    def vifs(self):
        """Returns {VIF id: VIF} of vifplugd."""
        with self.api() as api:
            return {vif["vif_id"]: vif for vif in api.call("list")["vifs"]}

    def rows(self):
        """Returns what is in the switch: the names of ports and interfaces, and the numbers of other rows."""
        names = {name: sorted(row["name"] for row in table(self.box, name, ["name"]))
                 for name in ("Bridge", "Port", "Interface")}
        return {**names, **{name: len(table(self.box, name, ["_uuid"])) for name in ("QoS", "Queue")}}
