"""Fixtures: one sandbox for all tests of a run, put back in order after each test."""

import os
import shutil
import sys
import tempfile

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "sandbox"))

from api import Api  # noqa: E402
from sandbox import Sandbox  # noqa: E402

CARDS = (
    "pf=0000:65:00.0,vf=0000:65:00.4+60",  # Napatech, VF numbers 4 to 63
    "pf=0000:b3:00.0,vendor=1af9,device=0001,vf-device=0002,vf=0000:b3:01.0+8",  # virtfn 0 to 7
)


@pytest.fixture(scope="session")
def whole_box():
    directory = tempfile.mkdtemp(prefix="vp", dir="/tmp")
    sandbox = Sandbox(os.path.join(directory, "s"))
    sandbox.up(cards=CARDS)
    yield sandbox
    sandbox.down()
    assert os.listdir(directory) == []
    shutil.rmtree(directory)


def put_in_order(sandbox):
    """Everything runs, with the configuration that it began with, and there is no bridge."""
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
    for bridge in sandbox.vsctl("list-br").split():
        sandbox.command("ovs-vsctl", f"--db={sandbox.db}", "--timeout=20", "del-br", bridge)
    sandbox.wait_vifplugd()


@pytest.fixture
def box(whole_box):
    yield whole_box
    put_in_order(whole_box)
    with open(f"{whole_box.log}/vifplugd.out", encoding="utf-8", errors="replace") as file:
        words = file.read()
    assert "Sanitizer" not in words and "runtime error" not in words, words[-4000:]


@pytest.fixture
def api(box):
    with Api(box.socket) as connection:
        yield connection


@pytest.fixture
def configure(box):
    """Restarts the daemon with the given configuration text (and options)."""
    def restart(text, *options):
        box.stop("vifplugd")
        with open(box.config, "w", encoding="ascii") as file:
            file.write(text)
        with open(f"{box.config}.changed", "w", encoding="ascii"):
            pass
        box.start_vifplugd(*options)
    return restart
