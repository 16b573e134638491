# SPDX-License-Identifier: Apache-2.0
"""Fixtures: one sandbox for all tests of a run; each test ends with the initial state."""

import contextlib
import json
import os
import shutil
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "sandbox"))

import card  # noqa: E402
from api import Api, wait_until  # noqa: E402
from guest import Guest  # noqa: E402
from sandbox import Sandbox  # noqa: E402


# LeakSanitizer needs ptrace(), which the unit's filter of system calls does not allow.
collect_ignore = ["test_confined.py"] if "asan" in os.environ.get("VIFPLUG_BUILD", "") else []
if "VIFPLUG_IMAGE" not in os.environ:  # By hand alone.
    collect_ignore.append("test_podman.py")


def pytest_configure(config):
    config.addinivalue_line("markers", "driver: needs the simulated card's driver; the stand-in will not do")
    config.addinivalue_line("markers", "as_root(reason): does what the unit's restrictions do not permit")


def pytest_runtest_setup(item):
    if item.get_closest_marker("driver") and os.environ.get("VPSIM_STANDIN") == "yes":
        pytest.skip(card.NO_DRIVER)


# For the switch without a card: fake PCI trees for vifplugd, unknown to DPDK.
TREES = (
    "pf=0000:65:00.0,vf=0000:65:00.4+60",  # Napatech, VF numbers 4 to 63
    "pf=0000:b3:00.0,vendor=1af9,device=0003,vf-device=0002,vf=0000:b3:01.0+8",  # virtfn 0 to 7
)


# Adds one to next_cfg and prints the new value, in one transaction, so that no writer's increment is lost.
NEXT_CFG = json.dumps(["Open_vSwitch", {
    "op": "mutate", "table": "Open_vSwitch", "where": [], "mutations": [["next_cfg", "+=", 1]],
}, {"op": "select", "table": "Open_vSwitch", "where": [], "columns": ["next_cfg"]}])
WRITES = {"add-br", "del-br", "add-port", "del-port", "set-fail-mode", "set", "remove", "clear", "create",
          "destroy"}


class SeenSandbox(Sandbox):
    """A sandbox whose vsctl() returns only when the daemon has seen the change. ovsdb-server replies to the
    writer before it notifies the daemon, and a test of the daemon's knowledge must not lose that race."""

    def vsctl(self, *arguments, check=True):
        output = super().vsctl(*arguments, check=check)
        if WRITES.intersection(arguments) and self.runs("vifplugd") and self.runs("ovsdb-server"):
            self.wait_seen()
        return output

    def runs(self, name):
        """Whether the process exists and is not stopped."""
        if not self.pid(name):
            return False
        with open(f"/proc/{self.pid(name)}/stat", encoding="utf-8") as file:
            return file.read().rpartition(") ")[2][0] != "T"

    def wait_seen(self):
        result = self.command("ovsdb-client", "transact", self.db, NEXT_CFG).stdout
        written = json.loads(result)[1]["rows"][0]["next_cfg"]
        with Api(self.socket) as api:
            wait_until(lambda: api.call("status")["ovsdb"]["next_cfg"] >= written,
                       what="the daemon has seen it")


class TreeSandbox(SeenSandbox):
    """A sandbox whose vswitchd has no PCI devices."""

    def dpdk_extra(self):
        return f"--no-pci --huge-dir {self.dir}/hugepages --socket-limit 256"


@contextlib.contextmanager
def a_sandbox(kind, **options):
    directory = tempfile.mkdtemp(prefix="vp", dir="/tmp")
    os.chmod(directory, 0o711)  # The daemon or a client may be another user.
    sandbox = kind(os.path.join(directory, "s"))
    try:
        sandbox.up(**options)
        yield sandbox
    finally:
        sandbox.down()
        left = os.listdir(directory)
        shutil.rmtree(directory)
    assert left == []


@pytest.fixture(scope="session")
def whole_box():
    with a_sandbox(TreeSandbox, cards=TREES) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def whole_card_box():
    """A sandbox with two simulated SmartNICs; runs beside the other sandbox."""
    with a_sandbox(SeenSandbox, cards=("napatech", "generic"), vfs=40) as sandbox:
        yield sandbox


def unplug_all(sandbox):
    """Unplugs all VIFs, so that no test gets events of another test's VIFs."""
    sandbox.wait_vifplugd()
    with Api(sandbox.socket) as api:
        ids = [api.send("unplug", vif_id=vif["vif_id"], wait="committed")
               for vif in api.call("list")["vifs"]]
        api.collect(ids)


def put_in_order(sandbox):
    """Restores the initial state: everything runs, with the initial configuration, and there is no bridge."""
    if not sandbox.pid("ovsdb-server"):
        sandbox.start_ovsdb()
    if not sandbox.pid("ovs-vswitchd"):
        sandbox.start_vswitchd()
    if os.path.exists(f"{sandbox.config}.changed") or not sandbox.pid("vifplugd"):
        sandbox.stop("vifplugd")
        for path in (f"{sandbox.config}.changed", sandbox.config):
            if os.path.exists(path):
                os.unlink(path)
        sandbox.start_vifplugd()
    unplug_all(sandbox)
    for bridge in sandbox.vsctl("list-br").split():
        # Waits until vswitchd has closed the bridge's ports, of which there may be hundreds.
        sandbox.command("ovs-vsctl", f"--db={sandbox.db}", "del-br", bridge, timeout=120)
    # Of root tables: what other programs made in a test stays. (Tests look for what vifplugd leaves themselves.)
    sandbox.vsctl("--all", "destroy", "QoS", "--", "--all", "destroy", "Queue")
    sandbox.wait_vifplugd()


def check_output(sandbox):
    with open(f"{sandbox.log}/vifplugd.out", encoding="utf-8", errors="replace") as file:
        words = file.read()
    os.truncate(file.name, 0)  # The next test is not told again.
    assert "Sanitizer" not in words and "runtime error" not in words, words[-4000:]


@contextlib.contextmanager
def as_marked(sandbox, request):
    """Runs the daemon of a test with the marker as_root without the unit's restrictions; put_in_order() then
    restarts it."""
    confined = sandbox.confined
    if confined and request.node.get_closest_marker("as_root"):
        sandbox.stop("vifplugd")
        sandbox.confined = False
        with open(f"{sandbox.config}.changed", "w", encoding="ascii"):
            pass
        sandbox.start_vifplugd()
    yield
    sandbox.confined = confined


@pytest.fixture
def box(whole_box, request):
    with as_marked(whole_box, request):
        yield whole_box
    put_in_order(whole_box)
    check_output(whole_box)


@pytest.fixture
def card_box(whole_card_box, request):
    with as_marked(whole_card_box, request):
        yield whole_card_box
    for name in [name for name in whole_card_box.state["pids"] if name.startswith("guest-")]:
        whole_card_box.stop(name)
    whole_card_box.card_settings()
    put_in_order(whole_card_box)
    check_output(whole_card_box)


@pytest.fixture
def card_api(card_box):
    with Api(card_box.socket) as connection:
        yield connection


@pytest.fixture
def guest(card_box):
    """Starts guests; ends those that a test left."""
    guests = []

    def start(name, path, **options):
        guests.append(Guest(card_box, name, path, **options).start())
        return guests[-1]
    yield start
    for one in guests:
        if one.input is not None:
            one.stop()


@pytest.fixture
def api(box):
    with Api(box.socket) as connection:
        yield connection


def configuring(sandbox):
    def restart(text, *options):
        sandbox.stop("vifplugd")
        with open(sandbox.config, "w", encoding="ascii") as file:
            file.write(text)
        with open(f"{sandbox.config}.changed", "w", encoding="ascii"):
            pass
        sandbox.start_vifplugd(*options)
    return restart


@pytest.fixture
def configure(box):
    """Restarts the daemon with the given configuration text (and options)."""
    return configuring(box)


@pytest.fixture
def configure_card(card_box):
    """The same for the sandbox with cards."""
    return configuring(card_box)
