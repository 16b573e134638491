# SPDX-License-Identifier: Apache-2.0
"""The packaged neutron-ovn-metadata-agent in a sandbox, with nova_metadata.py in place of Nova's metadata API."""

import os
import signal

from nova_metadata import PORT
from ovsdb import table

HERE = os.path.dirname(os.path.abspath(__file__))
SECRET = "secret"
CONFIG = """
[DEFAULT]
log_file = {directory}/agent.log
state_path = {directory}
use_stderr = false
metadata_proxy_socket = {directory}/proxy
metadata_workers = 1
nova_metadata_host = 127.0.0.1
nova_metadata_port = {port}
metadata_proxy_shared_secret = {secret}
[ovn]
ovn_sb_connection = {southbound}
[ovs]
ovsdb_connection = {db}
[agent]
root_helper = sudo -E
"""
# The start of the program, whose package would bring a service.
AGENT = """
from importlib.metadata import distribution
[one] = [e for e in distribution("neutron").entry_points if e.name == "neutron-ovn-metadata-agent"]
one.load()()
"""
NAME = "neutron-ovn-metadata-agent"  # The agent names its iptables chains after its program.
# The agent makes namespaces with ip-netns, and starts haproxy, which outlives it: both end with the agent here.
START = 'mkdir -p /run/netns && mount -t tmpfs none /run/netns && exec /usr/bin/python3 "$0" --config-file "$1"'


class MetadataAgent:
    """Runs while the `with` block does."""

    def __init__(self, ovn):
        self.ovn = ovn
        self.box = ovn.box
        self.directory = os.path.join(self.box.dir, "metadata")

    def __enter__(self):
        os.makedirs(self.directory)
        config = os.path.join(self.directory, "agent.conf")
        with open(config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(directory=self.directory, port=PORT, secret=SECRET, db=self.box.db,
                                     southbound=self.ovn.remote("sb")))
        program = os.path.join(self.directory, NAME)
        with open(program, "w", encoding="ascii") as file:
            file.write(AGENT)
        self.box.start("nova-metadata", ["/usr/bin/python3", f"{HERE}/nova_metadata.py"])
        self.box.start("metadata-agent", ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c",
                                          START, program, config])
        return self

    def port(self):
        """Returns the external_ids of the agent's port in the switch, or None."""
        rows = [row["external_ids"] for row in table(self.box, "Interface", ["name", "external_ids", "error"])
                if row["name"].startswith("tap") and not row["error"]]
        return rows[0] if rows else None

    def log(self):
        """Returns the end of the log."""
        with open(f"{self.directory}/agent.log", encoding="utf-8") as file:
            return file.read()[-4000:]

    def __exit__(self, *_):
        self.box.stop("metadata-agent", signal.SIGKILL)
        self.box.stop("nova-metadata")
        for row in table(self.box, "Interface", ["name"]):
            if row["name"].startswith("tap"):
                self.box.vsctl("del-port", row["name"])
