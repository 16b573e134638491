# SPDX-License-Identifier: Apache-2.0
"""Fills docs/performance.md from a run's JSON. The text between

    <!-- bench: NAME -->
    <!-- end -->

becomes the table of that name (tables.py), `machine`, `plot FILE`, or "Not measured.". The plots are written
into the same directory."""

import os
import re

import machine
from plot import plots
from tables import all_tables

MARKED = re.compile(r"(<!-- bench: ([^>]+?) -->\n).*?(<!-- end -->)", re.DOTALL)


class UnknownMark(Exception):
    """docs/performance.md has a mark with an unknown name."""


NAMES = ("machine", "own-cost", "single-realized", "single-committed-switch", "single-committed",
         "bulk-realized", "bulk-committed", "cpu", "start", "readers", "hostile", "stages", "spent", "hotspots",
         "calls", "targets",
         "plot performance-plug.svg", "plot performance-rate.svg")


def fill(text, result):
    """Returns the page with the figures of `result`."""
    made = {table.name: table.markdown() for table in all_tables(result)}
    made["machine"] = machine.sentence(result["machine"]) + "."
    for name in plots(result["records"]):
        made[f"plot {name}"] = f"![{name}]({name})"

    def replace(match):
        name = match.group(2)
        if name not in NAMES:
            raise UnknownMark(name)
        return f"{match.group(1)}{made.get(name, 'Not measured.')}\n{match.group(3)}"

    return MARKED.sub(replace, text)


def write(directory, result):
    """Writes performance.md and its plots."""
    path = os.path.join(directory, "performance.md")
    with open(path, encoding="utf-8") as file:
        text = fill(file.read(), result)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    written = [path]
    for name, svg in plots(result["records"]).items():
        written.append(os.path.join(directory, name))
        with open(written[-1], "w", encoding="utf-8") as file:
            file.write(svg)
    return written
