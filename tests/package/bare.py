# SPDX-License-Identifier: Apache-2.0
"""A bare Debian with Open vSwitch, as on a compute node: debootstrap's minbase, systemd (which does not run) and
openvswitch-switch-dpdk, and no build tools.

The chroot is kept for the next run. A Node is an overlay on it in namespaces of its own, so each begins anew, and
all of its processes end with it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "sandbox")]

import release  # noqa: E402  (found in the directory above)
import sandbox  # noqa: E402  (found beside that)

POLICY = "#!/bin/sh\nexit 101\n"  # The tests start the services.
VSWITCHD = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
BEGIN = r"""
set -e
mount --make-rprivate /
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount --rbind --make-rslave /dev "$2/root/dev"
mount -t proc proc "$2/root/proc"
mount --rbind --make-rslave /sys "$2/root/sys"
mount -t tmpfs -o mode=755 run "$2/root/run"
mount -t tmpfs -o mode=1777 tmp "$2/root/tmp"
cd "$2/root"
mkdir -p .host
pivot_root . .host
cd /
umount -l /.host
ip link set lo up
touch /run/ready
# As process 1 it collects what orphans leave.
while :; do sleep 1000 & wait; done
"""


def wait_for(condition, what, timeout=60):
    """Waits until condition() returns a true value, and returns it."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what}: not within {timeout} s"
        time.sleep(0.02)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


def base():
    """Makes the chroot, if there is none, and returns its directory."""
    codename = release.host_release()
    chroot = release.Chroot(codename, f"bare-{codename}")
    chroot.make()
    switch = f"{chroot.root}/vifplug-has-packages"
    if not os.path.exists(switch):
        with open(f"{chroot.root}/usr/sbin/policy-rc.d", "w", encoding="ascii") as file:
            file.write(POLICY)
        os.chmod(f"{chroot.root}/usr/sbin/policy-rc.d", 0o755)
        for script in ("apt-get update -q", "apt-get install -y -q --no-install-recommends openvswitch-switch "
                       "openvswitch-switch-dpdk iproute2 systemd"):
            done = chroot.enter(["sh", "-c", f"DEBIAN_FRONTEND=noninteractive {script}"], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
            assert done.returncode == 0, done.stdout[-4000:]
        with open(switch, "w", encoding="ascii"):
            pass
    return chroot.root


class Node:
    """A machine: an overlay of the chroot `lower`, in `directory`."""

    def __init__(self, lower, directory):
        directory = str(directory)
        self.dir = directory
        self.hugepages = 0
        for name in ("upper", "work", "root"):
            os.makedirs(f"{directory}/{name}")
        os.chmod(f"{directory}/upper", 0o755)
        with open(f"{directory}/log", "wb") as log:
            self.unshare = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--net", "--pid", "--fork",
                 "--kill-child", "sh", "-c", BEGIN, "node", lower, directory], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True)
        children = f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children"
        self.pid = int(wait_for(lambda: read(children).split(), "process 1")[0])
        self.root = f"/proc/{self.pid}/root"
        wait_for(lambda: os.path.exists(f"{self.root}/run/ready"), f"the node ({directory}/log)")

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self.unshare.wait(30)
        if self.hugepages:
            sandbox.change_hugepages(-self.hugepages, self.dir)

    def command(self, *command, net=True):
        """The command line that runs `command` in the node. Without `net` it has the network of the host."""
        inside = ["nsenter", "--target", str(self.pid), "--mount", "--pid"] + (["--net"] if net else [])
        return [*inside, "--", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root",
                "DEBIAN_FRONTEND=noninteractive", *command]

    def run(self, *command, check=True, net=True, timeout=300):
        """Runs a command, and returns its output."""
        done = subprocess.run(self.command(*command, net=net), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, stdin=subprocess.DEVNULL, errors="replace", timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout[-4000:]}"
        return done.stdout

    def apt(self, *arguments):
        """Runs apt with the host's network. It keeps a configuration that an administrator has changed."""
        return self.run("apt-get", "-y", "-q", "-o", "Dpkg::Options::=--force-confold", *arguments, net=False)

    def path(self, path):
        return f"{self.root}{path}"

    def read(self, path):
        return read(self.path(path))

    def files(self):
        """All files, links and directories, but not those that change by themselves or by apt's work."""
        output = self.run("find", "/", "-xdev", "!", "-path", "/var/lib/dpkg/*", "!", "-path", "/var/lib/apt/*",
                          "!", "-path", "/var/cache/*", "!", "-path", "/var/log/*")
        return set(output.splitlines())

    def start(self, *command, **options):
        """Starts a process in the node, which ends with it."""
        return subprocess.Popen(self.command(*command), stdin=subprocess.DEVNULL, **options)

    def vsctl(self, *arguments):
        return self.run("ovs-vsctl", "--timeout=60", *arguments).strip()

    def start_switch(self):
        """Starts the packaged Open vSwitch with DPDK."""
        sandbox.change_hugepages(sandbox.HUGEPAGES, self.dir)
        self.hugepages = sandbox.HUGEPAGES
        self.run("sh", "-c", sandbox.Sandbox.mount_hugepages("/run/hugepages", sandbox.HUGEPAGES))
        self.run("mkdir", "-p", "/run/openvswitch", "/etc/openvswitch")
        self.run("ovsdb-tool", "create", "/etc/openvswitch/conf.db", SCHEMA)
        self.run("ovsdb-server", "--remote=punix:/run/openvswitch/db.sock", "--pidfile", "--detach",
                 "-vsyslog:off", "--log-file=/tmp/ovsdb-server.log")
        self.vsctl("--no-wait", "init")
        self.vsctl("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                   "other_config:dpdk-lcore-mask=0x1", "other_config:pmd-cpu-mask=0x2",
                   "other_config:dpdk-socket-mem=64",
                   'other_config:dpdk-extra="--no-pci --huge-dir /run/hugepages --socket-limit 256"')
        self.run(VSWITCHD, "--pidfile=/run/openvswitch/ovs-vswitchd.pid", "--detach", "-vsyslog:off",
                 "--log-file=/tmp/ovs-vswitchd.log")


class Guest:
    """The end of a vhost-user socket that QEMU has in mode server. ovs-vswitchd keeps its connection as long as it
    has the port, so the end of the connection is what cuts a guest off."""

    def __init__(self, path):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.listener.settimeout(60)
        self.connection = None

    def connected(self):
        """Waits for ovs-vswitchd."""
        self.connection, _ = self.listener.accept()
        self.connection.setblocking(False)

    def is_cut_off(self):
        try:
            return self.connection.recv(1) == b""
        except BlockingIOError:
            return False

    def close(self):
        for one in (self.connection, self.listener):
            if one:
                one.close()
