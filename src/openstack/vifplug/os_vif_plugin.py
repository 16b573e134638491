# SPDX-License-Identifier: Apache-2.0
"""The os-vif plugin: nova-compute plugs and unplugs VIFs through vifplugd.

It is registered as `agilio_ovs`, the plugin name in stock Nova's VIFs of VIF type agilio_ovs (those of VNIC
type virtio-forwarder are VIFVHostUser with VIFPortProfileOVSRepresentor), and as `vifplug` for callers
that choose the plugin themselves. os-vif registers the options below as [os_vif_agilio_ovs] and
[os_vif_vifplug].

The daemon decides everything from the object; the plugin decides nothing. Loading the plugin does not
contact the daemon.
"""

import re
import time

from os_vif import objects
from os_vif import plugin
from oslo_config import cfg
from oslo_log import log as logging

from vifplug import client
from vifplug.display import printable

LOG = logging.getLogger(__name__)

# What vifplugd of this version plugs, if the daemon is away: VIF objects with their latest versions, their
# port profiles, and the latest version of these.
_KINDS = (
    ("VIFBridge", "1.0", ("VIFPortProfileOpenVSwitch",)),
    ("VIFOpenVSwitch", "1.0", ("VIFPortProfileOpenVSwitch",)),
    ("VIFVHostUser", "1.1", ("VIFPortProfileOpenVSwitch", "VIFPortProfileOVSRepresentor")),
    ("VIFHostDevice", "1.0", ("VIFPortProfileOpenVSwitch", "VIFPortProfileOVSRepresentor")),
)
_PROFILE_VERSION = "1.4"

_VERSION = re.compile(r"[0-9]{1,9}\.[0-9]{1,9}")


def _members(value, names, versions):
    """Returns these members of an object of a reply; raises ValueError if one is not the text it should be.
    Members that this version does not know are left out."""
    if not isinstance(value, dict):
        raise ValueError("an object is missing")
    for name in names + versions:
        text = value.get(name)
        if not isinstance(text, str) or (name in versions and not _VERSION.fullmatch(text)):
            raise ValueError(f"{name} is missing or wrong")
    return {name: value[name] for name in names + versions}


def _list(value, name):
    """Returns a member that is a list; raises ValueError if it is none."""
    if not isinstance(value.get(name), list):
        raise ValueError(f"{name} is not a list")
    return value[name]


def _kinds(described):
    """Returns the members of os-vif's HostVIFInfo for each kind of VIF that a reply to 'describe' has; raises
    ValueError if it has another form."""
    kinds = []
    for info in _list(described, "vif_info"):
        kind = _members(info, ("vif_object_name",), ("min_version", "max_version"))
        kind["supported_port_profiles"] = [
            _members(profile, ("profile_object_name",), ("min_version", "max_version"))
            for profile in _list(info, "supported_port_profiles")]
        kinds.append(kind)
    return kinds


def _kinds_of_this_version():
    return [{"vif_object_name": name, "min_version": "1.0", "max_version": newest,
             "supported_port_profiles": [
                 {"profile_object_name": profile, "min_version": "1.0", "max_version": _PROFILE_VERSION}
                 for profile in profiles]} for name, newest, profiles in _KINDS]


class VifplugPlugin(plugin.PluginBase):
    """Passes VIFs to vifplugd."""

    CONFIG_OPTS = (
        cfg.StrOpt("socket",
                   default=client.DEFAULT_SOCKET,
                   help="The socket of vifplugd on this host."),
        cfg.FloatOpt("timeout",
                     default=client.DEFAULT_TIMEOUT, min=1,
                     help="Seconds to wait for vifplugd's reply. It should be longer than vifplugd's "
                          "own limits (timeout, queue_timeout and vswitchd_grace in "
                          "vifplugd.conf), because vifplugd's reply says what failed."),
        cfg.IntOpt("startup_grace",
                   default=0, min=0,
                   help="Seconds after the start of the service in which the plug of an active port's "
                        "VIF does not fail if vifplugd, OVSDB or ovs-vswitchd is away. "
                        "nova-compute replugs the VIFs of all its servers when it starts, and does "
                        "not start if one of these plugs fails. 0: it does not start without "
                        "vifplugd. Within this time the plugin logs a warning for each such VIF "
                        "instead; its port is still in OVSDB from the earlier plug. Plugs for ports "
                        "that are not active, those of new servers, still fail. Do not set it longer "
                        "than nova-compute takes to start: within this time a live migration to this "
                        "host would succeed without a port if vifplugd is away."),
    )

    @classmethod
    def load(cls, plugin_name):
        """Like os-vif's; also stores the name by which the plugin was loaded."""
        loaded = super().load(plugin_name)
        loaded.name = plugin_name
        return loaded

    def __init__(self, config):
        super().__init__(config)
        self.name = "vifplug"
        self._loaded = time.monotonic()

    def _client(self):
        """Makes a client for each call, so that options changed by a reload take effect."""
        return client.Client(self.config.socket, self.config.timeout)

    def describe(self):
        """Returns what the daemon can plug; if the daemon is away, or its reply has another form, what one of
        this version can plug: os-vif lets no error of it pass without failing all plugins."""
        try:
            kinds = _kinds(self._client().describe())
        except (client.VifplugError, ValueError) as error:
            LOG.warning("vifplugd did not say what it can plug: %s", printable(error))
            kinds = _kinds_of_this_version()
        return objects.host_info.HostPluginInfo(plugin_name=self.name, vif_info=[
            objects.host_info.HostVIFInfo(**{**kind, "supported_port_profiles": [
                objects.host_info.HostPortProfileInfo(**profile)
                for profile in kind["supported_port_profiles"]]})
            for kind in kinds])

    def plug(self, vif, instance_info):
        """Returns once ovs-vswitchd runs the port; raises client.VifplugError."""
        warnings, error = self._ask("plug", vif, instance_info)
        if error and self._may_stay(vif, error):
            LOG.warning("VIF %s of server %s was not replugged, and stays as it is: %s",
                        printable(vif.id), printable(instance_info.uuid), printable(error))
            return
        self._report("plug", vif, instance_info, warnings, error)

    def unplug(self, vif, instance_info):
        """Returns once OVSDB does not have the port (any more); raises client.VifplugError."""
        warnings, error = self._ask("unplug", vif, instance_info)
        self._report("unplug", vif, instance_info, warnings, error)

    def _ask(self, method, vif, instance_info):
        """Returns (warnings, None) or (None, error)."""
        daemon = self._client()
        try:
            result = daemon.call(method, vif=vif.obj_to_primitive(),
                                 instance=instance_info.obj_to_primitive())
            warnings = result.get("warnings", [])
            if not isinstance(warnings, list) or not all(isinstance(one, str) for one in warnings):
                raise daemon.stranger(f"the warnings of its reply to '{method}' are no list of texts")
            return warnings, None
        except client.VifplugError as error:
            return None, error

    @staticmethod
    def _report(method, vif, instance_info, warnings, error):
        """Logs the error or the warnings, one line each; raises the error. (Not in an exception handler:
        there oslo.log would repeat the sentence at the end of the line.)"""
        if error:
            LOG.error("vifplugd did not %s VIF %s of server %s: %s [%s]",
                      method, printable(vif.id), printable(instance_info.uuid), printable(error),
                      printable(error.reason))
            raise error
        for warning in warnings:
            LOG.warning("VIF %s: %s", printable(vif.id), printable(warning))

    def _may_stay(self, vif, error):
        """Whether nova-compute's start-up can accept the failed plug: the port was active, so it was
        plugged before, and the error is temporary. After a client's timeout the daemon may still do the
        plug, which is fine too."""
        return (error.retryable and "active" in vif and vif.active
                and time.monotonic() - self._loaded < self.config.startup_grace)
