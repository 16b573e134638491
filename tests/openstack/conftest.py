# SPDX-License-Identifier: Apache-2.0
"""Fixtures: the sandbox with simulated SmartNICs of tests/integration, and processes of OpenStack on it.

pip installs the package, as an operator would, into a separate directory.
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

import underlay  # noqa: E402
from api import wait_until  # noqa: E402
from cloud import Neutron  # noqa: E402
from hosts import Host  # noqa: E402
from ports import INSTANCE, slot, vif_of  # noqa: E402
from worker import Worker  # noqa: E402

pytest_configure = integration.pytest_configure
pytest_runtest_setup = integration.pytest_runtest_setup
whole_card_box = integration.whole_card_box
card_box = integration.card_box
card_api = integration.card_api
configure_card = integration.configure_card
a_sandbox = integration.a_sandbox
guest = integration.guest


# The backends that nova-compute can run in.
BACKENDS = ["threads"] + (["eventlet"] if importlib.util.find_spec("eventlet") else [])


@pytest.fixture(scope="session")
def prefix(tmp_path_factory):
    """The directory where the package is installed, with its entry points."""
    source = tmp_path_factory.mktemp("source") / "openstack"
    shutil.copytree(os.path.join(TOP, "src", "openstack"), source)  # pip writes into the source directory.
    target = tmp_path_factory.mktemp("prefix")
    done = subprocess.run(
        ["/usr/bin/python3", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
         "--no-build-isolation", "--root-user-action=ignore", "--target", str(target), str(source)],
        capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


@contextlib.contextmanager
def workers(tmp_path_factory, prefix):
    """A function that starts processes of OpenStack; the fixture ends them."""
    with contextlib.ExitStack() as started:
        def start(script, config="", **options):
            worker = Worker(script, tmp_path_factory.mktemp("worker"), prefix, config, **options)
            started.callback(worker.stop)
            return worker
        yield start


@pytest.fixture(scope="session")
def start_whole_worker(tmp_path_factory, prefix):
    with workers(tmp_path_factory, prefix) as start:
        yield start


@pytest.fixture
def start_worker(tmp_path_factory, prefix):
    with workers(tmp_path_factory, prefix) as start:
        yield start


def nova_config(socket, *lines):
    """Returns nova.conf with the given lines for the plugin."""
    options = "\n".join((f"socket = {socket}", *lines))
    return f"[os_vif_agilio_ovs]\n{options}\n"


@pytest.fixture(scope="session")
def whole_nova(start_whole_worker, whole_card_box):
    return start_whole_worker("nova_side.py", nova_config(whole_card_box.socket))


@pytest.fixture
def nova(whole_nova, card_box):  # pylint: disable=unused-argument
    """nova-compute's side. It has no state except its log."""
    whole_nova.forget_log()
    return whole_nova


@pytest.fixture
def start_nova(start_worker, card_box):
    """Starts another nova-compute's side, with the given settings for the plugin."""
    def start(*lines, socket=None, backend=None):
        return start_worker("nova_side.py", nova_config(socket or card_box.socket, *lines),
                            environment=in_backend(backend))
    return start


def in_backend(backend):
    """Returns the environment that makes Nova run under eventlet or in threads; by default as packaged."""
    words = {"threads": "yes", "eventlet": "no"}
    return {"OS_NOVA_DISABLE_EVENTLET_PATCHING": words[backend]} if backend else {}


@pytest.fixture(scope="session", params=BACKENDS)
def whole_backend(request, start_whole_worker, whole_card_box):
    return request.param, start_whole_worker("nova_side.py", nova_config(whole_card_box.socket),
                                             environment=in_backend(request.param))


@pytest.fixture
def backend(whole_backend, card_box):  # pylint: disable=unused-argument
    """The backend that Nova is configured for, and a nova-compute's side that runs in it."""
    return whole_backend


# Seconds that a real agent may take to start: on a loaded machine its imports take most of them.
AGENT_START_S = 120

# agent_down_time: agents that a test registers report only once, so it must be longer than any run, however
# loaded the machine is.
NEUTRON = """
core_plugin = ml2
service_plugins = qos
transport_url = fake:/
notify_nova_on_port_status_changes = false
notify_nova_on_port_data_changes = false
agent_down_time = 1000000
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


AGENT = """
[ovs]
datapath_type = netdev
bridge_mappings = physnet1:br-ex
ovsdb_connection = {db}
[agent]
extensions = {extensions}
polling_interval = 1
root_helper = sudo -E
[securitygroup]
firewall_driver = openvswitch
"""


@pytest.fixture
def start_host(start_worker, card_box, tmp_path_factory):
    """Starts neutron-server and a real neutron-openvswitch-agent on the sandbox's switch, inside the sandbox,
    where the agent is the switch's OpenFlow controller. Returns a Neutron."""
    def start(extensions="vifplug_qos"):
        for bridge in ("br-int", "br-ex"):
            card_box.vsctl("--may-exist", "add-br", bridge, "--", "set", "Bridge", bridge,
                           "datapath_type=netdev")
        text = "host = compute\n" + NEUTRON.format(directory=tmp_path_factory.mktemp("neutron"),
                                                   drivers="openvswitch,vifplug")
        worker = start_worker("neutron_side.py",
                              text + AGENT.format(db=card_box.db, extensions=extensions),
                              inside=card_box.inside, environment=card_box.env())
        worker.call("start_agent")
        return Neutron(worker, with_agent=True)
    return start


@pytest.fixture
def host(start_host):
    """neutron-server and a real agent with our extension."""
    neutron = start_host()
    wait_until(lambda: "compute" in neutron.agents(), AGENT_START_S, "the agent reports itself")
    return neutron


@pytest.fixture
def serve(host, nova, guest):
    """From a port to a guest: creates a port, binds it to VF `number` like Nova, plugs it, connects the
    guest, and waits until it is active. Returns the port, Nova's VIF and the guest."""
    def start(number, **members):
        port = host.vf_port(slot(number), **members)
        vif = vif_of(nova, host, port)
        nova.call("plug", vif=vif, instance=INSTANCE)
        details = port["binding:vif_details"]
        one = guest(f"g{number}", details["vhostuser_socket"], mode=details["vhostuser_mode"],
                    mac=port["mac_address"])
        wait_until(one.is_connected, 20, f"guest on VF {number} is connected")
        wait_until(lambda: host.show("port", port["id"])["status"] == "ACTIVE", 60,
                   "the agent has wired the port")
        return port, vif, one
    return start


@pytest.fixture(scope="module")
def whole_other_box():
    """A second host, with one card."""
    with integration.a_sandbox(integration.SeenSandbox, vfs=40) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def whole_other_nova(start_whole_worker, whole_other_box):
    return start_whole_worker("nova_side.py", nova_config(whole_other_box.socket))


@pytest.fixture
def two_hosts(card_box, nova, whole_other_box, whole_other_nova):
    """Two hosts, each with a switch, vifplugd and nova-compute's side, whose integration bridges are connected."""
    whole_other_nova.forget_log()
    underlay.connect(card_box, whole_other_box)
    try:
        yield Host(card_box, nova), Host(whole_other_box, whole_other_nova)
        whole_other_box.card_settings()
        integration.put_in_order(whole_other_box)
        integration.check_output(whole_other_box)
    finally:
        underlay.disconnect(card_box)
