# SPDX-License-Identifier: Apache-2.0
"""libvifplug with the daemon: each method, a native VIF, events; and the example."""

import errno
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "cli"))

import library  # noqa: E402

SOCKET = "/usr/local/var/run/vhost1"
QOS = {"egress": {"max_kbps": 100000}, "ingress": {"max_kbps": 200000, "max_burst_kbps": 300000}}


def test_each_method(box, tmp_path):
    made = library.calls(library.library(tmp_path), box.socket, "all", SOCKET)
    results = {name: result for name, result, _ in made}
    reply = {name: value for name, _, value in made}

    failed = {name: result for name, result in results.items() if result != 0}
    assert failed == {"no event": -errno.EINVAL, "none left": -errno.ETIMEDOUT, "list by a name": -errno.EREMOTEIO,
                      "an option too much": -errno.EINVAL}
    assert (reply["dry run"]["plan"]["action"], reply["dry run"]["state"]) == ("create", "planned")
    plugged = reply["plug"]
    assert plugged["state"] == "up" and plugged["changed"] is True
    for name in ("bridge", "address", "mtu", "vhost_user", "kind", "vif_id"):
        assert plugged.get(name) == reply["dry run"].get(name), name
    assert plugged["external_ids"]["iface-id"] == "iface-1"
    assert plugged["external_ids"]["vm-uuid"] == "vm-1"
    assert plugged["vhost_user"] == {"path": SOCKET, "mode": "server"}
    assert plugged["qos"] == QOS
    assert reply["update"]["qos"]["egress"]["max_kbps"] == 50000 and "ingress" not in reply["update"]["qos"]
    assert reply["get"]["vif_id"] == "port-1"
    assert [vif["vif_id"] for vif in reply["list"]["vifs"]] == ["port-1"]
    assert [one["port"] for one in reply["stats"]["stats"]] == ["vhuport-1"]
    assert reply["list by a name"]["data"]["field"] == "params.vif_id"
    assert reply["reap"]["removed"] == []
    assert reply["unplug of another"]["changed"] is False and reply["unplug"]["changed"] is True
    assert [name for name in results if name.startswith("vif.")] == ["vif.plugged", "vif.changed", "vif.unplugged"]
    assert [value["event"] for name, _, value in made if name.startswith("vif.")] == [
        reply["subscribe"]["last_event"] + n for n in (1, 2, 3)]
    assert reply["nics"]["nics"] and reply["status"]["verdict"] and reply["check"]["checks"]
    assert [one["type"] for one in reply["ops"]["operations"]] == ["unplug"]
    assert "# EOF" in reply["metrics"]["text"] and reply["describe"]["plugin_name"] == "vifplug"
    assert box.vsctl("list-ports", "br-int") == ""


def test_the_example(box, tmp_path):
    program = library.compiled(f"{library.TOP}/examples/plug.c", tmp_path / "plug", "-std=c11")
    environment = {**os.environ, "VIFPLUGD_SOCKET": box.socket}

    def run(*arguments):
        return subprocess.run([program, *arguments], capture_output=True, text=True, env=environment, timeout=60,
                              check=False)
    done = run("port-1", "vm-1", SOCKET)
    assert (done.returncode, done.stdout) == (0, "port vhuport-1, OpenFlow port 1\n"), done.stderr
    assert done.stderr.startswith("warning: Bridge br-int was missing")
    done = run("port-\"1\"", "vm-1", SOCKET)  # Its quotes cannot end a text of the JSON.
    assert (done.returncode, done.stdout) == (1, "") and "vif_id" in done.stderr
    done = run("port-1", b"\xff", SOCKET)
    assert (done.returncode, done.stderr) == (1, f"plug: {os.strerror(errno.EILSEQ)}\n")
