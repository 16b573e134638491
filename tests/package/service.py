# SPDX-License-Identifier: Apache-2.0
"""Starts vifplugd in a node as its units say; there is no service manager. Its socket is there all the time, as
that of vifplugd.socket is."""

import json
import os
import shlex
import signal
import socket
import subprocess

import bare

UNIT_DIRS = ("/usr/lib/systemd/system", "/lib/systemd/system")
# Becomes the daemon, with the socket as descriptor 3.
PASS = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""
# Listens at a path and sends the socket.
LISTEN = """
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[2])
listener.listen(int(sys.argv[3]))
socket.send_fds(socket.socket(fileno=int(sys.argv[1])), [b"x"], [listener.fileno()])
"""


def read_unit(node, name):
    """The settings of an installed unit: {key: value}; the lines of a key are joined."""
    path = next(path for path in (f"{directory}/{name}" for directory in UNIT_DIRS)
                if os.path.exists(node.path(path)))
    settings = {}
    for line in node.read(path).splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            settings[key] = f"{settings[key]} {value}" if key in settings else value
    return settings


def number(node, database, name):
    """The id of a user or group of the node."""
    return int(node.run("getent", database, name).split(":")[2])


class Service:
    def __init__(self, node):
        self.node = node
        self.process = None
        unit = read_unit(node, "vifplugd.socket")
        self.listener = self.listen(unit["ListenStream"], unit["Backlog"])
        path = node.path(unit["ListenStream"])
        os.chmod(path, int(unit["SocketMode"], 8))
        os.chown(path, number(node, "passwd", unit["SocketUser"]), number(node, "group", unit["SocketGroup"]))

    def listen(self, path, backlog):
        """A socket that a process of the node has bound, so that its path is that of the node."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            process = self.node.start("python3", "-c", LISTEN, str(theirs.fileno()), path, backlog,
                                      pass_fds=(theirs.fileno(),))
            _, fds, _, _ = socket.recv_fds(ours, 1, 1)
            assert process.wait(30) == 0
        return socket.socket(fileno=fds[0])

    def start(self):
        unit = read_unit(self.node, "vifplugd.service")
        assert unit["ExecStartPre"].startswith("+")  # As root.
        self.node.run(*shlex.split(unit["ExecStartPre"][1:]))
        capabilities = {key: ",".join(["-all", *(f"+{name.lower().removeprefix('cap_')}" for name in
                                                 unit[key].split())])
                        for key in ("AmbientCapabilities", "CapabilityBoundingSet")}
        setpriv = ["setpriv", f"--reuid={unit['User']}", f"--regid={unit['Group']}", "--init-groups",
                   "--no-new-privs", f"--inh-caps={capabilities['AmbientCapabilities']}",
                   f"--ambient-caps={capabilities['AmbientCapabilities']}",
                   f"--bounding-set={capabilities['CapabilityBoundingSet']}"]
        self.process = self.node.start(*setpriv, "python3", "-c", PASS, str(self.listener.fileno()),
                                       *shlex.split(unit["ExecStart"]), stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, pass_fds=(self.listener.fileno(),))
        bare.wait_for(self.is_ready, "vifplugd is ready", 30)

    def is_ready(self):
        assert self.process.poll() is None, self.process.stdout.read().decode(errors="replace")
        output = self.node.run("vifctl", "--format=json", "--timeout=5", "status", check=False)
        # Beside what standard error says.
        status = output[output.find("{"):output.rfind("}") + 1]
        return status and json.loads(status)["ovsdb"]["connected"]

    def pid(self):
        """The daemon's process, which nsenter has started."""
        return int(bare.read(f"/proc/{self.process.pid}/task/{self.process.pid}/children").split()[0])

    def stop(self):
        os.kill(self.pid(), signal.SIGTERM)
        output = self.process.communicate(timeout=30)[0]
        assert self.process.returncode == 0, output.decode(errors="replace")
