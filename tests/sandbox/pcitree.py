#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Builds fake PCI trees: the files that vifplugd and DPDK read under /sys/bus/pci/devices.

usage: pcitree.py ROOT CARD...

ROOT replaces /sys. CARD is a comma-separated list of KEY=VALUE:

  pf=0000:65:00.0      the PF (required)
  vendor=18f4          vendor id, device=01c5 device id, vf-device=051a that of the VFs
  vf=0000:65:00.4+28   28 VFs from that address on, 8 functions per device, as virtfn0, virtfn1, ...
                       Can be repeated; the numbers continue
  numa=0               numa_node
  broken=WHAT          leave something out: no-virtfn (the PF lists no VFs),
                       no-physfn (the VFs name no PF), no-vendor (the ids cannot be read)

The files are those that DPDK's bus scan needs (drivers/bus/pci/linux/pci.c), with a `driver` link: the scan
ignores a device without one.
"""

import os
import re
import sys

ADDRESS = re.compile(r"^([0-9a-f]{4}):([0-9a-f]{2}):([0-9a-f]{2})\.([0-7])$")
BROKEN = ("no-virtfn", "no-physfn", "no-vendor")


def parse_address(text):
    """Returns 0000:65:00.4 as a tuple of numbers."""
    match = ADDRESS.match(text)
    if not match or int(match.group(3), 16) > 0x1F:
        raise ValueError(f"{text} is not a PCI address (DDDD:BB:DD.F)")
    return tuple(int(part, 16) for part in match.groups())


def following(address, n):
    """Returns the n-th function after `address`, with 8 functions per device and 32 devices per bus."""
    domain, bus, device, function = parse_address(address)
    number = (bus << 8) + (device << 3) + function + n
    return f"{domain:04x}:{number >> 8:02x}:{number >> 3 & 0x1f:02x}.{number & 7}"


class Tree:
    """A PCI tree under `root`, which replaces /sys."""

    def __init__(self, root):
        self.root = root
        self.devices = os.path.join(root, "bus/pci/devices")
        self.driver = os.path.join(root, "bus/pci/drivers/vfio-pci")
        os.makedirs(self.devices, exist_ok=True)
        os.makedirs(self.driver, exist_ok=True)

    def _write(self, address, name, text):
        with open(os.path.join(self.devices, address, name), "w", encoding="ascii") as file:
            file.write(f"{text}\n")

    def add_device(self, address, vendor, device, numa=0, ids=True):
        parse_address(address)
        path = os.path.join(self.devices, address)
        os.makedirs(path)
        if ids:
            self._write(address, "vendor", f"0x{vendor}")
            self._write(address, "device", f"0x{device}")
        self._write(address, "subsystem_vendor", f"0x{vendor}")
        self._write(address, "subsystem_device", "0x0000")
        self._write(address, "class", "0x020000")
        self._write(address, "numa_node", numa)
        self._write(address, "resource", "\n".join(["0x0 0x0 0x0"] * 13))
        os.symlink(os.path.relpath(self.driver, path), os.path.join(path, "driver"))

    def add_card(self, pf, vfs, vendor="18f4", device="01c5", vf_device="051a", numa=0, broken=()):
        """Adds a PF and its VFs (addresses, in the order of their virtfn numbers)."""
        self.add_device(pf, vendor, device, numa, ids="no-vendor" not in broken)
        self._write(pf, "sriov_numvfs", len(vfs))
        self._write(pf, "sriov_totalvfs", max(len(vfs), 256))
        for index, vf in enumerate(vfs):
            self.add_device(vf, vendor, vf_device, numa)
            if "no-physfn" not in broken:
                os.symlink(f"../{pf}", os.path.join(self.devices, vf, "physfn"))
            if "no-virtfn" not in broken:
                os.symlink(f"../{vf}", os.path.join(self.devices, pf, f"virtfn{index}"))


def add_from_spec(tree, spec):
    """Adds the card that a command-line CARD describes."""
    keys = {"vendor": "18f4", "device": "01c5", "vf-device": "051a", "numa": "0"}
    vfs = []
    broken = []
    for item in spec.split(","):
        key, _, value = item.partition("=")
        if key == "vf":
            first, _, count = value.partition("+")
            vfs += [following(first, i) for i in range(int(count or 1))]
        elif key == "broken" and value in BROKEN:
            broken.append(value)
        elif key in keys or key == "pf":
            keys[key] = value
        else:
            raise ValueError(f"{item} is not understood")
    tree.add_card(keys["pf"], vfs, keys["vendor"], keys["device"], keys["vf-device"],
                  int(keys["numa"]), broken)


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__)
        return 0 if len(sys.argv) > 1 else 2
    tree = Tree(sys.argv[1])
    try:
        for spec in sys.argv[2:]:
            add_from_spec(tree, spec)
    except (ValueError, KeyError) as error:
        print(f"pcitree.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
