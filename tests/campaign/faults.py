# SPDX-License-Identifier: Apache-2.0
"""The faults of processes, system calls and resources. Each is a function of (world, rng, model) that does it
while the load runs; World.restore() lifts what is left of it. FAULTS has them by name; those of other clients and
of writers are in clients.py and writers.py."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import time

from world import PROCESSES

# At which calls a process is killed. The numbers are how many calls of that name are passed over at most.
KILLED_AT = {
    "vifplugd": {"sendmsg": 60, "ioctl": 30, "sendto": 60, "connect": 3, "unlink": 3, "accept4,accept": 4,
                 "recvfrom": 60},
    "ovsdb-server": {"fdatasync,fsync": 20, "write": 60, "sendto": 60, "ftruncate": 1},
    "ovs-vswitchd": {"sendto": 60, "openat": 30, "ioctl": 60, "recvfrom": 60},
}
FAILING = {"sendmsg": ("ENOBUFS", "ENOMEM"), "ioctl": ("EBUSY", "ENOMEM", "EPERM"), "openat": ("EMFILE", "EACCES"),
           "socket": ("EMFILE", "ENOMEM"), "connect": ("ECONNREFUSED", "EAGAIN"), "sendto": ("EPIPE", "ENOBUFS"),
           "recvmsg": ("ENOBUFS",), "accept4,accept": ("EMFILE", "ECONNABORTED"), "recvfrom": ("ECONNRESET",)}
AT_CALL_S = 6  # How long a process may take to the call at which it is killed.
SPARE_MB = 24  # What the daemon may still allocate when its memory is limited.
DAY_S = 86400


def pause(rng, most, least=0.0):
    """The instant of a fault is random; nothing is waited for."""
    time.sleep(least + rng.random() * (most - least))


# --- Processes. ---

def kill_daemon(world, rng, _model):
    """vifplugd is killed, up to three times."""
    for _ in range(rng.randint(1, 3)):
        pause(rng, 0.8)
        world.end("vifplugd")
        world.start_vifplugd()


def terminate_daemon(world, rng, _model):
    """vifplugd is asked to end."""
    pause(rng, 0.8)
    world.end("vifplugd", signal.SIGTERM)
    world.cut_off = True  # What was under way is answered with `busy`, and done again by nobody.
    world.start_vifplugd()
    pause(rng, 0.5)


def stop_and_go(world, rng, name, most):
    pause(rng, 0.5)
    world.send_signal(name, signal.SIGSTOP)
    pause(rng, most, 0.1)
    world.send_signal(name, signal.SIGCONT)
    pause(rng, 0.5)


def stop_daemon(world, rng, _model):
    """vifplugd stops for up to 6 s: to it the clock jumps, and all deadlines have passed."""
    stop_and_go(world, rng, "vifplugd", 6)


def stop_ovsdb(world, rng, _model):
    """ovsdb-server stops for up to 5 s."""
    stop_and_go(world, rng, "ovsdb-server", 5)


def stop_vswitchd(world, rng, _model):
    """ovs-vswitchd stops for up to 5 s."""
    stop_and_go(world, rng, "ovs-vswitchd", 5)


def kill_ovsdb(world, rng, _model):
    """ovsdb-server is killed, up to three times."""
    for _ in range(rng.randint(1, 3)):
        pause(rng, 0.6)
        world.end("ovsdb-server")
        pause(rng, 0.5)
        world.start_ovsdb()


def terminate_ovsdb(world, rng, _model):
    """ovsdb-server ends and is away for up to 3 s."""
    pause(rng, 0.6)
    world.end("ovsdb-server", signal.SIGTERM)
    pause(rng, 3)
    world.start_ovsdb()


def kill_vswitchd(world, rng, _model):
    """ovs-vswitchd is killed."""
    pause(rng, 0.8)
    world.end("ovs-vswitchd")
    pause(rng, 1)
    world.remove_dead_sockets()
    world.start_vswitchd()
    pause(rng, 0.5)


def terminate_vswitchd(world, rng, _model):
    """ovs-vswitchd ends and starts again."""
    pause(rng, 0.8)
    world.end("ovs-vswitchd", signal.SIGTERM)
    world.start_vswitchd()


def two_at_once(world, rng, _model):
    """Two of the processes are killed in the same instant."""
    pause(rng, 0.8)
    for name in rng.sample(PROCESSES, 2):
        world.end(name)


# --- System calls. ---

def at_call(world, rng, name, what, calls):
    call = rng.choice(sorted(calls))
    with world.injected(name, call, what, rng.randint(1, calls[call])):
        deadline = time.monotonic() + AT_CALL_S
        while world.pid(name) and time.monotonic() < deadline:
            time.sleep(0.02)


def kill_daemon_at_call(world, rng, _model):
    """vifplugd is killed at a system call."""
    at_call(world, rng, "vifplugd", "signal=SIGKILL", KILLED_AT["vifplugd"])


def kill_ovsdb_at_call(world, rng, _model):
    """ovsdb-server is killed at a system call."""
    at_call(world, rng, "ovsdb-server", "signal=SIGKILL", KILLED_AT["ovsdb-server"])


def kill_vswitchd_at_call(world, rng, _model):
    """ovs-vswitchd is killed at a system call."""
    at_call(world, rng, "ovs-vswitchd", "signal=SIGKILL", KILLED_AT["ovs-vswitchd"])


def failing_call(world, rng, _model):
    """Single system calls of vifplugd fail."""
    call = rng.choice(sorted(FAILING))
    first, step = rng.randint(1, 20), rng.randint(3, 30)
    with world.injected("vifplugd", call, f"error={rng.choice(FAILING[call])}", f"{first}+{step}"):
        pause(rng, 3, 1)


# --- Resources. ---

def full_disk(world, rng, _model):
    """The disk of the database is full for up to 3 s."""
    pause(rng, 0.5)
    world.fill_disk()
    pause(rng, 3, 0.5)
    world.free_disk()
    pause(rng, 0.5)


@contextlib.contextmanager
def limited(world, what, value):
    pid = world.pid("vifplugd")
    before = resource.prlimit(pid, what)
    resource.prlimit(pid, what, (value, before[1]))
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, what, before)


def no_descriptors(world, rng, _model):
    """vifplugd has all the descriptors that it may have; at times OVSDB's connection is lost as well."""
    pause(rng, 0.5)
    descriptors, _ = world.usage()
    with limited(world, resource.RLIMIT_NOFILE, descriptors + rng.randint(0, 2)):
        pause(rng, 1.5, 0.3)
        if rng.random() < 0.5:
            world.end("ovsdb-server")
            world.start_ovsdb()
            pause(rng, 1)


def no_memory(world, rng, _model):
    """vifplugd cannot allocate more; if it ends, it is started again."""
    if world.is_sanitized():
        return  # A sanitizer maps all its memory at the start.
    pause(rng, 0.5)
    with open(f"/proc/{world.pid('vifplugd')}/statm", encoding="ascii") as file:
        size = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    with limited(world, resource.RLIMIT_AS, size + rng.randint(0, SPARE_MB) * 1024 * 64):
        pause(rng, 2, 0.5)
    if not world.pid("vifplugd"):
        world.note_kill("vifplugd")


def clock(world, rng, _model):
    """The daemon starts with a monotonic clock that is days before or behind.

    So it is after a restart of the host."""
    pause(rng, 0.5)
    world.end("vifplugd")
    shift = rng.choice((-1, 1)) * rng.randint(1, 40 * DAY_S)
    with open("/proc/uptime", encoding="ascii") as file:
        shift = max(shift, 1 - int(float(file.read().split()[0])))
    world.start_vifplugd(shift_s=shift)
    pause(rng, 1)
    world.end("vifplugd")
    world.start_vifplugd()


# --- Time. ---

def soak(world, _rng, _model):
    """Nothing but load; descriptors and memory of vifplugd do not grow."""
    time.sleep(world.soak_s)


FAULTS = {
    "kill-daemon": kill_daemon, "terminate-daemon": terminate_daemon, "stop-daemon": stop_daemon,
    "kill-ovsdb": kill_ovsdb, "terminate-ovsdb": terminate_ovsdb, "stop-ovsdb": stop_ovsdb,
    "kill-vswitchd": kill_vswitchd, "terminate-vswitchd": terminate_vswitchd, "stop-vswitchd": stop_vswitchd,
    "two-at-once": two_at_once,
    "kill-daemon-at-call": kill_daemon_at_call, "kill-ovsdb-at-call": kill_ovsdb_at_call,
    "kill-vswitchd-at-call": kill_vswitchd_at_call, "failing-call": failing_call,
    "full-disk": full_disk, "no-descriptors": no_descriptors, "no-memory": no_memory, "clock": clock,
    "soak": soak,
}
LEAVES_DEAD = {"two-at-once": PROCESSES, "kill-daemon-at-call": ("vifplugd",), "no-memory": ("vifplugd",),
               "kill-ovsdb-at-call": ("ovsdb-server",), "kill-vswitchd-at-call": ("ovs-vswitchd",)}
NEED_STRACE = {"kill-daemon-at-call", "kill-ovsdb-at-call", "kill-vswitchd-at-call", "failing-call"}


def unavailable():
    """{name: why it cannot be done here}."""
    missing = {}
    if not shutil.which("strace"):
        missing.update({name: "strace is not installed" for name in NEED_STRACE})
    done = subprocess.run(["unshare", "--time", "--fork", "true"], capture_output=True, check=False)
    if done.returncode != 0:
        missing["clock"] = "the kernel has no time namespaces"
    return missing
