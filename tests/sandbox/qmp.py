# SPDX-License-Identifier: Apache-2.0
"""QEMU's monitor: commands, and the state of a migration."""

import json
import socket

from sandbox import SandboxError, wait_for


class QmpError(Exception):
    """QEMU refused a command; the text is QEMU's."""


class Qmp:
    """One connection to the monitor at `path`."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.input = self.socket.makefile("r", encoding="utf-8")
        self.input.readline()  # The greeting.
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        """Runs a command and returns its result. Events that come before the reply are dropped."""
        self.socket.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        for line in self.input:
            reply = json.loads(line)
            if "error" in reply:
                raise QmpError(reply["error"]["desc"])
            if "return" in reply:
                return reply["return"]
        raise SandboxError(f"QEMU closed its monitor at {name}")

    def status(self):
        """Returns the state of the guest: running, inmigrate, postmigrate, ..."""
        return self.command("query-status")["status"]

    def migration(self):
        """Returns the state of the migration; an empty dict before the first."""
        return self.command("query-migrate")

    def wait_migration(self, *states, timeout=60):
        """Waits until the migration is in one of `states`, and returns its state; fails at once if it has
        ended in another."""
        def reached():
            state = self.migration()
            ended = state.get("status") in ("completed", "failed", "cancelled")
            if ended and state["status"] not in states:
                raise SandboxError(f"the migration has {state['status']}: {state.get('error-desc', '')}")
            return state if state.get("status") in states else None
        return wait_for(reached, timeout, f"the migration is {' or '.join(states)}")

    def close(self):
        self.input.close()
        self.socket.close()
