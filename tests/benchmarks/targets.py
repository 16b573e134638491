# SPDX-License-Identifier: Apache-2.0
"""The targets of the project, and whether they are met. Medians, of one run."""

from figures import one, select

US = "vifplugd"
ONE_CONNECTION = "vifplugd, 1 connection"
RAW = "raw OVSDB client"
BY_HAND = "raw OVSDB client, one transaction"
IDL = "bare IDL client"
OSVIF = "os-vif"
OSVIF_EACH = "os-vif, one by one"

FACTOR = 1.1
SLACK_MS = 0.3


def _verdict(what, target, measured, met):
    """`met` is None if there is no target, only a figure."""
    return {"what": what, "target": target, "measured": measured, "met": met}


def _ms(value):
    return f"{value:.2f} ms" if value < 100 else f"{value:.0f} ms"


def _p50(records, **conditions):
    record = one(records, **conditions)
    return record["p50"] if record else None


def _plugs(records):
    """One realized plug, for each kind and number of ports."""
    for record in select(records, part="single", what="plug", who=US, wait="realized"):
        conditions = {key: record[key] for key in ("part", "what", "kind", "ports", "wait")}
        name = f"one {record['kind']}, realized, {record['ports']} ports present"
        ours = record["p50"]
        raw = _p50(records, who=RAW, **conditions)
        osvif = _p50(records, who=OSVIF, **conditions)
        if raw:
            limit = max(FACTOR * raw, raw + SLACK_MS)
            yield _verdict(name, f"<= {FACTOR} x or + {SLACK_MS} ms of a raw client's {_ms(raw)}",
                           f"{_ms(ours)} ({ours / raw:.2f} x)", ours <= limit)
        if osvif:
            yield _verdict(name, f"<= os-vif's {_ms(osvif)}", f"{_ms(ours)} ({ours / osvif:.2f} x)",
                           ours <= osvif)


def _at_once(records):
    """64 requested at once, realized; without this measurement, the one that exists."""
    found = select(records, part="bulk", what="plug rate", who=ONE_CONNECTION, wait="realized")
    for record in select(found, count=64) or found:
        conditions = {key: record[key]
                      for key in ("part", "what", "kind", "count", "ports", "wait")}
        name = (f"{record['count']} {record['kind']} at once, realized, "
                f"{record['ports']} ports present")
        by_hand = _p50(records, who=BY_HAND, **conditions)
        osvif = _p50(records, who=OSVIF_EACH, **conditions)
        if by_hand:
            yield _verdict(name, f">= 0.9 of one hand-made transaction's {by_hand:.0f}/s",
                           f"{record['p50']:.0f}/s ({record['p50'] / by_hand:.2f} x)",
                           record["p50"] >= 0.9 * by_hand)
        if osvif:
            yield _verdict(name, f"reported: os-vif, one by one, {osvif:.0f}/s",
                           f"{record['p50'] / osvif:.1f} x", None)


def _pipelined(records):
    """As many as were measured, committed, ovsdb-server alone."""
    found = select(records, part="bulk", what="plug rate", who=ONE_CONNECTION, wait="committed",
                   switch=False)
    most = max((record["count"] for record in found), default=0)
    for record in select(found, count=most):
        idl = _p50(records, part="bulk", what="plug rate", who=IDL, wait="committed", switch=False,
                   kind=record["kind"], count=record["count"], ports=record["ports"])
        if idl:
            yield _verdict(
                f"{record['count']} {record['kind']} at once, committed, ovsdb-server alone, "
                f"{record['ports']} ports present",
                f">= 0.9 of the bare IDL client's {idl:.0f}/s",
                f"{record['p50']:.0f}/s ({record['p50'] / idl:.2f} x)",
                record["p50"] >= 0.9 * idl)


def _cpu(records):
    for record in select(records, part="cost", what="plug CPU", who=US):
        idl = _p50(records, part="cost", what="plug CPU", who=IDL, mode=record["mode"],
                   vifs=record["vifs"])
        name = f"CPU of a plug {record['mode']}, {record['vifs']} VIFs present"
        measured = f"{record['p50']:.3f} ms" + (f" ({record['p50'] / idl:.2f} x)" if idl else "")
        if record["mode"] == "in batches":
            yield _verdict(name, "<= 0.08 ms", measured, record["p50"] <= 0.08)
        elif idl:
            yield _verdict(name, f"<= 1.2 x the bare IDL client's {idl:.3f} ms", measured,
                           record["p50"] <= 1.2 * idl)


def _memory(records):
    for vifs, limit in ((0, 10), (2000, 25)):
        found = [record for record in select(records, part="cost", who=US, vifs=vifs, ports=0)
                 if record["what"] in ("memory", "memory after plugging")]
        if found:
            most = max(record["p50"] for record in found)
            osvif = _p50(records, part="cost", what="memory", who=OSVIF, vifs=vifs, ports=0)
            against = f"; os-vif {osvif:.0f} MB" if osvif else ""
            yield _verdict(f"resident memory, {vifs} VIFs", f"<= {limit} MB", f"{most:.1f} MB{against}",
                           most <= limit)


def _start(records):
    """Only for starts with something to read; the start with an empty database is the loading of the program."""
    for record in select(records, part="cost", what="start", who=US):
        conditions = {key: record[key] for key in ("part", "what", "vifs", "ports")}
        idl = _p50(records, who=IDL, **conditions)
        osvif = _p50(records, who=OSVIF, **conditions)
        if idl:
            against = f"; os-vif {_ms(osvif)}" if osvif else ""
            yield _verdict(
                f"start to ready, {record['vifs']} VIFs and {record['ports']} other ports present",
                f"<= 1.2 x a bare IDL start's {_ms(idl)}",
                f"{_ms(record['p50'])} ({record['p50'] / idl:.2f} x){against}",
                record["p50"] <= 1.2 * idl if record["vifs"] + record["ports"] >= 2000 else None)


def _hostile(records):
    """Whatever one peer does, a good client's plugs and status take little longer, and the memory has a limit."""
    alone = one(records, part="hostile", what="plug", meanwhile="nothing else")
    for record in select(records, part="hostile"):
        name = f"beside a {record['meanwhile']}"
        if record["what"] == "refused":
            yield _verdict(f"a plug {name}", "not refused", record["error"], False)
        elif record["meanwhile"] == "nothing else":
            continue
        elif record["what"] == "plug":
            yield _verdict(f"p50 of a committed plug {name}", f"<= 3 x {_ms(alone['p50'])}",
                           f"{_ms(record['p50'])} ({record['p50'] / alone['p50']:.2f} x)",
                           record["p50"] <= 3 * alone["p50"])
            yield _verdict(f"p99 of a committed plug {name}", "<= 50 ms", _ms(record["p99"]), record["p99"] <= 50)
        elif record["what"] == "status":
            yield _verdict(f"p99 of status {name}", "<= 20 ms", _ms(record["p99"]), record["p99"] <= 20)
        elif record["what"] == "memory":
            yield _verdict(f"resident memory {name}", "<= 64 MB", f"{record['max']:.1f} MB", record["max"] <= 64)


def evaluate(records):
    """Returns all targets for which there are records."""
    return [verdict for check in (_plugs, _at_once, _pipelined, _cpu, _memory, _start, _hostile)
            for verdict in check(records)]
