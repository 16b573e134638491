# SPDX-License-Identifier: Apache-2.0
"""The packages are right, and a node on which they are installed, upgraded and removed keeps its guests."""

import filecmp
import os
import re

import bare
import building
import pytest

NODE_PACKAGES = ("vifplugd", "libvifplug0")
ALL_PACKAGES = (*NODE_PACKAGES, "libvifplug-dev", "python3-vifplug", "vifplugd-dbgsym", "libvifplug0-dbgsym")
CONFIG = "/etc/vifplugd/vifplugd.conf"
MINE = "network_device_mtu = 1400"
# A client that connects again whenever its connection ends.
RECONNECT = """
import socket, time
while True:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect("/run/vifplugd/vifplugd.sock")
            connection.recv(1)
    except OSError:
        time.sleep(0.001)
"""


def test_lintian(build):
    """No error and no warning; the overrides say why."""
    assert building.run("lintian", "--allow-root", *build.files("*.changes")) == ""


def test_hardening(build):
    """Each compiler's command has the flags, also those for libopenvswitch."""
    assert building.run("blhc", "--bindnow", build.log_file) == ""
    assert len(re.findall(r"libtool: compile: ", build.log)) > 100  # blhc has seen them.


def test_reproducible(build, second_build):
    """Another directory, umask, language and time zone give the same bytes."""
    first = {os.path.basename(path): path for path in build.files("*.deb")}
    second = {os.path.basename(path): path for path in second_build.files("*.deb")}
    assert sorted(first) == sorted(second) and len(first) == len(ALL_PACKAGES)
    assert [name for name, path in first.items() if not filecmp.cmp(path, second[name], shallow=False)] == []


@pytest.mark.parametrize("name", ALL_PACKAGES)
def test_dependencies(build, name):
    """No package of a compute node needs what builds it."""
    needs = building.run("dpkg-deb", "--field", build.package(name), "Depends")
    assert not re.search(r"-dev\b|-source\b|gcc|make", needs), needs


def test_built_using(build):
    field = building.run("dpkg-deb", "--field", build.package("vifplugd"), "Built-Using")
    version = building.run("dpkg-query", "--show", "--showformat=${source:Version}", "openvswitch-source")
    assert field.strip() == f"openvswitch (= {version})"


def test_dpdk(build):
    """vifplugd depends on the two libraries of DPDK that it is linked with; those of another ABI can be installed
    beside them, since each file has the number of the ABI in its path."""
    needs = building.run("dpkg-deb", "--field", build.package("vifplugd"), "Depends")
    libraries = re.findall(r"\b(librte-\w+?)(\d+)\b", needs)
    assert sorted(name for name, _ in libraries) == ["librte-net", "librte-pci"]
    for name, number in libraries:
        listed = building.run("dpkg-query", "--listfiles", f"{name}{number}").splitlines()
        files = [path for path in listed if not os.path.isdir(path)]
        assert len(files) >= 2 and [path for path in files if number not in path] == []
        against = building.run("dpkg-query", "--show", "--showformat=${Conflicts} ${Breaks}", f"{name}{number}")
        assert "librte" not in against
    for package in ("libvifplug0", "python3-vifplug"):
        assert "librte" not in building.run("dpkg-deb", "--field", build.package(package), "Depends")


def test_types_of_the_python_client(build):
    """Without py.typed, checkers of types would not read them."""
    listed = building.run("dpkg-deb", "--contents", build.package("python3-vifplug"))
    assert "/dist-packages/vifplug/py.typed\n" in listed
    version = build.version.rpartition("-")[0]
    assert f"/vifplug-{version}." in listed


def test_life(build, node, tmp_path):
    """Install the version before, plug, change the configuration, upgrade, remove, purge. The guest stays
    connected to ovs-vswitchd all the time."""
    assert node.run("sh", "-c", "command -v gcc make cmake ld dpkg-buildpackage", check=False) == ""
    node.start_switch()
    before = node.files()
    guest = bare.Guest(node.path("/run/openvswitch/vm1"))
    node.install(*(building.older(build.package(name), tmp_path) for name in NODE_PACKAGES))
    # Installing has started it.
    units = ("vifplugd.socket", "vifplugd.service")
    assert node.active(*units), node.status(*units)
    first = node.main_pid("vifplugd.service")
    user = int(node.run("id", "-u", "vifplugd"))
    assert user == node.uid(first) != 0
    node.run("vifctl", "--timeout=40", "--id=port-1", "--kind=vhost-user", "--bridge=br-int",
             "--mac=fa:16:3e:00:00:01", "--mtu=1500", "--path=/run/openvswitch/vm1", "--mode=server",
             "--instance=vm-1", "plug")
    guest.connected()
    switch = node.main_pid("ovs-vswitchd.service")

    node.run("sed", "-i", f"s/^;network_device_mtu = .*/{MINE}/", CONFIG)
    assert MINE in node.read(CONFIG)
    node.install(*(build.package(name) for name in NODE_PACKAGES))
    assert MINE in node.read(CONFIG) and os.path.exists(node.path(f"{CONFIG}.dpkg-dist"))
    assert node.active(*units), node.status(*units)
    assert node.main_pid("vifplugd.service") != first
    assert '"state":"up"' in node.run("vifctl", "--format=json", "get", "port-1").replace(" ", "")
    assert node.run("vifctl", "--version").strip() == f"vifctl {build.version.rpartition('-')[0]}"

    with node.start("python3", "-c", RECONNECT) as client:
        node.apt("remove", *NODE_PACKAGES)
        assert client.poll() is None
        client.kill()
    assert not node.active("vifplugd.socket") and not node.active("vifplugd.service")
    assert MINE in node.read(CONFIG)
    assert node.vsctl("get", "Interface", "vhuport-1", "error") == "[]"
    node.run("usermod", "--append", "--groups", "vifplugd", "nobody")  # As nova is.
    node.apt("purge", "--autoremove", *NODE_PACKAGES)
    left = node.files() - before
    assert not left, sorted(left)
    assert not os.path.exists(node.path("/run/vifplugd"))
    assert node.run("getent", "passwd", "vifplugd", check=False) == ""
    assert node.run("getent", "group", "vifplugd", check=False) == ""
    for path in ("/run/openvswitch", "/var/log/openvswitch"):
        assert f"user:{user}:" not in building.run("getfacl", "--numeric", "-R", node.path(path))
    assert int(node.vsctl("get", "Interface", "vhuport-1", "ofport")) > 0
    assert node.main_pid("ovs-vswitchd.service") == switch and not guest.is_cut_off()
    node.vsctl("del-port", "vhuport-1")
    bare.wait_for(guest.is_cut_off, "the guest would notice")
    guest.close()
