# SPDX-License-Identifier: Apache-2.0
"""A real libvirtd in the sandbox, with separate directories, which runs its servers under TCG."""

import os
import signal
import uuid

CONFIGURATION = {
    "libvirtd.conf": 'auth_unix_rw = "none"\nauth_unix_ro = "none"\nlog_outputs = "2:stderr"\n',
    "qemu.conf": 'security_driver = "none"\ncgroup_controllers = []\nnamespaces = []\n'
                 'remember_owner = 0\nstdio_handler = "file"\n',
}
# QEMU runs as in the distribution, as libvirt-qemu:libvirt-qemu, which owns the sockets' directory, as
# docs/openstack.md says. libvirt calls ovs-vsctl, which looks for OVSDB in OVS_RUNDIR. A separate /dev hides KVM
# from libvirt, because not every machine with /dev/kvm can use it, and libvirt tries a failing one again and
# again.
SCRIPT = """set -e
for directory in /run /var/lib /var/log /var/cache /etc; do
    mkdir -p $directory/libvirt
    mount -t tmpfs none $directory/libvirt
done
dev={directory}/libvirt-dev
mkdir -p $dev
mount -t tmpfs none $dev
mkdir $dev/pts $dev/shm
for device in null zero full random urandom tty ptmx; do
    touch $dev/$device
    mount --bind /dev/$device $dev/$device
done
mount --bind /dev/pts $dev/pts
mount --rbind $dev /dev
{files}
chown libvirt-qemu:libvirt-qemu /usr/local/var/run
# Else two of them would have one file.
libvirtd --pid-file=/run/libvirt/libvirtd.pid
exit $?
"""
# Memory is shared by the NUMA cell, as with Nova, which removes <access> and <source> of <memoryBacking> when a
# server migrates. Nova has hugepages too.
DOMAIN = """<domain type="qemu">
  <name>{name}</name><memory unit="MiB">64</memory><vcpu>1</vcpu>
  <cpu><numa><cell id="0" cpus="0" memory="64" unit="MiB" memAccess="shared"/></numa></cpu>
  <os><type arch="x86_64" machine="pc">hvm</type></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator>{interface}</devices>
</domain>
"""


class Libvirt:
    """libvirtd in a sandbox."""

    def __init__(self, sandbox):
        self.sandbox = sandbox
        self.domains = []

    def start(self):
        # Another UUID than the machine's: a server migrates only to another host.
        files = "\n".join(f"printf '%s' '{text}' > /etc/libvirt/{name}"
                          for name, text in CONFIGURATION.items())
        files += f"\necho 'host_uuid = \"{uuid.uuid4()}\"' >> /etc/libvirt/libvirtd.conf"
        script = SCRIPT.format(files=files, directory=self.sandbox.dir)
        # libvirtd starts QEMU as a daemon to read its capabilities, and waits for its end. In a container this
        # needs an init that collects children, and not each container has one; here the shell does it.
        self.sandbox.start("libvirtd", ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                                        "sh", "-c", script])
        self.sandbox.wait_ready("libvirtd", lambda: self.virsh("version", check=False).returncode == 0, 60)
        return self

    def virsh(self, *arguments, check=True):
        return self.sandbox.command(
            "nsenter", "--target", str(self.sandbox.pid("libvirtd")), "--mount", "--net", "--",
            "virsh", "--connect=qemu:///system", *arguments, check=check)

    def run(self, name, interface):
        """Defines a server with one <interface>, and starts it."""
        path = os.path.join(self.sandbox.dir, "domain.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(DOMAIN.format(name=name, interface=interface))
        self.virsh("define", path)
        self.domains.append(name)
        self.virsh("start", name)

    def uri(self):
        """Returns the URI of this libvirtd for programs outside of the sandbox."""
        return f"qemu+unix:///system?socket=/proc/{self.sandbox.pid('libvirtd')}/root/run/libvirt/libvirt-sock"

    def migrate(self, name, other, address, xml):
        """Migrates a server live to `other`, a Libvirt, with this XML there; QEMU listens at `address`. Returns
        the completed process of virsh."""
        path = os.path.join(self.sandbox.dir, "destination.xml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(xml)
        done = self.sandbox.command(
            "virsh", f"--connect={self.uri()}", "migrate", "--live", "--persistent", "--undefinesource",
            f"--xml={path}", f"--persistent-xml={path}", f"--migrateuri=tcp://{address}", name, other.uri(),
            check=False)
        if done.returncode == 0:
            self.domains.remove(name)
            other.domains.append(name)
        return done

    def xml(self, name, *options):
        return self.virsh("dumpxml", *options, name).stdout

    def interface_statistics(self, name, device):
        """Returns the output of `virsh domifstat`; None if libvirt does not know the interface."""
        result = self.virsh("domifstat", name, device, check=False)
        if result.returncode != 0:
            return None
        return {line.split()[1]: int(line.split()[2]) for line in result.stdout.splitlines() if line}

    def clear(self):
        """Ends and undefines all servers."""
        for name in self.domains:
            self.virsh("destroy", name, check=False)
            self.virsh("undefine", name)
        self.domains = []

    def stop(self):
        self.sandbox.stop("libvirtd", signal.SIGKILL)  # unshare ignores other signals; its child ends with it.
        os.chown(os.path.join(self.sandbox.dir, "stdvio"), 0, 0)
