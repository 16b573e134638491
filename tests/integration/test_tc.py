# SPDX-License-Identifier: Apache-2.0
"""docs/limits.md: what Open vSwitch's kernel ports make of limits, in a guest whose kernel has all of tc.
vifplugd has no part in it; what is seen here is why it takes or refuses a limit."""

import json
import os
import re
import subprocess

import pytest

from qemu import HERE

ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.environ.get("VIFPLUG_BUILD", "build")


@pytest.fixture(scope="module", name="seen")
def seen_(tmp_path_factory):
    """What the probe tells, by the names of its questions."""
    images = os.path.join(ROOT, BUILD, "guest-switch")
    subprocess.run([os.path.join(HERE, "fetch-switch"), images], check=True, timeout=300)
    work = tmp_path_factory.mktemp("tc")
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "tc_probe.py"), "rb") as file:
        (work / "probe.py").write_bytes(file.read())
    more = subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=work, input=b"probe.py\n", check=True,
                          stdout=subprocess.PIPE).stdout
    with open(f"{images}/initramfs", "rb") as file:
        (work / "initramfs").write_bytes(file.read() + more)
    # Without KVM, which on machines that are guests themselves may seem to be there and hang.
    done = subprocess.run(
        ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "768", "-nodefaults", "-display", "none",
         "-no-reboot", "-kernel", f"{images}/vmlinuz", "-initrd", f"{work}/initramfs",
         "-append", "console=ttyS0 quiet panic=-1", "-serial", "stdio"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=540)
    text = done.stdout.decode(errors="replace")
    assert "vp-end" in text, text[-4000:]
    return dict(json.loads(line) for line in re.findall(r"vp:(\[.*\])", text))


def bits(text):
    """Of the rate in tc's words."""
    number, unit = re.search(r"(?:rate|ceil) (\d+)([KMG]?)bit", text).groups()
    return int(number) * {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}[unit]


def burst(text):
    """In bytes."""
    number, unit = re.search(r"(?:c|pkts_)?burst (\d+)([KM]?)b?", text).groups()
    return int(number) * {"": 1, "K": 1024, "M": 1024**2}[unit]


def is_old(seen):
    """Whether rates have 32 bits."""
    return tuple(map(int, seen["version"].split(".")[:2])) < (3, 2)


def test_policing_does_nothing_on_a_netdev_bridge(seen):
    assert seen["netdev, free"] == 100
    assert seen["netdev, burst below a frame"] == 20
    assert seen["netdev, 100 kbps"] > 60


def test_bits_and_packets_together_do_nothing(seen):
    assert seen["both"] is None


def test_packets(seen):
    assert seen["packets"].endswith("pkts_rate 1000 pkts_burst 1000")
    assert "pkts_rate 4294967000" in seen["packets 4294967"]
    assert ("pkts_rate 4294968000" in seen["packets 4294968"]) is not is_old(seen)
    assert "pkts_burst 268000" in seen["packets 1 burst 268"]
    assert "pkts_burst 275000" not in seen["packets 1 burst 275"]


def test_rates_of_policers(seen):
    assert bits(seen["police 1"]) == 1000
    assert abs(bits(seen["police 34359738"]) - 34359738000) < 10**6
    if is_old(seen):
        assert bits(seen["police 34359739"]) < 10**6


def test_bursts_of_policers(seen):
    largest = burst(seen["police 34359738 burst 4194303"])
    assert abs(largest - 4194303 * 128) < largest / 100
    if is_old(seen):
        assert burst(seen["police 34359738 burst 4194304"]) == largest
    assert abs(burst(seen["police 100 burst 26800"]) - 26800 * 128) < 26800
    assert burst(seen["police 100 burst 28000"]) < 26800 * 128


@pytest.mark.parametrize("bridge", ["system", "netdev"])
def test_rates_of_htb(seen, bridge):
    for rate, shown in ((11, 12), (12, 12), (1000, 1000)):
        assert bits(seen[f"{bridge} htb {rate}"]) == shown * 1000
    assert abs(bits(seen[f"{bridge} htb 34359738"]) - 34359738000) < 10**6
    beyond = bits(seen[f"{bridge} htb 34359739"])
    assert beyond == 12000 if is_old(seen) else abs(beyond - 34359738367) < 10**6


def test_htb_acts_on_a_netdev_bridge(seen):
    """What a queue does not pass at once it passes later; the probe does not wait for all."""
    assert seen["netdev htb, largest, frames"] == 20
    assert 10 <= seen["netdev htb, 100 kbps, frames"] <= 100


def test_bursts_of_htb(seen):
    def cburst(name):
        return int(re.search(r"cburst (\d+)b", seen[name]).group(1))
    assert cburst("htb 100 burst 26800") == 26800 * 125
    assert cburst("htb 100 burst 28000") < 26800 * 125
