"""The options of this package, for oslo-config-generator (namespace vifplug.nova)."""

import copy


def list_nova_opts():
    from vifplug import os_vif_plugin  # pylint: disable=import-outside-toplevel

    options = os_vif_plugin.VifplugPlugin.CONFIG_OPTS
    return [(f"os_vif_{name}", copy.deepcopy(options)) for name in ("agilio_ovs", "vifplug")]
