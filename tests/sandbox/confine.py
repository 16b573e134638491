# SPDX-License-Identifier: Apache-2.0
"""Runs a program with the restrictions of a systemd unit, as far as this needs no service manager: its user,
capabilities, umask, read-only file system, system calls, address families and memory protection. It reads them
from the unit itself, so they cannot be others. What needs a control group (DevicePolicy) is missing.

usage: confine.py [--user=USER] [--writable=DIR]... [--filter=FILE] UNIT COMMAND...

USER stands in for the unit's, DIR for its directories that can be written to. FILE keeps the filter of system
calls, which takes long to make, for the next time; remove it if the unit has changed."""

import argparse
import ctypes
import errno
import functools
import os
import pwd
import sys

STAGE = "VIFPLUG_CONFINE_STAGE"
PROT_WRITE, PROT_EXEC = 2, 4
CLONE_NEW = 0x7e020000 | 0x80  # All CLONE_NEW*.
LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, MS_PRIVATE, MS_BIND, MS_REC = 0x20000, 1 << 18, 1 << 12, 1 << 14
MOUNT_SETATTR, AT_FDCWD, AT_RECURSIVE, MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2
FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16}
# The settings that this applies, and those that restrict nothing of what a test could see, or cannot be applied.
APPLIED = {"User", "Group", "UMask", "AmbientCapabilities", "CapabilityBoundingSet", "NoNewPrivileges",
           "ProtectSystem", "ReadWritePaths", "RuntimeDirectory", "LogsDirectory", "MemoryDenyWriteExecute",
           "RestrictNamespaces", "RestrictAddressFamilies", "SystemCallFilter", "SystemCallErrorNumber",
           "LimitNOFILE"}
LEFT_OUT = {"Type", "ExecStartPre", "ExecStart", "ExecReload", "Restart", "RuntimeDirectoryPreserve",
            "WatchdogSec", "TimeoutStopSec", "ProtectHome", "PrivateTmp", "DevicePolicy",
            "DeviceAllow", "ProtectClock", "ProtectControlGroups", "ProtectHostname", "ProtectKernelLogs",
            "ProtectKernelModules",
            "LockPersonality", "RemoveIPC", "RestrictRealtime", "RestrictSUIDSGID", "SystemCallArchitectures"}


def read_unit(path):
    """The settings of the section [Service]: {key: [value, ...]}."""
    settings = {}
    with open(path, encoding="utf-8") as file:
        for line in file.read().partition("[Service]\n")[2].partition("\n[")[0].splitlines():
            key, equals, value = line.partition("=")
            if equals and not line.startswith("#"):
                settings.setdefault(key, []).append(value)
    return settings


@functools.lru_cache
def groups():
    """systemd's groups of system calls: {name: [system calls and groups]}."""
    import subprocess  # pylint: disable=import-outside-toplevel

    output = subprocess.run(["systemd-analyze", "syscall-filter"], capture_output=True, text=True,
                            check=True).stdout
    found, members = {}, []
    for line in output.splitlines():
        if line.startswith("@"):
            members = found.setdefault(line.strip(), [])
        elif line.strip() and not line.strip().startswith("#"):
            members.append(line.strip())
    return found


def expand(name):
    """The system calls of a name, which may be a group's."""
    return set().union(*map(expand, groups()[name])) if name.startswith("@") else {name}


def allowed_calls(unit):
    """What the lines of SystemCallFilter allow, one after another. systemd always allows what it needs itself to
    start the program."""
    allowed = set()
    for line in unit["SystemCallFilter"]:
        names = set().union(*(expand(name) for name in line.lstrip("~").split()))
        allowed = allowed - names if line.startswith("~") else allowed | names
    return allowed | expand("@default") | {"execve"}


def make_filter(unit):
    import seccomp  # pylint: disable=import-outside-toplevel

    denied = seccomp.ERRNO(getattr(errno, " ".join(unit["SystemCallErrorNumber"])))
    rules = seccomp.SyscallFilter(defaction=denied)
    # Allowed with any arguments, but for those whose arguments the other settings restrict.
    special = {"socket", "mmap", "mprotect", "pkey_mprotect", "unshare", "clone", "setns", "clone3"}
    for name in sorted(allowed_calls(unit) - special):
        try:
            rules.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError):
            pass  # A call of another architecture.
    for family in " ".join(unit["RestrictAddressFamilies"]).split():
        rules.add_rule(seccomp.ALLOW, "socket", seccomp.Arg(0, seccomp.EQ, FAMILIES[family]))
    assert unit["MemoryDenyWriteExecute"] == ["yes"] and unit["RestrictNamespaces"] == ["yes"]
    rules.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, 0))
    rules.add_rule(seccomp.ALLOW, "mmap", seccomp.Arg(2, seccomp.MASKED_EQ, PROT_WRITE, 0))
    for name in ("mprotect", "pkey_mprotect"):
        rules.add_rule(seccomp.ALLOW, name, seccomp.Arg(2, seccomp.MASKED_EQ, PROT_EXEC, 0))
    rules.add_rule(seccomp.ALLOW, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, CLONE_NEW, 0))
    # Its flags are in memory; the C library uses clone() then.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    return rules


class Program(ctypes.Structure):
    """struct sock_fprog of seccomp(2)."""

    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def load_filter(code):
    """Applies a filter to this process: what export_bpf() writes, 8 bytes an instruction."""
    program = Program(len(code) // 8, code)
    check(LIBC.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0), "seccomp")


def keep_filter(unit, path):
    with open(f"{path}.new", "wb") as file:
        make_filter(unit).export_bpf(file)
    os.rename(f"{path}.new", path)


class MountAttributes(ctypes.Structure):
    """struct mount_attr of mount_setattr(2)."""

    _fields_ = [("set", ctypes.c_uint64), ("clear", ctypes.c_uint64), ("propagation", ctypes.c_uint64),
                ("userns_fd", ctypes.c_uint64)]


def check(result, what):
    if result:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), what)


def set_mounts(path, **attributes):
    """Changes the attributes of all mounts at and below a path."""
    wanted = MountAttributes(**attributes)
    check(LIBC.syscall(MOUNT_SETATTR, AT_FDCWD, path.encode(), AT_RECURSIVE, ctypes.byref(wanted),
                       ctypes.c_size_t(ctypes.sizeof(wanted))), path)


def make_read_only(writable):
    """ProtectSystem=strict, in mounts of its own: everything but /dev, /proc and /sys, and `writable`."""
    check(LIBC.unshare(CLONE_NEWNS), "unshare")
    set_mounts("/", propagation=MS_PRIVATE)
    for path in writable:
        check(LIBC.mount(path.encode(), path.encode(), None, MS_BIND | MS_REC, None), path)
    set_mounts("/", set=MOUNT_ATTR_RDONLY)
    for path in (*writable, "/dev", "/proc", "/sys"):
        set_mounts(path, clear=MOUNT_ATTR_RDONLY)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--user")
    parser.add_argument("--writable", action="append")
    parser.add_argument("--filter")
    parser.add_argument("unit")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    unit = read_unit(options.unit)
    unknown = set(unit) - APPLIED - LEFT_OUT
    assert not unknown, f"{options.unit}: apply {unknown} here, or say that it cannot be"
    if os.environ.pop(STAGE, "mounts") == "mounts":
        assert unit["ProtectSystem"] == ["strict"] and unit["NoNewPrivileges"] == ["yes"]
        make_read_only(options.writable or [*" ".join(unit["ReadWritePaths"]).split(), *(
            f"/run/{name}" for name in unit["RuntimeDirectory"]), *(
                f"/var/log/{name}" for name in unit["LogsDirectory"])])
        os.environ[STAGE] = "filter"
        names = [",".join(["-all", *(f"+{name.lower().removeprefix('cap_')}" for name in " ".join(
            unit[key]).split())]) for key in ("AmbientCapabilities", "CapabilityBoundingSet")]
        user = options.user or unit["User"][0]
        # Without site, Python starts sooner, and finds no seccomp.
        quick = ["-I", "-S"] if options.filter and os.path.exists(options.filter) else []
        os.execvp("setpriv", ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}",
                              "--init-groups", f"--inh-caps={names[0]}", f"--ambient-caps={names[0]}",
                              f"--bounding-set={names[1]}", "--no-new-privs", sys.executable, *quick,
                              *sys.argv])
    os.umask(int(unit["UMask"][0], 8))
    if "LISTEN_FDS" in os.environ:  # This process becomes the program.
        os.environ["LISTEN_PID"] = str(os.getpid())
    if options.filter:
        if not os.path.exists(options.filter):
            keep_filter(unit, options.filter)
        with open(options.filter, "rb") as file:
            load_filter(file.read())
    else:
        make_filter(unit).load()
    os.execvp(options.command[0], options.command)


if __name__ == "__main__":
    main()
