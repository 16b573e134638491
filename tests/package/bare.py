# SPDX-License-Identifier: Apache-2.0
"""A bare Debian with Open vSwitch, as on a compute node: debootstrap's minbase, systemd and
openvswitch-switch-dpdk, and no build tools.

The chroot is kept for the next run. A Node is an overlay on it in namespaces and a cgroup of its own, with its own
systemd as process 1, so each begins anew, and all of its processes end with it."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "sandbox")]

import release  # noqa: E402  (found in the directory above)
import sandbox  # noqa: E402  (found beside that)

POLICY = "#!/bin/sh\nexit 101\n"  # No service starts while the chroot is made.
VSWITCHD = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
# Joins a cgroup of the node's own, "$3" of the hierarchy of version 2, and starts process 1. systemd needs no
# controller, so this does not change what the host's service manager does with its own cgroups.
JOIN = r"""
set -e
mount --make-rprivate /
mount -t cgroup2 cgroup2 "$2/root"
mkdir "$2/root$3"
echo 0 > "$2/root$3/cgroup.procs"
umount "$2/root"
exec unshare --cgroup --net --pid --ipc --uts --fork --kill-child sh -c "$4" node "$1" "$2"
"""
# Makes what systemd expects of a container's manager. Of the kernel's settings only those of the network
# namespace can be written, and of devices the node has what a service may use.
BEGIN = r"""
set -e
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t tmpfs -o mode=755 dev dev
for name in null zero full random urandom tty net/tun; do
    mkdir -p "dev/${name%"${name##*/}"}"
    touch "dev/$name"
    mount --bind "/dev/$name" "dev/$name"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount --bind proc/sys/net proc/sys/net
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mkdir -p run/systemd/system
# What concerns a machine with cards and a console, and what would work on its own meanwhile.
for unit in dpdk.service console-getty.service getty.target timers.target; do
    ln -s /dev/null "run/systemd/system/$unit"
done
rm usr/sbin/policy-rc.d
mkdir -p .host
pivot_root . .host
cd /
umount -l /.host
ip link set lo up
exec env -i container=vifplug PATH=/usr/sbin:/usr/bin:/sbin:/bin /usr/lib/systemd/systemd
"""
# Removes the cgroups below "$2", which are empty.
LEAVE = r"""
set -e
mount --make-rprivate /
mount -t cgroup2 cgroup2 "$1"
[ ! -e "$1$2" ] || find "$1$2" -depth -type d -exec rmdir {} +
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


class Host:
    """What runs systemd and Open vSwitch: its run() runs a command and returns the output."""

    def run(self, *command, check=True, timeout=300):
        raise NotImplementedError

    def active(self, *units):
        """Whether all of these units are active."""
        states = self.run("systemctl", "is-active", *units, check=False).split()
        return states == ["active"] * len(units)

    def status(self, *units):
        """What systemd says of them, for a message."""
        return self.run("systemctl", "--no-pager", "--full", "status", *units, check=False)

    def main_pid(self, unit):
        """The number of a service's process, 0 if there is none."""
        return int(self.run("systemctl", "show", "--value", "--property=MainPID", unit))

    def vsctl(self, *arguments):
        return self.run("ovs-vsctl", "--timeout=60", *arguments).strip()

    def init_dpdk(self, hugepages):
        """Has a running ovs-vswitchd start DPDK, with the memory that is mounted at `hugepages`."""
        self.vsctl("set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                   "other_config:dpdk-socket-mem=64", "other_config:pmd-cpu-mask=0x2",
                   # An idle PMD thread sleeps; see tests/sandbox/sandbox.py.
                   "other_config:pmd-maxsleep=1000", "other_config:pmd-sleep-max=1000",
                   f'other_config:dpdk-extra="--no-pci --huge-dir {hugepages} --socket-limit 256"')


class Node(Host):
    """A machine: an overlay of the chroot `lower`, in `directory`."""

    def __init__(self, lower, directory):
        directory = str(directory)
        self.dir = directory
        self.hugepages = 0
        for name in ("upper", "work", "root"):
            os.makedirs(f"{directory}/{name}")
        os.chmod(f"{directory}/upper", 0o755)
        with open("/proc/self/cgroup", encoding="ascii") as file:
            ours = next((line[3:] for line in file.read().splitlines() if line.startswith("0::")), "/")
        self.cgroup = f"{ours.rstrip('/')}/vifplug-node-{os.getpid()}-{os.path.basename(directory)}"
        with open(f"{directory}/log", "wb") as log:
            self.unshare = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "sh", "-c", JOIN, "node", lower,
                 directory, self.cgroup, BEGIN], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True)
        try:
            self.pid = wait_for(self.process_1, f"process 1 ({directory}/log)")
            self.root = f"/proc/{self.pid}/root"
            wait_for(lambda: os.path.exists(f"{self.root}/run/systemd/private"), f"systemd ({directory}/log)")
            state = self.run("systemctl", "is-system-running", "--wait", check=False).strip()
            assert state == "running", f"{state}\n{self.run('systemctl', '--no-pager', '--failed', check=False)}"
        except BaseException:
            self.end()
            raise

    def process_1(self):
        assert self.unshare.poll() is None, read(f"{self.dir}/log")
        for child in read(f"/proc/{self.unshare.pid}/task/{self.unshare.pid}/children").split():
            with contextlib.suppress(OSError):  # One of the shell's that has ended.
                if os.readlink(f"/proc/{child}/ns/pid") != os.readlink("/proc/self/ns/pid"):
                    return int(child)
        return None

    def end(self):
        self.unshare.kill()  # Which kills process 1, and that all others.
        self.unshare.wait(30)
        # The last processes may still be ending.
        wait_for(lambda: subprocess.run(["unshare", "--mount", "sh", "-c", LEAVE, "leave", f"{self.dir}/root",
                                         self.cgroup], check=False, capture_output=True).returncode == 0,
                 f"{self.cgroup} is empty")
        if self.hugepages:
            sandbox.change_hugepages(-self.hugepages, self.dir)

    def command(self, *command, net=True):
        """The command line that runs `command` in the node. Without `net` it has the network of the host."""
        inside = ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--ipc", "--uts", "--cgroup",
                  *(["--net"] if net else [])]
        return [*inside, "--", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root",
                "DEBIAN_FRONTEND=noninteractive", *command]

    def run(self, *command, check=True, timeout=300, net=True):
        """Runs a command, and returns its output."""
        done = subprocess.run(self.command(*command, net=net), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, stdin=subprocess.DEVNULL, errors="replace", timeout=timeout, check=False)
        assert not check or done.returncode == 0, f"{' '.join(command)}: {done.returncode}\n{done.stdout[-4000:]}"
        return done.stdout

    def apt(self, *arguments):
        """Runs apt with the host's network. It keeps a configuration that an administrator has changed."""
        return self.run("apt-get", "-y", "-q", "-o", "Dpkg::Options::=--force-confold", *arguments, net=False)

    def install(self, *files):
        """Installs packages, which are files of the host."""
        for file in files:
            shutil.copy(file, self.path("/tmp"))
        self.apt("install", *(f"/tmp/{os.path.basename(file)}" for file in files))

    def status_of(self, pid):
        """{name: value} of a process's status."""
        lines = self.read(f"/proc/{pid}/status").splitlines()
        return dict(line.split(":\t", 1) for line in lines if ":\t" in line)

    def uid(self, pid):
        return int(self.status_of(pid)["Uid"].split()[0])

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

    def start_switch(self):
        """Starts the packaged Open vSwitch with DPDK."""
        sandbox.change_hugepages(sandbox.HUGEPAGES, self.dir)
        self.hugepages = sandbox.HUGEPAGES
        self.run("sh", "-c", sandbox.Sandbox.mount_hugepages("/run/hugepages", sandbox.HUGEPAGES))
        self.run("update-alternatives", "--set", "ovs-vswitchd", VSWITCHD)
        self.run("systemctl", "restart", "openvswitch-switch")
        self.init_dpdk("/run/hugepages")


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
