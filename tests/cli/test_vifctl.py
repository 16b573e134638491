# SPDX-License-Identifier: Apache-2.0
"""vifctl without a switch: what it sends, its exit codes, and its output for the replies of a daemon."""

import fcntl
import grp
import json
import os
import re
import socket
import struct
import subprocess
import sys
import termios
import time
import unicodedata

import pytest

from commands import (ALIASES, COMMANDS, FakeDaemon, flag, LETTERS, MEMBERS, NOTHING_ELSE, OPERATIONS,
                      refusal, run_command, STATS, TOP, VALUES, VIF, vifctl, VIFCTL)
from process import WAIT_S, wait_for

sys.path.insert(0, os.path.join(TOP, "src", "openstack"))

from vifplug import display  # noqa: E402

SAMPLES = os.path.join(TOP, "tests/samples")
INSTANCE = "aaaabbbb-1111-4222-8333-444455556666"


def test_help_and_version():
    general = vifctl("--help").stdout
    assert vifctl("--version").stdout.startswith("vifctl ")
    for command, (_, takes) in COMMANDS.items():
        assert f"\n  {command} " in general
        text = vifctl(command, "--help").stdout
        assert text.startswith(f"vifctl {command}: ") and text == vifctl("-h", command).stdout
        for name in ["socket", *VALUES]:
            assert f"--{name}" in general
            shown = re.search(rf"^  (-\w, )?--{name}\b(?!-)", text, re.MULTILINE)
            assert bool(shown) == (name in takes), (command, name)
            if name in LETTERS:
                assert (f"\n  -{LETTERS[name]}, --{name}" in text) == (name in takes), (command, name)
    assert all(len(line) <= 95 for line in general.splitlines())
    assert vifctl("fly", "--help").returncode == 2


def complete(*words, program=VIFCTL, cwd=None):
    """Returns what the completion offers for the last word. bash splits words at "="."""
    script = f"""source <({VIFCTL} --print-completion=bash)
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _vifctl; printf '%s\n' "${{COMPREPLY[@]}}" """
    done = subprocess.run(["bash", "-uc", script, "bash", program, *words], capture_output=True, text=True,
                          timeout=60, check=True, cwd=cwd)
    assert not done.stderr
    return set(done.stdout.split())


def test_completion(tmp_path):
    assert complete("") == set(COMMANDS)
    assert complete("un") == {"unplug"}
    assert complete("--soc") == {"--socket="}
    for command, (_, takes) in COMMANDS.items():
        offered = {option.strip("-=") for option in complete(command, "--")}
        assert offered == takes | {"help"}, command
    assert complete("plug", "--ma") == {"--mac="}, "an alias, once it is typed"
    assert complete("plug", "--wait", "=") == {"realized", "committed"}
    assert complete("plug", "--wait", "=", "c") == {"committed"}
    assert complete("--format", "j") == {"json"}
    assert "kernel-representor" in complete("plug", "--kind", "=", "k")
    assert complete("--wait", "=", "committed", "--timeout", "5", "un") == {"unplug"}
    assert complete("-t", "5", "-n", "un") == {"unplug"} and complete("-w", "") == {"realized", "committed"}
    assert complete("update", "--dry-run", "--m") == {"--mtu="}
    assert complete("status", "") == set()
    for name in ("vm1", "vif.json", "other file.json"):
        (tmp_path / name).touch()
    assert complete("plug", "v", cwd=tmp_path) == {"vm1", "vif.json"}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [VIF, {**VIF, "vif_id": "port-1"}]}})
    program = tmp_path / "with-socket"
    program.write_text(f'#!/bin/sh\nexec {VIFCTL} --socket={daemon.path} "$@"\n')
    program.chmod(0o755)
    assert complete("get", "", program=str(program)) == {"x", "port-1"}
    assert complete("unplug", "p", program=str(program)) == {"port-1"}
    assert complete("unplug", "v", program=str(program), cwd=tmp_path) == {"vif.json"}
    assert complete("get", "x", "", program=str(program)) == set()
    assert complete("unplug", "--id", "=", "", program=str(program)) == {"x", "port-1"}


def test_completion_runs_nothing_that_a_daemon_sends(tmp_path):
    """bash expands the words that compgen -W gets."""
    ids = ["x", "$(touch ran)", "`touch ran`", "a$(touch ran)", "x\n$(touch ran)", "*", "~", "a\x1b[31m"]
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [{**VIF, "vif_id": one} for one in ids]}})
    program = tmp_path / "with-socket"
    program.write_text(f'#!/bin/sh\nexec {VIFCTL} --socket={daemon.path} "$@"\n')
    program.chmod(0o755)
    assert complete("get", "", program=str(program), cwd=tmp_path) == {"x"}
    assert not (tmp_path / "ran").exists()


NASTY = "a\n\x1b[31m\u202e\u200b\x7f\x9b\tb"
SHOWN = "a\\n\\x1b[31m\\u202e\\u200b\\x7f\\u009b\\tb"


def nasty(value):
    """The same shape, with each text and each name nasty."""
    if isinstance(value, dict):
        return {key: nasty(inner) for key, inner in value.items()} | {NASTY: NASTY}
    if isinstance(value, list):
        return [nasty(inner) for inner in value]
    return NASTY


NICS = {"nics": [{"pf": "p", "vendor": "v", "device": "d", "driver": "x", "profile": "n", "problem": "p", "vfs": [
    {"vf": "v", "vf_num": 1, "driver": "d", "devargs": "d", "vhost_user": {"path": "p"}, "vif_id": "i",
     "problem": "p"}]}]}
EVENT = {"what": "ovsdb", "vif_id": "x", "port": "p", "state": "up", "error": "e",
         "drift": [{"field": "f", "expected": "e", "found": "f"}]}


def check_shown(text):
    assert not [hex(ord(character)) for character in text
                if character in "\x1b\u202e\u200b\x7f\x9b\t\r"], text


@pytest.mark.parametrize("command", [("list",), ("get", "x"), ("nics",), ("stats",), ("stats", "x"), ("status",),
                                     ("describe",), ("metrics",),
                                     ("reap", "--all"),
                                     ("unplug", "x"), ("watch",)], ids=lambda words: words[0])
@pytest.mark.parametrize("output", ["table", "json"])
def test_a_hostile_daemon_does_not_reach_the_terminal(tmp_path, command, output):
    result = nasty({**VIF, "vifs": [VIF], **NICS, "stats": [STATS], "warnings": ["w"], "text": "t",
                    "removed": ["x"]})
    result["changed"] = True  # Without it, there is nothing to show of an unplug.
    event = json.dumps({"jsonrpc": "2.0", "method": NASTY, "params": nasty(EVENT)}).encode() + b"\n"
    daemon = FakeDaemon(tmp_path, lambda _: event if command == ("watch",) else {"result": result})
    with subprocess.Popen([VIFCTL, f"--socket={daemon.path}", f"--format={output}", *command],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        if command == ("watch",):
            stdout, stderr = process.stdout.readline(), ""
            process.terminate()
        else:
            stdout, stderr = process.communicate(timeout=60)
    check_shown(stdout)
    check_shown(stderr)
    if output == "json":
        shown = json.loads(stdout)
        assert shown == ({"event": NASTY, "params": nasty(EVENT)} if command == ("watch",) else result)
    else:
        # The text of metrics has lines.
        assert (SHOWN.replace("\\n", "\n") if command == ("metrics",) else SHOWN) in stdout


def test_a_hostile_error_does_not_reach_the_terminal(tmp_path):
    error = {"code": -32000, "message": NASTY, "data": {"reason": NASTY, "detail": "d" + NASTY}}
    daemon = FakeDaemon(tmp_path, lambda _: {"error": error})
    done = vifctl("unplug", "x", path=daemon.path)
    check_shown(done.stderr)
    assert done.stderr == f"vifctl: {SHOWN}: {SHOWN}\nvifctl: detail: d{SHOWN}\n" and done.returncode == 1


def test_the_python_package_escapes_the_same(tmp_path):
    text = "".join(filter(lambda character: unicodedata.category(character) not in ("Cs", "Cn"),
                          map(chr, range(1, 0x110000))))
    # As UTF-8: json-c takes some of Python's surrogate pairs (U+1D800) for halves.
    reply = {"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": text, "data": {"reason": "busy"}}}
    daemon = FakeDaemon(tmp_path, lambda _: json.dumps(reply, ensure_ascii=False).encode() + b"\n")
    shown = display.printable(text)
    printed = vifctl("list", path=daemon.path).stderr
    assert [pair for pair in zip(printed, f"vifctl: busy: {shown}\n") if pair[0] != pair[1]][:1] == []
    assert display.printable(shown) == shown and display.printable("\ud800") == "\\ud800"


@pytest.mark.parametrize("arguments", [(NASTY,), ("list", NASTY), (f"--{NASTY}", "list"), (f"--help={NASTY}",),
                                       ("get", "x", NASTY), ("plug", NASTY), ("unplug", f"{NASTY}.json"),
                                       (f"--socket={NASTY}", "list"), (f"--wait={NASTY}", "unplug", "x")])
def test_arguments_are_shown_escaped(arguments):
    done = vifctl(*arguments)
    check_shown(done.stderr)
    assert done.stderr.count("\n") == 1 and "\\x1b" in done.stderr


@pytest.mark.parametrize("arguments", [
    ("--help",), ("--version",), ("--print-completion=bash",), *((command, "--help") for command in COMMANDS),
    *((command, *words, format) for command, (words, _) in COMMANDS.items()
      for format in ("--format=table", "--format=json"))])
def test_output_that_cannot_be_written_is_an_error(tmp_path, arguments):
    notification = json.dumps({"jsonrpc": "2.0", "method": "vif.plugged", "params": VIF}).encode() + b"\n"
    result = {"result": {**VIF, "vifs": [VIF], **NOTHING_ELSE, "stats": [STATS]}}
    daemon = FakeDaemon(tmp_path, lambda _: notification if arguments[0] == "watch" else result)
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([VIFCTL, f"--socket={daemon.path}", *arguments], stdout=full,
                              stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr == "vifctl: the output cannot be written (No space left on device)\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_closed_standard_output_is_not_the_socket(tmp_path, command):
    """The lowest free descriptor would be the connection's: what vifctl prints would be sent as a request."""
    lines = [json.dumps({"jsonrpc": "2.0", "method": "vif.plugged", "params": {**VIF, "port": "p" * 90}}).encode()]
    daemon = FakeDaemon(tmp_path, lambda _: b"\n".join(lines * 100) + b"\n" if command == "watch"
                        else {"result": {"vifs": [VIF] * 1000, "nics": [], "warnings": ["w" * 100] * 100}})
    words = " ".join((command, *COMMANDS[command][0], "--format=json"))
    for closed in (">&-", "<&- >&-", ">&- 2>&-"):
        done = subprocess.run(["sh", "-c", f"exec {VIFCTL} --socket={daemon.path} {words} {closed}"],
                              stderr=subprocess.PIPE, text=True, timeout=20, check=False)
        assert done.returncode == 1 and ("the output cannot be written" in done.stderr) == ("2>" not in closed)
        assert "Success" not in done.stderr
    methods = {"watch": "subscribe"}
    assert [request["method"] for request in daemon.requests] == 3 * [methods.get(command, command)]


@pytest.mark.parametrize("environment,coloured", [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False),
                                                  ({}, False), ({"TERM": "xterm", "NO_COLOR": "1"}, False)])
def test_colours_are_for_terminals_that_have_them(tmp_path, environment, coloured):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [VIF]}})
    out, _ = on_terminal(80, "list", path=daemon.path, **environment)
    assert ("\033" in out) == coloured


@pytest.mark.parametrize("when, environment, coloured", [
    ("always", {"TERM": "dumb", "NO_COLOR": "1"}, True), ("never", {"TERM": "xterm"}, False),
    ("auto", {"TERM": "xterm"}, True), ("auto", {"TERM": "xterm", "NO_COLOR": ""}, True),
    ("auto", {"TERM": "xterm", "NO_COLOR": "1"}, False)])
def test_colours_are_as_asked_for(tmp_path, when, environment, coloured):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [VIF]}})
    out, _ = on_terminal(80, f"--color={when}", "list", path=daemon.path, **environment)
    assert ("\033" in out) == coloured
    piped = vifctl(f"--color={when}", "list", path=daemon.path).stdout
    assert ("\033" in piped) == (when == "always")


def on_terminal(columns, *arguments, path, **environment):
    """Returns what vifctl writes to a terminal of that width, and to standard error."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    rest = {name: value for name, value in os.environ.items() if name not in ("TERM", "NO_COLOR")}
    written = b""
    with subprocess.Popen([VIFCTL, f"--socket={path}", *arguments], stdout=theirs, stderr=subprocess.PIPE,
                          text=True, env={**rest, **environment}) as process:
        os.close(theirs)
        try:
            while chunk := os.read(ours, 65536):
                written += chunk
        except OSError:
            pass  # EIO: the other end is closed.
        errors = process.stderr.read()
    os.close(ours)
    assert process.returncode == 0
    return written.decode().replace("\r\n", "\n"), errors


UUID = "4d1f0c52-0000-4000-8000-000000000001"
LONG = {"vif_id": UUID, "kind": "kernel-representor", "bridge": "br-int", "port": "vfr4d1f0c52-00",
        "ofport": 12345, "mtu": 1450, "state": "unverified", "representor": {"pf": "0000:65:00.0", "vf_num": 129},
        "address": "fa:16:3e:00:00:01", "link_state": "down", "external_ids": {"vm-uuid": INSTANCE},
        "vhost_user": {"path": "/usr/local/var/run/stdvio129", "mode": "server"}}
LIST_COLUMNS = {"VIF": UUID, "STATE": "unverified", "PORT": "vfr4d1f0c52-00", "LINK": "down", "MTU": "1450",
                "BRIDGE": "br-int", "MAC": "fa:16:3e:00:00:01", "INSTANCE": INSTANCE,
                "KIND": "kernel-representor", "OFPORT": "12345", "PF": "0000:65:00.0", "VF": "129",
                "SOCKET": "/usr/local/var/run/stdvio129"}
WIDE = {"SOCKET", "PF", "KIND", "INSTANCE"}


@pytest.mark.parametrize("width,left_out", [
    (400, set()),
    (206, set()), (205, {"SOCKET"}),
    (120, WIDE),
    (80, {*WIDE, "OFPORT", "MAC", "BRIDGE"}),
    (60, {*WIDE, "OFPORT", "MAC", "BRIDGE", "MTU", "VF", "LINK", "PORT"}),
    (20, {*WIDE, "OFPORT", "MAC", "BRIDGE", "MTU", "VF", "LINK", "PORT"}),
])
def test_a_table_never_cuts_a_value(tmp_path, width, left_out):
    """Columns that do not fit are left out whole, and named."""
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [LONG, {**VIF, "port": "y"}]}})
    out, errors = on_terminal(width, "list", path=daemon.path)
    shown = {name: value for name, value in LIST_COLUMNS.items() if name not in left_out}
    head, first, second = out.rstrip("\n").split("\n")
    assert head.split() == list(shown) and first.split() == list(shown.values())
    assert second.split()[0] == "x" and len(second.split()) == len(shown)
    assert all(len(line) <= width for line in (head, first)) or width < 60
    names = ", ".join(name for name in LIST_COLUMNS if name in left_out)
    assert errors == (f"vifctl: columns left out at {width} columns: {names}; widen the terminal or use "
                      "--format=json\n" if names else "")


PROBLEM = ("Two cards would serve /usr/local/var/run/stdvio10; give one of them another vhost-socket in the "
           "configuration, in the section of its NIC profile.")


@pytest.mark.parametrize("width", [80, 100, 132, 250])
def test_nics_show_problems_on_a_narrow_terminal(tmp_path, width):
    vf = {"vf": "0000:65:01.2", "index": 6, "vf_num": 10, "devargs": "0000:65:00.0,representor=[10]",
          "driver": "vfio-pci", "vif_id": UUID, "vhost_user": {"path": "/usr/local/var/run/stdvio10"}}
    nic = {"pf": "0000:65:00.0", "vendor": "18f4", "device": "01c5", "profile": "napatech",
           "vfs": [vf, {**vf, "vf": "0000:65:01.3", "problem": PROBLEM}]}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"nics": [nic, {**nic, "pf": "0000:b3:00.0"}]}})
    out, errors = on_terminal(width, "nics", path=daemon.path)
    lines = out.split("\n")
    at = lines[1].index("PROBLEM")
    first = lines.index(next(line for line in lines if line.startswith("0000:65:01.3")))
    last = next(i for i, line in enumerate(lines) if i > first and not line.startswith(" "))
    assert " ".join(line[at:].strip() for line in lines[first:last]) == PROBLEM
    assert all(len(line) <= width for line in lines)
    assert "vfio-pci" in out or "DRIVER" in errors
    assert errors.count("columns left out") == (1 if width < 250 else 0), "once for all cards"


def test_pairs_are_not_cut(tmp_path):
    path = "/very" * 20 + "/long"
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {**LONG, "vhost_user": {"path": path}}})
    assert path in on_terminal(80, "get", "x", path=daemon.path)[0]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_columns_are_aligned_for_all_scripts(tmp_path, locale):
    vifs = [{**VIF, "bridge": "brücke"}, {**VIF, "bridge": "日本"}, {**VIF, "bridge": "x" * 12}]
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": vifs}})
    lines = subprocess.run([VIFCTL, f"--socket={daemon.path}", "list"], capture_output=True, timeout=60,
                           check=True,
                           env={**os.environ, "LC_ALL": locale}).stdout.decode().splitlines()
    cells = [re.split("( +)", line) for line in lines]
    assert {sum(2 if unicodedata.east_asian_width(one) == "W" else 1 for one in "".join(row[:6]))
            for row in cells} == {len("".join(cells[0][:6]))}


def test_unreachable(tmp_path):
    """With what to do next, by the cause."""
    with socket.socket(socket.AF_UNIX) as nobody_listens:
        nobody_listens.bind(f"{tmp_path}/s")
    for path, words in (("/nonexistent/socket", "it does not run, or listens elsewhere"),
                        (f"{tmp_path}/s", "it does not run, or listens elsewhere"),
                        (f"/{'x' * 200}", "check the path (--socket, VIFPLUGD_SOCKET)")):
        done = vifctl("list", path=path)
        assert done.returncode == 3 and path in done.stderr and words in done.stderr


def test_unreachable_for_a_user(tmp_path):
    """The socket's group is named: another than root can use it."""
    group = grp.getgrgid(1).gr_name
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{tmp_path}/s")
        listener.listen(8)
        os.chown(f"{tmp_path}/s", 0, 1)
        # Without the capability to ignore modes, root is an owner as others are.
        os.chmod(f"{tmp_path}/s", 0o060)
        done = subprocess.run(["setpriv", "--bounding-set=-all", "--inh-caps=-all", VIFCTL,
                               f"--socket={tmp_path}/s", "list"], capture_output=True, text=True, check=False,
                              timeout=60)
    assert done.returncode == 3 and f"use it as root, or as a user in group {group}" in done.stderr


def test_socket_from_the_environment(tmp_path):
    done = subprocess.run([VIFCTL, "list"], capture_output=True,
                          text=True, check=False,
                          env={**os.environ, "VIFPLUGD_SOCKET": f"{tmp_path}/elsewhere"})
    assert done.returncode == 3 and "elsewhere" in done.stderr


@pytest.mark.parametrize("reason,code", [("vf_in_use", 1), ("timeout", 4), ("busy", 1),
                                         ("switch_unavailable", 1)])
def test_refusals(tmp_path, reason, code):
    daemon = FakeDaemon(tmp_path, lambda _: refusal(reason, detail="because"))
    done = vifctl("unplug", "--id=x", path=daemon.path)
    assert done.returncode == code
    assert reason in done.stderr and "No. Do this." in done.stderr and "because" in done.stderr
    done = vifctl("--format=json", "unplug", "--id=x", path=daemon.path)
    assert json.loads(done.stdout)["data"]["reason"] == reason


def test_status_is_well_or_says_what_is_not(tmp_path):
    problems = []
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"version": "1", "problems": problems}})
    for options in ((), ("--format=json",)):
        problems = []
        done = vifctl("status", *options, path=daemon.path)
        assert done.returncode == 0 and not done.stderr
        assert options or done.stdout.splitlines()[0] == "ok"
        problems = ["A is wrong; do B.", "C is wrong; do D."]
        done = vifctl("status", *options, path=daemon.path)
        assert done.returncode == 1
        assert done.stderr == "vifctl: A is wrong; do B.\nvifctl: C is wrong; do D.\n"
        assert options or done.stdout.splitlines()[0].startswith("degraded: A is wrong; do B. ")


def test_check_fails_if_its_verdict_does(tmp_path):
    verdict = None
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {
        "checks": [{"check": "vif-link", "result": verdict, "object": "port-1", "message": "It is; do so."}],
        "counts": {}, "verdict": verdict}})
    for verdict, status in (("pass", 0), ("warn", 0), ("fail", 1)):
        done = vifctl("check", path=daemon.path)
        assert done.returncode == status and bool(done.stderr) == (status == 1)
        assert done.stdout.splitlines()[1].split(maxsplit=3) == [
            verdict.upper(), "vif-link", "port-1", "It is; do so."]
        done = vifctl("--format=json", "check", path=daemon.path)
        assert done.returncode == status and json.loads(done.stdout)["verdict"] == verdict


def test_plug_from_files_and_flags(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {**VIF, "changed": True,
                                                        "warnings": ["mind this"]}})
    raw = os.path.join(SAMPLES, "a2_agilio_ovs_virtio_forwarder_server.json")
    done = vifctl(f"--instance={INSTANCE}", "--timeout=2.5", "--wait=committed", "plug", raw,
                  path=daemon.path)
    assert done.returncode == 0 and "mind this" in done.stderr and "vfrx" in done.stdout
    params = daemon.requests[-1]["params"]
    with open(raw, encoding="utf-8") as file:
        assert params["vif"] == json.load(file)
    assert params["instance"] == {"uuid": INSTANCE}
    assert params["timeout_ms"] == 2500 and params["wait"] == "committed"

    whole = json.dumps({"vif": {"vif_id": "y", "mtu": 1500}, "instance": {"uuid": "i"}})
    done = vifctl("--mtu=9000", "--path=/p", "--mode=client", "--dry-run", "plug", "-",
                  stdin=whole, path=daemon.path)
    assert done.returncode == 0
    params = daemon.requests[-1]["params"]
    assert params == {"vif": {"vif_id": "y", "mtu": 9000,
                              "vhost_user": {"path": "/p", "mode": "client"}},
                      "instance": {"uuid": "i"}, "dry_run": True}

    done = vifctl("--id=z", "--kind=representor", "--mac=fa:16:3e:00:00:01", "--bridge=br-int",
                  "--pci=0000:65:00.4", "--datapath=netdev", "--instance=i", "plug",
                  path=daemon.path)
    assert done.returncode == 0
    assert daemon.requests[-1]["params"]["vif"] == {
        "vif_id": "z", "kind": "representor", "address": "fa:16:3e:00:00:01", "bridge": "br-int",
        "pci_slot": "0000:65:00.4", "datapath_type": "netdev"}


def test_each_option_of_a_vif_is_the_member_of_its_name(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {**VIF, "changed": True, "warnings": []}})
    wanted = {}
    for name, value in MEMBERS.items():
        member = name.replace("-", "_")
        typed = int(value) if name == "mtu" else {"true": True, "false": False, "{}": {}}.get(value, value)
        if name in ("path", "mode"):
            wanted.setdefault("vhost_user", {})[member] = typed
        else:
            wanted[member] = typed
    for names in ({}, ALIASES):
        flags = [flag(names.get(name, name), value) for name, value in MEMBERS.items()]
        assert vifctl("plug", "--instance=i", *flags, path=daemon.path).returncode == 0
        assert daemon.requests[-1]["params"] == {"vif": wanted, "instance": {"uuid": "i"}}


@pytest.mark.parametrize("arguments,stdin", [
    (("plug", "/nonexistent/file"), None),
    (("plug", "-"), '{"vif":7,"instance":{"uuid":"i"}}'),
    (("plug", "-", "--path=/p"), '{"vif":{"vhost_user":7},"instance":{"uuid":"i"}}'),
    (("--instance=i", "--mtu=9000", "plug", "-"), '{"vnic_type":"normal"}'),
    (("--instance=i", "--mtu=9000", "plug", "-"), '{"details":{}}'),
    (("plug", "-"), "not json"),
    (("plug", "-"), "[]"),
    (("plug", "-"), '{"vif":{}}'),
    (("--mtu=many", "--instance=i", "plug", "-"), "{}"),
    (("--instance=i", "--mtu=9000", "plug", "-"), '{"versioned_object.name":"VIFVHostUser"}'),
    (("unplug", "-"), "{}"),
])
def test_bad_input_is_said_and_not_sent(tmp_path, arguments, stdin):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {}})
    done = vifctl(*arguments, stdin=stdin, path=daemon.path)
    assert done.returncode == 2 and "vifctl: " in done.stderr
    assert "per line" not in done.stderr
    assert daemon.requests == []


@pytest.mark.parametrize("text", [
    '{"vif":{"vif_id":"x"},"instance":{"uuid":"i"}}', '{"vif_id":"x"}',
    '{"versioned_object.name":"V","versioned_object.data":{"id":"x"}}', '{"id":"x","vnic_type":"n"}',
])
def test_unplug_sends_the_vif_of_a_file(tmp_path, text):
    """vifctl sends the whole VIF: without a record, the daemon looks for a port that was left behind."""
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vif_id": "x", "changed": True,
                                                        "warnings": []}})
    assert vifctl("unplug", "-", stdin=text, path=daemon.path).returncode == 0
    params = daemon.requests[-1]["params"]
    assert params["vif"] == json.loads(text).get("vif", json.loads(text))
    assert params.get("instance") == ({"uuid": "i"} if "instance" in text else None)


def test_unplug_by_id(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vif_id": "x", "changed": True,
                                                        "warnings": []}})
    assert vifctl("unplug", "x", "--instance=i", "--wait=committed", "--timeout=2",
                  path=daemon.path).returncode == 0
    assert daemon.requests[-1]["params"] == {"vif_id": "x", "instance": {"uuid": "i"},
                                             "wait": "committed", "timeout_ms": 2000}


def test_unplug_takes_no_file_for_an_id(tmp_path):
    """A file in the current directory with the name of a VIF does not replace its id."""
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vif_id": "x", "changed": True, "warnings": []}})
    for name in ("port-1", "port-1.json", "web.prod"):
        (tmp_path / name).write_text('{"vif_id":"inside"}')

    def unplug(*arguments):
        done = vifctl("unplug", *arguments, path=daemon.path, cwd=tmp_path)
        return done.returncode, daemon.requests[-1]["params"] if daemon.requests else None, done.stderr

    assert unplug("port-1")[:2] == (0, {"vif_id": "port-1"})
    for path in ("./port-1", "port-1.json", f"{tmp_path}/port-1"):
        assert unplug(path)[:2] == (0, {"vif": {"vif_id": "inside"}}), path
    assert unplug("--vif-id=port-1.json")[:2] == (0, {"vif_id": "port-1.json"})
    assert unplug("v1.2")[:2] == (0, {"vif_id": "v1.2"})
    sent = len(daemon.requests)
    status, _, said = unplug("vif.josn")
    assert status == 2 and "'vif.josn' looks like a file, and there is none of that name;" in said
    assert "--vif-id=vif.josn" in said and "./vif.josn" in said
    status, _, said = unplug("web.prod")
    assert status == 2 and "'web.prod' looks like a file;" in said
    status, _, said = unplug("missing.json")
    assert status == 2 and "missing.json cannot be read (No such file" in said
    assert len(daemon.requests) == sent


def test_timeout_of_a_question_is_that_of_its_reply(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: None)
    done = vifctl("--timeout=0.2", "list", path=daemon.path)
    assert done.returncode == 4 and "has not replied in time" in done.stderr
    wait_for(lambda: daemon.requests, WAIT_S, "the daemon has read the request")
    assert daemon.requests[-1].get("params", {}) == {}


def test_update(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {**VIF, "changed": True, "warnings": []}})
    qos = '{"egress":{"max_kbps":1000}}'
    assert vifctl("update", "x", "--mtu=9000", f"--qos={qos}", path=daemon.path).returncode == 0
    assert daemon.requests[-1]["params"] == {"vif_id": "x", "mtu": 9000, "qos": json.loads(qos)}
    assert vifctl("update", "x", "--mtu=many", path=daemon.path).returncode == 2
    assert vifctl("update", path=daemon.path).returncode == 2


def test_reap(tmp_path):
    reply = {"removed": ["x"], "kept": [{"vif_id": "y", "why": "A guest uses it."}], "warnings": ["Hm."]}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": reply})
    for arguments, params in ((("--all",), {}), (("x",), {"vif_ids": ["x"]}),
                              (("--dry-run",), {"dry_run": True}),
                              (("x", "--dry-run"), {"vif_ids": ["x"], "dry_run": True})):
        done = vifctl("reap", *arguments, path=daemon.path)
        assert done.returncode == 0 and done.stderr == "vifctl: warning: Hm.\n"
        assert done.stdout.endswith("VIF x: removed\nVIF y: kept, since A guest uses it.\n")
        assert daemon.requests[-1]["params"] == params
    n = len(daemon.requests)
    done = vifctl("reap", path=daemon.path)
    assert done.returncode == 2 and "--all" in done.stderr and len(daemon.requests) == n


def test_reap_says_that_nothing_is_stale(tmp_path):
    reply = {"removed": [], "kept": [], "warnings": []}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": reply})
    assert vifctl("reap", "--all", path=daemon.path).stdout == "No VIF is stale.\n"
    reply["kept"] = [{"vif_id": "y", "why": "A guest uses it."}]
    assert vifctl("reap", "--all", path=daemon.path).stdout == "VIF y: kept, since A guest uses it.\n"
    reply.update(kept=[], warnings=["VIF z stays."])
    assert vifctl("reap", "--all", path=daemon.path).stdout == ""


@pytest.mark.parametrize("command", OPERATIONS)
def test_a_dry_run_says_that_it_is_one(tmp_path, command):
    """Its reply has `changed` and `removed` as the operation itself would reply."""
    reply = {"vif_id": "x", "changed": True, "removed": ["x"], "warnings": []}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": reply})
    head = "A dry run: nothing has been changed. Without --dry-run it would be:"
    done, _ = run_command(command, daemon.path, "--dry-run")
    assert done.returncode == 0 and done.stdout.splitlines()[0] == head and "x" in done.stdout.splitlines()[1]
    done, _ = run_command(command, daemon.path, "--dry-run", "--format=json")
    assert json.loads(done.stdout) == reply
    done, _ = run_command(command, daemon.path)
    assert done.returncode == 0 and head not in done.stdout


def test_nics(tmp_path):
    vf = {"vf": "0000:65:01.2", "index": 6, "vf_num": 10, "devargs": "d", "vif_id": "x",
          "vhost_user": {"path": "/s10", "mode": "server"}}
    nics = {"nics": [{"pf": "0000:65:00.0", "vendor": "18f4", "device": "01c5", "profile": "napatech",
                      "vfs": [vf, {"vf": "0000:66:00.0", "problem": "Ambiguous."}]}]}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": nics})
    head, columns, first, second = vifctl("nics", path=daemon.path).stdout.rstrip().split("\n")
    assert head.split() == ["0000:65:00.0", "18f4:01c5", "no", "driver", "profile", "napatech"]
    assert columns.split() == ["VF", "NUMBER", "DRIVER", "DEVARGS", "SOCKET", "USED", "BY", "PROBLEM"]
    assert first.split() == ["0000:65:01.2", "10", "-", "d", "/s10", "x", "-"]
    assert second.split() == ["0000:66:00.0", "-", "-", "-", "-", "-", "Ambiguous."]


def test_watch(tmp_path):
    """vifctl prints notifications, also those before the reply; the end of the daemon ends it."""
    def reply(request):
        assert request["method"] == "subscribe"
        lines = [{"jsonrpc": "2.0", "method": "vif.plugged", "params": VIF},
                 {"jsonrpc": "2.0", "id": request["id"], "result": {"subscribed": True}},
                 {"jsonrpc": "2.0", "method": "vif.drifted",
                  "params": {**VIF, "drift": [{"field": "mtu_request", "expected": "1500",
                                               "found": "9000"}]}},
                 {"jsonrpc": "2.0", "method": "switch.down", "params": {"what": "vswitchd"}}]
        return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    daemon = FakeDaemon(tmp_path, reply)
    process = subprocess.Popen(  # pylint: disable=consider-using-with
        [VIFCTL, f"--socket={daemon.path}", "watch"],
        stdout=subprocess.PIPE, text=True)
    plugged, drifted, down = (process.stdout.readline() for _ in range(3))
    assert "vif.plugged  x  vfrx  up" in plugged
    assert "mtu_request: '9000', expected '1500'" in drifted
    assert "switch.down  vswitchd" in down
    process.terminate()
    assert process.wait(timeout=20) == 0


@pytest.mark.parametrize("since, ms", [("90", 90000), ("10m", 600000), ("24h", 86400000)])
def test_watch_since(tmp_path, since, ms):
    daemon = FakeDaemon(tmp_path, lambda _: refusal("permission_denied"))
    assert vifctl(f"--since={since}", "watch", path=daemon.path).returncode == 1
    assert daemon.requests[-1]["params"] == {"since_ms": ms}


@pytest.mark.parametrize("since", ["0", "25h", "yesterday", "1.5m", "-1"])
def test_watch_since_when(since):
    done = vifctl(f"--since={since}", "watch")
    assert done.returncode == 2 and "must be a number of seconds, or with m or h" in done.stderr


class Leaves(FakeDaemon):
    """Replies to one request, and closes the connection."""

    def _serve(self):
        connection, _ = self.listener.accept()
        request = json.loads(connection.makefile("rb").readline())
        connection.sendall(json.dumps({"jsonrpc": "2.0", "id": request["id"],
                                       "result": {"subscribed": True}}).encode() + b"\n")
        connection.shutdown(socket.SHUT_RDWR)
        connection.close()


def test_watch_says_that_the_daemon_has_left(tmp_path):
    daemon = Leaves(tmp_path, None)
    done = vifctl("watch", path=daemon.path)
    assert done.returncode == 4 and not done.stdout
    assert "has ended the connection" in done.stderr and "without a reply" not in done.stderr


def test_watch_says_that_the_daemon_hangs(tmp_path):
    """And that it replies again; events may come with that."""
    silent = []

    def reply(request):
        if request["method"] == "subscribe":
            return {"result": {"subscribed": True, "run": "r"}}
        silent.append(request["id"])
        return None if len(silent) == 1 else {"result": {}}

    daemon = FakeDaemon(tmp_path, reply)
    with subprocess.Popen([VIFCTL, f"--socket={daemon.path}", "--timeout=5", "watch"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as process:
        assert "has replied to nothing for 5 s, so events may be missing" in process.stderr.readline()
        daemon.send({"id": silent[0], "result": {}})
        assert process.stderr.readline().endswith(" replies again\n")
        daemon.send({"method": "vif.unplugged", "params": {"vif_id": "x"}})
        assert "vif.unplugged  x" in process.stdout.readline()
        process.terminate()
        assert process.wait(timeout=20) == 0 and process.stderr.read() == ""


def test_watch_without_a_daemon():
    assert vifctl("watch").returncode == 3


def test_watch_refused(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: refusal("permission_denied"))
    done = vifctl("watch", path=daemon.path)
    assert done.returncode == 1 and "permission_denied" in done.stderr


def test_nics_without_vfs(tmp_path):
    """The problem takes the place of the table."""
    problem = "PF 0000:65:00.0 has no VFs; if it is to have some, write their number."
    nics = {"nics": [{"pf": "0000:65:00.0", "vendor": "18f4", "device": "01c5", "driver": "vfio-pci",
                      "profile": "napatech", "problem": problem, "vfs": []}]}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": nics})
    assert vifctl("nics", path=daemon.path).stdout.splitlines() == [
        "0000:65:00.0  18f4:01c5  vfio-pci  profile napatech", f"  {problem}"]


def test_list_is_sorted_and_follows_its_options(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [{**VIF, "vif_id": n} for n in "cab"]}})
    done = vifctl("list", "--columns=state,Vif", "--no-headings", path=daemon.path)
    assert [line.split() for line in done.stdout.splitlines()] == [["up", "a"], ["up", "b"], ["up", "c"]]
    out, errors = on_terminal(20, "list", "--columns=vif,socket,instance", path=daemon.path)
    assert out.split()[:3] == ["VIF", "SOCKET", "INSTANCE"] and not errors, "what was asked for is not left out"
    assert vifctl("list", "--pf=0000:65:00.0", "--vf=0000:65:01.2", "--state=up", "--instance=i",
                  path=daemon.path).returncode == 0
    assert daemon.requests[-1]["params"] == {"instance": {"uuid": "i"}, "pf": "0000:65:00.0",
                                             "vf": "0000:65:01.2", "state": "up"}


def test_empty_lists_say_so(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [], "stats": []}})
    assert vifctl("list", path=daemon.path).stdout == "No VIFs are plugged.\n"
    assert vifctl("list", "--state=failed", path=daemon.path).stdout == "No VIF is like that.\n"
    assert "No VIFs" in vifctl("stats", path=daemon.path).stdout


@pytest.mark.parametrize("change, line", [
    ({}, "VIF x: VF 0000:65:01.2 (10), vfrx on br-int, up at MTU 1500, 530 ms"),
    ({"changed": False}, "VIF x: VF 0000:65:01.2 (10), vfrx on br-int, up at MTU 1500, unchanged, 530 ms"),
    ({"representor": None}, "VIF x: vfrx on br-int, socket /s (server), up at MTU 1500, 530 ms"),
    ({"representor": None, "vhost_user": None, "mtu": None, "port": None, "state": "committed"},
     "VIF x: br-int, committed, 530 ms"),
    ({"state": "failed", "error": "No."},
     "VIF x: VF 0000:65:01.2 (10), vfrx on br-int, failed at MTU 1500, 530 ms: No."),
    ({"state": "planned", "timings_ms": None, "mtu": None,
      "plan": {"action": "create", "why": "there is no port", "operations": ["insert a", "insert b"]}},
     "VIF x: VF 0000:65:01.2 (10), vfrx on br-int, planned: create, since there is no port\n  insert a\n"
     "  insert b"),
])
def test_a_plug_is_a_line(tmp_path, change, line):
    reply = {**VIF, "representor": {"pf": "0000:65:00.0", "vf": "0000:65:01.2", "vf_num": 10}, "changed": True,
             "warnings": ["A bridge was created."], "timings_ms": {"total": 529.7}, **change}
    reply = {name: value for name, value in reply.items() if value is not None}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": reply})
    done = vifctl("plug", "--id=x", "--instance=i", path=daemon.path)
    assert (done.stdout, done.stderr) == (f"{line}\n", "vifctl: warning: A bridge was created.\n")
    for verbose in ("-v", "--verbose"):
        pairs = vifctl("plug", "--id=x", "--instance=i", verbose, path=daemon.path).stdout
        assert re.search(r"^options:dpdk-devargs +d$", pairs, re.MULTILINE)


PLAN = {"action": "delete", "why": "it goes", "operations": ["delete a", "delete b"]}
STEPS = ": delete, since it goes\n  delete a\n  delete b"
DRY = "A dry run: nothing has been changed. Without --dry-run it would be:\n"


@pytest.mark.parametrize("words, reply, shown", [
    (("unplug", "x"), {"changed": True, "timings_ms": {"total": 12.3}}, "VIF x: unplugged, 12 ms"),
    (("unplug", "x"), {"changed": True}, "VIF x: unplugged"),
    (("unplug", "x"), {"changed": False, "timings_ms": {"total": 0.1}},
     "VIF x was not plugged; nothing changed."),
    (("unplug", "x"), {"changed": False, "warnings": ["It is vm-2's."]},
     "VIF x was not unplugged; nothing changed."),
    (("unplug", "x", "-n"), {"changed": True, "plan": PLAN}, f"{DRY}VIF x{STEPS}"),
    (("unplug", "x", "-n"), {"changed": False, "plan": {"action": "none", "why": "", "operations": []}},
     f"{DRY}VIF x is not plugged; nothing would change."),
    (("unplug", "x", "-n"), {"changed": False, "warnings": ["It is vm-2's."], "plan": {"action": "none"}},
     f"{DRY}VIF x would not be unplugged; nothing would change."),
    (("update", "x", "--mtu=1400"), {**VIF, "changed": True, "mtu": 1400, "timings_ms": {"total": 3}},
     "VIF x: vfrx on br-int, socket /s (server), up at MTU 1400, 3 ms"),
    (("update", "x", "--mtu=1400"), {**VIF, "changed": False},
     "VIF x: vfrx on br-int, socket /s (server), up at MTU 1500, unchanged"),
    (("update", "x", "--qos={}"), {**VIF, "changed": True, "qos": {
        "egress": {"max_kbps": 1000, "max_burst_kbps": 80, "max_kpps": 5}, "ingress": {"max_kbps": 2000}}},
     "VIF x: vfrx on br-int, socket /s (server), up at MTU 1500, egress 1000 kbit/s, egress 5 kpackets/s, "
     "ingress 2000 kbit/s"),
    (("reap", "-a"), {"removed": ["x", "y"], "kept": []}, "VIF x: removed\nVIF y: removed"),
    (("reap", "-n"), {"removed": ["x", "y"], "kept": [{"vif_id": "z", "why": "it is used"}],
                      "plans": [{"vif_id": "x", **PLAN}, {"vif_id": "y", **PLAN, "operations": []}]},
     f"{DRY}VIF x{STEPS}\nVIF y: delete, since it goes\nVIF z: kept, since it is used"),
], ids=lambda value: value[0] if isinstance(value, tuple) else "")
def test_an_operation_is_a_line_for_each_vif(tmp_path, words, reply, shown):
    reply = {"vif_id": "x", "warnings": [], **reply}
    daemon = FakeDaemon(tmp_path, lambda _: {"result": reply})
    done = vifctl(*words, path=daemon.path)
    warnings = "".join(f"vifctl: warning: {warning}\n" for warning in reply["warnings"])
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{shown}\n", warnings)
    verbose = vifctl(*words, "--verbose", path=daemon.path).stdout
    assert re.search(r"^vif_id +x$", verbose, re.MULTILINE)
    assert json.loads(vifctl(*words, "--format=json", path=daemon.path).stdout) == reply


def test_stats(tmp_path):
    vifs = [{**STATS, "vif_id": "y", "tag": None, "link_state": "down", "error": "No such device"}, STATS]
    daemon = FakeDaemon(tmp_path, lambda request: {"result": {
        "stats": vifs[1:] if request["params"].get("vif_id") else vifs, "interval_ms": 5000, "warnings": ["Hm."]}})
    done = vifctl("stats", path=daemon.path)
    head, first, second = done.stdout.splitlines()
    assert head.split()[:5] == ["VIF", "LINK", "PORT", "TAG", "RX_PACKETS"] and "RX_PPS" not in head
    assert first.split()[:7] == ["x", "up", "vfrx", "4095", "(dead", "VLAN)", "7"]
    assert second.split()[:3] == ["y", "down", "vfrx"] and second.endswith("No such device")
    assert done.stderr == "vifctl: warning: Hm.\n"
    done = vifctl("stats", "vfrx", "--bridge=br-int", path=daemon.path)
    assert daemon.requests[-1]["params"] == {"vif_id": "vfrx", "bridge": "br-int"}
    pairs = dict(line.split(maxsplit=1) for line in done.stdout.splitlines())
    assert pairs["tag"] == "4095 (dead VLAN)" and pairs["rx_packets"] == "7" and pairs["link_state"] == "up"
    for arguments, rows in ((["--columns=rx_packets,vif"], [["RX_PACKETS", "VIF"], ["7", "x"]]),
                            (["--columns=port", "--no-headings"], [["vfrx"]])):
        done = vifctl("stats", "vfrx", *arguments, path=daemon.path)
        assert [line.split() for line in done.stdout.splitlines()] == rows
        out, _ = on_terminal(80, "stats", "vfrx", *arguments, path=daemon.path)
        assert [line.split() for line in out.splitlines()] == rows


def test_watched_stats(tmp_path):
    """Counters that are written every 2.5 s, and looked at every second, have their right rates: vifctl sees 2 or
    3 s between two changes. If it or this test pauses, it may see other times; the next rows are right again."""
    start = time.monotonic() - 0.5

    def reply(_):
        writes = int((time.monotonic() - start) / 2.5)
        return {"result": {"stats": [{**STATS, "statistics": {
            "rx_packets": 2500 * writes, "rx_bytes": 250000 * writes, "tx_packets": 5, "tx_bytes": 5}}],
            "interval_ms": 2500, "warnings": []}}
    daemon = FakeDaemon(tmp_path, reply)
    with subprocess.Popen([VIFCTL, f"--socket={daemon.path}", "stats", "--watch=1", "--no-headings",
                           "--columns=rx_packets,rx_pps,rx_bit/s,tx_pps"],
                          stdout=subprocess.PIPE, text=True) as watching:
        rows = []
        for line in watching.stdout:
            if ":" not in line:  # The time.
                rows.append(line.split())
            if rows and rows[-1][1:] == ["1000", "800000", "0"] or len(rows) == 20:
                break
        watching.terminate()
    assert rows[0][1:] == ["-", "-", "-"]
    assert rows[-1][1:] == ["1000", "800000", "0"], rows


def test_list_as_table_and_json(tmp_path):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vifs": [VIF]}})
    done = vifctl("list", path=daemon.path)
    head, row = done.stdout.rstrip("\n").split("\n")
    assert head.split() == list(LIST_COLUMNS)
    assert row.split() == ["x", "up", "vfrx", "-", "1500", "br-int", "-", "-", "representor", "5", "0000:65:00.0",
                           "10", "/s"]
    assert "\033" not in done.stdout, "colour is for terminals"
    done = vifctl("--format=json", "list", path=daemon.path)
    assert json.loads(done.stdout) == {"vifs": [VIF]}
