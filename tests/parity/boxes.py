# SPDX-License-Identifier: Apache-2.0
"""The sandboxes that are compared, on the fixtures of tests/integration."""

import contextlib
import importlib.util
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path[:0] = [HERE, os.path.join(TESTS, "integration"), os.path.join(TESTS, "sandbox")]

import cases  # noqa: E402
from kernel import HYBRID, ip, links  # noqa: E402
from sandbox import Sandbox  # noqa: E402
from sides import OsVif, Vifplugd  # noqa: E402


def _load_fixtures():
    """The conftest.py of tests/integration, which is not the one that is called so here."""
    spec = importlib.util.spec_from_file_location(
        "integration_fixtures", os.path.join(TESTS, "integration", "conftest.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fixtures = _load_fixtures()


@contextlib.contextmanager
def vifplugd():
    """vifplugd, with a switch of its own."""
    with fixtures.a_sandbox(Sandbox, cards=cases.CARDS, vfs=16) as sandbox:
        cases.add_netdevs(sandbox)
        yield Vifplugd(sandbox, fixtures.configuring(sandbox))
        fixtures.check_output(sandbox)


@contextlib.contextmanager
def os_vif():
    """os-vif, with a switch of its own."""
    with fixtures.a_sandbox(Sandbox, cards=cases.CARDS, vfs=16, daemon=False) as sandbox:
        cases.add_netdevs(sandbox)
        side = OsVif(sandbox)
        yield side
        side.close()


def clear(sandbox):
    """No bridges, no limits, and no links but those that were there at the beginning."""
    for bridge in sandbox.vsctl("list-br").split():
        sandbox.command("ovs-vsctl", f"--db={sandbox.db}", "--timeout=20", "del-br", bridge)
    sandbox.vsctl("--all", "destroy", "QoS", "--", "--all", "destroy", "Queue")
    for name in links(sandbox):
        if name.startswith(("tap", *HYBRID)):
            ip(sandbox, "link", "delete", name, check=False)  # A veth goes with its peer.
        elif name.startswith(cases.UPLINK):
            ip(sandbox, "link", "set", name, "down", "mtu", "1500")
