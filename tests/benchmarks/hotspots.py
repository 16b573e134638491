# SPDX-License-Identifier: Apache-2.0
"""What vifplugd does during one plug and unplug: CPU time by part of its loop (perf) and system calls
(strace). Each part is left out if its tool is not installed."""

import os
import re
import shutil
import signal
import subprocess
import time

from figures import Budget
from helper import HelperError, cpu_us
from workload import ports

PART = "hotspots"

# The parts of the loop, in its order, by the function that the loop calls (src/daemon/main.c).
ROOMS = {"ovs_run": "the copy of the database", "server_run": "requests: read, checked",
         "engine_commit": "planned, staged, sent to OVSDB",
         "engine_run": "verdict, reply, log", "server_flush": "replies: flushed",
         "watch_run": "drift", "poll_block": "waiting, being woken"}
LINE = re.compile(r"^\s*([\d.]+)%\s.*\[[.k]\] (\S+)\s*$")
CALL = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$", re.MULTILINE)


def tools():
    """Returns which of the two are installed."""
    return {name for name in ("perf", "strace") if shutil.which(name)}


def _work(vifplugd, one, seconds):
    """Plugs and unplugs; returns how often."""
    budget = Budget(seconds)
    n = 0
    while n == 0 or not budget.is_spent():
        vifplugd.plug(one)
        vifplugd.unplug(one)
        n += 1
    return n


class ToolHangs(HelperError):
    """A tool does not end when it is told to."""


class Beside:
    """A tool that follows vifplugd during the block, and then has END_S seconds to end."""

    END_S = 30

    def __init__(self, command, ready):
        self.command = command
        self.ready = ready
        self.process = None

    def __enter__(self):
        # A shell starts its background jobs with SIGINT ignored, and so would the tool.
        self.process = subprocess.Popen(["env", "--default-signal=INT", *self.command], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE)
        deadline = time.monotonic() + 10
        while not self.ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                words = self.process.communicate()[1].decode()[-500:]
                raise HelperError(f"{self.command[0]} does not follow vifplugd: {words}")
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.communicate(timeout=self.END_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise ToolHangs(f"{self.command[0]} has not ended {self.END_S} s after SIGINT") from None


def follow(command, output, ready, work):
    """Runs a tool that writes the file `output` beside work(), and both once more if the tool hangs at its end,
    which perf record can do. Returns what work() does."""
    try:
        with Beside(command, ready):
            return work()
    except ToolHangs:
        if os.path.exists(output):
            os.unlink(output)
        with Beside(command, ready):
            return work()


def _is_traced(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return "TracerPid:\t0\n" not in file.read()


def _calls(world, vifplugd, one, seconds):
    """Returns the system calls of a plug and an unplug, by name."""
    path = f"{world.log}/strace.out"
    pid = world.pid("vifplugd")
    n = follow(["strace", "-c", "-o", path, "-p", str(pid)], path, lambda: _is_traced(pid),
               lambda: _work(vifplugd, one, seconds))
    with open(path, encoding="ascii") as file:
        return {name: int(calls) / n for calls, name in CALL.findall(file.read()) if name != "total"}


def _shares(world, vifplugd, one, seconds):
    """Returns the CPU time of a plug and an unplug, ms, and the shares of the loop's parts."""
    path = f"{world.log}/perf.data"
    pid = world.pid("vifplugd")
    before = cpu_us(pid)
    n = _work(vifplugd, one, seconds)
    total = (cpu_us(pid) - before) / n / 1000
    follow(["perf", "record", "-q", "-e", "cpu-clock", "-F", "2000", "--call-graph", "dwarf,32768", "-o", path,
            "-p", str(pid)], path,
           lambda: os.path.exists(path) and os.path.getsize(path) > 0,
           lambda: _work(vifplugd, one, max(1, seconds)))
    report = subprocess.run(["perf", "report", "-i", path, "--children", "--no-inline", "--stdio", "-g",
                             "none"], capture_output=True, text=True, timeout=300, check=False)
    found = {}
    for line in report.stdout.splitlines():
        match = LINE.match(line)
        if match:
            found.setdefault(match.group(2), float(match.group(1)) / 100)
    return total, {room: found[name] for name, room in ROOMS.items() if name in found}


def _measure(world, vifplugd, figures, seconds, kind):
    one = ports(kind, 1, first=5)
    conditions = {"kind": kind, "ports": world.n_ports}
    _work(vifplugd, one, 0)
    if "strace" in tools():
        for name, calls in _calls(world, vifplugd, one, seconds).items():
            figures.add(PART, "system calls", "vifplugd", [calls], "1", call=name, **conditions)
    if "perf" in tools():
        total, shares = _shares(world, vifplugd, one, seconds)
        for room, share in shares.items():
            figures.add(PART, "CPU", "vifplugd", [share * total], "ms", room=room, **conditions)
        figures.add(PART, "CPU", "vifplugd", [max(0, 1 - sum(shares.values())) * total], "ms",
                    room="the rest", **conditions)


def with_switch(world, alternatives, figures, sizes):
    """vifplugd alone; the others are stopped."""
    others = [one for one in alternatives if one.name != "vifplugd"]
    for kind in ("representor", "vhost-user"):
        figures.say(f"hot spots of one {kind}, {world.n_ports} other ports")
        for other in others:
            other.pause()
        try:
            _measure(world, alternatives[0], figures, min(4, sizes.seconds), kind)
        finally:
            for other in others:
                other.resume()
