# SPDX-License-Identifier: Apache-2.0
"""The sandboxes that are compared, with the fixtures of tests/integration."""

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
    """Loads the conftest.py of tests/integration; `import conftest` would load that of this directory."""
    spec = importlib.util.spec_from_file_location(
        "integration_fixtures", os.path.join(TESTS, "integration", "conftest.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


fixtures = _load_fixtures()


@contextlib.contextmanager
def vifplugd():
    """vifplugd, with a separate switch."""
    with fixtures.a_sandbox(Sandbox, cards=cases.CARDS, vfs=16) as sandbox:
        cases.add_netdevs(sandbox)
        yield Vifplugd(sandbox, fixtures.configuring(sandbox))
        fixtures.check_output(sandbox)


@contextlib.contextmanager
def os_vif(timeout=20):
    """os-vif, with a separate switch."""
    with fixtures.a_sandbox(Sandbox, cards=cases.CARDS, vfs=16, daemon=False) as sandbox:
        cases.add_netdevs(sandbox)
        side = OsVif(sandbox, timeout)
        yield side
        side.close()


def clear(sandbox):
    """Removes all bridges, limits, and links that did not exist at the beginning."""
    for bridge in sandbox.vsctl("list-br").split():
        sandbox.command("ovs-vsctl", f"--db={sandbox.db}", "--timeout=20", "del-br", bridge)
    sandbox.vsctl("--all", "destroy", "QoS", "--", "--all", "destroy", "Queue")
    for name in links(sandbox):
        if name.startswith(("tap", *HYBRID)):
            ip(sandbox, "link", "delete", name, check=False)  # A veth is removed with its peer.
        elif name.startswith(cases.UPLINK):
            ip(sandbox, "link", "set", name, "down", "mtu", "1500")
