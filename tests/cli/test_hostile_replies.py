# SPDX-License-Identifier: Apache-2.0
"""vifctl and the Python client survive whatever replies, and say that it is no reply."""

import json
import os
import subprocess
import sys

import pytest

from mutation import Replies, mutants
from commands import TOP, VIF, VIFCTL
from test_vifctl import NICS

sys.path.insert(0, os.path.join(TOP, "src", "openstack"))

from vifplug import client  # noqa: E402

DONE = {**VIF, "changed": True, "warnings": ["w"], "timings_ms": {"total": 1.5},
        "qos": {"egress": {"max_kbps": 1}}}
ERROR = {"code": -32000, "message": "m", "data": {
    "reason": "vf_in_use", "vif_id": "x", "field": "f", "detail": "d", "retryable": False}}
STATUS = {"version": "0.1.0", "uptime_s": 12, "ovsdb": {"connected": True, "next_cfg": 3, "cur_cfg": 3},
          "vswitchd": {"state": "alive", "pid": 7}, "counters": {"vifs": 2}, "problems": ["p"]}
DESCRIBED = {"plugin_name": "vifplug", "vif_info": [{"vif_object_name": "VIFBridge", "min_version": "1.0",
                                                     "max_version": "1.0", "supported_port_profiles": []}]}
CHECKED = {"checks": [{"check": "ovsdb", "result": "fail", "object": "OVSDB", "message": "m; n."}],
           "counts": {"pass": 0, "warn": 0, "fail": 1}, "verdict": "fail"}
RESULTS = {
    ("plug", "--vif-id=x", "--instance=i"): DONE, ("plug", "--vif-id=x", "--instance=i", "--dry-run"):
    {**DONE, "plan": {"action": "create", "why": "w", "operations": ["o"]}},
    ("unplug", "x"): {"vif_id": "x", "changed": True, "warnings": []}, ("update", "x", "--mtu=1500"): DONE,
    ("get", "x"): VIF, ("list",): {"vifs": [VIF, DONE]}, ("nics",): NICS, ("status",): STATUS,
    ("check",): CHECKED,
    ("reap", "--all"): {"removed": ["x"], "kept": [{"vif_id": "y", "why": "w"}]}, ("describe",): DESCRIBED,
}
EVENT = {"jsonrpc": "2.0", "method": "vif.drifted",
         "params": {"what": "ovsdb", "vif_id": "x", "port": "p", "state": "up", "error": "e",
                    "drift": [{"field": "f", "expected": "e", "found": "f"}]}}


def check(command, server, line):
    """vifctl ends by itself, and says why if it is not content."""
    done = subprocess.run([VIFCTL, f"--socket={server.path}", *command], capture_output=True, timeout=60,
                          check=False)
    assert done.returncode in (0, 1, 4), (line, done)
    assert done.returncode == 0 or done.stderr.startswith(b"vifctl: "), (line, done)
    for text in (done.stdout, done.stderr):
        assert not [byte for byte in text.decode() if byte < " " and byte != "\n"], (line, done)


@pytest.mark.parametrize("command", RESULTS, ids="_".join)
def test_vifctl(tmp_path, command):
    """A table asks for members, so it gets each mutant; JSON gets a part of them. (tests/fuzz tries many more, in
    one process.)"""
    server = Replies(tmp_path)
    for seed, answer in enumerate(({"result": RESULTS[command]}, {"error": ERROR})):
        for number, line in enumerate(mutants({"jsonrpc": "2.0", "id": 1, **answer}, 80, seed)):
            server.send = lambda _, line=line: line + b"\n"
            for output in ("table", "json") if number % 4 == 0 else ("table",):
                check((f"--format={output}", *command), server, line)


@pytest.mark.parametrize("output", ["table", "json"])
def test_vifctl_watch(tmp_path, output):
    server = Replies(tmp_path)
    for line in mutants(EVENT, 120, 3):
        server.send = lambda _, line=line: b'{"jsonrpc":"2.0","id":1,"result":{}}\n' + line + b"\n"
        check((f"--format={output}", "watch"), server, line)


def test_results_without_what_they_must_have(tmp_path):
    """A table is never shown for them."""
    server = Replies(tmp_path)
    for command, result in ((("list",), {}), (("list",), {"vifs": 5}), (("list",), {"vifs": [None]}),
                            (("nics",), {"nics": {}}), (("nics",), {"nics": [{"pf": "p"}]}),
                            (("nics",), {"nics": [{"vfs": [3]}]}), (("check",), {"checks": []}),
                            (("check",), {"checks": [{}], "verdict": "pass"}),
                            (("check",), {"checks": [3], "verdict": "pass"})):
        server.send = lambda number, result=result: json.dumps(
            {"jsonrpc": "2.0", "id": number, "result": result}).encode() + b"\n"
        done = subprocess.run([VIFCTL, f"--socket={server.path}", *command], capture_output=True,
                              timeout=60, text=True,
                              check=False)
        assert done.returncode == 4 and not done.stdout and "is no reply" in done.stderr


@pytest.mark.parametrize("reply, status", [
    ('{"jsonrpc":"2.0","id":1,"result":{"vifs":[]}}', 0),
    ('{"jsonrpc":"2.0","id":"1","result":{"vifs":[]}}', 4),
    ('{"jsonrpc":"2.0","id":1.0,"result":{"vifs":[]}}', 4),
    ('{"jsonrpc":"2.0","id":true,"result":{"vifs":[]}}', 4),
    ('{"jsonrpc":"2.0","id":null,"result":{"vifs":[]}}', 4),
    ('{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m","data":{"reason":"busy"}}}', 1),
    ('{"jsonrpc":"2.0","id":1,"error":5}', 4),
    ('{"jsonrpc":"2.0","id":1,"error":null,"result":{"vifs":[]}}', 0),
])
def test_which_replies_count(tmp_path, reply, status):
    """Both clients take the same for a reply. Only an error may come without an id."""
    server = Replies(tmp_path)
    server.send = lambda number: reply.replace(":1,", f":{number},").encode() + b"\n"
    done = subprocess.run([VIFCTL, f"--socket={server.path}", "list"], capture_output=True, timeout=60,
                          check=False)
    assert done.returncode == status, done
    if status == 0:
        assert client.Client(server.path).list() == []
    else:
        with pytest.raises(client.Refused if status == 1 else client.NotVifplugd):
            client.Client(server.path).list()


CALLS = {"plug": lambda daemon: daemon.plug({}, {}), "unplug": lambda daemon: daemon.unplug(vif_id="x"),
         "get": lambda daemon: daemon.get("x"), "list": lambda daemon: daemon.list(),
         "status": lambda daemon: daemon.status(), "describe": lambda daemon: daemon.describe()}


@pytest.mark.parametrize("method", CALLS)
def test_the_python_client(tmp_path, method):
    """It raises nothing but its own errors, whose attributes have the types that they are documented with."""
    server = Replies(tmp_path)
    daemon = client.Client(server.path, timeout=60)
    result = next(result for command, result in RESULTS.items() if command[0] == method)
    refused = 0
    for seed, answer in enumerate(({"result": result}, {"error": ERROR})):
        for line in mutants({"jsonrpc": "2.0", "id": 7777, **answer}, 800, seed):
            server.send = lambda number, line=line: line.replace(b"7777", str(number).encode()) + b"\n"
            try:
                done = CALLS[method](daemon)
            except client.VifplugError as error:
                refused += 1
                assert str(error).isprintable() and isinstance(error.retryable, bool), line
                assert {type(text) for text in (error.reason, error.message, error.detail, error.field,
                                                error.vif_id)} == {str} and error.reason, line
            else:
                assert isinstance(done, list if method == "list" else dict), line
    assert refused > 800


def test_long_replies(tmp_path):
    """Both clients take replies of up to 64 MiB."""
    server = Replies(tmp_path)
    for size, fits in ((64 << 20, True), ((64 << 20) + 1, False)):
        server.send = lambda number, size=size: (b'{"jsonrpc":"2.0","id":%d,"result":{"vifs":[]}}' % number).ljust(
            size) + b"\n"
        done = subprocess.run([VIFCTL, f"--socket={server.path}", "--timeout=60", "list"], capture_output=True,
                              timeout=120, check=False)
        assert done.returncode == (0 if fits else 4), done.stderr
        if fits:
            assert client.Client(server.path, timeout=60).list() == []
        else:
            with pytest.raises(client.NotVifplugd, match="longer than 64 MiB"):
                client.Client(server.path, timeout=60).list()
