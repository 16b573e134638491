# SPDX-License-Identifier: Apache-2.0
"""Figures: samples, their statistics, and the records of a run."""

import math
import time


def percentile(samples, percent):
    """Returns the percentile by nearest rank."""
    ordered = sorted(samples)
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def median(samples):
    return percentile(samples, 50)


def spread(samples):
    """Returns the statistics of samples; p99 of fewer than a hundred is their largest."""
    return {"n": len(samples), "p50": percentile(samples, 50), "p90": percentile(samples, 90),
            "p99": percentile(samples, 99), "min": min(samples), "max": max(samples)}


class Figures:
    """The records of a run. A record is a flat object: `part` and `what` say what was measured, `who` with
    which program, further keys under which conditions, `unit` in which unit; p50, p90, p99, min, max, n are
    the figures."""

    def __init__(self, say=print):
        self.records = []
        self.turns = []  # Of each record, the median of each turn.
        self.say = say

    def add(self, part, what, who, samples, unit, **conditions):
        """Stores the spread of samples, one of each turn; nothing if there are none."""
        self.add_turns(part, what, who, [[sample] for sample in samples], unit, **conditions)

    def add_turns(self, part, what, who, turns, unit, **conditions):
        """The same for turns that each gave a list of samples."""
        samples = [sample for turn in turns for sample in turn]
        if samples:
            self.records.append({"part": part, "what": what, "who": who, **conditions, "unit": unit,
                                 **{key: value if key == "n" else round(value, 6)
                                    for key, value in spread(samples).items()}})
            self.turns.append([median(turn) for turn in turns if turn])


def select(records, **conditions):
    """Returns the records that have all of these."""
    return [record for record in records
            if all(record.get(key) == value for key, value in conditions.items())]


def one(records, **conditions):
    """Returns the one record that has all of these, or None."""
    found = select(records, **conditions)
    return found[0] if found else None


class Budget:
    """Ends a measurement after so many seconds."""

    def __init__(self, seconds):
        self.end = time.monotonic() + seconds

    def is_spent(self):
        return time.monotonic() >= self.end
