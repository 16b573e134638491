# SPDX-License-Identifier: Apache-2.0
"""The os-vif plugin: nova-compute plugs and unplugs VIFs through vifplugd.

It is registered as `agilio_ovs`, the name that stock Nova gives the VIFs of VIF type agilio_ovs (those
of VNIC type virtio-forwarder come as VIFVHostUser with VIFPortProfileOVSRepresentor), and as `vifplug`
for callers that choose the plugin themselves. os-vif registers the options below as
[os_vif_agilio_ovs] and [os_vif_vifplug].

The daemon works everything out from the object; nothing is decided here. Loading the plugin does not
touch the daemon.
"""

import time

from os_vif import objects
from os_vif import plugin
from oslo_config import cfg
from oslo_log import log as logging

from vifplug import client

LOG = logging.getLogger(__name__)

# What vifplugd of this version plugs, for where it cannot be asked: VIF objects with their latest versions, the
# port profiles they may have, and the latest version of these.
_KINDS = (
    ("VIFBridge", "1.0", ("VIFPortProfileOpenVSwitch",)),
    ("VIFOpenVSwitch", "1.0", ("VIFPortProfileOpenVSwitch",)),
    ("VIFVHostUser", "1.1", ("VIFPortProfileOpenVSwitch", "VIFPortProfileOVSRepresentor")),
    ("VIFHostDevice", "1.0", ("VIFPortProfileOpenVSwitch", "VIFPortProfileOVSRepresentor")),
)
_PROFILE_VERSION = "1.4"


class VifplugPlugin(plugin.PluginBase):
    """Hands VIFs to vifplugd."""

    CONFIG_OPTS = (
        cfg.StrOpt("socket",
                   default=client.DEFAULT_SOCKET,
                   help="The socket of vifplugd on this host."),
        cfg.FloatOpt("timeout",
                     default=client.DEFAULT_TIMEOUT, min=1,
                     help="Seconds to wait for vifplugd's answer. vifplugd has shorter limits of its "
                          "own (timeout, queue_timeout and vswitchd_grace in vifplugd.conf) and "
                          "should be the first to give up, since it then says why."),
        cfg.IntOpt("startup_grace",
                   default=0, min=0,
                   help="Seconds after the start of the service in which the VIF of an active port "
                        "may be left as it is if vifplugd, OVSDB or ovs-vswitchd is away. "
                        "nova-compute replugs the VIFs of all its servers when it starts, and does "
                        "not start if one of these plugs fails. 0: it does not start without "
                        "vifplugd. Within this time a warning is logged for each such VIF instead; "
                        "its port is still in OVSDB as it was plugged before. The VIFs of ports that "
                        "are not active, those of new servers, fail as ever. Choose it no longer than "
                        "nova-compute takes to start: a live migration to this host within it, with "
                        "vifplugd away, would be let through without a port."),
    )

    @classmethod
    def load(cls, plugin_name):
        """As os-vif does it; and it knows by which of its names it is called."""
        loaded = super().load(plugin_name)
        loaded.name = plugin_name
        return loaded

    def __init__(self, config):
        super().__init__(config)
        self.name = "vifplug"
        self._loaded = time.monotonic()

    def _client(self):
        """Made for each call, so that options changed by a reload count."""
        return client.Client(self.config.socket, self.config.timeout)

    def describe(self):
        """What the daemon can plug, as it says; if it cannot be asked, what one of this version can."""
        try:
            kinds = [(info["vif_object_name"], info["min_version"], info["max_version"],
                      info["supported_port_profiles"]) for info in self._client().describe()["vif_info"]]
        except (client.VifplugError, KeyError) as error:
            LOG.warning("vifplugd was not asked what it can plug: %s", error)
            kinds = [(name, "1.0", newest, [
                {"profile_object_name": profile, "min_version": "1.0", "max_version": _PROFILE_VERSION}
                for profile in profiles]) for name, newest, profiles in _KINDS]
        return objects.host_info.HostPluginInfo(plugin_name=self.name, vif_info=[
            objects.host_info.HostVIFInfo(
                vif_object_name=name, min_version=oldest, max_version=newest,
                supported_port_profiles=[objects.host_info.HostPortProfileInfo(**profile)
                                         for profile in profiles])
            for name, oldest, newest, profiles in kinds])

    def plug(self, vif, instance_info):
        """Returns once ovs-vswitchd runs the port; raises client.VifplugError."""
        result, error = self._ask("plug", vif, instance_info)
        if error and self._may_stay(vif, error):
            LOG.warning("VIF %s of server %s was not replugged, and is left as it is: %s",
                        vif.id, instance_info.uuid, error)
            return
        self._report("plug", vif, instance_info, result, error)

    def unplug(self, vif, instance_info):
        """Returns once OVSDB no longer has the port (also if it never had); raises client.VifplugError."""
        result, error = self._ask("unplug", vif, instance_info)
        self._report("unplug", vif, instance_info, result, error)

    def _ask(self, method, vif, instance_info):
        """What the daemon answered, or the error."""
        try:
            return self._client().call(method, vif=vif.obj_to_primitive(),
                                       instance=instance_info.obj_to_primitive()), None
        except client.VifplugError as error:
            return None, error

    @staticmethod
    def _report(method, vif, instance_info, result, error):
        """To the log, one line each; raises the error. (Not in an exception handler: there oslo.log would
        put the same sentence at the end of the line again.)"""
        if error:
            LOG.error("vifplugd did not %s VIF %s of server %s: %s [%s]",
                      method, vif.id, instance_info.uuid, error, error.reason)
            raise error
        for warning in result.get("warnings", ()):
            LOG.warning("VIF %s: %s", vif.id, warning)

    def _may_stay(self, vif, error):
        """Whether a failed plug is one that nova-compute's start-up may do without: the port was active,
        so it was plugged before, and what failed may come back by itself. After a client's timeout the
        daemon may still do what was asked, which is as good."""
        return (error.retryable and "active" in vif and vif.active
                and time.monotonic() - self._loaded < self.config.startup_grace)
