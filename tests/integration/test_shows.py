# SPDX-License-Identifier: Apache-2.0
"""ovs-appctl -t vifplugd: vif/show, nic/show, ops/show and the coverage counters."""

import re

from api import INSTANCE, vhost_user, vif_id, wait_until


def counter(box, name):
    return int(box.appctl("vifplugd", "coverage/read-counter", name))


def test_vif_show(box, api):
    ports = [api.plug(vhost_user(n))["port"] for n in (1, 2)]
    line = (f"{vif_id(1)}: up, vhost-user {ports[0]} on br-int, ofport {api.get_vif(1)['ofport']}, "
            f"instance {INSTANCE}")
    text = box.appctl("vifplugd", "vif/show")
    assert text.startswith("2 VIFs on record, 0 missing\n") and line in text.splitlines()
    box.vsctl("set", "interface", ports[0], 'external_ids:attached-mac="a\\nb\\u001b[2J"')
    wait_until(lambda: api.get_vif(1)["state"] == "drifted", what="the drift is seen")
    one = box.appctl("vifplugd", "vif/show", vif_id(1)).splitlines()
    assert one[0] == line.replace(": up,", ": drifted,")
    assert "    options:vhost-server-path=/usr/local/var/run/vhost1" in one
    assert r"    external_ids:attached-mac=a\nb\x1b[2J" in one
    assert (r"    drift: external_ids:attached-mac is 'a\nb\x1b[2J', expected 'fa:16:3e:00:00:01'") in one
    assert "is not plugged" in box.command("ovs-appctl", "-t", "vifplugd", "vif/show", "nobody",
                                           check=False).stderr


def test_nic_show(box, api):
    text = box.appctl("vifplugd", "nic/show")
    nics = api.call("nics")["nics"]
    assert re.findall(r"^([0-9a-f:.]+): PCI ids", text, re.MULTILINE) == [nic["pf"] for nic in nics]
    assert len(nics) == 2
    shown = re.findall(r"^  ([0-9a-f:.]+): index (\d+)(?:, number (\d+))?", text, re.MULTILINE)
    assert shown == [(vf["vf"], str(vf["index"]), str(vf["vf_num"])) for nic in nics for vf in nic["vfs"]]


def test_coverage(box, api):
    """Counters of vifplugd's own beside those of Open vSwitch's library."""
    names = ("vifplug_op_succeeded", "vifplug_op_failed", "vifplug_transaction", "vifplug_batched_op",
             "vifplug_request_refused", "vifplug_metrics")
    before = {name: counter(box, name) for name in names}
    api.plug(vhost_user(1))
    ids = [api.send("plug", vif=vhost_user(2, path="/usr/local/var/run/vhost1"), instance={"uuid": INSTANCE}),
           api.send("update", vif_id=vif_id(1)), api.send("metrics")]
    assert [("error" in reply) for _, reply in sorted(api.collect(ids).items())] == [True, True, False]

    def grown():
        return {name: counter(box, name) - before[name] for name in names}
    # The library adds up a thread's counts once a second.
    wait_until(lambda: grown() == {"vifplug_op_succeeded": 1, "vifplug_op_failed": 1, "vifplug_transaction": 1,
                                   "vifplug_batched_op": 1, "vifplug_request_refused": 1, "vifplug_metrics": 1},
               what="the counters have grown")
    assert box.appctl("vifplugd", "ops/show") == "0 operations\n"
