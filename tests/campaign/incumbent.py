#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What os-vif and vifplugd do under the same faults, each with a switch of its own. Prints the table of
docs/reliability.md. Run it as root, by hand: nothing is asserted, and it takes some minutes.

usage: tests/campaign/incumbent.py [--kills N] [--timeout S] [--side NAME]

  --kills N    how often each is killed during the plug of a hybrid VIF (default: 20)
  --side NAME  only os-vif or only vifplugd
  --timeout S  ovs_vsctl_timeout of os-vif, and the timeout of vifplugd's plugs, in seconds (default: 10). Their
               defaults are 120 and 10

For each fault it plugs one VIF, and then looks whether the reply is true: at success the switch has to run the
port, after a failure no row and no link of it may be there.
"""

import argparse
import os
import random
import signal
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "parity"))

import boxes  # noqa: E402  (it has the paths of the modules of other tests)
import vifs  # noqa: E402
from api import Api  # noqa: E402
from kernel import HYBRID, links  # noqa: E402
from sides import OsVif, instance_info  # noqa: E402

BACK_S = 2.0  # After which a process that was stopped or killed is there again.
ANSWER_S = 120  # How long to wait for a reply.
LOOK_S = 30  # In which ovs-vswitchd must have done all that was written, before the result is looked at.
KILL_WITHIN_S = 0.25  # A plug of a hybrid VIF takes some 10 ms in vifplugd and some 100 ms in os-vif.


def vhost_user():
    return vifs.vhost_user()


def hybrid():
    return vifs.hybrid(datapath="netdev")


def rows(box):
    """Interfaces that are not a bridge's own, with their ofport."""
    table = box.vsctl("--columns=name,type,ofport", "--format=csv", "--no-headings", "list", "Interface")
    names = {}
    for line in table.splitlines():
        name, kind, ofport = (part.strip('"') for part in line.split(","))
        if kind != "internal":
            names[name] = int(ofport) if ofport.lstrip("-").isdigit() else 0
    return names


def made(box):
    return [name for name in links(box) if name.startswith(HYBRID)]


def state(box):
    ports = rows(box)
    parts = [f"row {name}, {'up' if ofport > 0 else 'not up'}" for name, ofport in sorted(ports.items())]
    parts += [f"link {name}" for name in sorted(made(box))]
    return "; ".join(parts) or "nothing"


class Side:
    """One of the two, with how to plug with a limit, and how to start again after a kill."""

    def __init__(self, name, plugger, timeout):
        self.name, self.plugger, self.box, self.timeout = name, plugger, plugger.box, timeout

    def plug(self, vif):
        if self.name == "os-vif":
            return self.plugger.plug(vif)
        with Api(self.box.socket, timeout=ANSWER_S) as api:
            number = api.send("plug", vif=vif, instance=instance_info(), timeout_ms=self.timeout * 1000,
                              wait="realized")
            reply = api.collect([number])[number]
        return reply["error"]["data"]["reason"] if "error" in reply else "done"

    def unplug(self, vif):
        return self.plugger.unplug(vif)

    def kill(self):
        if self.name == "os-vif":
            self.plugger.process.kill()
            self.plugger.process.wait()
        else:
            self.box.stop("vifplugd", signal.SIGKILL)

    def start(self):
        if self.name == "os-vif":
            self.plugger = OsVif(self.box, timeout=self.timeout)
        else:
            self.box.start_vifplugd()


def faults(side):
    box = side.box

    def signal_vswitchd(number):
        os.kill(box.pid("ovs-vswitchd"), number)

    yield "no fault", lambda: None, None, None
    yield "ovs-vswitchd does not run", lambda: box.stop("ovs-vswitchd", signal.SIGKILL), None, box.start_vswitchd
    yield ("ovs-vswitchd hangs", lambda: signal_vswitchd(signal.SIGSTOP), None,
           lambda: signal_vswitchd(signal.SIGCONT))
    yield (f"ovs-vswitchd hangs for {BACK_S:.0f} s", lambda: signal_vswitchd(signal.SIGSTOP),
           lambda: signal_vswitchd(signal.SIGCONT), None)
    yield ("ovsdb-server does not run", lambda: box.stop("ovsdb-server", signal.SIGKILL), None, box.start_ovsdb)
    yield (f"ovsdb-server does not run for {BACK_S:.0f} s", lambda: box.stop("ovsdb-server", signal.SIGKILL),
           box.start_ovsdb, None)


def under_faults(side):
    for name, begin, end, afterwards in faults(side):
        side.plug(vhost_user())  # So that both know an ovs-vswitchd that has answered since its start.
        side.unplug(vhost_user())
        begin()
        timer = threading.Timer(BACK_S, end or (lambda: None))
        timer.start()
        started = time.monotonic()
        result = side.plug(vhost_user())
        took = time.monotonic() - started
        timer.join()
        if afterwards:
            afterwards()
        side.box.command("ovs-vsctl", f"--db={side.box.db}", "set", "Open_vSwitch", ".", "external_ids:looked=yes",
                         timeout=LOOK_S)
        print(f"| {name} | {side.name} | {took:.1f} s | {result} | {state(side.box)} |", flush=True)
        side.unplug(vhost_user())
        boxes.clear(side.box)


def killed(side, kills, rng):
    """Kills the plugger at random instants of a plug, then plugs and unplugs the VIF again."""
    half = again = left = 0
    for _ in range(kills):
        worker = threading.Thread(target=plug_until_killed, args=(side,), daemon=True)
        worker.start()
        time.sleep(rng.uniform(0, KILL_WITHIN_S))
        side.kill()
        worker.join(20)
        half += bool(made(side.box)) != bool(rows(side.box))
        side.start()
        again += side.plug(hybrid()) != "done"
        side.unplug(hybrid())
        left += state(side.box) != "nothing"
        boxes.clear(side.box)
    print(f"| killed in a plug, {kills} times | {side.name} | | not pluggable again: {again} | half made at the "
          f"kill: {half}; something left after plug and unplug: {left} |", flush=True)


def plug_until_killed(side):
    try:
        side.plug(hybrid())
    except Exception as error:  # pylint: disable=broad-except
        del error  # It was killed: there is no reply.


def main():
    parser = argparse.ArgumentParser(prog="incumbent.py", description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--timeout", type=int, default=10)
    parser.add_argument("--side", choices=("os-vif", "vifplugd"))
    options = parser.parse_args()
    print("| fault | | reply after | reply | in the switch afterwards |\n| --- | --- | --- | --- | --- |")
    for name, make in (("os-vif", lambda: boxes.os_vif(timeout=options.timeout)), ("vifplugd", boxes.vifplugd)):
        if options.side not in (None, name):
            continue
        with make() as plugger:
            side = Side(name, plugger, options.timeout)
            try:
                under_faults(side)
                killed(side, options.kills, random.Random(1))
            except BaseException:
                side.box.down()  # What is stopped would stay else.
                raise


if __name__ == "__main__":
    main()
