# SPDX-License-Identifier: Apache-2.0
"""The cost: CPU time, memory, the time to start; by number of VIFs, and of other ports."""

import itertools
import os
import random
import socket
import statistics
import time

from alternatives import Idl, OsVif, Vifplugd, daemons
from figures import Budget
from helper import cpu_us, memory_kb
from interleave import interleave
from workload import ports

PART = "cost"
BATCH = 64
CHUNK = 1000  # Fewer than max_queued.
FEW = 20  # At a time, if two vifplugds plug.
FIRST = 10000  # The measured ports, in addition to those present.


# --- Start to ready. ---


class Ready:
    """Gets what a vifplugd tells systemd, on a datagram socket."""

    def __init__(self, world):
        self.path = os.path.join(world.run, "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(60)

    def wait(self):
        """Until it is in step with OVSDB: before that, its status says that it waits for OVSDB."""
        while b"Waiting for OVSDB" in self.socket.recv(4096):
            pass

    def close(self):
        self.socket.close()
        os.unlink(self.path)


def _start_vifplugd(vifplugd):
    """Restarts a vifplugd; returns wall and CPU time until it is in step with OVSDB, and its memory then."""
    vifplugd.stop()
    ready = Ready(vifplugd.world)
    try:
        os.environ["NOTIFY_SOCKET"] = ready.path
        started = time.perf_counter()
        vifplugd.start(wait=False)
        ready.wait()
        return _reading(started, vifplugd.client_pid())
    finally:
        del os.environ["NOTIFY_SOCKET"]
        ready.close()


def _reading(started, pid):
    wall = (time.perf_counter() - started) * 1000
    return {"start": wall, "start CPU": cpu_us(pid) / 1000, "memory": memory_kb(pid) / 1024}


def _start_helper(start):
    started = time.perf_counter()
    helper = start()
    try:
        helper.read()
        return _reading(started, helper.pid)
    finally:
        helper.close()


def _start_and_pause(vifplugd):
    """The same; afterwards the vifplugd is paused, like the other programs."""
    reading = _start_vifplugd(vifplugd)
    vifplugd.pause()
    return reading


def starters(world, vifplugds, without):
    """Returns the programs that can be started, as {name: function that starts it, waits until it is ready,
    and measures}."""
    def idl(*options):
        # Also in the namespaces, in the same way.
        return world.helper_inside("idl-client", *options, world.db)
    everyone = {
        **{one.name: lambda one=one: _start_and_pause(one) for one in vifplugds},
        "bare IDL client": lambda: _start_helper(idl),
        "bare IDL client, fewest columns": lambda: _start_helper(lambda: idl("--minimal"))}
    if OsVif.is_installed() and OsVif.name not in without:
        everyone["os-vif"] = lambda: _start_helper(lambda: OsVif.start(world))
    return everyone


def start(world, alternatives, figures, sizes, vifs):
    """Measures start to ready, in turns. Their other instances are stopped."""
    samples = {}
    budget = Budget(sizes.seconds)
    vifplugds = daemons(alternatives)
    others = alternatives[len(vifplugds):]
    order = list(starters(world, vifplugds, sizes.without).items())
    for one in vifplugds:
        one.pause()
    while not samples or not (budget.is_spent()
                              or all(len(one) >= sizes.starts for one in samples.values())):
        for one in others:
            one.pause()
        for name, function in order:
            samples.setdefault(name, []).append(function())
        for one in others:
            one.resume()
        random.shuffle(order)  # In a fixed order each would always follow the same one.
    for one in vifplugds:
        one.wake()
        one.connect()
    for one in vifplugds:
        one.resume()
    for who, readings in samples.items():
        for what, unit in (("start", "ms"), ("start CPU", "ms"), ("memory", "MB")):
            figures.add(PART, what, who, [one[what] for one in readings], unit, vifs=vifs,
                        ports=world.n_ports)


# --- CPU time of an operation. ---


def _spent(alternative):
    """Returns the CPU time so far, us; the bare client does not count the reading of commands."""
    return getattr(alternative, "cpu_us", None) or cpu_us(alternative.client_pid())


def _cpu(alternative, some_ports, **how):
    """Plugs and unplugs, committed, some at a time; returns the CPU ms of each plug, and of each unplug."""
    spent = []
    for call in (alternative.plug, alternative.unplug):
        before = _spent(alternative)
        call(some_ports, realized=False, **how)
        spent.append((_spent(alternative) - before) / len(some_ports) / 1000)
    return spent


def _one_by_one(alternative, sizes):
    """Runs operations that wait for each other; returns the mean of each, as one sample."""
    plugs = []
    unplugs = []
    for port in ports("vhost-user", sizes.operations, first=FIRST):
        plugged, unplugged = _cpu(alternative, [port])
        plugs.append(plugged)
        unplugs.append(unplugged)
    return statistics.mean(plugs), statistics.mean(unplugs)


def _in_batches(alternative, sizes):
    some_ports = ports("vhost-user", sizes.batched, first=FIRST)
    how = {"batch": BATCH} if alternative.name == "bare IDL client" else {}
    return _cpu(alternative, some_ports, **how)


def cpu(world, alternatives, figures, sizes, vifs):
    """Measures vifplugd, an earlier one too, and the bare client, in turns."""
    both = [one for one in alternatives if isinstance(one, (Vifplugd, Idl))]
    for mode, measure in (("one by one", _one_by_one), ("in batches", _in_batches)):
        taken = interleave(both, lambda one, m=measure: m(one, sizes),
                           lambda one: _cpu(one, ports("vhost-user", 1, first=FIRST)),
                           sizes.rounds, sizes.seconds, turn_n=1)
        for one, turns in taken.items():
            for i, what in enumerate(("plug CPU", "unplug CPU")):
                figures.add(PART, what, one.name, [turn[0][i] for turn in turns], "ms",
                            mode=mode, vifs=vifs, ports=world.n_ports)


# --- By number of VIFs. ---


def plug_up_to(vifplugds, have, want):
    """Plugs further VIFs, without measuring; returns how many there are. Two vifplugds plug in turns, a few VIFs
    each: many requests at once take memory, and how much depends on what the process has read before."""
    most = CHUNK if len(vifplugds) == 1 else FEW
    for vifplugd in itertools.cycle(vifplugds):
        count = min(most, want - have)
        if count <= 0:
            return have
        vifplugd.plug(ports("vhost-user", count, first=have), realized=False)
        have += count


def with_ports(world, alternatives, figures, sizes):
    """Start to ready with other ports present."""
    if world.n_ports or 0 not in sizes.vifs:  # by_vifs() starts without VIFs.
        figures.say(f"start to ready, {world.n_ports} other ports")
        start(world, alternatives, figures, sizes, vifs=0)


def by_vifs(world, alternatives, figures, sizes):
    """With more and more VIFs, only ovsdb-server; the VIFs stay."""
    vifplugds = daemons(alternatives)
    have = 0
    for one in vifplugds:
        _start_vifplugd(one)  # Restart it, so that its memory has nothing from earlier parts.
        one.connect()
    for vifs in sizes.vifs:
        have = plug_up_to(vifplugds, have, vifs)
        figures.say(f"CPU and memory, {vifs} VIFs")
        for one in vifplugds:
            one.resume()  # It has read what went through the other.
            figures.add(PART, "memory after plugging", one.name,
                        [memory_kb(one.client_pid()) / 1024], "MB", vifs=vifs, ports=world.n_ports)
        cpu(world, alternatives, figures, sizes, vifs)
        start(world, alternatives, figures, sizes, vifs)
    return have
