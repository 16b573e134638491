# SPDX-License-Identifier: Apache-2.0
"""vifplugd, Open vSwitch and clients in containers, as docs/containers.md has them: mount and PID namespaces of
their own, the mounts of etc/containers/vifplugd.container, and nothing else."""

import json
import os
import re
import shutil
import signal
import subprocess

import pytest
from api import Api, ApiError, hybrid, ovs_vif, refused_with_words, representor, vhost_user, vif_id, wait_until
from conftest import SeenSandbox, a_sandbox, check_output, unplug_all
from container import NOVA_UID, QUADLET, TOP, Container, child_of, read_quadlet, run, volumes
from sandbox import ANY_TIME, VSWITCHD

CONFIG = f"[daemon]\nsocket_group = nova\nallow = nova\n\n{ANY_TIME}"
PROGRAM = "/image/ovs-vswitchd"  # Its control socket has this name.
SOCKETS = "/usr/local/var/run"
PYTHON = os.path.join(TOP, "src/openstack")
# The keys of quadlet's [Container] in podman-systemd.unit(5) of podman 5.4, as far as the file needs them.
KEYS = {"Image", "ContainerName", "Network", "User", "GroupAdd", "DropCapability", "AddCapability", "ReadOnly",
        "NoNewPrivileges", "AddDevice", "Unmask", "Volume", "Notify", "PodmanArgs"}
PLUG = ("import json, sys; from vifplug import client; print(json.dumps(client.Client().plug("
        "json.loads(sys.argv[1]), {'uuid': 'vm-1'})))")


class ContainedSandbox(SeenSandbox):
    """A sandbox in which ovsdb-server, ovs-vswitchd and vifplugd have a container each. It is their host."""

    def __init__(self, directory, build=None):
        super().__init__(directory, build)
        self.confined = False
        self.api_dir = f"{self.dir}/vifplugd-run"
        self.etc = f"{self.dir}/vifplugd-etc"
        self.socket = f"{self.api_dir}/vifplugd.sock"
        self.config = f"{self.etc}/vifplugd.conf"
        self.changes = {}  # Of vifplugd's container.
        self.changed = False  # It is not the quadlet's, and ends with the test.

    def host_paths(self):
        """Where the sandbox has what a host has there."""
        return {"/run/vifplugd": self.api_dir, "/run/openvswitch": self.run, SOCKETS: f"{self.dir}/stdvio",
                "/var/log/openvswitch": self.log, "/etc/vifplugd": self.etc}

    def of_ovs(self):
        """Open vSwitch's containers: kolla's mounts, and the sandbox (database, simulated card, hugepages)."""
        paths = self.host_paths()
        return Container({"/run/openvswitch": (self.run, False), "/var/log/openvswitch": (self.log, False),
                          SOCKETS: (paths[SOCKETS], False), self.dir: (self.dir, False),
                          self.driver_dir: (self.driver_dir, True), PROGRAM: (VSWITCHD, True)},
                         sysfs="/sys", devices=["/dev/net/tun"])

    def of_vifplugd(self):
        """vifplugd's container, as the quadlet says, with its program. The simulated card is at /sys."""
        container = Container.of_quadlet(self.host_paths(), **{"sysfs": self.sys, **self.changes})
        container.mounts = {**container.mounts, "/vifplug": (f"{self.build}/src", True)}
        if "LSAN_OPTIONS" in os.environ:  # They name a file.
            container.mounts[f"{TOP}/tests"] = (f"{TOP}/tests", True)
        return container

    def of_client(self, **changes):
        """nova-compute's: with a network of its own, and of all mounts the API socket's directory alone."""
        options = {"host_network": False, "user": NOVA_UID, "capabilities": []}
        return Container({"/run/vifplugd": (self.api_dir, False), "/vifplug": (f"{self.build}/src", True),
                          "/python": (PYTHON, True)}, **{**options, **changes})

    def root_of(self, name):
        path = f"{self.dir}/roots/{name}"
        os.makedirs(path, exist_ok=True)
        return path

    def start_contained(self, name, container, command, extra_env=None):
        """Starts process 1 of a container; the sandbox knows it under `name`."""
        outer = self.start(name, container.command(self.root_of(name), command), extra_env=extra_env)

        def started():
            inner = child_of(outer)
            if inner:
                with open(f"/proc/{inner}/comm", encoding="utf-8") as file:
                    return inner if file.read().strip() == os.path.basename(command[0])[:15] else None
            assert self.pid(name), self.tail(name)
            return None
        self.state["pids"][name] = wait_until(started, what=f"{name} runs")
        self.save()

    def start_ovsdb(self):
        if not os.path.exists(f"{self.dir}/conf.db"):
            self.command("ovsdb-tool", "create", f"{self.dir}/conf.db", "/usr/share/openvswitch/vswitch.ovsschema")
        self.start_contained("ovsdb-server", self.of_ovs(), [
            "ovsdb-server", f"{self.dir}/conf.db", "--remote=punix:/run/openvswitch/db.sock",
            "--pidfile=/run/openvswitch/ovsdb-server.pid", "-vconsole:off", "-vsyslog:off"])
        self.wait_ready("ovsdb-server", lambda: self.command(
            "ovs-vsctl", "--no-wait", "--timeout=1", f"--db={self.db}", "show", check=False).returncode == 0, 20)

    def start_vswitchd(self, wait=True):
        card = {"SYSFS_PCI_DEVICES": f"{self.sys}/bus/pci/devices", "LD_LIBRARY_PATH": self.driver_dir,
                "VPSIM_CONFIG": self.card_file}
        card.update({"LD_PRELOAD": f"{self.driver_dir}/libvpsim-standin.so"} if self.standin else {})
        self.start_contained("ovs-vswitchd", self.of_ovs(), [
            PROGRAM, "unix:/run/openvswitch/db.sock", "--pidfile=/run/openvswitch/ovs-vswitchd.pid",
            "--log-file=/var/log/openvswitch/ovs-vswitchd.log", "-vconsole:off", "-vsyslog:off"],
            extra_env={**card, "OVS_RUNDIR": "/run/openvswitch"})
        if wait:
            self.wait_vswitchd()

    def wait_vswitchd(self):
        self.wait_ready("ovs-vswitchd", lambda: self.command(
            "ovs-vsctl", "--timeout=5", f"--db={self.db}", "set", "open_vswitch", ".",
            "external_ids:sandbox=ready", check=False).returncode == 0, 60)

    def start_vifplugd(self, *options, wait=True, container=None):
        os.makedirs(self.etc, exist_ok=True)
        os.makedirs(self.api_dir, exist_ok=True)
        if not os.path.exists(self.config):
            with open(self.config, "w", encoding="ascii") as file:
                file.write(CONFIG)
        # The entry point of the Containerfile, with the defaults of a host.
        self.start_contained("vifplugd", container or self.of_vifplugd(), [
            "/vifplug/vifplugd", "--pidfile=/run/openvswitch/vifplugd.pid", "-vsyslog:off", *options],
            extra_env={"OVS_RUNDIR": "/run/openvswitch", "OVS_LOGDIR": "/var/log/openvswitch"})
        if wait:
            self.wait_vifplugd()

    def wait_vifplugd(self, name="vifplugd"):
        def ready():
            result = self.vifctl("--format=json", "status", check=False)
            return result.stdout and json.loads(result.stdout)["ovsdb"]["connected"]
        self.wait_ready(name, ready, 20)

    def client(self, *command, container=None, **changes):
        """Runs a command in a client's container; returns the completed process."""
        inner = (container or self.of_client(**changes)).command(self.root_of("client"), command)
        environment = {"PATH": "/vifplug:/usr/sbin:/usr/bin:/sbin:/bin", "LD_LIBRARY_PATH": "/vifplug",
                       "PYTHONPATH": "/python", "PYTHONDONTWRITEBYTECODE": "yes"}
        return run(self.inside(inner), env=environment)


@pytest.fixture(scope="module")
def host():
    with a_sandbox(ContainedSandbox, cards=("napatech",), vfs=8) as sandbox:
        with Api(sandbox.socket) as api:  # ovs-vswitchd makes its memory pool, which takes seconds.
            api.plug(vhost_user(0), timeout_ms=60000)
            api.unplug(vif_id(0))
        yield sandbox


def as_it_is(sandbox):
    """Starts what does not run; and vifplugd's container as the quadlet has it, if it is another one."""
    if not sandbox.pid("ovsdb-server"):
        sandbox.start_ovsdb()
    if not sandbox.pid("ovs-vswitchd"):
        sandbox.start_vswitchd()
    if sandbox.changed:
        sandbox.stop("vifplugd")
        sandbox.changes, sandbox.changed = {}, False
    if not sandbox.pid("vifplugd"):
        sandbox.start_vifplugd()


@pytest.fixture
def changeable(host):
    """For tests that change vifplugd's container themselves. The bridge stays."""
    yield host
    if not host.pid("vifplugd"):
        as_it_is(host)
    unplug_all(host)
    check_output(host)


@pytest.fixture
def box(changeable):
    as_it_is(changeable)
    return changeable


@pytest.fixture
def api(box):
    with Api(box.socket) as connection:
        yield connection


def restart(box, **changes):
    """Starts vifplugd's container again, with other settings."""
    box.stop("vifplugd")
    box.changes, box.changed = changes, True
    box.start_vifplugd()


def restart_without(box, path):
    """Starts vifplugd's container again, without one of its mounts."""
    box.changes, box.changed = {}, True
    container = box.of_vifplugd()
    del container.mounts[path]
    box.stop("vifplugd")
    box.start_vifplugd(container=container)


def namespaces(pid):
    return {kind: os.readlink(f"/proc/{pid}/ns/{kind}") for kind in ("mnt", "pid", "net", "user")}


def test_namespaces(box):
    """The tests would show nothing if these were the same."""
    found = {name: namespaces(box.pid(name)) for name in ("holder", "ovsdb-server", "ovs-vswitchd", "vifplugd")}
    for kind in ("mnt", "pid"):
        assert len({one[kind] for one in found.values()}) == 4
    assert len({one["net"] for one in found.values()}) == 1
    with open(f"/proc/{box.pid('vifplugd')}/status", encoding="ascii") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    assert (status["Uid"].split()[0], status["CapEff"], status["NoNewPrivs"]) == ("0", f"{1 << 12:016x}", "1")
    assert status["NSpid"].split()[-1] == "1"


KINDS = {"representor": representor(1, "0000:65:00.5"), "vhost-user": vhost_user(2),
         "client": vhost_user(3, mode="client", path=f"/run/openvswitch/vhu{vif_id(3)[:11]}"),
         "tap": ovs_vif(4, create_tap=True), "hybrid": hybrid(5)}


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(api, kind):
    vif = KINDS[kind]
    assert api.plug(vif)["state"] == "up"
    assert api.call("update", vif_id=vif["vif_id"], mtu=1400)["changed"]
    assert api.call("get", vif_id=vif["vif_id"])["state"] == "up"
    assert api.unplug(vif["vif_id"])["changed"]
    assert api.call("list")["vifs"] == []


def test_python_client(box, api):
    """As Nova's user, in network and PID namespaces of its own."""
    result = box.client("python3", "-c", PLUG, json.dumps(KINDS["representor"]))
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["state"] == "up"
    assert api.call("list")["vifs"][0]["external_ids"]["vm-uuid"] == "vm-1"


def test_vifctl(box):
    script = (f"vifctl --id={vif_id(6)} --kind=vhost-user --mac=fa:16:3e:00:00:06 --bridge=br-int --mtu=1500 "
              f"--path={SOCKETS}/vhost6 --mode=server --instance=vm-1 plug && vifctl list && "
              f"vifctl unplug {vif_id(6)}")
    done = box.client("sh", "-c", script)
    assert done.returncode == 0 and vif_id(6) in done.stdout, done
    refused = box.client("vifctl", "list", user=42435, groups=(NOVA_UID,))  # Neutron's, in the socket's group.
    assert refused.returncode == 1 and "Your user may not use vifplugd" in refused.stderr
    assert box.client("vifctl", "list", user=42435).returncode == 3  # It may not open the socket.
    log = open(f"{box.log}/vifplugd.out", encoding="utf-8").read()
    # The client's process is not visible, so the log names none.
    assert re.search(rf"plug {vif_id(6)}: done after [\d.]+ ms \(uid {NOVA_UID}, instance vm-1", log), log


def test_restarts(box):
    """Each container ends and begins anew, and has other namespaces and the same pid."""
    vifs = [KINDS["representor"], KINDS["vhost-user"], KINDS["tap"]]
    with Api(box.socket) as api:
        for vif in vifs:
            api.plug(vif)
    box.stop("vifplugd", signal.SIGKILL)
    box.start_vifplugd()
    listed = json.loads(box.client("vifctl", "--format=json", "list").stdout)["vifs"]
    assert [vif["state"] for vif in listed] == ["up"] * len(vifs)
    with Api(box.socket) as api:
        def states():
            return [vif["state"] for vif in api.call("list")["vifs"]]

        for name, start in (("ovs-vswitchd", box.start_vswitchd), ("ovsdb-server", box.start_ovsdb)):
            box.stop(name, signal.SIGKILL)
            wait_until(lambda: api.call("status")["vswitchd"]["state"] == "dead" if name == "ovs-vswitchd"
                       else not api.call("status")["ovsdb"]["connected"], what=f"{name} is away")
            start()
            wait_until(lambda: api.call("status")["vswitchd"]["state"] == "alive"
                       and api.call("status")["ovsdb"]["connected"], what=f"{name} is back")
            wait_until(lambda: states() == ["up"] * len(vifs), 60, states)
        assert "pid" not in api.call("status")["vswitchd"]  # It is not visible.
        assert api.plug(vhost_user(7))["state"] == "up"


def test_hung_vswitchd(box, api):
    """It is in another PID namespace; its control socket tells."""
    os.kill(box.pid("ovs-vswitchd"), signal.SIGSTOP)
    try:
        wait_until(lambda: api.call("status")["vswitchd"]["state"] == "hung", 30, "it is seen")
    finally:
        os.kill(box.pid("ovs-vswitchd"), signal.SIGCONT)
    wait_until(lambda: api.call("status")["vswitchd"]["state"] == "alive", what="it is back")


def test_words_of_the_switch(box, api):
    """vifplugd finds the log where Open vSwitch puts it, if it is mounted."""
    box.card_settings(refuse_probe=5)
    try:
        assert "refused by refuse-probe" in refused_with_words(api, representor(8, "0000:65:00.5")).detail
        restart_without(box, "/var/log/openvswitch")
        with Api(box.socket) as other, pytest.raises(ApiError) as refused:
            other.plug(representor(8, "0000:65:00.5"))
        assert "set vswitchd_log in section [ovs]" in refused.value.detail, refused.value.detail
    finally:
        box.card_settings()


def hold(box, name, container):
    """Starts a container that stays; returns how to run a command in it."""
    box.start_contained(name, container, ["sleep", "infinity"])
    pid = str(box.pid(name))
    return lambda *command: run(["nsenter", "--target", pid, "--mount", "--pid", "--root", "--", *command],
                                env={"PATH": "/vifplug:/usr/bin:/bin", "LD_LIBRARY_PATH": "/vifplug"})


def test_directory_and_not_the_socket(box):
    """A restarted vifplugd makes another socket: a mount of the socket itself keeps the old one. A mount of the
    directory has the new one, unless somebody makes the directory anew."""
    by_file = box.of_client()
    by_file.mounts = {"/vifplug": (f"{box.build}/src", True),
                      "/run/vifplugd/vifplugd.sock": (box.socket, False)}
    clients = {"directory": hold(box, "client-directory", box.of_client()),
               "file": hold(box, "client-file", by_file)}
    try:
        assert [clients[name]("vifctl", "list").returncode for name in clients] == [0, 0]
        box.stop("vifplugd")
        box.start_vifplugd()
        assert [clients[name]("vifctl", "list").returncode for name in clients] == [0, 3]
        box.stop("vifplugd")
        shutil.rmtree(box.api_dir)
        box.start_vifplugd()
        lost = clients["directory"]("vifctl", "list")
        assert lost.returncode == 3 and "/run/vifplugd/vifplugd.sock" in lost.stderr
    finally:
        for name in clients:
            box.stop(f"client-{name}", signal.SIGKILL)


def test_read_only_proc(changeable):
    """Without Unmask=: what needs /proc/sys/net is refused and says so; the rest works."""
    restart(changeable, writable_proc=False)
    with Api(changeable.socket) as api:
        for kind in ("tap", "hybrid"):
            with pytest.raises(ApiError) as refused:
                api.plug(KINDS[kind])
            assert "check that /proc/sys is mounted writable for vifplugd" in str(refused.value)
        assert api.plug(KINDS["representor"])["state"] == "up"
        assert [vif["kind"] for vif in api.call("list")["vifs"]] == ["representor"]


def test_without_tun(changeable):
    restart(changeable, devices=())
    with Api(changeable.socket) as api:
        with pytest.raises(ApiError) as refused:
            api.plug(KINDS["tap"])
        assert "a tap device of /dev/net/tun: No such file or directory" in str(refused.value)
        assert "give vifplugd's container that device" in str(refused.value)
        assert api.plug(KINDS["vhost-user"])["state"] == "up"


def test_without_capabilities(changeable):
    """DPDK ports need none."""
    restart(changeable, capabilities=[])
    with Api(changeable.socket) as api:
        for kind in ("representor", "vhost-user", "client"):
            assert api.plug(KINDS[kind])["state"] == "up"
        with pytest.raises(ApiError) as refused:
            api.plug(KINDS["tap"])
        assert "CAP_NET_ADMIN" in f"{refused.value} {refused.value.detail}"


def test_not_root(changeable):
    """With another user, grant-access gives it what is root's, each time that Open vSwitch has started."""
    user = 42999
    subprocess.run(["sh", f"{changeable.build}/grant-access"], check=True, env={
        **os.environ, "VIFPLUGD_USER": str(user), "OVS_RUNDIR": changeable.run, "OVS_LOGDIR": changeable.log})
    changeable.stop("vifplugd")
    shutil.rmtree(changeable.api_dir)
    os.makedirs(changeable.api_dir)
    os.chown(changeable.api_dir, user, user)
    for path in [path for path in os.listdir(changeable.run) if path.startswith("vifplugd.")]:
        os.unlink(f"{changeable.run}/{path}")
    try:
        restart(changeable, user=user)
        with Api(changeable.socket) as api:
            for kind in KINDS:
                assert api.plug(KINDS[kind])["state"] == "up"
                api.unplug(KINDS[kind]["vif_id"])
        assert changeable.client("vifctl", "list").returncode == 0
    finally:
        changeable.stop("vifplugd")
        shutil.rmtree(changeable.api_dir)


def findings(api):
    return {(one["check"], one["result"]): one["message"] for one in api.call("check")["checks"]
            if one["result"] != "pass"}


def test_another_network(box):
    """Without Network=host, what vifplugd cannot see it neither makes nor judges."""
    with Api(box.socket) as api:
        for kind in ("tap", "hybrid", "vhost-user"):
            api.plug(KINDS[kind])
    restart(box, host_network=False)
    with Api(box.socket) as api:
        wait_until(lambda: "another network namespace" in findings(api).get(("vswitchd", "fail"), ""),
                   what=lambda: findings(api))
        assert {vif["kind"]: vif["state"] for vif in api.call("list")["vifs"]} == {
            "ovs": "up", "hybrid": "up", "vhost-user": "up"}  # Their links are where they were.
        for dry_run in (True, False):
            with pytest.raises(ApiError) as refused:
                api.plug(ovs_vif(9, create_tap=True), dry_run=dry_run)
            assert "in another network namespace than ovs-vswitchd" in str(refused.value)
        assert api.plug(KINDS["representor"])["state"] == "up"
    box.stop("vifplugd")
    box.start_vifplugd("--boot-id=another")  # Now all of them are stale.
    with Api(box.socket) as api:
        wait_until(lambda: ("vswitchd", "fail") in findings(api), what="it is seen")
        with pytest.raises(ApiError) as refused:
            api.call("reap", dry_run=True)
        assert "guests which use VIFs are not known" in str(refused.value)
    as_it_is(box)  # It removes their links.


def test_without_sysfs(changeable):
    """Nothing is said of cards that cannot be seen."""
    restart(changeable, sysfs=None)
    with Api(changeable.socket) as api:
        wait_until(lambda: "sysfs shows no PCI devices" in findings(api).get(("host", "warn"), ""),
                   what=lambda: findings(api))
        checks = {one["check"] for one in api.call("check")["checks"]}
        assert not checks & {"iommu", "vfs", "vf-drivers", "eswitch"} and "ovsdb" in checks
        assert api.call("nics")["nics"] == []
        with pytest.raises(ApiError) as refused:
            api.plug(KINDS["representor"])
        assert refused.value.reason == "device_not_found"
        assert api.plug(KINDS["vhost-user"])["state"] == "up"


def test_without_a_socket_directory(changeable):
    """A directory of sockets that is not mounted: the plug is refused, and nothing is written."""
    restart_without(changeable, SOCKETS)
    with Api(changeable.socket) as api:
        with pytest.raises(ApiError) as refused:
            api.plug(KINDS["vhost-user"])
        assert SOCKETS in str(refused.value)
        wait_until(lambda: "does not exist where vifplugd runs" in findings(api).get(("socket-dirs", "fail"), ""),
                   what=lambda: findings(api))
        assert api.call("list")["vifs"] == []


def test_quadlet():
    """The file has only keys that quadlet knows; podman itself reads it where it is installed."""
    sections = read_quadlet()
    assert set(sections["Container"]) <= KEYS and set(sections) == {"Unit", "Container", "Service", "Install"}
    generator = "/usr/libexec/podman/quadlet"
    if os.path.exists(generator):
        result = run([generator, "-dryrun"], env={"QUADLET_UNIT_DIRS": os.path.dirname(QUADLET)})
        assert result.returncode == 0 and "--network host" in result.stdout.replace("=", " "), result


def test_the_page_has_each_mount():
    """docs/containers.md explains each mount and setting of the quadlet."""
    with open(os.path.join(TOP, "docs/containers.md"), encoding="utf-8") as file:
        page = file.read()
    settings = read_quadlet()["Container"]
    for target in volumes(settings):
        assert re.search(rf"^\| `{re.escape(target)}` \|", page, re.M), target
    for key in set(settings) - {"Volume", "Image", "ContainerName"}:
        for value in settings[key]:
            assert f"`{key}={value}`" in page, key
