# SPDX-License-Identifier: Apache-2.0
"""The demo behind tests/demo."""

import copy
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
BUILD = os.path.join(TOP, "build")
sys.path.insert(0, os.path.join(HERE, "sandbox"))

import card  # noqa: E402
from guest import Guest  # noqa: E402
from sandbox import Sandbox, SandboxError, wait_for  # noqa: E402

BOLD, DIM, GREEN, OFF = ("\033[1m", "\033[2m", "\033[32m", "\033[0m") if sys.stdout.isatty() else (
    "", "", "", "")
INSTANCE = "aaaabbbb-1111-4222-8333-444455556666"
BURSTS = 4  # Of 32 frames: as many as a guest's ring accepts at once.


class Step:
    """One step: its name, what it shows, and its time."""

    def __init__(self, name):
        self.name = name
        self.started = time.monotonic()

    def __enter__(self):
        print(f"{BOLD}{self.name}{OFF}", end=" ", flush=True)
        self.lines = []
        return self

    def show(self, text):
        self.lines += text.rstrip("\n").split("\n")

    def __exit__(self, kind, *_):
        if kind:
            print("- failed")
            return
        print(f"{DIM}({time.monotonic() - self.started:.1f} s){OFF}")
        for line in self.lines:
            print(f"    {line}")


def build(step):
    tree = os.environ.get("OVS_BUILD_DIR")
    if not card.build(TOP, BUILD, *([f"-DOVS_BUILD_DIR={tree}"] if tree else [])):
        step.show("No archive of this release has DPDK's driver headers, so a stand-in replaces "
                  "the\nsimulated SmartNIC's driver: net_vhost with the representor's name "
                  "(tests/smartnic/README.md).")


def vif_from_nova():
    """Returns an os-vif object that Nova made."""
    with open(f"{HERE}/samples/a2_agilio_ovs_virtio_forwarder_server.json",
              encoding="utf-8") as file:
        return json.load(file)


def derived(vif):
    """Returns a copy for a second port, with another id, MAC, VF and socket."""
    second = copy.deepcopy(vif)
    data = second["versioned_object.data"]
    profile = data["port_profile"]["versioned_object.data"]
    offload = profile["datapath_offload"]["versioned_object.data"]
    data["id"] = profile["interface_id"] = "7b2c9e10-3c8d-4f44-8fb4-e1d33c16a537"
    data["address"] = "fa:16:3e:4c:2c:31"
    data["vif_name"] = profile["representor_name"] = "tap7b2c9e10-3c"
    profile["representor_address"] = offload["representor_address"] = "0000:65:01.3"
    data["path"] = "/usr/local/var/run/stdvio11"
    return second


def summary(reply):
    representor = reply["representor"]
    return (f"VF {representor['vf']} is number {representor['vf_num']} of {representor['pf']}: "
            f"{GREEN}{reply['port']}{OFF} on {reply['bridge']}, {reply['state']} at MTU "
            f"{reply['mtu']} ({reply['timings_ms']['total']:.0f} ms)")


def plug(box, step, name, vif):
    path = os.path.join(box.dir, f"{name}.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"vif": vif, "instance": {"uuid": INSTANCE}}, file)
    reply = json.loads(box.vifctl("--format=json", "plug", path).stdout)
    step.show(summary(reply))
    return reply


def exchange(step, guests):
    """Sends frames in both directions; the guests count them."""
    for sender, receiver in (guests, guests[::-1]):
        receiver.receive()
        sender.send(BURSTS, 1400, receiver.mac)
        expected = BURSTS * 32
        wait_for(lambda: receiver.counters()[0] >= expected, 10, f"{expected} frames arrive")
        step.show(f"{sender.mac} -> {receiver.mac}: {sender.counters()[1]} sent, "
                  f"{GREEN}{receiver.counters()[0]} received{OFF}")


def scenario(box):
    smartnic = "the stand-in for a SmartNIC" if box.standin else "a simulated SmartNIC"
    with Step(f"A private Open vSwitch with DPDK, {smartnic}, and vifplugd"):
        box.up()
    before = box.vsctl("show")
    vifs = [vif_from_nova(), derived(vif_from_nova())]
    with Step("Two VIFs from Nova's JSON: vifctl plug FILE") as step:
        replies = [plug(box, step, f"vif{i}", vif) for i, vif in enumerate(vifs)]
    with Step("The configuration of the switch: ovs-vsctl show") as step:
        step.show(box.vsctl("show").split("\n", 1)[1])
    guests = [Guest(box, reply["port"], reply["vhost_user"]["path"], mac=reply["address"])
              for reply in replies]
    with Step("A guest on each socket, and frames through the bridge") as step:
        try:
            for guest in guests:
                guest.start()
            wait_for(lambda: all(guest.is_connected() for guest in guests), 20, "links are up")
            exchange(step, guests)
            step.show(box.vifctl("list").stdout)
        finally:
            for guest in guests:
                guest.stop()
    with Step("vifctl unplug; the switch is as before") as step:
        for reply in replies:
            box.vifctl("unplug", reply["vif_id"])
        box.vsctl("del-br", "br-int")
        if box.vsctl("show") != before:
            raise SandboxError("the switch still has a port or bridge")
        step.show(f"{GREEN}nothing left{OFF}")


def main():
    directory = tempfile.mkdtemp(prefix="vp", dir="/tmp")
    box = None
    try:
        with Step("Build") as step:
            build(step)
        box = Sandbox(os.path.join(directory, "s"), BUILD)
        scenario(box)
    except (card.BuildError, SandboxError, OSError, subprocess.SubprocessError) as error:
        print(f"tests/demo: {str(error)[-3000:]}", file=sys.stderr)
        return 1
    finally:
        if box:
            box.down()
        shutil.rmtree(directory, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
