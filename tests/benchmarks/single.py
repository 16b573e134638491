# SPDX-License-Identifier: Apache-2.0
"""One plug and one unplug, again and again."""

from interleave import interleave
from workload import KINDS, ports

PART = "single"


def _measure(alternatives, kind, sizes, realized, plug_only=False):
    one = ports(kind, 1, first=3)

    def measure(alternative):
        plugged = alternative.plug(one, realized=realized)["us"]
        # Without this wait, the end of the plug would be in the unplug's time.
        unplugged = alternative.unplug(one, realized=realized or plug_only)["us"]
        return plugged / 1000, unplugged / 1000

    return interleave(alternatives, measure, measure, sizes.samples, sizes.seconds)


def _keep(figures, taken, plug_only=False, **conditions):
    for alternative, turns in taken.items():
        for i, what in enumerate(("plug",) if plug_only else ("plug", "unplug")):
            figures.add_turns(PART, what, alternative.name,
                              [[sample[i] for sample in turn] for turn in turns], "ms", **conditions)


def with_switch(world, alternatives, figures, sizes):
    """Realized; and committed while ovs-vswitchd runs."""
    for kind in KINDS:
        figures.say(f"one {kind}, realized, {world.n_ports} other ports")
        taken = _measure(alternatives, kind, sizes, realized=True)
        _keep(figures, taken, kind=kind, ports=world.n_ports, wait="realized", switch=True)
    figures.say(f"one vhost-user, committed, {world.n_ports} other ports")
    committing = [one for one in alternatives if one.can_commit_only]
    taken = _measure(committing, "vhost-user", sizes, realized=False, plug_only=True)
    _keep(figures, taken, plug_only=True, kind="vhost-user", ports=world.n_ports, wait="committed",
          switch=True)


def without_switch(world, alternatives, figures, sizes):
    """Committed, ovsdb-server alone."""
    committing = [one for one in alternatives if one.can_commit_only]
    for kind in ("row", "vhost-user"):
        figures.say(f"one {kind}, committed, {world.n_ports} other ports, ovsdb-server alone")
        taken = _measure(committing, kind, sizes, realized=False)
        _keep(figures, taken, kind=kind, ports=world.n_ports, wait="committed", switch=False)


def own_cost(alternatives, figures, sizes):
    """The cost of the bench's clients: a message and its reply."""
    for alternative in alternatives:
        if hasattr(alternative, "echo"):
            figures.add("own cost", "echo", alternative.name,
                        [alternative.echo() / 1000 for _ in range(sizes.gets)], "ms")
