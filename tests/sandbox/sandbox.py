# SPDX-License-Identifier: Apache-2.0
"""A private Open vSwitch with DPDK, and vifplugd, in separate namespaces.

Everything lives in one directory and one pair of namespaces: a network namespace, so that two switches do not
meet, and a mount namespace, with private /usr/local/var/run, DPDK runtime directory and hugepage mount. Only
the hugepages are shared with the machine; `up` reserves some, and `down` returns them.

The integration tests use this module; `sandbox` in the same directory is the command.
"""

import contextlib
import fcntl
import filecmp
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import pcitree  # noqa: E402  (found beside this file)

VSWITCHD = "/usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
NR_HUGEPAGES = "/proc/sys/vm/nr_hugepages"
COMPACT_MEMORY = "/proc/sys/vm/compact_memory"
HUGEPAGES = 128  # Of 2 MB: as many as vswitchd may use with --socket-limit 256.
HUGEPAGES_LOCK = "/run/lock/vifplug-sandbox-hugepages"
HUGEPAGES_HELD = "/run/lock/vifplug-sandbox-hugepages.json"  # The number of each sandbox, by its directory.
SUN_PATH = 107
# Stands in for the user vifplugd, which the package makes. Debian's base system has it; no client of a test is it.
CONFINED_USER = "games"


# The cards of the simulated SmartNIC's driver (tests/smartnic/vpsim.h), in the syntax of pcitree.py.
CARDS = {
    "napatech": "pf=0000:65:00.0,vendor=18f4,device=01c5,vf-device=051a,vf=0000:65:00.4+{vfs}",
    "generic": "pf=0000:b3:00.0,vendor=fa5e,device=0001,vf-device=0002,vf=0000:b3:02.0+{vfs}",
}
SIMULATED = ("vendor=18f4,device=01c5", "vendor=fa5e,device=0001")
DRIVER = "librte_net_vpsim.so"
# Replaces the driver if that cannot be built (tests/smartnic/README.md).
STANDIN = "libvpsim-standin.so"
# By default the simulated cards make representors when a port asks for one; the built-in profile of
# Napatech's cards is for a driver that does not.
PROFILE = "[nic napatech]\n"
ANY_TIME = PROFILE + "representors = any-time\n"


def card_vfs(card):
    """Returns the addresses of a card's VFs."""
    counts = [item[3:].partition("+") for item in card.split(",") if item.startswith("vf=")]
    return [pcitree.following(first, i) for first, _, count in counts for i in range(int(count or 1))]


class SandboxError(Exception):
    """A start, a stop or a lookup failed."""


def wait_for(condition, timeout, what):
    """Waits until condition() returns a true value, and returns it."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise SandboxError(f"{what}: not within {timeout} s")
        time.sleep(0.01)


def is_alive(pid):
    """Whether a process runs. A zombie does not run, unless it still has threads: until the last thread ends,
    its files stay open and locked."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z" or len(
                os.listdir(f"/proc/{pid}/task")) > 1
    except (OSError, IndexError):
        return False


def kill(pid, number=signal.SIGTERM, timeout=10):
    """Ends a process that the sandbox started, and waits until it has ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)

    def ended():
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        return not is_alive(pid)

    try:
        wait_for(ended, timeout, f"process {pid} ends")
    except SandboxError:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_for(ended, timeout, f"process {pid} ends when killed")


def has_ovsdb(path):
    """Whether the vifplugd of a socket says that it is connected to OVSDB. (Each test asks several times, and
    vifctl takes long to start in a sanitized build.)"""
    # It may end while it replies.
    with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(path)
        connection.sendall(b'{"jsonrpc":"2.0","id":1,"method":"status"}\n')
        with connection.makefile("rb") as file:
            line = file.readline()
        return bool(line) and json.loads(line)["result"]["ovsdb"]["connected"]
    return False


@contextlib.contextmanager
def hugepages_locked():
    """Locks the number of hugepages, so that two sandboxes do not change it at the same time."""
    with open(HUGEPAGES_LOCK, "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def hugepages_held():
    """Returns {directory: hugepages} of all sandboxes; the caller must hold the lock."""
    try:
        with open(HUGEPAGES_HELD, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def note_hugepages(directory, delta):
    held = hugepages_held()
    held[directory] = held.get(directory, 0) + delta
    with open(HUGEPAGES_HELD, "w", encoding="utf-8") as file:
        json.dump({name: pages for name, pages in held.items() if pages > 0}, file)


def _set_hugepages(number):
    """Sets the machine's number of hugepages, and returns it. The kernel gives fewer while it finds no memory in
    one piece, so this asks again for a while."""
    deadline = time.monotonic() + 10
    while True:
        with open(NR_HUGEPAGES, "w", encoding="ascii") as file:
            file.write(str(number))
        with open(NR_HUGEPAGES, encoding="ascii") as file:
            after = int(file.read())
        if after >= number or time.monotonic() > deadline:
            return after
        with contextlib.suppress(OSError), open(COMPACT_MEMORY, "w", encoding="ascii") as file:
            file.write("1")
        time.sleep(0.1)


def change_hugepages(delta, directory):
    """Increases (or decreases) the machine's number of hugepages, for the sandbox in `directory`."""
    with hugepages_locked():
        with open(NR_HUGEPAGES, encoding="ascii") as file:
            before = int(file.read())
        after = _set_hugepages(max(0, before + delta))
        note_hugepages(directory, after - before if delta > 0 else delta)
    if delta > 0 and after < before + delta:
        change_hugepages(before - after, directory)
        raise SandboxError(f"only {after - before} of {delta} hugepages of 2 MB could be reserved; "
                           "free some memory")


class Sandbox:
    """One sandbox, in `directory`. Its state is in state.json there, so any process may use it."""

    # How long an idle PMD thread may sleep, in microseconds. If it polls all the time, as on a real host, it takes
    # a core of its own, which the tests' machine does not have.
    pmd_sleep_us = 1000

    def __init__(self, directory, build=None):
        self.dir = os.path.abspath(directory)
        self.build = os.path.abspath(build or os.environ.get("VIFPLUG_BUILD")
                                     or os.path.join(TOP, "build"))
        self.run = os.path.join(self.dir, "run")
        self.log = os.path.join(self.dir, "log")
        self.sys = os.path.join(self.dir, "sys")
        self.db = f"unix:{self.run}/db.sock"
        self.socket = os.path.join(self.dir, "vifplugd.sock")
        self.config = os.path.join(self.dir, "vifplugd.conf")
        self.state_file = os.path.join(self.dir, "state.json")
        self.card_file = os.path.join(self.dir, "card.conf")
        self.driver_dir = os.path.join(self.build, "tests/smartnic")
        # Whether vifplugd runs with the restrictions of its unit (confine.py), and not as root.
        self.confined = os.environ.get("VIFPLUG_CONFINED") == "yes"
        self._granted = None  # What grant-access gave access to.
        self.standin = os.environ.get("VPSIM_STANDIN") == "yes" or (
            not os.path.exists(f"{self.driver_dir}/{DRIVER}")
            and os.path.exists(f"{self.driver_dir}/{STANDIN}"))
        self.state = {"pids": {}, "hugepages": 0, "cards": [], "driver": "plain"}
        if os.path.exists(self.state_file):
            with open(self.state_file, encoding="utf-8") as file:
                self.state = json.load(file)

    # --- Processes. ---

    def save(self):
        """Writes the state to its file, so that any process can end the sandbox."""
        temporary = f"{self.state_file}.new"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump(self.state, file)
        os.replace(temporary, self.state_file)

    def pid(self, name):
        """Returns the pid of ovsdb-server, ovs-vswitchd or vifplugd, or None if it does not run."""
        pid = self.state["pids"].get(name)
        return pid if pid and is_alive(pid) else None

    def env(self):
        """Returns the environment with which ovs-vsctl, ovs-appctl and vifctl use this sandbox."""
        return {
            "OVS_RUNDIR": self.run,
            "OVS_LOGDIR": self.log,
            "OVS_DBDIR": self.dir,
            "VIFPLUGD_SOCKET": self.socket,
            "PATH": f"{self.build}/src:{os.environ.get('PATH', '/usr/sbin:/usr/bin:/sbin:/bin')}",
        }

    def _environment(self, extra=None):
        environment = dict(os.environ)
        environment.update(self.env())
        environment.update(extra or {})
        return environment

    def inside(self, command):
        """Returns the command line that runs `command` in the sandbox's namespaces."""
        return ["nsenter", "--target", str(self.state["pids"]["holder"]), "--net", "--mount",
                "--", *command]

    def start(self, name, command, inside=True, extra_env=None):
        """Starts a process that survives this one; its output goes to log/NAME.out."""
        if self.pid(name):
            raise SandboxError(f"{name} runs already")
        with open(os.path.join(self.log, f"{name}.out"), "ab") as output:
            process = subprocess.Popen(
                self.inside(command) if inside else command, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output, start_new_session=True, cwd="/",
                env=self._environment(extra_env))
        self.state["pids"][name] = process.pid
        self.save()
        return process.pid

    def stop(self, name, number=signal.SIGTERM):
        """Ends a process of the sandbox (for a crash: number=SIGKILL)."""
        pid = self.pid(name)
        if pid:
            kill(pid, number)
        self.state["pids"].pop(name, None)
        self.save()

    def tail(self, name):
        """The last lines of a process's output and log."""
        lines = []
        for path in (f"{self.log}/{name}.out", f"{self.log}/{name}.log"):
            with contextlib.suppress(OSError), open(path, encoding="utf-8",
                                                    errors="replace") as file:
                lines += file.readlines()[-15:]
        return "".join(lines)

    def wait_ready(self, name, condition, timeout):
        """Waits until a process is ready; on failure raises its last output."""
        def ready():
            if not self.pid(name):
                raise SandboxError(f"{name} ended at once:\n{self.tail(name)}")
            return condition()
        try:
            wait_for(ready, timeout, f"{name} is ready")
        except SandboxError as error:
            raise SandboxError(f"{error}\n{self.tail(name)}") from None

    # --- Commands in it. ---

    def command(self, *command, check=True, timeout=60, stdin=None, extra_env=None):
        """Runs a command with the sandbox's environment and returns its completed process."""
        result = subprocess.run(command, env=self._environment(extra_env), capture_output=True, text=True,
                                timeout=timeout, input=stdin, check=False)
        if check and result.returncode != 0:
            raise SandboxError(f"{' '.join(command)}: exit {result.returncode}\n"
                               f"{result.stdout}{result.stderr}")
        return result

    def vsctl(self, *arguments, check=True):
        """Runs ovs-vsctl, without waiting for vswitchd; returns its output without the last newline."""
        result = self.command("ovs-vsctl", "--no-wait", f"--db={self.db}", *arguments, check=check)
        return result.stdout.rstrip("\n")

    def appctl(self, target, *arguments, check=True):
        return self.command("ovs-appctl", "-t", target, *arguments, check=check).stdout

    def vifctl(self, *arguments, check=True, stdin=None):
        # A search for leaks doubles its time in a sanitized build; tests/cli have it.
        return self.command("vifctl", *arguments, check=check, stdin=stdin,
                            extra_env={"ASAN_OPTIONS": "detect_leaks=0"})

    # --- Up. ---

    def _make_directories(self):
        if len(self.run) + len("/ovs-vswitchd.4194304.ctl") > SUN_PATH:
            raise SandboxError(f"{self.dir} is too long a path for UNIX sockets")
        for path in (self.run, self.log, f"{self.dir}/stdvio", f"{self.dir}/overlay/upper",
                     f"{self.dir}/overlay/work", f"{self.dir}/dpdk", f"{self.dir}/hugepages"):
            os.makedirs(path, exist_ok=True)

    def _start_namespaces(self):
        """Starts a process that only keeps the namespaces. In them /usr/local is an overlay, so that var/run
        can be a mount point even if the machine does not have it."""
        overlay = (f"lowerdir=/usr/local,upperdir={self.dir}/overlay/upper,"
                   f"workdir={self.dir}/overlay/work")
        script = f"""set -e
mount --make-rprivate /
mount -t overlay overlay -o "{overlay}" /usr/local
mkdir -p /usr/local/var/run /run/dpdk
mount --bind "{self.dir}/stdvio" /usr/local/var/run
mount --bind "{self.dir}/dpdk" /run/dpdk
{self.mount_hugepages(f"{self.dir}/hugepages", HUGEPAGES)}
ip link set lo up
touch "{self.dir}/namespaces-ready"
exec sleep infinity"""
        had_run_dpdk = os.path.isdir("/run/dpdk")
        self.start("holder", ["unshare", "--net", "--mount", "sh", "-c", script], inside=False)
        self.wait_ready("holder", lambda: os.path.exists(f"{self.dir}/namespaces-ready"), 20)
        self.state["remove_run_dpdk"] = not had_run_dpdk
        self.save()

    @staticmethod
    def mount_hugepages(path, pages):
        """Returns the command that mounts hugepages at `path`, at most as many as were added to the machine's
        for it, so that each mount uses only its own. (min_size would be safer, but DPDK treats reserved pages
        as used.)"""
        return (f'mkdir -p "{path}" && mount -t hugetlbfs -o pagesize=2M,size={2 * pages}M none '
                f'"{path}"')

    # Logs go only to files: the machine's syslog does not need them, and without a server at /dev/log, as in
    # a container, the C library tries to connect for each line.
    def start_ovsdb(self):
        if not os.path.exists(f"{self.dir}/conf.db"):
            self.command("ovsdb-tool", "create", f"{self.dir}/conf.db", SCHEMA)
        self.start("ovsdb-server", [
            "ovsdb-server", f"{self.dir}/conf.db", f"--remote=p{self.db}",
            f"--pidfile={self.run}/ovsdb-server.pid",
            f"--unixctl={self.run}/ovsdb-server.ctl", f"--log-file={self.log}/ovsdb-server.log",
            "-vconsole:off", "-vsyslog:off"])
        self.wait_ready("ovsdb-server", lambda: self.command(
            "ovs-vsctl", "--no-wait", "--timeout=1", f"--db={self.db}", "show",
            check=False).returncode == 0, 20)
        if self.confined:
            self._grant_access()

    def start_vswitchd(self, wait=True, database=None):
        """Starts ovs-vswitchd, with another remote in place of the sandbox's `database`. It finds the simulated
        card's driver by its soname, because EAL refuses libraries below world-writable directories. The stand-in
        is preloaded."""
        card = {"SYSFS_PCI_DEVICES": f"{self.sys}/bus/pci/devices",
                "LD_LIBRARY_PATH": self.driver_dir, "VPSIM_CONFIG": self.card_file}
        if self.standin and self._simulated():
            card["LD_PRELOAD"] = f"{self.driver_dir}/{STANDIN}"
        # As its unit has it with vifplugd's package.
        umask = ["sh", "-c", 'umask 0002; exec "$@"', "umask"] if self.confined else []
        self.start("ovs-vswitchd", [
            *umask, VSWITCHD, database or self.db, f"--pidfile={self.run}/ovs-vswitchd.pid",
            f"--unixctl={self.run}/ovs-vswitchd.ctl", f"--log-file={self.log}/ovs-vswitchd.log",
            "-vconsole:off", "-vsyslog:off"],
            extra_env=card)
        if wait:
            self.wait_vswitchd()

    def card_settings(self, **settings):
        """Writes the simulated cards' settings (tests/smartnic/vpsim.h; _ stands for -), which apply from the
        next use on. For one PF: card_settings(**{"max-mtu@0000:65:00.0": 2000}). This does not change the
        `driver` that the sandbox was started with."""
        settings = {"driver": self.state["driver"], **settings}
        temporary = f"{self.card_file}.new"
        with open(temporary, "w", encoding="ascii") as file:
            for key, value in settings.items():
                file.write(f"{key.replace('_', '-')} = {value}\n")
        os.replace(temporary, self.card_file)

    def wait_vswitchd(self):
        """Waits until vswitchd replies: DPDK is initialised and the bridges are configured."""
        self.wait_ready("ovs-vswitchd", lambda: self.command(
            "ovs-appctl", "-t", f"{self.run}/ovs-vswitchd.ctl", "version",
            check=False).returncode == 0, 60)
        self.wait_ready("ovs-vswitchd", lambda: self.command(
            "ovs-vsctl", "--timeout=5", f"--db={self.db}", "set", "open_vswitch", ".",
            "external_ids:sandbox=ready", check=False).returncode == 0, 60)

    def start_vifplugd(self, *options, wait=True):
        if not os.path.exists(self.config):
            with open(self.config, "w", encoding="ascii") as file:
                file.write("[daemon]\nsocket_group = root\n")
        self._fit_profile()
        # With the sandbox's environment, ovs-appctl -t vifplugd finds it by its pidfile in OVS_RUNDIR.
        command = [*self.vifplugd_command(self.build), *options]
        self.start("vifplugd", self._confine(command) if self.confined else command)
        if wait:
            self.wait_vifplugd()

    def vifplugd_command(self, build, name="vifplugd"):
        """The command that runs the vifplugd of a build. All its files have the name `name`."""
        return [os.path.join(build, "src/vifplugd"), f"--config={self.dir}/{name}.conf",
                f"--socket={self.dir}/{name}.sock", f"--db={self.db}", f"--sysfs-root={self.sys}",
                f"--pidfile={self.run}/{name}.pid", f"--log-file={self.log}/{name}.log",
                "-vconsole:off", "-vsyslog:off"]

    def _confine(self, command):
        """Returns the command that runs vifplugd as its unit says, as CONFINED_USER."""
        # That user must get at them.
        program, confine = f"{self.dir}/vifplugd", f"{self.dir}/confine.py"
        shutil.copy(command[0], f"{program}.new")
        os.replace(f"{program}.new", program)
        shutil.copy(os.path.join(HERE, "confine.py"), confine)
        unit, kept = f"{self.dir}/vifplugd.service", f"{self.dir}/vifplugd.filter"
        if not os.path.exists(unit) or not filecmp.cmp(f"{self.build}/vifplugd.service", unit, shallow=False):
            shutil.copy(f"{self.build}/vifplugd.service", unit)
            if os.path.exists(kept):
                os.unlink(kept)
        parent = os.path.dirname(self.dir)
        while not os.stat(parent).st_mode & 1:
            subprocess.run(["setfacl", "-m", f"user:{CONFINED_USER}:x", parent], check=True)
            parent = os.path.dirname(parent)
        self._grant_access()
        paths = (self.dir, f"{self.log}/vifplugd.log", f"{self.socket}.lock")
        subprocess.run(["setfacl", "-m", f"user:{CONFINED_USER}:rwx", *filter(os.path.exists, paths)], check=True)
        return ["/usr/bin/python3", "-I", "-S", confine, f"--user={CONFINED_USER}", f"--writable={self.dir}",
                f"--filter={kept}", unit, program, *command[1:]]

    def _grant_access(self):
        """What the units of vifplugd and of ovsdb-server run as root. If nothing of root's is new since the last
        time, it would only take time."""
        if self._granted == self._to_grant():
            return
        subprocess.run(["sh", f"{self.build}/grant-access"], check=True, env={
            **os.environ, "VIFPLUGD_USER": CONFINED_USER, "OVS_RUNDIR": self.run,
            "OVS_LOGDIR": self.log})
        # The daemon's log is there, too; grant-access gives less.
        subprocess.run(["setfacl", "-m", f"user:{CONFINED_USER}:rwx", self.log], check=True)
        self._granted = self._to_grant()

    def _to_grant(self):
        """What tells that grant-access has something to do: the sockets of root, and other files that were made
        again. {path: what identifies it}"""
        found = {}
        for path in (self.run, self.log, f"{self.log}/ovs-vswitchd.log"):
            found[path] = os.stat(path).st_ino if os.path.exists(path) else None
        with os.scandir(self.run) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISSOCK(status.st_mode) and status.st_uid == 0:
                    found[entry.path] = (status.st_ino, status.st_ctime_ns)
        return found

    def _fit_profile(self):
        """Adds `representors` to the configuration, if it is missing."""
        with open(self.config, encoding="ascii") as file:
            text = file.read()
        if self.state["driver"] == "plain" and "representors =" not in text:
            text = text.replace(PROFILE, ANY_TIME) if PROFILE in text else f"{text}\n{ANY_TIME}"
            with open(self.config, "w", encoding="ascii") as file:
                file.write(text)

    def wait_vifplugd(self, name="vifplugd"):
        """Waits until vifplugd has OVSDB, with or without ovs-vswitchd."""
        self.wait_ready(name, lambda: has_ovsdb(f"{self.dir}/{name}.sock"), 60)

    def _simulated(self):
        return [card for card in self.state["cards"] if any(i in card for i in SIMULATED)]

    def dpdk_extra(self):
        """Returns the EAL options: the simulated cards, or no PCI devices at all (the stand-in needs
        none)."""
        memory = f"--huge-dir {self.dir}/hugepages --socket-limit 256"
        if not self._simulated() or self.standin:
            return f"--no-pci {memory}"
        return f"-d {DRIVER} {' '.join(self.allowed(card) for card in self._simulated())} {memory}"

    def allowed(self, card):
        """Returns the EAL options that name a card: its PF, and for the published driver
        (tests/smartnic/vpsim.h) its VFs with the ids of their representors."""
        pf = card.split("pf=")[1].split(",")[0]
        if self.state["driver"] == "plain":
            return f"-a {pf}"
        vfs = card_vfs(card)
        ids = ",".join(str(device * 8 + function)
                       for _, _, device, function in map(pcitree.parse_address, vfs))
        return " ".join([f"-a {pf},representor=[{ids}]", *(f"-a {vf}" for vf in vfs)])

    def up(self, cards=("napatech",), vfs=28, daemon=True, driver="plain"):
        """Starts everything and returns when all are ready; on failure ends it again. Each of `cards` is a
        name in CARDS, with `vfs` VFs, or a CARD of pcitree.py. Cards with ids of the simulated SmartNIC's
        driver work; others only exist in sysfs. `driver` is the setting of that name; "published" works only
        with Napatech's cards."""
        if self.pid("holder"):
            raise SandboxError(f"{self.dir} is up already")
        self.state["driver"] = driver
        self.state["cards"] = [CARDS[card].format(vfs=vfs) if card in CARDS else card
                               for card in cards]
        file, target = (STANDIN, "vpsim_standin") if self.standin else (DRIVER, "rte_net_vpsim")
        if self._simulated() and not os.path.exists(f"{self.driver_dir}/{file}"):
            raise SandboxError(f"{self.driver_dir}/{file} is missing; build it: cmake --build "
                               f"{self.build} --target {target}")
        self._make_directories()
        try:
            change_hugepages(HUGEPAGES, self.dir)
            self.state["hugepages"] = HUGEPAGES
            self.save()
            tree = pcitree.Tree(self.sys)
            self.card_settings()
            for card in self.state["cards"]:
                pcitree.add_from_spec(tree, card)
            self._start_namespaces()
            self.start_ovsdb()
            self.vsctl("set", "open_vswitch", ".", "other_config:dpdk-init=true",
                       # Without dpdk-lcore-mask the main thread runs on any core.
                       "other_config:dpdk-socket-mem=64", "other_config:pmd-cpu-mask=0x2",
                       # Open vSwitch 3.1 has the first name, all later ones the second.
                       f"other_config:pmd-maxsleep={self.pmd_sleep_us}",
                       f"other_config:pmd-sleep-max={self.pmd_sleep_us}",
                       # One pool for all MTUs: the first pool is the largest that fits, and leaves no space
                       # for a second.
                       "other_config:shared-mempool-config=9702",
                       f'other_config:dpdk-extra="{self.dpdk_extra()}"')
            self.start_vswitchd()
            if daemon:
                self.start_vifplugd()
        except BaseException:
            self.down(keep_logs=True)
            raise

    # --- Down. ---

    def down(self, keep_logs=False):
        """Ends all processes, returns the hugepages and removes the directory."""
        if not os.path.isdir(self.dir):
            return
        names = [name for name in self.state["pids"] if name != "holder"]
        order = ["vifplugd", "ovs-vswitchd", "ovsdb-server"]
        for name in sorted(names, key=lambda n: order.index(n) if n in order else -1):
            self.stop(name)
        self.stop("holder", signal.SIGKILL)
        if self.state.get("hugepages"):
            change_hugepages(-self.state["hugepages"], self.dir)
            self.state["hugepages"] = 0
        if self.state.get("remove_run_dpdk"):
            # A removal also removes what other sandboxes have mounted there in their namespaces.
            with hugepages_locked(), contextlib.suppress(OSError):
                if not hugepages_held():
                    os.rmdir("/run/dpdk")
        if keep_logs:
            for name in ("run", "sys", "stdvio", "overlay", "dpdk", "hugepages"):
                shutil.rmtree(os.path.join(self.dir, name), ignore_errors=True)
            for name in ("state.json", "namespaces-ready", "vifplugd.sock"):
                with contextlib.suppress(OSError):
                    os.unlink(os.path.join(self.dir, name))
        else:
            shutil.rmtree(self.dir, ignore_errors=True)
