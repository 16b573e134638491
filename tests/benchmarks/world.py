# SPDX-License-Identifier: Apache-2.0
"""The environment of the measurements: the sandbox of tests/sandbox, with cards whose VFs attach, cards whose
VFs do not, and any number of other ports."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "sandbox"))

import card  # noqa: E402
from sandbox import Sandbox, wait_for  # noqa: E402

from helper import Helper  # noqa: E402
from workload import BRIDGE, WARM, insert_transaction, patch_row, row_cards, transaction  # noqa: E402

# The users of the part `hostile`: one as nova-compute's, one that may only read, one in no list. They need not
# exist; all of them may open the socket.
GOOD_UID = 64001
READER_UID = 64002
STRANGER_UID = 64003
GROUP = 0

# As installed, except: more connections, and no dpdk-vf-mac, because os-vif and the other clients do not
# write it.
CONFIG = f"""[daemon]
socket_group = root
allow = {GOOD_UID}
allow_read = {READER_UID}
max_connections = 256
[nic generic]
set-vf-mac = no
"""

# The vifplugd of an earlier build: its process, and the name of all its files.
BEFORE = "vifplugd-before"


def build(directory):
    """Builds what is measured and compared, and the simulated card, or its stand-in if the card cannot be
    built. Returns the error, or None."""
    tree = os.environ.get("OVS_BUILD_DIR")
    if not os.path.exists(os.path.join(directory, "CMakeCache.txt")):
        command = ["cmake", "-S", TOP, "-B", directory, "-G", "Ninja",
                   *([f"-DOVS_BUILD_DIR={tree}"] if tree else [])]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return (done.stdout + done.stderr)[-3000:]
    for target in (["vifplugd", "vifctl"], ["idl-client", "wire-client"]):
        done = subprocess.run(["cmake", "--build", directory, "--target", *target],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return (done.stdout + done.stderr)[-3000:]
    try:
        card.build_card(TOP, directory)
    except card.BuildError as error:
        return str(error)[-3000:]
    return None


class World(Sandbox):
    """A sandbox with a bridge."""

    pmd_sleep_us = 0  # As on a real host.

    def __init__(self, directory, build_directory=None):
        super().__init__(directory, build_directory)
        self.n_ports = 0
        self.writer = None

    def program(self, name):
        return os.path.join(self.build, "tests/benchmarks", name)

    def helper(self, name, *arguments):
        """Starts a program of tests/benchmarks as a Helper."""
        return Helper([self.program(name), *arguments], log=f"{self.log}/{name}.out")

    def helper_inside(self, name, *arguments):
        """The same, in the sandbox's namespaces."""
        return Helper(self.inside([self.program(name), *arguments]), log=f"{self.log}/{name}.out")

    def start_all(self):
        self.up(cards=("napatech", "generic", *row_cards()), vfs=28, daemon=False)
        self.listen_patiently()
        with open(self.config, "w", encoding="ascii") as file:
            file.write(CONFIG)
        self.start_vifplugd()
        self.writer = self.helper("wire-client", "ovsdb", self.database())
        self.set_ports(0)

    def start_before(self, build_directory, wait=True):
        """Starts the vifplugd of an earlier build, beside the present one. Its configuration is CONFIG, which
        every build knows, and in which repair is off."""
        config = f"{self.dir}/{BEFORE}.conf"
        if not os.path.exists(config):
            with open(config, "w", encoding="ascii") as file:
                file.write(CONFIG)
        self.start(BEFORE, [*self.vifplugd_command(build_directory, BEFORE),
                            f"--unixctl={self.run}/{BEFORE}.ctl"])
        if wait:
            self.wait_vifplugd(BEFORE)

    def listen_patiently(self):
        """Opens a second socket of ovsdb-server, which does not test its connections: stopped clients could
        not reply. From then on it is self.db."""
        path = f"{self.run}/patient.sock"
        self.vsctl("--id=@manager", "create", "Manager", f'target="punix:{path}"',
                   "inactivity_probe=0", "--", "set", "Open_vSwitch", ".",
                   "manager_options=@manager")
        self.appctl(f"{self.run}/ovsdb-server.ctl", "ovsdb-server/add-remote",
                    "db:Open_vSwitch,Open_vSwitch,manager_options")
        wait_for(lambda: os.path.exists(path), 10, f"ovsdb-server listens at {path}")
        self.db = f"unix:{path}"

    def database(self):
        """Returns the path of ovsdb-server's socket."""
        return self.db.partition(":")[2]

    def stop_all(self):
        if self.writer:
            self.writer.close()
        self.down()

    def make_bridge(self):
        """Makes a bridge that forwards nothing: its patch ports are each other's peers."""
        self.vsctl("add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev",
                   "fail_mode=secure")

    def warm_up(self):
        """Makes two ports that stay, so that the switch has its memory and its PMD threads, as on a host in
        use. (There those threads have their own cores; here they share the cores with the measured programs.)"""
        rows = [port.row() for port in WARM]
        self.writer.ask(do="transact", requests=[insert_transaction(rows)], interfaces=len(rows),
                        wait=True)

    def bump(self):
        """Increments next_cfg, and returns it (after ovs-vswitchd has seen it)."""
        answer = self.writer.ask(do="transact", requests=[transaction(0, [])], interfaces=0,
                                 wait=self.pid("ovs-vswitchd") is not None)
        return answer["replies"][0][-1]["rows"][0]["next_cfg"]

    def realized(self, *arguments):
        """Runs ovs-vsctl, with its wait for ovs-vswitchd."""
        self.command("ovs-vsctl", f"--db={self.db}", "--timeout=120", *arguments, timeout=150)

    def set_ports(self, count):
        """Makes the bridge again, with that many patch ports (in pairs, so an even number)."""
        running = self.pid("ovs-vswitchd") is not None
        wait = () if running else ("--no-wait",)
        self.realized(*wait, "--if-exists", "del-br", BRIDGE)
        self.make_bridge()
        if running:
            self.warm_up()
        names = [f"patch{n}" for n in range(count)]
        rows = [patch_row(name, names[n ^ 1]) for n, name in enumerate(names)]
        if rows:
            self.writer.ask(do="transact", requests=[insert_transaction(rows)],
                            interfaces=len(rows), wait=running)
        self.n_ports = count

    def stop_switch(self):
        """Stops ovs-vswitchd; from then on there is only ovsdb-server."""
        self.stop("ovs-vswitchd")

    def port_row(self, name):
        """Returns an Interface from OVSDB, with the columns of workload.Port.row()."""
        def value(text):
            return text.strip().strip('"')
        row = {}
        for column in ("name", "type", "mtu_request"):
            row[column] = value(self.vsctl("get", "Interface", name, column))
        row["mtu_request"] = int(row["mtu_request"])
        for column in ("options", "external_ids"):
            keys = self.vsctl("get", "Interface", name, column)
            row[column] = dict(_pair(pair) for pair in keys.strip("{}").split(", ") if pair)
        return row

    def environment(self):
        return {**os.environ, **self.env()}


def _pair(text):
    """Returns key=value as ovs-vsctl prints it, with quotes if necessary."""
    key, _, value = text.partition("=")
    return key.strip('"'), value.strip('"')


__all__ = ["BEFORE", "World", "build", "wait_for"]
