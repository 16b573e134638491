"""Fixtures: the sandbox with simulated SmartNICs of tests/integration, and processes of OpenStack on it.

The package is installed as an operator would, with pip, into a directory of its own.
"""

import contextlib
import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
TOP = os.path.dirname(TESTS)
sys.path.insert(0, HERE)

_spec = importlib.util.spec_from_file_location(
    "integration_conftest", os.path.join(TESTS, "integration", "conftest.py"))
integration = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(integration)

from cloud import Neutron  # noqa: E402
from worker import Worker  # noqa: E402

whole_card_box = integration.whole_card_box
card_box = integration.card_box
card_api = integration.card_api
configure_card = integration.configure_card
guest = integration.guest


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """Where the package is installed, with its entry points."""
    source = tmp_path_factory.mktemp("source") / "openstack"
    shutil.copytree(os.path.join(TOP, "src", "openstack"), source)  # pip writes beside what it builds.
    target = tmp_path_factory.mktemp("prefix")
    done = subprocess.run(
        ["/usr/bin/python3", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--no-build-isolation", "--root-user-action=ignore", "--target", str(target), str(source)],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@contextlib.contextmanager
def workers(tmp_path_factory, prefix):
    """A function that starts processes of OpenStack; they are ended at the end."""
    started = []

    def start(script, config="", **environment):
        started.append(Worker(script, tmp_path_factory.mktemp("worker"), prefix, config, environment))
        return started[-1]
    yield start
    for one in started:
        one.stop()


@pytest.fixture(scope="session")
def start_whole_worker(tmp_path_factory, prefix):
    with workers(tmp_path_factory, prefix) as start:
        yield start


@pytest.fixture
def start_worker(tmp_path_factory, prefix):
    with workers(tmp_path_factory, prefix) as start:
        yield start


def nova_config(socket, *lines):
    """nova.conf with the given lines for the plugin."""
    options = "\n".join((f"socket = {socket}", *lines))
    return f"[os_vif_agilio_ovs]\n{options}\n"


@pytest.fixture(scope="session")
def whole_nova(start_whole_worker, whole_card_box):
    return start_whole_worker("nova_side.py", nova_config(whole_card_box.socket))


@pytest.fixture
def nova(whole_nova, card_box):  # pylint: disable=unused-argument
    """nova-compute's side. It has no state but its log."""
    whole_nova.forget_log()
    return whole_nova


@pytest.fixture
def start_nova(start_worker, card_box):
    """Starts another, with settings of its own for the plugin."""
    def start(*lines, socket=None):
        return start_worker("nova_side.py", nova_config(socket or card_box.socket, *lines))
    return start


NEUTRON = """
core_plugin = ml2
service_plugins = qos
transport_url = fake:/
[database]
connection = sqlite:///{directory}/neutron.db
[oslo_concurrency]
lock_path = {directory}
[ml2]
type_drivers = flat,vlan,vxlan
tenant_network_types = vxlan
mechanism_drivers = {drivers}
extension_drivers = qos,port_security
[ml2_type_flat]
flat_networks = physnet1
[ml2_type_vxlan]
vni_ranges = 1:1000
"""


@pytest.fixture
def start_neutron(start_worker, tmp_path_factory):
    """Starts a neutron-server's side with the given lines in [vifplug]."""
    def start(*lines, drivers="openvswitch,vifplug"):
        directory = tmp_path_factory.mktemp("neutron")
        text = "\n".join((NEUTRON.format(directory=directory, drivers=drivers), "[vifplug]", *lines))
        return Neutron(start_worker("neutron_side.py", text + "\n"))
    return start


@pytest.fixture(scope="session")
def whole_neutron(start_whole_worker, tmp_path_factory):
    text = NEUTRON.format(directory=tmp_path_factory.mktemp("neutron"), drivers="openvswitch,vifplug")
    return Neutron(start_whole_worker("neutron_side.py", text))


@pytest.fixture
def neutron(whole_neutron):
    """neutron-server's side, with a netdev agent on host compute and a network."""
    whole_neutron.worker.forget_log()
    return whole_neutron
