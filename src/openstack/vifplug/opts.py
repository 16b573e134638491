# SPDX-License-Identifier: Apache-2.0
"""The options of this package, for oslo-config-generator (namespaces vifplug.nova, vifplug.neutron)."""

import copy


def list_nova_opts():
    from vifplug import os_vif_plugin  # pylint: disable=import-outside-toplevel

    options = os_vif_plugin.VifplugPlugin.CONFIG_OPTS
    return [(f"os_vif_{name}", copy.deepcopy(options)) for name in ("agilio_ovs", "vifplug")]


def list_neutron_opts():
    from vifplug import ml2_options  # pylint: disable=import-outside-toplevel

    return [(ml2_options.GROUP, copy.deepcopy(ml2_options.OPTIONS))]
