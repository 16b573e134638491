# SPDX-License-Identifier: Apache-2.0
"""Measures vifplugd and the alternatives, in one run, on a private Open vSwitch.

usage: tests/bench [OPTION]...

  --quick             tiny numbers, to test the bench; its figures mean nothing
  --only PART         measure only this part (can be repeated):
                        single   one plug, one unplug: realized, committed
                        bulk     16 to 1,000 at once
                        stages   the time of each stage of one request
                        hotspots vifplugd's own time (with perf and strace)
                        cost     CPU, memory, start to ready, by number of VIFs
                        readers  list, metrics, get, subscribers, a slow reader
                        hostile  a good client beside peers that misbehave
  --ports N,...       numbers of other ports present (0,500,2000)
  --at-once N,...     numbers of concurrent plugs (16,64,256,1000)
  --vifs N,...        numbers of VIFs (0,500,1000,2000,4000)
  --samples N         samples of a single operation (200)
  --seconds S         time for one case at most (30)
  --without WHO       leave out ovs-vsctl or os-vif, the slow ones (may be given twice)
  --before BUILD      also measure an earlier build of vifplugd, whose program is BUILD/src/vifplugd
  --json FILE         write all figures to FILE
  --write-docs FILE   measure nothing; fill docs/performance.md from such a file

It measures vifplugd over its socket, a raw OVSDB client and a bare libopenvswitch IDL client that do the
same transaction and the same wait, ovs-vsctl, and os-vif (if python3-os-vif is installed). All use the same
switch, in turns; the others are stopped meanwhile. Run it as root on Debian 12, on a machine that does
nothing else. It builds in build/, or uses the build in VIFPLUG_BUILD.

With --before, the earlier build uses the same database and gets turns too, in single, bulk and cost. Before
a turn of either vifplugd the benchmark waits until it is idle. The last table shows, for each figure of
both, the two medians and their ratio (now / before). "worse" marks a ratio above 1.05 that is beyond the
noise. A sign test decides what is noise: the n-th turns of both are a pair, and the medians of the two turns
are compared. The difference is beyond the noise if chance would make "now" the larger in so many pairs in
at most 2 of 100 runs. Pairs of equal values do not count. Fewer than 6 pairs cannot show this: the mark is
then "worse?". Memory hardly varies, so its ratio alone decides. The exit status does not depend on marks.
"""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "sandbox"))

import alternatives as alternatives_  # noqa: E402
import before  # noqa: E402
import bulk  # noqa: E402
import cost  # noqa: E402
import docs  # noqa: E402
import hostile  # noqa: E402
import hotspots  # noqa: E402
import machine  # noqa: E402
import readers  # noqa: E402
import single  # noqa: E402
import stages  # noqa: E402
from figures import Figures  # noqa: E402
from helper import HelperError  # noqa: E402
from sandbox import SandboxError, wait_for  # noqa: E402
from tables import all_tables  # noqa: E402
from targets import evaluate  # noqa: E402
from workload import KINDS, Port  # noqa: E402
from world import World, build  # noqa: E402

FORMAT = 1
PARTS = ("single", "bulk", "stages", "hotspots", "cost", "readers", "hostile")


@dataclasses.dataclass
class Sizes:
    """The amount of the measurements."""

    ports: tuple = (0, 500, 2000)
    at_once: tuple = (16, 64, 256, 1000)
    vifs: tuple = (0, 500, 1000, 2000, 4000)
    samples: int = 200     # Of a single operation.
    seconds: float = 30    # For one case, of which there are some sixty.
    rounds: int = 5        # Of many at once, and of CPU time.
    one_by_one: int = 64   # The most for alternatives that plug one at a time.
    rows: int = 256        # The most rows without a device while ovs-vswitchd runs.
    starts: int = 9
    operations: int = 200  # CPU time is their mean; also beside readers.
    batched: int = 1024
    gets: int = 500
    lists: int = 20
    subscribers: int = 100
    without: tuple = ()    # Alternatives that are left out.


QUICK = Sizes(ports=(0, 20), at_once=(4, 16), vifs=(0, 40), samples=3, seconds=0.3, rounds=1,
              one_by_one=4, rows=4, starts=1, operations=5, batched=64, gets=10, lists=3,
              subscribers=5)


def check_rows(world, vifplugd):
    """Checks that the clients write the same rows as vifplugd, so that they can be compared."""
    for kind in KINDS:
        port = Port(kind, 1)
        vifplugd.plug([port])
        found = world.port_row(port.name)
        vifplugd.unplug([port])
        if found != port.row():
            raise HelperError(f"vifplugd writes {found}, the others {port.row()}; correct "
                              "workload.Port.row()")


def with_switch(world, everyone, figures, sizes, parts):
    """The measurements that need ovs-vswitchd."""
    chosen = [part for part in (single, stages, hotspots, bulk) if part.PART in parts]
    for ports in sizes.ports if chosen else ():
        world.set_ports(ports)
        for part in chosen:
            part.with_switch(world, everyone, figures, sizes)


def without_switch(world, everyone, figures, sizes, parts):
    """The measurements with only ovsdb-server."""
    for ports in sizes.ports if parts & {"single", "bulk", "cost"} else ():
        world.set_ports(ports)
        for part in (single, bulk):
            if part.PART in parts:
                part.without_switch(world, everyone, figures, sizes)
        if "cost" in parts:
            cost.with_ports(world, everyone, figures, sizes)
    world.set_ports(0)
    have = cost.by_vifs(world, everyone, figures, sizes) if "cost" in parts else 0
    if "readers" in parts:
        readers.by_vifs(world, everyone, figures, sizes, have)
    if "hostile" in parts:
        hostile.by_vifs(world, everyone, figures, sizes)


def measure(world, figures, sizes, parts, build_before=None):
    """Runs all requested measurements."""
    everyone = alternatives_.all_of(world, figures.say, build_before, sizes.without)
    try:
        check_rows(world, everyone[0])
        single.own_cost(everyone, figures, sizes)
        with_switch(world, everyone, figures, sizes, parts)
        if not parts & {"single", "bulk", "cost", "readers", "hostile"}:
            return
        world.stop_switch()
        for daemon in alternatives_.daemons(everyone):
            wait_for(lambda one=daemon: one.status()["vswitchd"]["state"] == "dead", 10,
                     f"{daemon.name} sees that ovs-vswitchd is dead")
        for one in [one for one in everyone if not one.can_commit_only]:
            one.close()  # It cannot do anything after this.
            everyone.remove(one)
        without_switch(world, everyone, figures, sizes, parts)
    finally:
        for one in everyone:
            one.close()


def numbers(text):
    return tuple(int(number) for number in text.split(","))


def parse(arguments):
    parser = argparse.ArgumentParser(prog="tests/bench", add_help=False,
                                     usage="tests/bench [OPTION]... (tests/bench --help)")
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", action="append", choices=PARTS)
    for option in ("--ports", "--at-once", "--vifs"):
        parser.add_argument(option, type=numbers)
    parser.add_argument("--samples", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--without", action="append", choices=("ovs-vsctl", "os-vif"))
    parser.add_argument("--before", type=os.path.abspath)
    parser.add_argument("--json")
    parser.add_argument("--write-docs")
    options = parser.parse_args(arguments)
    if any(number % 2 for number in options.ports or ()):
        parser.error("--ports: patch ports come in pairs; give even numbers")
    if options.before and not os.access(os.path.join(options.before, "src/vifplugd"), os.X_OK):
        parser.error(f"--before: {options.before}/src/vifplugd is not there; build that first")
    return options


def sizes_of(options):
    sizes = dataclasses.replace(QUICK if options.quick else Sizes())
    for name in ("ports", "at_once", "vifs", "samples", "seconds", "without"):
        if getattr(options, name) is not None:
            setattr(sizes, name, getattr(options, name))
    if options.before and not options.quick:
        sizes.rounds = before.ROUNDS
    return sizes


def run(options):
    """Measures; returns the result, and the error or None."""
    sizes = sizes_of(options)
    parts = set(options.only or PARTS)
    directory = tempfile.mkdtemp(prefix="vb", dir="/tmp")
    world = World(os.path.join(directory, "s"))
    started = time.monotonic()

    def say(words):
        print(f"[{time.monotonic() - started:6.1f} s] {words}", file=sys.stderr, flush=True)

    figures = Figures(say)
    failure = build(world.build)
    result = {"format": FORMAT, "quick": options.quick, "parts": sorted(parts),
              "sizes": dataclasses.asdict(sizes)}
    try:
        if failure:
            raise SandboxError(failure)
        result["machine"] = machine.describe(world)
        world.start_all()
        measure(world, figures, sizes, parts, options.before)
    except (SandboxError, HelperError, OSError, subprocess.SubprocessError) as error:
        failure = f"{type(error).__name__}: {error}"
    finally:
        world.stop_all()
        shutil.rmtree(directory, ignore_errors=True)
    if "machine" in result:
        result["machine"]["load_after"] = round(machine.load(), 2)
    result.update(complete=failure is None, seconds=round(time.monotonic() - started, 1),
                  records=figures.records, targets=evaluate(figures.records))
    if options.before:
        result["before"] = {"build": machine.describe_build(options.before),
                            "figures": before.compare(figures)}
    return result, failure


def main():
    options = parse(sys.argv[1:])
    if options.help:
        print(__doc__.strip())
        return 0
    if options.write_docs:
        with open(options.write_docs, encoding="utf-8") as file:
            written = docs.write(os.path.join(TOP, "docs"), json.load(file))
        print("\n".join(written))
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # So that everything ends properly.
    result, failure = run(options)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
    if "machine" in result:
        print(machine.sentence(result["machine"]) + "\n")
    for table in all_tables(result):
        print(table.text())
    if result.get("before"):
        print(before.text(result["before"]))
    if failure:
        print(f"tests/bench: {failure}", file=sys.stderr)
    return 1 if failure else 0


if __name__ == "__main__":
    sys.exit(main())
