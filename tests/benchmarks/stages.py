# SPDX-License-Identifier: Apache-2.0
"""The stages of one request: the shares of vifplugd, OVSDB and ovs-vswitchd."""

from figures import Budget
from helper import cpu_us, thread_cpu_us
from workload import ports

PART = "stages"
STAGES = ("queued", "commit", "realize", "total")
SECONDS = 4  # The others are stopped; ovsdb-server would close their connections later.


def allocations(world):
    """Returns how often vifplugd has called libopenvswitch's allocator; None if it does not show this."""
    done = world.command("ovs-appctl", "-t", "vifplugd", "coverage/read-counter", "util_xalloc",
                         check=False)
    text = done.stdout.strip()
    return int(text) if done.returncode == 0 and text.isdigit() else None


def _meters(world):
    """Returns the CPU time of each process. ovs-vswitchd's PMD threads spin, so only its main thread counts."""
    return {"vifplugd": cpu_us(world.pid("vifplugd")),
            "ovsdb-server": cpu_us(world.pid("ovsdb-server")),
            "ovs-vswitchd's main thread": thread_cpu_us(world.pid("ovs-vswitchd"))}


def _request(vifplugd, one):
    """Plugs and unplugs; returns the stages of the plug, ms."""
    plugged = vifplugd.plug(one)
    timings = dict(plugged["results"][0]["timings_ms"])
    # The client's share: both sockets, reading the request and writing the reply.
    timings["outside"] = plugged["us"] / 1000 - timings["total"]
    vifplugd.unplug(one)
    return timings


def _measure(world, vifplugd, figures, sizes, kind):
    one = ports(kind, 1, first=5)
    conditions = {"kind": kind, "ports": world.n_ports}
    budget = Budget(min(SECONDS, sizes.seconds))
    samples = []

    _request(vifplugd, one)
    allocated = allocations(world)
    before = _meters(world)
    while len(samples) < sizes.samples and not (samples and budget.is_spent()):
        samples.append(_request(vifplugd, one))
    after = _meters(world)
    for stage in (*STAGES, "outside"):
        figures.add(PART, stage, "vifplugd", [one[stage] for one in samples if stage in one], "ms",
                    **conditions)
    for who, value in after.items():
        figures.add(PART, "CPU of a plug and an unplug", who,
                    [(value - before[who]) / len(samples) / 1000], "ms", **conditions)
    if allocated is not None:
        figures.add(PART, "allocations of a plug and an unplug", "vifplugd",
                    [(allocations(world) - allocated) / len(samples)], "1", **conditions)


def with_switch(world, alternatives, figures, sizes):
    """vifplugd alone; the others are stopped."""
    others = [one for one in alternatives if one.name != "vifplugd"]
    for kind in ("representor", "vhost-user"):
        figures.say(f"stages of one {kind}, {world.n_ports} other ports")
        for other in others:
            other.pause()
        try:
            _measure(world, alternatives[0], figures, sizes, kind)
        finally:
            for other in others:
                other.resume()
        for other in others:  # So that each reads what it has missed, and keeps its connection.
            if other.can_commit_only:
                other.plug(ports("vhost-user", 1))
                other.unplug(ports("vhost-user", 1))
