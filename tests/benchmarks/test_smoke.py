# SPDX-License-Identifier: Apache-2.0
"""The benchmarks run, and their records are complete. The tests do not judge times."""

import json
import os
import signal
import subprocess
import sys
import xml.etree.ElementTree

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import before  # noqa: E402
import docs  # noqa: E402
import hotspots  # noqa: E402
from alternatives import OsVif  # noqa: E402
from figures import Figures, one, select, spread  # noqa: E402
from hostile import ALONE, CASES, WHAT  # noqa: E402
from plot import plots, round_numbers  # noqa: E402
from tables import BULK_WAYS, EVERYONE, all_tables  # noqa: E402
from targets import evaluate  # noqa: E402

FIGURES = ("n", "p50", "p90", "p99", "min", "max")
HERE_TODAY = [who for who in EVERYONE if who != "os-vif" or OsVif.is_installed()]


@pytest.fixture(scope="module", name="result")
def quick_run(tmp_path_factory):
    """One run of all parts with tiny numbers."""
    path = tmp_path_factory.mktemp("bench") / "bench.json"
    done = subprocess.run(
        ["/usr/bin/python3", os.path.join(HERE, "bench.py"), "--quick", f"--json={path}"],
        capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    assert "Targets" in done.stdout
    return json.loads(path.read_text())


@pytest.fixture(scope="module", name="beside")
def beside_itself(tmp_path_factory):
    """One run of what --before measures, with the build beside itself: what it printed, and its JSON."""
    path = tmp_path_factory.mktemp("before") / "bench.json"
    build = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
    done = subprocess.run(
        ["/usr/bin/python3", os.path.join(HERE, "bench.py"), "--quick", f"--before={build}", "--only=single",
         "--only=bulk", "--only=cost", "--without=os-vif", f"--json={path}"],
        capture_output=True, text=True, timeout=400, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout, json.loads(path.read_text())


def test_before(beside):
    printed, result = beside
    figures = result["before"]["figures"]
    assert "Beside the build before, vifplugd " in printed and f"{len(figures)} figures: " in printed
    assert not select(result["records"], who="os-vif")
    for record in result["records"]:
        if record["who"].partition(",")[0] == "vifplugd" and record["unit"] != "1/s":
            case = {key: value for key, value in record.items() if key not in FIGURES}
            figure = one(figures, **case)
            assert figure and figure["now"] == record["p50"], case
            assert figure["ratio"] == pytest.approx(figure["now"] / figure["before"], abs=1e-4)
            assert figure["larger"] <= figure["pairs"]
    assert {figure["part"] for figure in figures} == {"single", "bulk", "cost"}
    with open(os.path.join(TOP, "docs/performance.md"), encoding="utf-8") as file:
        assert "vifplugd before" not in docs.fill(file.read(), result)


@pytest.mark.parametrize("now, earlier, unit, worse", [
    ([10.6] * 6, [10] * 6, "ms", True),
    ([10.5] * 6, [10] * 6, "ms", False),  # 1.05 times.
    ([10.6] * 5, [10] * 5, "ms", None),  # Too few pairs.
    ([9] + [11] * 8, [10] * 9, "ms", True),
    ([9, 9] + [11] * 7, [10] * 9, "ms", False),  # Chance alone does that in 9 of 100 cases.
    ([10] * 4 + [11] * 5, [10] * 9, "ms", None),  # Equal values do not count.
    ([9] * 9, [10] * 9, "ms", False),
    ([10.6], [10], "MB", True),
    ([10.5], [10], "MB", False),
])
def test_compare(now, earlier, unit, worse):
    figures = Figures()
    figures.add("cost", "start", "vifplugd", now, unit, vifs=0)
    figures.add("cost", "start", "vifplugd", earlier, unit, vifs=40)
    figures.add("cost", "start", "vifplugd before", earlier, unit, vifs=0)
    figures.add("cost", "start rate", "vifplugd before", earlier, "1/s", vifs=0)
    assert [(figure["vifs"], figure["worse"]) for figure in before.compare(figures)] == [(0, worse)]


def test_turns():
    figures = Figures()
    figures.add_turns("single", "plug", "vifplugd", [[1, 2, 3], [], [7]], "ms")
    assert figures.records[0]["n"] == 4 and figures.turns == [[2, 7]]


def test_spread():
    samples = list(range(1, 201))
    assert spread(samples) == {"n": 200, "p50": 100, "p90": 180, "p99": 198, "min": 1, "max": 200}
    assert spread([7]) == {"n": 1, "p50": 7, "p90": 7, "p99": 7, "min": 7, "max": 7}


@pytest.mark.parametrize("low, high, expected", [
    (0.88, 38, [0.5, 1, 2, 5, 10, 20, 50]),
    (1, 10, [1, 2, 5, 10]),
    (200, 2000, [200, 500, 1000, 2000]),
    (5, 5, [5, 10]),
    (1, 1, [1, 2]),
    (0.5, 0.5, [0.5, 1]),
])
def test_round_numbers(low, high, expected):
    assert round_numbers(low, high) == pytest.approx(expected)


def test_run_is_whole(result):
    assert result["format"] == 1
    assert result["complete"] and result["quick"]
    for key in ("cpu", "cores", "kernel", "vifplugd", "openvswitch", "dpdk", "load_before",
                "load_after"):
        assert result["machine"][key] is not None, key
    for record in result["records"]:
        assert all(key in record for key in ("part", "what", "who", "unit", *FIGURES)), record
        assert record["min"] <= record["p50"] <= record["p90"] <= record["p99"] <= record["max"]
        assert record["n"] > 0 and record["min"] >= 0 or record["what"] == "outside", record


@pytest.mark.parametrize("kind", ["representor", "row", "vhost-user"])
def test_everyone_plugs(result, kind):
    for ports in result["sizes"]["ports"]:
        for who in HERE_TODAY:
            for what in ("plug", "unplug"):
                assert one(result["records"], part="single", what=what, who=who, kind=kind,
                           ports=ports, wait="realized"), (ports, who, what)
            if who != "os-vif" and kind != "representor":
                assert one(result["records"], part="single", what="plug", who=who, kind=kind,
                           ports=ports, wait="committed", switch=False), (ports, who)


def test_many_at_once(result):
    found = select(result["records"], part="bulk", what="plug rate", kind="vhost-user",
                   wait="realized", count=result["sizes"]["at_once"][0])
    expected = [way for way in BULK_WAYS if "os-vif" not in way or OsVif.is_installed()]
    assert {record["who"] for record in found} == set(expected)
    sent = select(result["records"], part="bulk", what="transactions",
                  who="vifplugd, 1 connection")
    # Concurrent requests share transactions; how many depends on which arrived together.
    assert sent and all(1 <= record["p50"] <= record["count"] for record in sent)


def test_cost_and_readers(result):
    records = result["records"]
    for vifs in result["sizes"]["vifs"]:
        for who in ("vifplugd", "bare IDL client"):
            assert one(records, part="cost", what="start", who=who, vifs=vifs, ports=0)
            assert one(records, part="cost", what="plug CPU", who=who, vifs=vifs,
                       mode="in batches")["min"] > 0
    for meanwhile in ("nothing else", "another lists all", "another reads metrics", "5 subscribers",
                      "another does not read"):
        for what in ("get", "plug"):
            assert one(records, part="readers", what=what, meanwhile=meanwhile), (what, meanwhile)
    told = one(records, part="readers", what="notifications told")
    assert told["p50"] == told["expected"]


def test_hostile(result):
    """The good client is served beside each of the peers."""
    records = result["records"]
    assert not select(records, part="hostile", what="refused")
    for what, _ in WHAT:
        cases = {record["meanwhile"] for record in select(records, part="hostile", what=what)}
        assert cases == {ALONE, *(f"{who}: {case}" for _, who, case in CASES)}, what


def test_stages(result):
    for stage in ("queued", "commit", "realize", "total"):
        assert one(result["records"], part="stages", what=stage, kind="vhost-user", ports=0)
    for who in ("vifplugd", "ovsdb-server", "ovs-vswitchd's main thread"):
        assert one(result["records"], part="stages", what="CPU of a plug and an unplug", who=who,
                   kind="vhost-user", ports=0)["p50"] > 0


def test_hotspots(result):
    found = select(result["records"], part="hotspots", kind="vhost-user", ports=0)
    calls = {record["call"]: record["p50"] for record in found if record["what"] == "system calls"}
    rooms = {record["room"] for record in found if record["what"] == "CPU"}
    assert (bool(calls), bool(rooms)) == tuple(tool in hotspots.tools() for tool in ("strace", "perf"))
    if len(hotspots.tools()) < 2:
        pytest.skip("perf or strace is not installed")
    assert calls["sendto"] >= 2 and calls["poll"] >= 2, calls
    assert {"the rest", "verdict, reply, log"} <= rooms, rooms


def test_tool_that_does_not_start():
    with pytest.raises(hotspots.HelperError, match="no such process here"):
        with hotspots.Beside(["sh", "-c", "echo no such process here >&2; exit 1"], lambda: False):
            pass


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN], ids=["foreground", "background"])
def test_tool_that_hangs_once(tmp_path, monkeypatch, request, handler):
    monkeypatch.setattr(hotspots.Beside, "END_S", 2)
    before = signal.signal(signal.SIGINT, handler)
    request.addfinalizer(lambda: signal.signal(signal.SIGINT, before))
    tries = tmp_path / "tries"
    command = ["sh", "-c", f"echo >>{tries}; [ $(wc -l <{tries}) -eq 2 ] || trap '' INT; echo >{tmp_path}/ready; "
               "while :; do sleep 0.01; done"]
    ready = tmp_path / "ready"
    assert hotspots.follow(command, ready, ready.exists, lambda: "done") == "done"
    assert tries.read_text(encoding="ascii").count("\n") == 2
    ready.unlink()
    with pytest.raises(hotspots.ToolHangs, match="sh has not ended 2 s after SIGINT"):
        hotspots.follow(command, ready, ready.exists, lambda: "done")


def test_targets(result):
    assert result["targets"] == evaluate(result["records"])
    assert {verdict["met"] for verdict in result["targets"]} <= {True, False, None}
    for words in ("one representor, realized", "one row, realized", "4 vhost-user at once, realized",
                  "at once, committed", "CPU of a plug one by one", "CPU of a plug in batches",
                  "resident memory, 0 VIFs", "start to ready"):
        assert any(words in verdict["what"] for verdict in result["targets"]), words


ONE_PLUG = {"part": "single", "what": "plug", "kind": "row", "ports": 0, "wait": "realized"}
AT_ONCE = {"part": "bulk", "what": "plug rate", "kind": "row", "ports": 0, "count": 64}
COST = {"part": "cost", "vifs": 2000, "ports": 0}


def verdicts(record, us, ours, them, theirs):
    """Returns the verdicts for invented records of vifplugd and of another program."""
    return [verdict["met"] for verdict in evaluate([{**record, "who": us, "p50": ours},
                                                    {**record, "who": them, "p50": theirs}])]


@pytest.mark.parametrize("record, us, ours, them, theirs, met", [
    (ONE_PLUG, "vifplugd", 11.0, "raw OVSDB client", 10.0, True),  # 1.1 times.
    (ONE_PLUG, "vifplugd", 11.1, "raw OVSDB client", 10.0, False),
    (ONE_PLUG, "vifplugd", 1.3, "raw OVSDB client", 1.0, True),  # 0.3 ms more.
    (ONE_PLUG, "vifplugd", 1.31, "raw OVSDB client", 1.0, False),
    (ONE_PLUG, "vifplugd", 2.0, "os-vif", 2.0, True),
    (ONE_PLUG, "vifplugd", 2.1, "os-vif", 2.0, False),
    ({**AT_ONCE, "wait": "realized"}, "vifplugd, 1 connection", 90,
     "raw OVSDB client, one transaction", 100, True),
    ({**AT_ONCE, "wait": "realized"}, "vifplugd, 1 connection", 89,
     "raw OVSDB client, one transaction", 100, False),
    ({**AT_ONCE, "wait": "realized"}, "vifplugd, 1 connection", 90, "os-vif, one by one", 3, None),
    ({**AT_ONCE, "wait": "committed", "switch": False}, "vifplugd, 1 connection", 90,
     "bare IDL client", 100, True),
    ({**AT_ONCE, "wait": "committed", "switch": False}, "vifplugd, 1 connection", 89,
     "bare IDL client", 100, False),
    ({**COST, "what": "plug CPU", "mode": "one by one"}, "vifplugd", 0.12, "bare IDL client", 0.1,
     True),
    ({**COST, "what": "plug CPU", "mode": "one by one"}, "vifplugd", 0.13, "bare IDL client", 0.1,
     False),
    ({**COST, "what": "plug CPU", "mode": "in batches"}, "vifplugd", 0.08, "bare IDL client", 0.01,
     True),
    ({**COST, "what": "plug CPU", "mode": "in batches"}, "vifplugd", 0.09, "bare IDL client", 0.09,
     False),
    ({**COST, "what": "memory"}, "vifplugd", 25, "os-vif", 130, True),
    ({**COST, "what": "memory"}, "vifplugd", 25.1, "os-vif", 130, False),
    ({**COST, "what": "start"}, "vifplugd", 120, "bare IDL client", 100, True),
    ({**COST, "what": "start"}, "vifplugd", 121, "bare IDL client", 100, False),
    ({**COST, "what": "start", "vifs": 0}, "vifplugd", 9, "bare IDL client", 3, None),
])
def test_target(record, us, ours, them, theirs, met):
    assert verdicts(record, us, ours, them, theirs) == [met]


def test_tables_and_plots(result):
    tables = {table.name: table for table in all_tables(result)}
    missing = {name for name, tool in (("hotspots", "perf"), ("calls", "strace"))
               if tool not in hotspots.tools()}
    assert set(docs.NAMES) - {"machine"} - missing == set(tables) | {
        f"plot {name}" for name in plots(result["records"])}
    for table in tables.values():
        assert all(len(line) == len(table.head) for line in table.lines), table.name
        assert table.text() and table.markdown()
    for name, svg in plots(result["records"]).items():
        assert xml.etree.ElementTree.fromstring(svg).tag.endswith("svg"), name


def test_docs_are_filled(result):
    with open(os.path.join(TOP, "docs/performance.md"), encoding="utf-8") as file:
        page = file.read()
    filled = docs.fill(page, result)
    assert filled.count("Not measured.") == 2 - len(hotspots.tools())
    assert docs.fill(filled, result) == filled
    assert all(f"<!-- bench: {name} -->" in page for name in docs.NAMES)
    with pytest.raises(docs.UnknownMark):
        docs.fill("<!-- bench: nothing -->\n<!-- end -->\n", result)
