# SPDX-License-Identifier: Apache-2.0
"""The sandbox of the campaign: a switch with two simulated cards, whose database is on a small disk, and what is
seen of it from outside: rows, links, processes."""

import collections
import contextlib
import json
import os
import shutil
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TESTS, "integration"), os.path.join(TESTS, "sandbox")]

from api import Api, ApiError, wait_until  # noqa: E402
from difference import read_tables  # noqa: E402
from injection import injected  # noqa: E402
from kernel import links as all_links  # noqa: E402
from sandbox import SCHEMA, Sandbox, SandboxError  # noqa: E402

PROCESSES = ("ovsdb-server", "ovs-vswitchd", "vifplugd")
BRIDGES = ("br-int", "br-two")  # They are there in each round; others come with plugs.
DISK_MB = 32  # ovsdb-server only appends to the file between two calls of clear().
SETTLE_S = 60  # A loaded machine, and an ovs-vswitchd that initialises DPDK.
CONFIG = """[daemon]
socket_group = root

[ovs]
timeout = 4 s
vswitchd_grace = 10 s

[vif]
socket_dirs = /usr/local/var/run, {run}
"""


class World(Sandbox):
    """The sandbox, with its database in a file system of its own."""

    def __init__(self, directory):
        super().__init__(directory)
        self.disk = os.path.join(self.dir, "disk")
        self.kills = collections.Counter()  # Of each process, ever.
        self.cut_off = False  # The daemon has ended in the middle of operations, in this round.
        self.complaints = []  # What faults have seen that must not be, in this round.
        self.soak_s = 10.0
        self.clock = 0  # The process that has the daemon's time namespace.
        with contextlib.suppress(FileExistsError):
            os.makedirs(self.disk)
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG.format(run=self.run))

    # --- The database's disk. ---

    def _start_namespaces(self):
        super()._start_namespaces()
        self.command(*self.inside(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}M", "none", self.disk]))

    def start_ovsdb(self):
        path = f"{self.disk}/conf.db"
        if self.command(*self.inside(["test", "-e", path]), check=False).returncode != 0:
            self.command(*self.inside(["ovsdb-tool", "create", path, SCHEMA]))
        self.start("ovsdb-server", [
            "ovsdb-server", path, f"--remote=p{self.db}", f"--pidfile={self.run}/ovsdb-server.pid",
            f"--unixctl={self.run}/ovsdb-server.ctl", f"--log-file={self.log}/ovsdb-server.log",
            "-vconsole:off", "-vsyslog:off"])
        self.wait_ready("ovsdb-server", lambda: self.command(
            "ovs-vsctl", "--no-wait", "--timeout=1", f"--db={self.db}", "show", check=False).returncode == 0, 30)

    def fill_disk(self):
        """Leaves no room on the database's disk."""
        self.command(*self.inside(["dd", "if=/dev/zero", f"of={self.disk}/fill", "bs=4k"]), check=False)

    def free_disk(self):
        self.command(*self.inside(["rm", "-f", f"{self.disk}/fill"]))

    # --- Processes. ---

    def send_signal(self, name, number):
        pid = self.pid(name)
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def end(self, name, number=signal.SIGKILL):
        """Ends a process the hard way, or as asked."""
        self.note_ends(set(PROCESSES) - {name})
        if number == signal.SIGKILL:
            self.note_kill(name)
        self.stop(name, number)

    def start_vifplugd(self, *options, wait=True, shift_s=0):
        """Starts the daemon; with `shift_s`, with a monotonic clock that is so many seconds ahead."""
        self.clock = self.start_clock(shift_s) if shift_s else 0
        super().start_vifplugd(*options, wait=wait)

    def start_clock(self, shift_s):
        """Returns a process with such a clock. A new time namespace is that of the children of who makes it."""
        self.stop("clock", signal.SIGKILL)
        shift = str(shift_s)
        pid = self.start("clock", ["unshare", "--time", "--monotonic", shift, "--boottime", shift, "--fork",
                                   "--kill-child", "sleep", "infinity"], inside=False)

        def child():
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                return file.read().split()
        return int(wait_until(child, what="there is a process with another clock")[0])

    def vifplugd_command(self, build, name="vifplugd"):
        command = super().vifplugd_command(build, name)
        return ["nsenter", f"--time=/proc/{self.clock}/ns/time", "--", *command] if self.clock else command

    def is_sanitized(self):
        with open(f"{self.build}/CMakeCache.txt", encoding="utf-8") as file:
            return "VIFPLUG_SANITIZE:BOOL=ON" in file.read()

    def restore(self):
        """Lifts what a fault may have left, and has everything run again."""
        self.free_disk()
        for name in PROCESSES:
            self.send_signal(name, signal.SIGCONT)
        if not self.pid("ovsdb-server"):
            self.start_ovsdb()
        if not self.pid("ovs-vswitchd"):
            self.remove_dead_sockets()
            self.start_vswitchd()
        if not self.pid("vifplugd"):
            self.start_vifplugd()
        self.wait_vswitchd()
        self.wait_vifplugd()

    def remove_dead_sockets(self):
        """A killed ovs-vswitchd leaves the sockets of its vhost-user ports, and cannot make them again."""
        for name in os.listdir(self.run):
            if name.startswith("vhu"):
                os.unlink(os.path.join(self.run, name))

    @contextlib.contextmanager
    def injected(self, name, call, what, when):
        """strace does `what` to a process at its `when`th call of that name (injection.py)."""
        pid = self.pid(name)
        if not pid:
            yield
            return
        with injected(pid, call, what, when):
            yield
        if not self.pid(name):
            self.note_kill(name)

    def note_ends(self, expected=()):
        """Notes which processes have ended that no fault has ended; they are started again."""
        for name in PROCESSES:
            if name not in expected and name in self.state["pids"] and not self.pid(name):
                self.complaints.append(f"{name} has ended by itself: {self.tail(name)[-600:]}")
                self.state["pids"].pop(name)

    def note_kill(self, name):
        self.kills[name] += 1
        self.cut_off |= name == "vifplugd"

    def usage(self):
        """Returns (descriptors, resident KiB) of the daemon."""
        pid = self.pid("vifplugd")
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            resident = next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
        return len(os.listdir(f"/proc/{pid}/fd")), resident

    # --- What is seen of it. ---

    def settle(self):
        """Waits until the daemon has ended all that it does, and ovs-vswitchd has taken in what was written."""
        def settled():
            try:
                with Api(self.socket, timeout=20) as api:
                    status = api.call("status")
            except (OSError, ApiError, AssertionError, ValueError):
                return False
            row = status["ovsdb"]
            return (row["connected"] and row["next_cfg"] == row["cur_cfg"]
                    and not status["counters"]["operations"] and not status["counters"]["link_removals"])

        def unsettled():
            return self.command("ovs-appctl", "-t", "vifplugd", "ops/show", check=False).stdout[-2000:]
        wait_until(settled, SETTLE_S, lambda: f"the daemon has ended its operations: {unsettled()}")

    def look(self):
        """Returns the rows, by table, and the links, by name."""
        return read_tables(self), all_links(self)

    def put_bridges(self):
        for name in BRIDGES:
            self.vsctl("--may-exist", "add-br", name, "--", "set", "Bridge", name, "datapath_type=netdev")

    def clear(self):
        """Removes all bridges, then the limits, which no port has any more, and waits until ovs-vswitchd has done
        so. The database begins anew."""
        for operations in ([{"op": "update", "table": "Open_vSwitch", "where": [],
                             "row": {"bridges": ["set", []]}}],
                           [{"op": "delete", "table": "QoS", "where": []},
                            {"op": "delete", "table": "Queue", "where": []}]):
            request = json.dumps(["Open_vSwitch", *operations])
            answer = self.command("ovsdb-client", "transact", self.db, request).stdout
            if "error" in answer:
                raise SandboxError(f"{operations}: {answer}")
        self.put_bridges()
        self.command("ovs-vsctl", f"--db={self.db}", "--timeout=30", "set", "Open_vSwitch", ".",
                     "external_ids:campaign=clear")
        self.appctl(f"{self.run}/ovsdb-server.ctl", "ovsdb-server/compact")

    def words(self):
        """What a sanitizer or a crash of the daemon says."""
        with open(f"{self.log}/vifplugd.out", encoding="utf-8", errors="replace") as file:
            text = file.read()
        return text if "Sanitizer" in text or "runtime error" in text or "Assertion" in text else ""

    def keep(self, directory):
        """Copies what is needed to see what happened: database, links, logs."""
        os.makedirs(directory, exist_ok=True)
        for name, command in (("conf.db.txt", ["ovsdb-client", "dump", self.db]),
                              ("links.txt", self.inside(["ip", "-d", "link"])),
                              ("list.json", ["vifctl", "--format=json", "--timeout=5", "list"]),
                              ("operations.txt", ["ovs-appctl", "-t", "vifplugd", "ops/show"])):
            with open(os.path.join(directory, name), "w", encoding="utf-8") as file:
                done = self.command(*command, check=False)
                file.write(done.stdout + done.stderr)
        shutil.copytree(self.log, os.path.join(directory, "log"), dirs_exist_ok=True)
