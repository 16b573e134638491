# SPDX-License-Identifier: Apache-2.0
"""os-vif itself: plugs and unplugs the VIFs that it reads from standard input.

Run it as root in the namespaces of its switch, with os-vif's configuration file as its only argument. A line
of input is a JSON object {"method": "plug" or "unplug", "vif": primitive, "instance": primitive, "options":
{options in [os_vif_ovs]}}; a line of output is null, or the error as a string.
"""

import json
import logging
import sys

import os_vif
from os_vif import objects
from oslo_config import cfg
from vif_plug_ovs import privsep

OPTIONS = ("isolate_vif", "per_port_bridge", "network_device_mtu")


def answer(request):
    for option in OPTIONS:
        cfg.CONF.clear_override(option, "os_vif_ovs")
    for option, value in request["options"].items():
        cfg.CONF.set_override(option, value, "os_vif_ovs")
    vif = objects.vif.VIFBase.obj_from_primitive(request["vif"])
    instance = objects.instance_info.InstanceInfo.obj_from_primitive(request["instance"])
    try:
        getattr(os_vif, request["method"])(vif, instance)
    except Exception as error:  # pylint: disable=broad-except
        return f"{type(error).__name__}: {error}"
    return None


def main():
    logging.basicConfig(level=logging.INFO)
    cfg.CONF(["--config-file", sys.argv[1]], project="nova")
    privsep.vif_plug.set_client_mode(False)  # This process already has the privileges.
    os_vif.initialize()
    print("ready", flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
