# SPDX-License-Identifier: Apache-2.0
"""The image of etc/containers/Containerfile, run by podman with the settings of the quadlet beside it. By hand:
VIFPLUG_IMAGE names the image (docs/containers.md says how to build it), and podman must be installed."""

import json
import os
import subprocess

import pytest

from api import INSTANCE, connect_once_it_listens, hybrid, ovs_vif, vhost_user, vif_id, wait_until
from conftest import SeenSandbox, a_sandbox
from container import NOVA_UID, read_quadlet
from kernel import links, ours
from ovsdb import ports

IMAGE = os.environ["VIFPLUG_IMAGE"]
VIFS = [ovs_vif(1, create_tap=True), hybrid(2), vhost_user(3)]
# What each key of the quadlet is in podman-run(1). The rest is the service manager's, or named here.
OPTIONS = {"Network": "--network=", "User": "--user=", "GroupAdd": "--group-add=", "DropCapability": "--cap-drop=",
           "AddCapability": "--cap-add=", "AddDevice": "--device=", "Unmask": "--security-opt=unmask=",
           "Volume": "--volume=", "PodmanArgs": ""}
SWITCHES = {"NoNewPrivileges": "--security-opt=no-new-privileges", "ReadOnly": "--read-only"}
LEFT_OUT = {"Image", "ContainerName", "Notify"}


class Podman:
    """Runs podman in the network namespace of a sandbox, which is the host of the containers."""

    def __init__(self, box):
        self.box = box
        self.name = f"vifplugd-{os.path.basename(os.path.dirname(box.dir))}"
        self.api_dir = f"{box.dir}/api"
        self.etc = f"{box.dir}/etc"
        for path in (self.api_dir, self.etc):
            os.mkdir(path)
        with open(f"{self.etc}/vifplugd.conf", "w", encoding="ascii") as file:
            file.write("[daemon]\nsocket_group = nova\nallow = nova\n")

    def __call__(self, *arguments, stdin=None):
        done = subprocess.run(self.box.inside(["podman", *arguments]), capture_output=True, text=True, check=False,
                              timeout=120, input=stdin)
        assert done.returncode == 0, f"podman {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.stdout

    def options(self):
        paths = {"/run/vifplugd": self.api_dir, "/run/openvswitch": self.box.run,
                 "/var/log/openvswitch": self.box.log, "/etc/vifplugd": self.etc,
                 "/usr/local/var/run": f"{self.box.dir}/stdvio"}
        for key, values in read_quadlet()["Container"].items():
            for value in values:
                if key == "Volume":
                    source, _, rest = value.partition(":")
                    value = f"{paths[source]}:{rest}"
                if key in SWITCHES:
                    assert value == "true"
                    yield SWITCHES[key]
                elif key not in LEFT_OUT:
                    yield f"{OPTIONS[key]}{value}"

    def start(self):
        os.makedirs(f"{self.box.dir}/stdvio", exist_ok=True)
        self("run", "--detach", f"--name={self.name}", *self.options(), IMAGE)
        wait_until(lambda: os.path.exists(f"{self.api_dir}/vifplugd.sock"), 30,
                   lambda: self("logs", self.name))

    def vifctl(self, *arguments, stdin=None):
        """Runs vifctl as nova, in a container that has the API socket's directory alone."""
        return json.loads(self("run", "--rm", "--interactive", "--network=none", f"--user={NOVA_UID}:{NOVA_UID}",
                               "--cap-drop=all", "--read-only", f"--volume={self.api_dir}:/run/vifplugd",
                               "--entrypoint=vifctl", IMAGE, "--format=json", *arguments, stdin=stdin))


@pytest.fixture(name="podman")
def running_podman():
    with a_sandbox(SeenSandbox) as box:
        box.stop("vifplugd")
        podman = Podman(box)
        podman.start()
        try:
            yield podman
        finally:
            podman("rm", "--force", podman.name)


def test_the_image_plugs(podman):
    """Taps, hybrid VIFs and vhost-user ports, for a client in another container; they outlive the daemon's."""
    for vif in VIFS:
        request = json.dumps({"vif": vif, "instance": {"uuid": INSTANCE}})
        assert podman.vifctl("plug", "-", stdin=request)["state"] == "up"
    names = ports(podman.box, "br-int")
    podman("restart", podman.name)
    connect_once_it_listens(f"{podman.api_dir}/vifplugd.sock").close()
    listed = podman.vifctl("list")["vifs"]
    assert {vif["vif_id"]: vif["state"] for vif in listed} == {vif["vif_id"]: "up" for vif in VIFS}
    assert sorted(vif["port"] for vif in listed) == sorted(names)
    for n in range(1, 4):
        podman.vifctl("unplug", vif_id(n))
    assert podman.vifctl("list")["vifs"] == [] and ports(podman.box, "br-int") == []
    assert ours(podman.box) == [] and not [name for name in links(podman.box) if name.startswith("tap")]
