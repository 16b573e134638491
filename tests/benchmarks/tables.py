# SPDX-License-Identifier: Apache-2.0
"""Turns records into tables, for the terminal and for docs/performance.md."""

from figures import one, select

EVERYONE = ("vifplugd", "raw OVSDB client", "bare IDL client", "ovs-vsctl", "os-vif")
BULK_WAYS = ("vifplugd, 1 connection", "vifplugd, 16 connections",
             "raw OVSDB client, one transaction", "bare IDL client", "ovs-vsctl, one by one",
             "os-vif, one by one")
STARTED = ("vifplugd", "bare IDL client", "bare IDL client, fewest columns", "os-vif")


class Table:
    """A table: a name, which docs/performance.md uses, a title, and lines of cells."""

    def __init__(self, name, title, head, lines):
        self.name = name
        self.title = title
        self.head = head
        self.lines = lines

    def text(self):
        """For a terminal: the first column left-aligned, numbers right-aligned."""
        lines = [self.head, *self.lines]
        widths = [max(len(line[i]) for line in lines) for i in range(len(self.head))]
        printed = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width)
                             for i, (cell, width) in enumerate(zip(line, widths))).rstrip()
                   for line in lines]
        return "\n".join([self.title, "", printed[0], "-" * len(printed[0]), *printed[1:], ""])

    def markdown(self):
        rows = [self.head, ["---"] + ["--:"] * (len(self.head) - 1), *self.lines]
        return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def number(value):
    """Rounds to three significant digits."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def _cell(record, *keys):
    return " / ".join(number(record[key]) for key in keys) if record else ""


def _ratio(ours, theirs):
    return f"{ours['p50'] / theirs['p50']:.2f}" if ours and theirs and theirs["p50"] else ""


def _conditions(records, *keys):
    """Returns the different values of the keys, as dicts, in the order of their first appearance."""
    seen = {tuple((key, record.get(key)) for key in keys): None for record in records}
    return [dict(values) for values in seen]


def single(records):
    """One plug and one unplug."""
    tables = []
    for wait, switch, name, title in (
            ("realized", True, "single-realized", "realized"),
            ("committed", True, "single-committed-switch",
             "committed, while ovs-vswitchd runs"),
            ("committed", False, "single-committed", "committed, ovsdb-server alone")):
        found = select(records, part="single", wait=wait, switch=switch)
        lines = []
        for case in _conditions(found, "what", "kind", "ports"):
            cells = [one(found, who=who, **case) for who in EVERYONE]
            lines.append([f"{case['what']}, {case['kind']}", str(case["ports"]),
                          *[_cell(cell, "p50", "p90", "p99") for cell in cells],
                          _ratio(cells[0], cells[1]), _ratio(cells[0], cells[-1])])
        if lines:
            tables.append(Table(name, f"One at a time, {title}: ms, p50 / p90 / p99",
                                ["", "ports present", *EVERYONE, "x raw", "x os-vif"], lines))
    return tables


def bulk(records):
    """Many at once."""
    tables = []
    for wait, name, title in (("realized", "bulk-realized", "realized"),
                              ("committed", "bulk-committed", "committed, ovsdb-server alone")):
        found = select(records, part="bulk", wait=wait)
        lines = []
        for case in _conditions(found, "kind", "count", "ports"):
            for way in BULK_WAYS:
                done = {what: one(found, who=way, what=what, **case)
                        for what in ("plug all", "plug rate", "answer", "transactions",
                                     "unplug all")}
                if done["plug all"]:
                    lines.append([f"{case['count']} {case['kind']}", str(case["ports"]), way,
                                  _cell(done["plug all"], "p50", "min", "max"),
                                  _cell(done["plug rate"], "p50"), _cell(done["answer"], "p50", "p99"),
                                  f"{done['transactions']['p50']:.0f}" if done["transactions"] else "",
                                  _cell(done["unplug all"], "p50")])
        if lines:
            tables.append(Table(
                name, f"Asked for at once, {title}",
                ["", "ports present", "way", "until the last, ms: p50 / min / max", "ports/s",
                 "each, ms: p50 / p99", "transactions", "unplug all, ms"], lines))
    return tables


def cpu(records):
    """CPU time of an operation."""
    found = [record for record in select(records, part="cost")
             if record["what"] in ("plug CPU", "unplug CPU")]
    lines = []
    for case in _conditions(found, "what", "mode", "vifs"):
        ours, bare = (one(found, who=who, **case) for who in ("vifplugd", "bare IDL client"))
        lines.append([f"{case['what'].split()[0]}, {case['mode']}", str(case["vifs"]),
                      _cell(ours, "p50", "min", "max"), _cell(bare, "p50", "min", "max"),
                      _ratio(ours, bare)])
    return [Table("cpu", "CPU time of an operation: ms, p50 / min / max",
                  ["", "VIFs", "vifplugd", "bare IDL client", "x"], lines)] if lines else []


def start(records):
    """Start to ready, and memory."""
    found = select(records, part="cost")
    lines = []
    for what, title in (("start", "start, ms"), ("start CPU", "start, CPU ms"),
                        ("memory", "resident when started, MB"),
                        ("memory after plugging", "resident after plugging, MB")):
        some = select(found, what=what)
        for case in _conditions(some, "vifs", "ports"):
            cells = [one(some, who=who, **case) for who in STARTED]
            lines.append([title, str(case["vifs"]), str(case["ports"]),
                          *[_cell(cell, "p50") for cell in cells], _ratio(cells[0], cells[1])])
    return [Table("start", "Start to ready, and memory: medians",
                  ["", "VIFs", "other ports", *STARTED, "x bare"], lines)] if lines else []


def readers(records):
    """list, get, and plugs meanwhile."""
    lines = [[record["what"], record["meanwhile"], str(record["vifs"]),
              _cell(record, "p50", "p90", "p99", "max")]
             for record in select(records, part="readers", unit="ms")]
    return [Table("readers", "Latency of a client, ms: p50 / p90 / p99 / max",
                  ["", "meanwhile", "VIFs", "ms"], lines)] if lines else []


def hostile(records):
    """A good client beside peers that misbehave."""
    found = select(records, part="hostile")
    lines = []
    for case in _conditions(found, "meanwhile", "vifs"):
        plug, plug_cpu, status, status_cpu, memory = (
            one(found, what=what, **case) for what in ("plug", "plug-cpu", "status", "status-cpu", "memory"))
        refused = one(found, what="refused", **case)
        lines.append([case["meanwhile"], "refused" if refused else _cell(plug, "p50", "p99", "max"),
                      _cell(plug_cpu, "p50", "p99"), _cell(status, "p50", "p99", "max"),
                      _cell(status_cpu, "p50", "p99"), _cell(memory, "max")])
    return [Table("hostile", "A good client beside one that misbehaves",
                  ["meanwhile", "committed plug, ms: p50 / p99 / max", "vifplugd's CPU, ms: p50 / p99",
                   "status, ms: p50 / p99 / max", "vifplugd's CPU, ms: p50 / p99", "memory, MB"],
                  lines)] if lines else []


def own_cost(records):
    """The cost of the bench's own client."""
    lines = [[record["who"], _cell(record, "p50", "p90", "p99")]
             for record in select(records, part="own cost")]
    return [Table("own-cost", "A message to ovsdb-server and back: ms, p50 / p90 / p99", ["", "ms"],
                  lines)] if lines else []


def stages(records):
    """The stages of one request."""
    found = select(records, part="stages")
    tables = []
    timed = [record for record in found if "CPU" not in record["what"]
             and "allocations" not in record["what"]]
    lines = [[record["what"], record["kind"], str(record["ports"]),
              _cell(record, "p50", "p90", "p99")] for record in timed]
    if lines:
        tables.append(Table("stages", "Stages of one plug: ms, p50 / p90 / p99",
                            ["stage", "kind", "ports present", "ms"], lines))
    lines = [[record["who"], record["what"], record["kind"], str(record["ports"]),
              _cell(record, "p50")] for record in found if record not in timed]
    if lines:
        tables.append(Table("spent", "Spent on one plug and one unplug (CPU in ms)",
                            ["by", "what", "kind", "ports present", "mean"], lines))
    return tables


def hotspots(records):
    """vifplugd's CPU time and system calls."""
    tables = []
    for what, key, name, title in (
            ("CPU", "room", "hotspots", "vifplugd's CPU time of one plug and one unplug, ms"),
            ("system calls", "call", "calls", "System calls of one plug and one unplug")):
        found = select(records, part="hotspots", what=what)
        cases = _conditions(found, "kind", "ports")
        lines = [[row[key], *[_cell(one(found, **row, **case), "p50") for case in cases]]
                 for row in _conditions(found, key)]
        totals = [sum(record["p50"] for record in select(found, **case)) for case in cases]
        if lines:
            heads = [f"{case['kind']}, {case['ports']} ports present" for case in cases]
            tables.append(Table(name, title, ["", *heads],
                                [*lines, ["together", *[number(total) for total in totals]]]))
    return tables


def targets(verdicts):
    """Targets and whether they are met."""
    words = {True: "met", False: "not met", None: "-"}
    lines = [[one["what"], one["target"], one["measured"], words[one["met"]]] for one in verdicts]
    return [Table("targets", "Targets", ["what", "target", "measured", "met"], lines)] if lines else []


def all_tables(result):
    """Returns every table for which a run's result has figures."""
    records = result["records"]
    return [table for make in (own_cost, single, bulk, cpu, start, readers, hostile, stages, hotspots)
            for table in make(records)] + targets(result["targets"])
