# SPDX-License-Identifier: Apache-2.0
"""Many ports at once."""

from alternatives import Vifplugd
from interleave import interleave
from workload import most, ports

PART = "bulk"
CONNECTIONS = (1, 16)
BATCH = 64  # vifplugd's max_batch; the bare IDL client uses the same.


class Way:
    """An alternative, and its arguments."""

    def __init__(self, alternative, label, **how):
        self.alternative = alternative
        self.label = label
        self.how = how
        self.pause = alternative.pause
        self.resume = alternative.resume
        self.wake = alternative.wake

    def transactions(self, count):
        """Returns how many it has sent, if it counts them; else how many it needs for `count` ports."""
        if hasattr(self.alternative, "transactions"):
            return self.alternative.transactions()
        if not self.alternative.at_once:
            return None
        return -(-count // self.how["batch"]) if "batch" in self.how else 1


def _ways(alternatives, count, sizes):
    ways = []
    for alternative in alternatives:
        if isinstance(alternative, Vifplugd):
            ways += [Way(alternative, f"{alternative.name}, {n} connection{'s' * (n > 1)}", connections=n)
                     for n in CONNECTIONS]
        elif alternative.name == "bare IDL client":
            ways.append(Way(alternative, alternative.name, batch=BATCH))
        elif alternative.at_once:
            ways.append(Way(alternative, f"{alternative.name}, one transaction"))
        elif count <= sizes.one_by_one:
            ways.append(Way(alternative, f"{alternative.name}, one by one"))
    return ways


def _run(way, some_ports, realized):
    """Plugs and unplugs all once; returns ms and transactions."""
    counts = hasattr(way.alternative, "transactions")
    before = way.transactions(len(some_ports)) if counts else 0
    plugged = way.alternative.plug(some_ports, realized=realized, **way.how)
    transactions = way.transactions(len(some_ports))
    unplugged = way.alternative.unplug(some_ports, realized=realized, **way.how)
    return {"plug": plugged["us"] / 1000, "unplug": unplugged["us"] / 1000,
            "each": [us / 1000 for us in plugged.get("each_us", [])],
            "transactions": transactions - before if transactions is not None else None}


def _measure(world, alternatives, figures, sizes, kind, count, realized):
    some_ports = ports(kind, count)
    ways = _ways(alternatives, count, sizes)
    taken = interleave(ways, lambda way: _run(way, some_ports, realized),
                       lambda way: _run(way, some_ports[:1], realized), sizes.rounds, sizes.seconds,
                       turn_n=1)
    for way, turns in taken.items():
        runs = [turn[0] for turn in turns]
        conditions = {"kind": kind, "count": count, "ports": world.n_ports, "switch": realized,
                      "wait": "realized" if realized else "committed"}
        for what in ("plug", "unplug"):
            figures.add(PART, f"{what} all", way.label, [run[what] for run in runs], "ms",
                        **conditions)
            figures.add(PART, f"{what} rate", way.label,
                        [count / run[what] * 1000 for run in runs], "1/s", **conditions)
        figures.add_turns(PART, "answer", way.label, [run["each"] for run in runs], "ms", **conditions)
        figures.add(PART, "transactions", way.label,
                    [run["transactions"] for run in runs if run["transactions"] is not None], "1",
                    **conditions)


def with_switch(world, alternatives, figures, sizes):
    """Realized."""
    for kind in ("vhost-user", "row", "representor"):
        for count in sizes.at_once:
            # The switch tries a failed port again at every change: many of them would measure that.
            if count <= min(most(kind), sizes.rows if kind == "row" else count):
                figures.say(f"{count} {kind} at once, realized, {world.n_ports} other ports")
                _measure(world, alternatives, figures, sizes, kind, count, realized=True)


def without_switch(world, alternatives, figures, sizes):
    """Committed, ovsdb-server alone."""
    committing = [one for one in alternatives if one.can_commit_only]
    for count in sizes.at_once:
        figures.say(f"{count} vhost-user at once, committed, {world.n_ports} other ports, "
                    "ovsdb-server alone")
        _measure(world, committing, figures, sizes, "vhost-user", count, realized=False)
