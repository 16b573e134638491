# SPDX-License-Identifier: Apache-2.0
"""os-vif through its public API, as Nova uses it, in a separate process.

usage: osvif_worker.py REMOTE

Replies to lines of JSON: to {"do":"plug"|"unplug","ports":[PORT,...]} with {"us":T,"each_us":[...]}, the
time of os_vif.plug() alone; to {"do":"catch up","next_cfg":N} with {} once it has read that. PORT has kind,
vif_id, address, bridge, mtu, instance, and path or slot. Privileged functions run in this process, because
another process would only make them slower.
"""

import json
import sys
import time

CATCH_UP_S = 60


def start(remote):
    """Does everything that a process does once, up to its copy of the database."""
    # pylint: disable=import-outside-toplevel,import-error
    import os_vif
    from oslo_config import cfg
    from vif_plug_ovs import privsep

    cfg.CONF([], project="os-vif")
    privsep.vif_plug.set_client_mode(False)
    os_vif.initialize()
    cfg.CONF.set_override("ovsdb_connection", remote, group="os_vif_ovs")
    plugin = os_vif._EXT_MANAGER["ovs"].obj  # pylint: disable=protected-access
    plugin.ovsdb.connection = remote
    plugin.ovsdb.ovsdb.br_exists("br-int").execute()
    # It is stopped between its turns, and would then treat its connection as dead.
    session = plugin.ovsdb.ovsdb.idl._session  # pylint: disable=protected-access
    session.reconnect.set_probe_interval(0)
    return os_vif, plugin.ovsdb.ovsdb


def catch_up(database, next_cfg):
    """Waits until its copy of the database has that next_cfg."""
    deadline = time.monotonic() + CATCH_UP_S
    while database.db_get("Open_vSwitch", ".", "next_cfg").execute() < next_cfg:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the copy of the database lacks next_cfg {next_cfg} after {CATCH_UP_S} s")
        time.sleep(0.001)
    return {}


def objects(port):
    """Returns the VIF and the instance in Nova's form."""
    # pylint: disable=import-outside-toplevel,import-error
    from os_vif.objects import instance_info, network, vif

    common = {
        "id": port["vif_id"], "address": port["address"], "plugin": "ovs",
        "has_traffic_filtering": True,
        "network": network.Network(id=port["vif_id"], bridge=port["bridge"], mtu=port["mtu"]),
    }
    profile = {"interface_id": port["vif_id"], "datapath_type": "netdev"}
    if port["kind"] == "vhost-user":
        one = vif.VIFVHostUser(path=port["path"], mode="server", vif_name=port["vif_id"][:11],
                               port_profile=vif.VIFPortProfileOpenVSwitch(**profile), **common)
    else:
        one = vif.VIFHostDevice(dev_type="ethernet", dev_address=port["slot"],
                                port_profile=vif.VIFPortProfileOVSRepresentor(
                                    representor_name=port["vif_id"][:11],
                                    representor_address=port["slot"], **profile), **common)
    return one, instance_info.InstanceInfo(uuid=port["instance"], name="instance")


def obey(os_vif, command):
    call = os_vif.plug if command["do"] == "plug" else os_vif.unplug
    todo = [objects(port) for port in command["ports"]]
    each = []
    started = time.perf_counter()
    for vif, instance in todo:
        before = time.perf_counter()
        call(vif, instance)
        each.append((time.perf_counter() - before) * 1e6)
    return {"us": (time.perf_counter() - started) * 1e6, "each_us": each}


def main():
    os_vif, database = start(sys.argv[1])
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        command = json.loads(line)
        answer = (catch_up(database, command["next_cfg"]) if command["do"] == "catch up"
                  else obey(os_vif, command))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
