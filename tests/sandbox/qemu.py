# SPDX-License-Identifier: Apache-2.0
"""A real guest: a small Linux in QEMU, attached to a vhost-user socket as libvirt attaches it. It can migrate to
another sandbox, again with libvirt's commands.

For `<interface type="vhostuser">` with `<source type="unix" mode="server">` libvirt gives QEMU a character
device that listens, and a vhost-user netdev on it; the memory is shared hugepages. There is one queue pair,
because the simulated card has one. QEMU uses KVM if it works, else TCG.
"""

import functools
import os
import socket
import subprocess
import threading
import time

from qmp import Qmp
from sandbox import SandboxError, change_hugepages, wait_for

HERE = os.path.dirname(os.path.abspath(__file__))
MEMORY_MB = 128


def fetch(directory):
    """Makes kernel and initramfs in `directory`, once."""
    done = subprocess.run([os.path.join(HERE, "fetch-kernel"), directory], capture_output=True,
                          text=True, timeout=300, check=False)
    if done.returncode != 0:
        raise SandboxError(f"no kernel for guests:\n{done.stderr}")


@functools.lru_cache
def accelerator(images):
    """Returns KVM if a guest boots with it: the existence of /dev/kvm is not enough."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    with subprocess.Popen(
            ["qemu-system-x86_64", "-accel", "kvm", "-cpu", "qemu64", "-m", "128", "-nodefaults",
             "-display", "none", "-no-reboot", "-kernel", f"{images}/vmlinuz",
             "-initrd", f"{images}/initramfs", "-append", "quiet panic=-1", "-serial", "null",
             "-serial", "stdio"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL) as probe:
        timer = threading.Timer(10, probe.kill)
        timer.start()
        booted = b"vp-ready" in probe.stdout.readline()
        timer.cancel()
        probe.kill()
    return "kvm" if booted else "tcg"


class QemuGuest:
    """Guest `name`, which listens on the vhost-user socket `path`. With `incoming` it does not boot, but waits
    for the guest that migrates to it."""

    def __init__(self, sandbox, name, path, mac, address, mtu=1500, packed=False, incoming=False):
        self.sandbox = sandbox
        self.name = f"qemu-{name}"
        self.path = path
        self.mac = mac
        self.address = address  # 192.0.2.1/24
        self.mtu = mtu
        self.packed = packed  # Whether QEMU offers packed rings to the guest.
        self.images = os.path.join(sandbox.build, "guest")
        self.hugepages = os.path.join(sandbox.dir, f"{self.name}.hugepages")
        self.serial = os.path.join(sandbox.dir, f"{self.name}.shell")
        self.monitor = os.path.join(sandbox.dir, f"{self.name}.qmp")
        self.incoming = incoming
        self.migration = os.path.join(sandbox.dir, f"{self.name}.migration")
        self.shell = None
        self._qmp = None

    def _inside(self, script, check=True):
        return self.sandbox.command(*self.sandbox.inside(["sh", "-c", script]), check=check)

    def start(self):
        """Starts the guest. It boots once the card connects, so call ready() afterwards."""
        fetch(self.images)
        change_hugepages(MEMORY_MB // 2, self.sandbox.dir)
        self.sandbox.state["hugepages"] += MEMORY_MB // 2
        self.sandbox.save()
        self._inside(self.sandbox.mount_hugepages(self.hugepages, MEMORY_MB // 2))
        self._inside(f'rm -f "{self.path}" "{self.serial}" "{self.monitor}" "{self.migration}"')
        self.sandbox.start(self.name, [
            "qemu-system-x86_64", "-machine", "pc", "-accel", accelerator(self.images), "-cpu", "qemu64",
            "-m", str(MEMORY_MB), "-nodefaults", "-display", "none", "-no-reboot",
            "-object", f"memory-backend-file,id=mem,size={MEMORY_MB}M,mem-path={self.hugepages},"
                       "share=on,prealloc=on",
            "-numa", "node,memdev=mem",
            "-kernel", f"{self.images}/vmlinuz", "-initrd", f"{self.images}/initramfs",
            "-append", f"console=ttyS0 quiet panic=-1 vp.ip={self.address} vp.mtu={self.mtu}",
            "-serial", f"file:{self.sandbox.log}/{self.name}.console",
            "-serial", f"unix:{self.serial},server=on,wait=off",
            "-chardev", f"socket,id=charnet0,path={self.path},server=on,wait=off",
            "-netdev", "type=vhost-user,id=hostnet0,chardev=charnet0",
            # QEMU 7.2 with TCG and vhost-user crashes with MSI-X.
            "-device", f"virtio-net-pci,netdev=hostnet0,id=net0,mac={self.mac},vectors=0,"
                       f"packed={'on' if self.packed else 'off'}",
            "-qmp", f"unix:{self.monitor},server=on,wait=off",
            *(["-incoming", "defer"] if self.incoming else [])])
        return self

    def qmp(self):
        """Returns the connection to the monitor, which answers once the card has connected."""
        if not self._qmp:
            def connected():
                try:
                    self._qmp = Qmp(self.monitor)
                except (FileNotFoundError, ConnectionRefusedError):
                    return False  # QEMU does not listen yet.
                return True
            self.sandbox.wait_ready(self.name, connected, 30)
        return self._qmp

    def migrate(self, other, **parameters):
        """Starts to migrate to `other`, with QEMU's migration parameters; Qmp.wait_migration() sees the end."""
        other.qmp().command("migrate-incoming", uri=f"unix:{other.migration}")
        self.qmp().command("migrate-set-parameters", **parameters)
        self.qmp().command("migrate", uri=f"unix:{other.migration}")

    def ready(self, timeout=120):
        """Waits for the shell."""
        def connected():
            if not os.path.exists(self.serial):
                return False
            self.shell = socket.socket(socket.AF_UNIX)
            try:
                self.shell.connect(self.serial)
            except OSError:
                self.shell.close()
                return False
            return True
        self.sandbox.wait_ready(self.name, connected, timeout)
        self.shell.settimeout(1)
        deadline = time.monotonic() + timeout
        while "alive-42" not in self._exchange("echo alive-$((40+2))", 2):
            if time.monotonic() > deadline or not self.sandbox.pid(self.name):
                raise SandboxError(f"{self.name} does not boot")

    def _exchange(self, line, seconds, until=None):
        """Sends a line and returns the output within the time, or up to `until`."""
        self.shell.sendall(f"{line}\n".encode())
        text = ""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not (until and until in text):
            try:
                text += self.shell.recv(4096).decode(errors="replace")
            except TimeoutError:
                continue
            except ConnectionResetError:
                raise SandboxError(f"{self.name}: QEMU has ended:\n{self.sandbox.tail(self.name)}") from None
            if not until and text.endswith("\n"):
                break
        return text

    def command(self, line, timeout=60):
        """Runs a shell command in the guest and returns its output."""
        # The guest's shell composes the end mark, so an echo of the line does not contain it.
        text = self._exchange(f"{line}; echo vp-$((1+1))-end", timeout, "vp-2-end")
        if "vp-2-end" not in text:
            raise SandboxError(f"{self.name}: '{line}' did not end:\n{text}")
        return text.partition("vp-2-end")[0]

    def ping(self, address, size, count=3, timeout=60):
        """Returns how many of `count` echo requests of `size` bytes of IP got a reply; without fragments."""
        text = self.command(f"ping -c {count} -W 2 -s {size - 28} {address}", timeout)
        for line in text.splitlines():
            if "packets received" in line:
                return int(line.split(",")[1].split()[0])
        raise SandboxError(f"{self.name}: no result of ping in:\n{text}")

    def stop(self, *number):
        """Ends QEMU (kills it, with a signal number)."""
        for one in (self.shell, self._qmp):
            if one:
                one.close()
        self.shell = self._qmp = None
        self.sandbox.stop(self.name, *number)
        wait_for(lambda: self._inside(f'umount "{self.hugepages}"', check=False).returncode == 0, 15,
                 f"{self.name}: its memory is let go of")
        change_hugepages(-(MEMORY_MB // 2), self.sandbox.dir)
        self.sandbox.state["hugepages"] -= MEMORY_MB // 2
        self.sandbox.save()
