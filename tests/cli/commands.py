# SPDX-License-Identifier: Apache-2.0
"""vifctl as the tests run it, what each of its commands takes, and a daemon that replies as a test says."""

import contextlib
import json
import os
import socket
import subprocess
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
VIFCTL = os.path.join(BUILD, "src/vifctl")


def vifctl(*arguments, stdin=None, path="/nonexistent/socket", cwd=None):
    return subprocess.run([VIFCTL, f"--socket={path}", *arguments], capture_output=True, text=True,
                          input=stdin, timeout=60, check=False, cwd=cwd)


class FakeDaemon:
    """Replies to each request with the result of `reply(request)`; None: no reply."""

    def __init__(self, directory, reply):
        self.path = os.path.join(directory, "s")
        self.requests = []
        self.reply = reply
        self.connection = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            connection, _ = self.listener.accept()
            self.connection = connection
            with connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):  # It did not wait.
                self._talk(connection)

    def _talk(self, connection):
        for line in connection.makefile("rb"):
            request = json.loads(line)
            self.requests.append(request)
            reply = self.reply(request)
            if isinstance(reply, bytes):
                connection.sendall(reply)
            elif reply is not None:
                self.send({**reply, "id": request["id"]})

    def send(self, line):
        self.connection.sendall(json.dumps({"jsonrpc": "2.0", **line}).encode() + b"\n")


def refusal(reason, **data):
    return {"error": {"code": -32000, "message": "No. Do this.",
                      "data": {"reason": reason, "retryable": False, **data}}}


VIF = {"vif_id": "x", "kind": "representor", "bridge": "br-int", "port": "vfrx", "ofport": 5,
       "mtu": 1500, "state": "up", "options": {"dpdk-devargs": "d"}, "external_ids": {},
       "representor": {"pf": "0000:65:00.0", "vf_num": 10, "devargs": "d"},
       "vhost_user": {"path": "/s", "mode": "server"}}


STATS = {"vif_id": "x", "bridge": "br-int", "port": "vfrx", "state": "up", "link_state": "up", "tag": 4095,
         "dead_vlan": True, "statistics": {"rx_packets": 7, "tx_packets": 8}}

# The options of each command: the table of docs/api.md.
CONNECTION = {"socket", "format", "color"}
QUESTION = CONNECTION | {"timeout"}
# Members that other commands need.
NOTHING_ELSE = {"nics": [], "removed": ["x"], "changed": True, "operations": [], "verdict": "pass",
                "text": "m 1\n", "checks": [{"check": "c", "result": "pass", "object": "o", "message": "m"}]}
OPERATION = QUESTION | {"wait", "dry-run"}
FILTERS = {"instance", "port", "bridge", "state", "kind", "pf", "vf", "address"}
TABLE = {"columns", "no-headings"}
MEMBERS = {"vif-id": "x", "kind": "ovs", "bridge": "br0", "address": "fa:16:3e:00:00:01", "mtu": "1500",
           "datapath-type": "netdev", "interface-id": "i", "vif-name": "tap1", "pci-slot": "0000:65:01.2",
           "path": "/p", "mode": "server", "create-port": "true", "create-tap": "true",
           "multiqueue": "false", "linux-bridge": "qbr1", "qos": "{}"}
VALUES = {"format": "json", "color": "never", "timeout": "1", "wait": "committed", "dry-run": None,
          "instance": "i", "all": None, "verbose": None, "columns": "vif", "no-headings": None, "watch": "1",
          "port": "p", "state": "up", "pf": "0000:65:00.0", "vf": "0000:65:01.2", "limit": "5", "since": "10m",
          **MEMBERS}
ALIASES = {"vif-id": "id", "address": "mac", "datapath-type": "datapath", "vif-name": "name",
           "pci-slot": "pci", "path": "vhost-user-path", "mode": "vhost-user-mode", "color": "colour"}
LETTERS = {"socket": "s", "format": "f", "timeout": "t", "wait": "w", "dry-run": "n", "instance": "i", "all": "a"}
COMMANDS = {
    "plug": (("--vif-id=x", "--instance=i"), OPERATION | {"instance", "verbose"} | set(MEMBERS)),
    "unplug": (("--vif-id=x",), OPERATION | {"instance", "vif-id", "verbose"}),
    "update": (("x", "--mtu=9"), OPERATION | {"mtu", "qos", "verbose"}),
    "get": (("x",), QUESTION), "list": ((), QUESTION | FILTERS | TABLE),
    "stats": ((), QUESTION | FILTERS | TABLE | {"watch"}), "nics": ((), QUESTION), "status": ((), QUESTION),
    "check": ((), QUESTION), "describe": ((), QUESTION), "metrics": ((), QUESTION),
    "reap": (("--all",), QUESTION | {"dry-run", "all", "verbose"}),
    "watch": ((), QUESTION | {"since"}), "ops": ((), QUESTION | {"limit"}),
}


def flag(name, value):
    return f"--{name}" if value is None else f"--{name}={value}"


OPERATIONS = ("plug", "unplug", "update", "reap")


def run_command(command, path, *options):
    start = time.monotonic()
    done = vifctl(command, *COMMANDS[command][0], *options, path=path)
    return done, time.monotonic() - start
