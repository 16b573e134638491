# SPDX-License-Identifier: Apache-2.0
"""Plugs and unplugs VIFs while everything around the daemon fails, and checks the same invariants after each
fault.

usage: tests/faults [--seconds N | --kills N] [--seed S] [--only NAME]... [--soak N] [--keep DIR] [--list]

A round: VIFs of all kinds are plugged, changed and unplugged over several connections; one fault happens; then
everything runs again, and one checker compares rows, links and replies (tests/campaign/checker.py has the
invariants). In every third round all is unplugged, and nothing may remain. Faults take turns in random order until
the time has passed, each at least once.

  --seconds N  how long (default: 300)
  --kills N    until vifplugd has been killed so often, instead
  --seed S     the seed of all that is random; the default is a new one. It is printed. Instants also depend on the
               machine
  --only NAME  only this fault; may be repeated
  --soak N     seconds of the fault `soak`, which is nothing but load (default: 10)
  --keep DIR   where a violation leaves its reproduction (default: /tmp/vifplug-faults-SEED)
  --list       prints the names of the faults

VIFPLUG_BUILD names another build (build-asan), VPSIM_STANDIN=yes has the stand-in used for the simulated card. Run
it as root. The exit status is 1 if an invariant does not hold; then DIR has the seed, the last requests with their
replies, the database, the links and the logs. The last line counts the violations of each invariant.
"""

import argparse
import collections
import json
import os
import random
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

from world import World  # noqa: E402  (it comes first: it has the paths of the modules of other tests)
import checker  # noqa: E402
from api import vif_id  # noqa: E402
from clients import CLIENTS  # noqa: E402
from faults import FAULTS, LEAVES_DEAD, unavailable  # noqa: E402
from load import KINDS, LANES, TAPS, VIFS_OF_A_LANE, Load, random_shape  # noqa: E402
from model import Model  # noqa: E402
from sandbox import SandboxError  # noqa: E402
from writers import WRITERS  # noqa: E402

ALL = {**FAULTS, **CLIENTS, **WRITERS}
FAILURES = (AssertionError, OSError, checker.ApiError, SandboxError)  # Of a fault or of the check itself.
CLEAR_AFTER = 3  # Rounds until all is unplugged.
REST_S = 0.02  # Between bursts of a client, so that the switch is not the bottleneck.
GROWTH_KIB = 4096  # What the daemon may grow by in a soak: its caches and the allocator's.
GROWTH_DESCRIPTORS = 4  # Connections that the daemon has not closed yet, and what it opens at the first need.


class Figures:
    """What one fault came to."""

    def __init__(self):
        self.rounds = 0
        self.failed_rounds = 0
        self.replies = collections.Counter()
        self.violations = collections.Counter()  # By invariant.

    def add(self, other):
        self.rounds += other.rounds
        self.failed_rounds += other.failed_rounds
        self.replies += other.replies
        self.violations += other.violations

    def line(self, name):
        acknowledged, unanswered = self.replies["acknowledged"], self.replies["no answer"]
        refused = sum(self.replies.values()) - acknowledged - unanswered
        return (f"{name:22} {self.rounds:6} {acknowledged:12} {refused:8} {unanswered:9} "
                f"{sum(self.violations.values()):10}")


HEAD = f"{'fault':22} {'rounds':>6} {'acknowledged':>12} {'refused':>8} {'no answer':>9} {'violations':>10}"


class Campaign:
    """Rounds of faults on one sandbox."""

    def __init__(self, world, seed, keep):
        self.world, self.seed, self.keep = world, seed, keep
        self.rng = random.Random(seed)
        self.model = Model()
        self.figures = collections.defaultdict(Figures)
        self.rounds = 0
        self.left_by_a_kill = False  # Until all is unplugged and reaped.

    def round(self, name):
        """One fault under load, and the check; returns the violations."""
        world, figures = self.world, self.figures[name]
        rng = random.Random(self.rng.random())
        figures.rounds += 1
        self.rounds += 1
        world.cut_off = False
        world.complaints = []
        load = Load(world, self.model, figures.replies, rng.random(), REST_S)
        usage = world.usage()
        load.start()
        wrong = []
        try:
            ALL[name](world, rng, self.model)
            world.note_ends(LEAVES_DEAD.get(name, ()))
            world.restore()
        except FAILURES as error:
            wrong.append(f"the fault failed: {type(error).__name__}: {error}")
        wrong += load.stop()
        world.note_ends()
        self.left_by_a_kill |= world.cut_off
        try:
            world.restore()
            wrong += self.after(name, rng, usage)
        except FAILURES as error:
            wrong.append(f"the check failed: {type(error).__name__}: {error}")
        wrong += world.complaints
        if world.words() and name != "no-memory":
            wrong.append(f"the daemon says: {world.words()[:2000]}")
        if wrong:
            figures.failed_rounds += 1
            figures.violations += collections.Counter(map(checker.invariant_of, wrong))
            self.report(name, wrong, load)
            self.begin_again()
        return wrong

    def after(self, name, rng, usage):
        """The check that fits the fault."""
        world = self.world
        if name in WRITERS:
            return self.after_writers(rng)
        wrong = checker.check(world, self.model, self.left_by_a_kill)
        if name == "soak":
            wrong += self.soaked(usage)
        if self.model.strangers or self.rounds % CLEAR_AFTER == 0:
            if not wrong and not self.model.strangers:
                wrong += self.plug_again(rng)
            wrong += self.unplug_all() + self.plug_each(rng)
        return wrong

    def plug_again(self, rng):
        """No VIF is stuck, whatever a killed daemon has left of it: each is plugged as it is, or as one with links
        if it is not plugged."""
        model = self.model
        plugged = {n: next(iter(known.possible)) for n, known in model.vifs.items() if None not in known.possible}
        taken = {shape.place for shape in plugged.values()}
        others = checker.View(self.world).aliased()  # Also of VIFs that are not on record.
        shapes = []
        for n in range(1, LANES * VIFS_OF_A_LANE + 1):
            if n not in plugged:
                tap = f"tap{n % TAPS}"
                is_others = any(tap in names for owner, names in others.items() if owner != vif_id(n))
                kind = "hybrid" if tap in taken or is_others else "ovs"
                shapes.append(random_shape(rng, n, kind, self.world.run))
                taken.add(shapes[-1].place)
            elif plugged[n].links or model.known(n).must_be_up:  # Others may have failed after their commit.
                shapes.append(plugged[n])
        return checker.all_can_be_plugged(self.world, shapes)

    def after_writers(self, rng):
        """Only the daemon's own promises are left: what is shown is there, all can be unplugged and plugged
        again."""
        self.world.settle()
        by_id, wrong = checker.shown(self.world)
        wrong += checker.shown_is_there(checker.View(self.world), by_id)
        wrong += checker.unplug_all(self.world, self.model)
        self.world.clear()
        self.left_by_a_kill = False
        wrong += checker.nothing_is_left(self.world, foreign=True)
        return wrong + self.plug_each(rng)

    def unplug_all(self):
        wrong = checker.unplug_all(self.world, self.model)
        self.left_by_a_kill = False
        wrong += checker.nothing_is_left(self.world)
        self.world.clear()
        return wrong

    def plug_each(self, rng):
        """One VIF of each kind is plugged and unplugged: nothing stands in its way."""
        shapes = [random_shape(rng, i + 1, kind, self.world.run) for i, kind in enumerate(KINDS)]
        wrong = (checker.all_can_be_plugged(self.world, shapes) + checker.unplug_all(self.world, self.model)
                 + checker.nothing_is_left(self.world))
        self.world.clear()  # Of the bridges that they made.
        return wrong

    def soaked(self, usage):
        """Descriptors and memory are those of before."""
        descriptors, resident = self.world.usage()
        wrong = []
        if descriptors > usage[0] + GROWTH_DESCRIPTORS:
            wrong.append(f"the daemon has {descriptors} descriptors, before the soak {usage[0]}")
        if resident > usage[1] + GROWTH_KIB and not self.world.is_sanitized():
            wrong.append(f"the daemon has {resident} KiB, before the soak {usage[1]}")
        print(f"soak: descriptors {usage[0]} -> {descriptors}, resident {usage[1]} -> {resident} KiB", flush=True)
        return wrong

    def report(self, name, wrong, load):
        """Prints the violations and keeps what shows how they came about."""
        directory = os.path.join(self.keep, f"{self.rounds:04}-{name}")
        self.world.keep(directory)
        with open(os.path.join(directory, "violations.txt"), "w", encoding="utf-8") as file:
            file.write(f"seed {self.seed}, round {self.rounds}, fault {name}\n\n" + "\n".join(wrong) + "\n")
        with open(os.path.join(directory, "requests.txt"), "w", encoding="utf-8") as file:
            for when, request, outcome, reply in load.log():
                file.write(f"{when:.3f} {outcome}: {request.method} {json.dumps(request.params())}\n    {reply}\n")
        print(f"\nround {self.rounds}, {name}: {len(wrong)} violations; see {directory}", flush=True)
        for sentence in wrong[:8]:
            print(f"  {sentence[:600]}", flush=True)

    def begin_again(self):
        """After a violation: a clean state, so that it is not told twice."""
        world = self.world
        world.stop("vifplugd")
        world.clear()
        for name in world.look()[1]:
            if checker.LOAD_LINKS.match(name):
                world.command(*world.inside(["ip", "link", "delete", name]), check=False)
        os.truncate(f"{world.log}/vifplugd.out", 0)
        world.start_vifplugd()
        self.model.forget()
        self.left_by_a_kill = False

    def run(self, names, is_over):
        """Rounds until is_over(), each fault at least once."""
        todo = []
        first = True
        while first or not is_over():
            if not todo:
                todo = self.rng.sample(names, len(names))
            self.round(todo.pop())
            first = first and bool(todo)
        self.round_off()

    def round_off(self):
        """At the end all is unplugged once more."""
        wrong = self.unplug_all()
        if wrong:
            self.figures["the end"].violations += collections.Counter(map(checker.invariant_of, wrong))
            self.figures["the end"].failed_rounds += 1
            print("\n".join(wrong))

    def summary(self):
        print(HEAD)
        for name, figures in sorted(self.figures.items()):
            print(figures.line(name))
        total = Figures()
        for figures in self.figures.values():
            total.add(figures)
        print(total.line("all"))
        print("refused: " + ", ".join(f"{count} {reason}" for reason, count in sorted(total.replies.items())
                                      if reason not in ("acknowledged", "no answer")))
        kills = self.world.kills
        print(f"seed {self.seed}: {kills['vifplugd']} kills of vifplugd, {kills['ovsdb-server']} of ovsdb-server, "
              f"{kills['ovs-vswitchd']} of ovs-vswitchd; {total.replies['acknowledged']} operations acknowledged")
        print(f"{total.rounds} rounds, {total.failed_rounds} failed: "
              + ", ".join(f"{total.violations[invariant]} {invariant}" for invariant in checker.INVARIANTS))
        return total.failed_rounds


def arguments():
    parser = argparse.ArgumentParser(prog="tests/faults", usage="see tests/faults --help", add_help=False)
    parser.add_argument("--help", "-h", action="store_true")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--soak", type=float, default=10)
    parser.add_argument("--only", action="append", choices=sorted(ALL))
    parser.add_argument("--keep")
    return parser.parse_args()


def main():
    options = arguments()
    if options.help:
        print(__doc__.strip())
        return 0
    if options.list:
        for name, function in ALL.items():
            print(f"{name:22} {(function.__doc__ or '').strip().partition(chr(10))[0]}")
        return 0
    missing = unavailable()
    names = [name for name in options.only or ALL if name not in missing]
    for name in sorted(missing.keys() & set(options.only or ALL)):
        print(f"left out: {name}: {missing[name]}")
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(2**31)
    keep = options.keep or f"/tmp/vifplug-faults-{seed}"
    print(f"seed {seed}, {len(names)} faults, {LANES} clients with {VIFS_OF_A_LANE} VIFs each", flush=True)
    directory = tempfile.mkdtemp(prefix="vpf", dir="/tmp")
    world = World(os.path.join(directory, "s"))
    world.soak_s = options.soak
    try:
        world.up(cards=("napatech", "generic"), vfs=40)
        world.put_bridges()
        campaign = Campaign(world, seed, keep)
        end = time.monotonic() + options.seconds
        campaign.run(names, lambda: world.kills["vifplugd"] >= options.kills if options.kills
                     else time.monotonic() >= end)
        failed = campaign.summary()
    finally:
        world.down()
        os.rmdir(directory)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
