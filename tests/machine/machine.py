# SPDX-License-Identifier: Apache-2.0
"""A virtual machine with Debian's own kernel, systemd and Open vSwitch: for what a host's kernel or namespaces
cannot show, as an enforced AppArmor profile.

Its disk is made from a chroot, which is kept for the next run; a machine changes nothing of it. QEMU's guest agent
runs the commands. QEMU uses KVM if it works, else TCG, with which a boot takes about a minute."""

import base64
import json
import os
import shutil
import socket
import subprocess

import bare
import building
import release

# What a machine has beside the bare chroot.
PACKAGES = "linux-image-cloud-amd64 initramfs-tools systemd-sysv udev apparmor acl qemu-guest-agent"
DISK = "4G"
MEMORY_MB = 1536
HUGEPAGES = 200  # Of 2 MB; Open vSwitch with DPDK takes half of them.
AGENT = "org.qemu.guest_agent.0"
COMMAND_LINE = f"root=/dev/vda rw console=ttyS0 quiet hugepages={HUGEPAGES} systemd.show_status=false"
HAS_QUADLET = release.host_release() != "bookworm"  # Podman has it since 4.4.
# Builds the image as docs/containers.md says, on the release of Debian that is in /slim.tar. This may run in a
# container itself: so it makes no container, and sets limits that need no right.
BUILD_IMAGE = f"""
set -e
podman rmi --all --force
podman import /slim.tar docker.io/library/debian:{release.host_release()}-slim
cd /context
podman build --isolation=chroot --network=host --pull=never --ulimit=nofile=8192:8192 --ulimit=nproc=8192:8192 \
    --build-arg=RELEASE={release.host_release()} -t vifplugd -f Containerfile .
rm -r /slim.tar /context
"""


def base(debs, containerfile=None):
    """Makes the chroot of machines, if it does not exist, with what `debs` depend on and, if there is a
    `containerfile`, podman and an image of them. Returns its directory."""
    chroot = release.Chroot(release.host_release(), f"machine-{release.host_release()}")
    done = f"{chroot.root}/vifplug-has-machine"
    if not os.path.exists(done):
        shutil.rmtree(chroot.root, ignore_errors=True)
        building.run("cp", "-a", bare.base(), chroot.root)
        podman = "podman" if containerfile else ""
        in_chroot(chroot, "apt-get update -q")
        in_chroot(chroot, f"apt-get install -y -q --no-install-recommends {PACKAGES} {podman}")
        with open(done, "w", encoding="ascii"):
            pass
    ours = {building.run("dpkg-deb", "--field", deb, "Package").strip() for deb in debs}
    depends = [need for deb in debs for need in
               building.run("dpkg-deb", "--field", deb, "Depends").strip().split(", ")
               if need.split()[0] not in ours]
    in_chroot(chroot, f"apt-get satisfy -y -q --no-install-recommends '{', '.join(depends)}' && apt-get clean")
    if containerfile:
        build_image(chroot, debs, containerfile)
    return chroot.root


def build_image(chroot, debs, containerfile):
    """Builds the image in the chroot, where it stays."""
    slim = release.Chroot(release.host_release(), f"slim-{release.host_release()}")
    slim.make()
    building.run("tar", "--create", f"--file={chroot.root}/slim.tar", "--directory", slim.root, ".")
    shutil.rmtree(f"{chroot.root}/context", ignore_errors=True)
    os.mkdir(f"{chroot.root}/context")
    for path in (*debs, containerfile):
        shutil.copy(path, f"{chroot.root}/context")
    in_chroot(chroot, BUILD_IMAGE)


def in_chroot(chroot, script):
    done = chroot.enter(["sh", "-c", f"DEBIAN_FRONTEND=noninteractive; export DEBIAN_FRONTEND; {script}"],
                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, done.stdout[-4000:]


class Machine(bare.Host):
    """A machine in `directory`, with a disk of the chroot `lower` and of the files `extra`, which are in /mnt."""

    def __init__(self, lower, directory, extra):
        self.dir = str(directory)
        self.process = None
        self.agent = None
        self.n_asked = 0
        os.makedirs(f"{self.dir}/extra", exist_ok=True)
        for path in extra:
            shutil.copy(path, f"{self.dir}/extra")
        for disk, source, size in (("root", lower, DISK), ("extra", f"{self.dir}/extra", "200M")):
            building.run("mke2fs", "-q", "-t", "ext4", "-d", source, f"{self.dir}/{disk}.img", size)
        self.kernel, self.initrd = (f"{lower}/{name}" for name in ("vmlinuz", "initrd.img"))
        try:
            self.boot()
        except BaseException:
            self.end()
            raise

    def boot(self):
        accelerator = "kvm:tcg" if os.access("/dev/kvm", os.R_OK | os.W_OK) else "tcg"
        self.process = subprocess.Popen([
            "setpriv", "--pdeathsig", "KILL", "qemu-system-x86_64", "-machine", f"q35,accel={accelerator}",
            "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MB), "-nodefaults", "-display", "none", "-no-reboot",
            "-kernel", self.kernel, "-initrd", self.initrd, "-append", COMMAND_LINE,
            "-serial", f"file:{self.dir}/console",
            "-drive", f"file={self.dir}/root.img,format=raw,if=virtio,cache=unsafe",
            "-drive", f"file={self.dir}/extra.img,format=raw,if=virtio,cache=unsafe",
            "-chardev", f"socket,id=agent,path={self.dir}/agent,server=on,wait=off",
            "-device", "virtio-serial", "-device", f"virtserialport,chardev=agent,name={AGENT}",
            "-object", "rng-random,id=rng", "-device", "virtio-rng-pci,rng=rng"],
            stdin=subprocess.DEVNULL)
        bare.wait_for(self.connect, f"the agent of the machine ({self.dir}/console)", 400)
        bare.wait_for(lambda: self.run("systemctl", "is-system-running", check=False).strip()
                      in ("running", "degraded"), "the machine has booted", 400)
        failed = self.run("systemctl", "--no-pager", "--no-legend", "--plain", "--failed")
        assert not failed.strip(), failed
        self.run("mount", "/dev/vdb", "/mnt")
        self.run("rm", "/usr/sbin/policy-rc.d")

    def connect(self):
        """Whether the agent answers, after the answers to those that have asked in vain."""
        assert self.process.poll() is None, bare.read(f"{self.dir}/console")[-4000:]
        self.n_asked += 1
        one = socket.socket(socket.AF_UNIX)
        try:
            one.settimeout(2)
            one.connect(f"{self.dir}/agent")
            self.agent = one.makefile("rw", encoding="utf-8")
            answer = self.ask("guest-sync", id=self.n_asked)
            while answer != self.n_asked:
                answer = self.answer()
        except (OSError, ValueError):  # No answer, or one that QEMU has cut off.
            one.close()
            return False
        one.settimeout(60)
        return True

    def ask(self, name, **arguments):
        self.agent.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.agent.flush()
        return self.answer()

    def answer(self):
        reply = json.loads(self.agent.readline())
        assert "return" in reply, reply
        return reply["return"]

    def end(self):
        if self.process:
            self.process.kill()
            self.process.wait(30)

    def run(self, *command, check=True, timeout=300):
        """Runs a command as root, and returns its output."""
        started = self.ask("guest-exec", path="/bin/sh", arg=["-c", 'exec 2>&1; exec "$@"', "sh", *command],
                           env=["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "HOME=/root",
                                "DEBIAN_FRONTEND=noninteractive"], **{"capture-output": True})
        status = bare.wait_for(lambda: self.ended(started["pid"]), " ".join(command), timeout)
        output = base64.b64decode(status.get("out-data", "")).decode(errors="replace")
        code = status.get("exitcode", -status.get("signal", 0))
        assert not check or code == 0, f"{' '.join(command)}: {code}\n{output[-4000:]}"
        return output

    def ended(self, pid):
        status = self.ask("guest-exec-status", pid=pid)
        return status if status["exited"] else None

    def read(self, path):
        return self.run("cat", path)

    def start_switch(self):
        """Starts the packaged Open vSwitch with DPDK."""
        self.run("update-alternatives", "--set", "ovs-vswitchd", bare.VSWITCHD)
        self.run("systemctl", "restart", "openvswitch-switch")
        self.init_dpdk("/dev/hugepages")
