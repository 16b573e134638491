# SPDX-License-Identifier: Apache-2.0
"""vifctl: usage errors, and the options of each command."""

import json

import pytest

from commands import ALIASES, COMMANDS, FakeDaemon, flag, NOTHING_ELSE, STATS, TABLE, VALUES, VIF, vifctl
from process import WAIT_S, wait_for


@pytest.mark.parametrize("arguments", [
    (), ("fly",), ("plug",), ("get",), ("list", "x"), ("plug", "a", "b"), ("--wait=never", "list"),
    ("--timeout=0", "list"), ("--timeout=601", "list"), ("--timeout=x", "list"), ("--timeout=0.5ms", "list"),
    ("--timeout=600001ms", "list"), ("--timeout=601s", "list"), ("--timeout=s", "list"),
    ("--timeout=1m", "list"), ("--timeout=1 s", "list"), ("-t", "list"), ("-x", "list"),
    ("-w", "never", "plug"), ("--color=often", "list"), ("-n", "list"),
    ("--format=xml", "list"), ("--nonsense", "list"), ("--id=", "unplug"), ("get", ""),
    ("reap", "a", "b"), ("reap", ""),
    ("plug", "--id=x", "--create-port=maybe"), ("plug", "--id=x", "--mtu=many"),
    ("update", "x", "--mtu=1.5"),
    ("update", "x"), ("update", "x", "--dry-run"),
    ("reap",), ("reap", "x", "--all"), ("update", "x", "--qos=[]"), ("update", "x", "--qos={"),
    ("unplug", "--id=x", "y"), ("stats", "--watch=0.5"), ("stats", "--watch=601"), ("stats", "--watch=x"),
    ("list", "--columns=vif,colour"), ("list", "--columns=vif,vif"), ("list", "--columns=vif,"),
    ("stats", "--columns=rx_pps"), ("list", "--columns="),
    ("--print-completion=fish",),
])
def test_usage_errors(arguments):
    done = vifctl(*arguments)
    assert done.returncode == 2 and done.stderr and not done.stdout


@pytest.mark.parametrize("arguments, words", [
    (("lsit",), "there is no command 'lsit' (did you mean list?);"),
    (("upplug", "x"), "there is no command 'upplug' (did you mean unplug?);"),
    (("stattus",), "there is no command 'stattus' (did you mean status?);"),
    (("fly",), "there is no command 'fly';"),
    (("x" * 100,), f"there is no command '{'x' * 100}';"),
    (("--timout=3", "list"), "there is no option '--timout' (did you mean --timeout?);"),
    (("--dryrun", "plug"), "there is no option '--dryrun' (did you mean --dry-run?);"),
    (("--hlep",), "there is no option '--hlep' (did you mean --help?);"),
    (("--mca=x", "plug"), "there is no option '--mca' (did you mean --mac?);"),
    (("--nonsense", "list"), "there is no option '--nonsense';"),
    (("--vi=x", "unplug"), "'--vi' is short for more than one option (--vif-id, --vif-name);"),
    (("-x", "list"), "there is no option '-x';"),
    (("-t",), "option '-t' needs a value;"),
    (("--all=yes", "reap"), "option '--all=yes' takes no value;"),
    (("-w", "realised", "plug"), "--wait is 'realised', and must be realized or committed;"),
    (("--color=on", "list"), "--color is 'on', and must be auto, always or never;"),
    (("-t", "10m", "list"),
     "--timeout is '10m', and must be a time from 1ms to 600s, like 10, 10s, 1.5s or 500ms;"),
    # \udcff: the byte 0xff.
    (("get", "a\udcff"), r"'a\xff' is not valid UTF-8;"),
    (("stats", "\udcff"), r"'\xff' is not valid UTF-8;"),
    (("reap", "\udcff"), r"'\xff' is not valid UTF-8;"),
    (("list", "--bridge=\udcff"), r"--bridge is '\xff', and must be valid UTF-8;"),
    (("plug", "--id=a", "--path=/\udcff"), r"--path is '/\xff', and must be valid UTF-8;"),
])
def test_usage_errors_say_what_to_write(arguments, words):
    done = vifctl(*arguments)
    assert done.returncode == 2 and done.stderr.startswith(f"vifctl: {words} see vifctl ")


@pytest.mark.parametrize("text, timeout_ms", [("10", 10000), ("10s", 10000), ("1.5", 1500), ("1.5s", 1500),
                                              ("500ms", 500), ("1ms", 1), ("600000ms", 600000)])
def test_timeouts(tmp_path, text, timeout_ms):
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vif_id": "x", "changed": True}})

    def unplug():
        """The exit status. After a short timeout vifctl does not wait for a daemon that pauses, which has then
        been asked for its status, too."""
        done = vifctl("unplug", "x", "-t", text, path=daemon.path)
        wait_for(lambda: daemon.requests, WAIT_S, "the daemon has read the request")
        assert {request["params"]["timeout_ms"] for request in daemon.requests
                if request["method"] == "unplug"} == {timeout_ms}
        return done.returncode
    assert any(unplug() == 0 for _ in range(5))


def test_short_forms(tmp_path):
    """They act as the long ones do, also joined, before and after the command."""
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {"vif_id": "x"}})
    for arguments in (("-n", "-w", "committed", "-t2", "-i", "vm", "-fjson", "unplug", "x"),
                      ("unplug", "x", "-nwcommitted", "-t", "2s", "-ivm", "-f", "json"),
                      ("unplug", "x", "--dry-run", "--wait=committed", "--timeout=2", "--instance=vm",
                       "--format=json")):
        done = vifctl("-s", daemon.path, *arguments)
        assert done.returncode == 0 and json.loads(done.stdout) == {"vif_id": "x"}, done.stderr
    assert daemon.requests[0]["params"] == daemon.requests[1]["params"] == daemon.requests[2]["params"]
    assert daemon.requests[0]["params"] == {"vif_id": "x", "dry_run": True, "wait": "committed",
                                            "timeout_ms": 2000, "instance": {"uuid": "vm"}}
    assert vifctl("reap", "-a", path=daemon.path).returncode in (0, 4)
    assert "vif_ids" not in daemon.requests[-1].get("params", {})


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_a_command_does_not_use_is_refused(command):
    arguments, takes = COMMANDS[command]
    for name, value in VALUES.items():
        alias = ALIASES.get(name, name)
        for given, order in ((name, (command, *arguments, flag(name, value))),
                             (alias, (flag(alias, value), command, *arguments))):
            done = vifctl(*order)
            assert done.returncode == (3 if name in takes else 2), (order, done.stderr)
            assert name in takes or f"{command} does not take --{given};" in done.stderr


# What an option that is no member changes in a command's params.
CHANGES = {"timeout": {"timeout_ms": 1000}, "wait": {"wait": "committed"}, "dry-run": {"dry_run": True},
           "instance": {"instance": {"uuid": "i"}}, "limit": {"limit": 5}}
WITHOUT = {"plug": ("-", '{"vif":{},"instance":{}}'), "unplug": ("x", None), "get": ("x", None),
           "reap": ("x", None)}


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_that_a_command_takes_acts(tmp_path, command):
    """It changes the params in its way, or else the output, or how long vifctl waits."""
    daemon = FakeDaemon(tmp_path, lambda _: {"result": {**VIF, "vifs": [VIF], **NOTHING_ELSE, "stats": [STATS],
                                                        "interval_ms": 5000}})
    argument, stdin = WITHOUT.get(command, (None, None))
    words = (command, argument) if argument else (command,)
    if command == "update":
        words = (command, *COMMANDS[command][0])
    if command == "watch":
        return  # test_watch(), test_watch_since(), tests/integration/test_events.py.
    plain = vifctl(*words, stdin=stdin, path=daemon.path)
    assert plain.returncode == 0
    before = daemon.requests[-1].get("params", {})
    for name in COMMANDS[command][1] - {"socket", "all", "watch"}:  # test_watched_stats().
        given = ("reap", "--all") if name == "all" else \
            ("unplug",) if (command, name) == ("unplug", "vif-id") else words
        done = vifctl(*given, flag(name, VALUES[name]), stdin=stdin, path=daemon.path)
        assert done.returncode == 0, (name, done.stderr)
        params = daemon.requests[-1].get("params", {})
        if name == "format":
            assert json.loads(done.stdout) and done.stdout != plain.stdout and params == before
        elif name == "color":
            assert params == before and done.stdout == plain.stdout  # test_colours_are_as_asked_for()
        elif name == "timeout" and command not in ("plug", "unplug", "update", "reap"):
            assert params == before  # test_every_command_ends()
        elif name in TABLE | {"verbose"}:
            assert params == before and done.stdout != plain.stdout
        elif name in CHANGES:
            assert params == {**before, **CHANGES[name]}
        else:
            assert params != before or (command, name) == ("unplug", "vif-id")
            param = "mac" if (name, "mtu" in COMMANDS[command][1]) == ("address", False) else name
            assert param.replace("-", "_") in json.dumps(params)
