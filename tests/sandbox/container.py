# SPDX-License-Identifier: Apache-2.0
"""Runs a program as a container engine does, with nothing but unshare(1): in mount and PID namespaces of its own
(and a network namespace, if asked for), with a root directory that has the image's programs, its own users,
/proc and /dev, and the given mounts alone. It reads the settings of vifplugd's container from
etc/containers/vifplugd.container, so the tests run it as that file says."""

import os
import re
import shlex
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
QUADLET = os.path.join(TOP, "etc/containers/vifplugd.container")
NOVA_UID = 42436
# As the Containerfile makes them.
USERS = f"root:x:0:0:root:/root:/bin/sh\nnova:x:{NOVA_UID}:{NOVA_UID}::/nonexistent:/usr/sbin/nologin\n"
GROUPS = f"root:x:0:\nnova:x:{NOVA_UID}:\n"
# The settings that Container applies, and those that restrict nothing of what a test could see.
APPLIED = {"Network", "User", "GroupAdd", "DropCapability", "AddCapability", "NoNewPrivileges", "ReadOnly",
           "AddDevice", "Unmask", "Volume"}
LEFT_OUT = {"Image", "ContainerName", "Notify", "PodmanArgs"}


def read_quadlet(path=QUADLET):
    """The settings of each section: {section: {key: [value, ...]}}."""
    sections, settings = {}, None
    with open(path, encoding="utf-8") as file:
        for line in file.read().splitlines():
            heading = re.fullmatch(r"\[(\w+)\]", line)
            key, equals, value = line.partition("=")
            if heading:
                settings = sections.setdefault(heading[1], {})
            elif equals and not line.startswith("#"):
                settings.setdefault(key, []).append(value)
    return sections


def volumes(settings):
    """The mounts: {path in the container: (path on the host, whether it is read-only)}."""
    found = {}
    for volume in settings["Volume"]:
        source, target, *options = volume.split(":")
        found[target] = (source, "ro" in options)
    return found


class Container:
    """How to run one. `mounts` are {path in the container: (path on the host, whether it is read-only)}."""

    def __init__(self, mounts, *, host_network=True, user=0, group=None, groups=(), capabilities=None,
                 read_only=False, devices=(), writable_proc=False, sysfs=None):
        self.mounts = mounts
        self.host_network = host_network
        self.user, self.group, self.groups = user, user if group is None else group, groups
        self.capabilities = capabilities  # A list; None: all.
        self.read_only = read_only
        self.devices = devices
        self.writable_proc = writable_proc
        self.sysfs = sysfs  # What is mounted at /sys; None: nothing.

    @classmethod
    def of_quadlet(cls, host_paths, **changes):
        """vifplugd's. `host_paths` stand in for the paths of a host: {path: path}."""
        settings = read_quadlet()["Container"]
        unknown = set(settings) - APPLIED - LEFT_OUT
        assert not unknown, f"{QUADLET}: apply {unknown} here, or say that it cannot be"
        assert settings["Network"] == ["host"] and settings["DropCapability"] == ["all"]
        assert settings["NoNewPrivileges"] == settings["ReadOnly"] == ["true"]
        mounts = {target: (host_paths[source], read_only)
                  for target, (source, read_only) in volumes(settings).items()}
        options = {"user": int(settings["User"][0]), "groups": [int(one) for one in settings["GroupAdd"]],
                   "capabilities": settings["AddCapability"], "read_only": True,
                   "devices": settings["AddDevice"], "writable_proc": settings["Unmask"] == ["/proc/sys"]}
        return cls(mounts, **{**options, **changes})

    def _script(self, root):
        quote = shlex.quote
        lines = [f"""set -e
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs {root}
cd {root}
mkdir -p usr etc proc sys dev/net dev/pts tmp run var/lib var/log root
ln -s ../run var/run
for name in bin sbin lib lib32 lib64 libx32; do [ ! -L /$name ] || cp -a /$name $name; done
mount --bind /usr usr
mount -o remount,bind,ro usr
mount -t tmpfs -o mode=755 tmpfs usr/local
printf %s {quote(USERS)} > etc/passwd
printf %s {quote(GROUPS)} > etc/group
cp /etc/ld.so.cache etc
mount -t proc proc proc
chmod 1777 tmp"""]
        for device in ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random", *self.devices):
            lines.append(f"touch .{device} && mount --bind {device} .{device}")
        if not self.writable_proc:
            lines.append("mount --bind proc/sys proc/sys && mount -o remount,bind,ro proc/sys")
        mounts = {**self.mounts, **({"/sys": (self.sysfs, True)} if self.sysfs else {})}
        for target, (source, read_only) in mounts.items():
            there = quote(f".{target}")
            make = f"mkdir -p {there}"
            if not os.path.isdir(source):
                make = f"mkdir -p {quote(os.path.dirname('.' + target))} && touch {there}"
            lines.append(f"{make} && mount --bind {quote(source)} {there}")
            if read_only:
                lines.append(f"mount -o remount,bind,ro {there}")
        if self.read_only:
            lines += ["mount -t tmpfs tmpfs tmp", "mount -o remount,ro ."]
        lines.append('exec chroot . "$@"')
        return "\n".join(lines)

    def _identity(self):
        command = ["setpriv", f"--reuid={self.user}", f"--regid={self.group}",
                   f"--groups={','.join(map(str, self.groups))}" if self.groups else "--clear-groups"]
        if self.capabilities is not None:
            names = ",".join(["-all", *(f"+{name.lower().removeprefix('cap_')}" for name in self.capabilities)])
            command += [f"--bounding-set={names}", f"--inh-caps={names}", f"--ambient-caps={names}",
                        "--no-new-privs"]
        return command

    def command(self, root, command):
        """The command that runs `command` in it, from the host's namespaces. `root` is an empty directory."""
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", *([] if self.host_network else ["--net"]),
                "sh", "-c", self._script(root), "container", *self._identity(), "--", *command]


def child_of(pid):
    """The process that unshare --fork started, which is process 1 of its PID namespace; or None."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
    except OSError:
        return None
    return int(children[0]) if children else None


def run(command, **options):
    """Runs a command to its end; returns the completed process."""
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)
