# SPDX-License-Identifier: Apache-2.0
"""Compares the figures of vifplugd with those of an earlier build that were measured in the same run."""

import math

from figures import one
from tables import Table, number

US = "vifplugd"
BEFORE = "vifplugd before"
RATIO = 1.05  # A larger one is marked...
CHANCE = 0.02  # ...unless chance alone makes such pairs more often than this.
PAIRS = 6  # Fewer cannot tell: 1/2^5 is more than CHANCE.
ROUNDS = 9  # Of many at once, and of CPU time: so one pair may go the other way.

MARKS = {True: "worse", False: "", None: "worse?"}
SPREAD = ("n", "p50", "p90", "p99", "min", "max")


def chance(larger, pairs):
    """How likely it is that of so many pairs at least so many are larger, if there is no difference."""
    return sum(math.comb(pairs, n) for n in range(larger, pairs + 1)) / 2 ** pairs


def judge(ratio, unit, larger, pairs):
    """Whether it is worse; None if there are too few pairs to tell. tests/bench --help has the rule."""
    if ratio <= RATIO:
        return False
    if unit == "MB":
        return True
    return chance(larger, pairs) <= CHANCE if pairs >= PAIRS else None


def compare(figures):
    """For each figure of both: {..., before, now, ratio, pairs, larger, worse}. Rates are left out: they are the
    times once more."""
    found = []
    for earlier, turns_before in zip(figures.records, figures.turns):
        if not earlier["who"].startswith(BEFORE) or earlier["unit"] == "1/s" or not earlier["p50"]:
            continue
        case = {key: value for key, value in earlier.items() if key not in SPREAD}
        case["who"] = earlier["who"].replace(BEFORE, US)
        now = one(figures.records, **case)
        if not now:
            continue
        turns = figures.turns[figures.records.index(now)]
        differences = [a - b for a, b in zip(turns, turns_before) if a != b]
        larger = sum(difference > 0 for difference in differences)
        ratio = now["p50"] / earlier["p50"]
        found.append({**case, "before": earlier["p50"], "now": now["p50"], "ratio": round(ratio, 4),
                      "pairs": len(differences), "larger": larger,
                      "worse": judge(ratio, case["unit"], larger, len(differences))})
    return found


def _label(figure):
    """What a line of the table is about."""
    way = figure["who"].removeprefix(US)
    words = [figure["what"] + way]
    if figure["part"] == "bulk":
        words.append(f"{figure['count']} {figure['kind']}")
    elif "kind" in figure:
        words.append(figure["kind"])
    if "wait" in figure:
        words.append(figure["wait"] + ("" if figure["switch"] else ", ovsdb-server alone"))
    if "mode" in figure:
        words.append(figure["mode"])
    if "vifs" in figure:
        words.append(f"{figure['vifs']} VIFs")
    return ", ".join([*words, f"{figure['ports']} other ports"])


def text(result):
    """All of it as a table for a terminal."""
    figures = result["figures"]
    lines = [[_label(figure), figure["unit"], number(figure["before"]), number(figure["now"]),
              f"{figure['ratio']:.3f}", f"{figure['larger']} of {figure['pairs']}", MARKS[figure["worse"]]]
             for figure in figures]
    marked = sum(figure["worse"] is True for figure in figures)
    unclear = sum(figure["worse"] is None for figure in figures)
    table = Table("before", f"Beside the build before, {result['build']}: medians",
                  ["", "unit", "before", "now", "ratio", "larger in", ""], lines)
    return (f"{table.text()}\n{len(figures)} figures: {marked} worse, {unclear} with a ratio above {RATIO} but "
            f"fewer than {PAIRS} pairs.\n")
