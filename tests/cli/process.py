# SPDX-License-Identifier: Apache-2.0
"""A vifplugd for tests that need no switch."""

import grp
import json
import os
import socket
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests/sandbox"))

from sandbox import wait_for  # noqa: E402

BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
VIFPLUGD = os.path.join(BUILD, "src/vifplugd")
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
NOBODY = 65534
WAIT_S = 20


class Daemon:
    """A process, and its files in `directory`. Several with one directory and other names share the socket."""

    def __init__(self, directory, config="", name="vifplugd", before=(), options=(), **popen):
        """`before` is a command that runs the one after it."""
        self.path = f"{directory}/api"
        self.config = f"{directory}/vifplugd.conf"
        self.log_path = f"{directory}/{name}.log"
        self.configure(config)
        environment = {**os.environ, "OVS_RUNDIR": str(directory), **popen.pop("env", {})}
        self.process = subprocess.Popen(
            [*before, VIFPLUGD, f"--config={self.config}", f"--socket={self.path}",
             f"--db=unix:{directory}/db.sock",
             f"--log-file={self.log_path}", f"--unixctl={directory}/{name}.ctl", "-vconsole:off",
             "-vsyslog:off", "-vfile:dbg", *options], env=environment, **popen)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def configure(self, text):
        with open(self.config, "w", encoding="ascii") as file:
            file.write("[daemon]\nsocket_group = root\n" if text == "" else text)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def wait_log(self, text, n=1):
        wait_for(lambda: self.log().count(text) >= n, WAIT_S, f"{n} times in the log: {text}")

    def wait_listening(self):
        self.wait_log("listening at")
        return self

    def is_running(self):
        return self.process.poll() is None


class Connection:
    """One connection to the socket of a daemon."""

    def __init__(self, peer):
        self.socket = peer
        self.socket.settimeout(20)
        self.lines = peer.makefile("rb")

    def close(self):
        self.lines.close()
        self.socket.close()

    def receive(self):
        """Returns the next line, or None at the end of the stream."""
        line = self.lines.readline()
        return json.loads(line) if line else None

    def send(self, method, **params):
        self.socket.sendall(json.dumps(
            {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")

    def ask(self, method, **params):
        """Returns the reply to one request."""
        self.send(method, **params)
        return self.receive()


def connect(path):
    peer = socket.socket(socket.AF_UNIX)
    peer.connect(path)
    return Connection(peer)


def connect_as(uid, path):
    """The same by another user, who may open the socket but no other directory above it."""
    ours, theirs = socket.socketpair()
    os.chmod(os.path.dirname(path), 0o755)
    os.chmod(path, 0o666)
    child = os.fork()
    if child == 0:
        try:
            os.chdir(os.path.dirname(path))
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            peer = socket.socket(socket.AF_UNIX)
            peer.connect(os.path.basename(path))
            socket.send_fds(theirs, [b"x"], [peer.fileno()])
        finally:
            os._exit(0)
    theirs.close()
    with ours:
        _, fds, _, _ = socket.recv_fds(ours, 1, 1)
    os.waitpid(child, 0)
    return Connection(socket.socket(fileno=fds[0]))


def reason(reply):
    return reply["error"]["data"]["reason"]


def group_of(path):
    return grp.getgrgid(os.stat(path).st_gid).gr_name
