# SPDX-License-Identifier: Apache-2.0
"""What Open vSwitch, tc and the kernel make of limits; runs in the guest of test_tc.py, as its /probe.py, and
prints a line of JSON for each question."""

import json
import os
import re
import socket
import subprocess
import time

os.environ["OVS_RUNDIR"] = "/run"
DB = "unix:/run/db.sock"
VSWITCHD = "/usr/lib/openvswitch-switch/ovs-vswitchd"


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout


def vsctl(*arguments):
    return run("ovs-vsctl", f"--db={DB}", *arguments)


def start():
    run("ovsdb-tool", "create", "/run/conf.db", "/usr/share/openvswitch/vswitch.ovsschema")
    for command in (["ovsdb-server", "/run/conf.db", "--remote=p" + DB], [VSWITCHD, DB]):
        name = command[0].rpartition("/")[2]
        run(*command, "--detach", f"--pidfile=/run/{name}.pid", f"--unixctl=/run/{name}.ctl",
            f"--log-file=/run/{name}.log", "-vconsole:off")


def add_bridge(bridge):
    """With two ports, each a veth whose other end is the guest's."""
    vsctl("add-br", f"br-{bridge}", "--", "set", "Bridge", f"br-{bridge}", f"datapath_type={bridge}",
          "fail_mode=standalone")
    for n in "12":
        run("ip", "link", "add", bridge + n, "type", "veth", "peer", "name", f"g-{bridge}{n}")
        for name in (bridge + n, f"g-{bridge}{n}"):
            run("ip", "link", "set", name, "up")
        vsctl("add-port", f"br-{bridge}", bridge + n)


def frames(bridge, count, size):
    """How many of that many frames arrive."""
    frame = bytes.fromhex("ffffffffffff" "020000000001" "88b5").ljust(size, b"v")
    receiver = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x88b5))
    receiver.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    receiver.bind((f"g-{bridge}2", 0x88b5))
    receiver.settimeout(2)
    sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
    sender.bind((f"g-{bridge}1", 0))
    for _ in range(count):
        sender.send(frame)
    seen = 0
    try:
        while seen < count:
            receiver.recv(2000)
            seen += 1
    except socket.timeout:
        pass
    return seen


def police(bridge, kbps=0, burst=0, kpps=0, kburst=0):
    """The policer of a port, in tc's words, or None."""
    vsctl("set", "Interface", f"{bridge}1", f"ingress_policing_rate={kbps}", f"ingress_policing_burst={burst}",
          f"ingress_policing_kpkts_rate={kpps}", f"ingress_policing_kpkts_burst={kburst}")
    output = run("tc", "filter", "show", "dev", f"{bridge}1", "parent", "ffff:")
    found = re.search(r"police 0x\w+ (.*?) mtu \w+(?: (pkts_rate .*?) action)?", output)
    return " ".join(filter(None, found.groups())) if found else None


def htb(bridge, **config):
    """Rates and bursts of the class with a port's limit, in tc's words, or None."""
    vsctl("set", "Port", f"{bridge}2", "qos=@q", "--", "--id=@q", "create", "QoS", "type=linux-htb",
          "other_config:max-rate=34359738367", "queues:0=@u", "--", "--id=@u", "create", "Queue",
          *(f"other_config:{key.replace('_', '-')}={value}" for key, value in config.items()))
    found = re.search(r"class htb 1:1 .*?(ceil .*)", run("tc", "class", "show", "dev", f"{bridge}2"))
    return found.group(1).strip() if found else None


def tell(name, value):
    print("vp:" + json.dumps([name, value]), flush=True)


def ask_frames(bridge):
    tell(f"{bridge}, free", frames(bridge, 100, 1000))
    police(bridge, 100, 160)
    tell(f"{bridge}, 100 kbps", frames(bridge, 100, 1000))
    police(bridge, 10000, 8)
    tell(f"{bridge}, burst below a frame", frames(bridge, 20, 1514))
    police(bridge)
    htb(bridge, max_rate=34359738000, burst=78000)
    tell(f"{bridge} htb, largest, frames", frames(bridge, 20, 1000))
    htb(bridge, max_rate=100000, burst=80000)
    tell(f"{bridge} htb, 100 kbps, frames", frames(bridge, 100, 1000))


def ask_rates(bridge):
    for rate in (11, 12, 1000, 34359738, 34359739):
        tell(f"{bridge} htb {rate}", htb(bridge, max_rate=rate * 1000, burst=160000))


def ask_tc():
    tell("both", police("system", 100, 160, 1, 1))
    tell("packets", police("system", kpps=1, kburst=1))
    for kbps in (1, 34359738, 34359739):
        tell(f"police {kbps}", police("system", kbps))
    for burst in (4194303, 4194304):
        tell(f"police 34359738 burst {burst}", police("system", 34359738, burst))
    for burst in (26800, 28000):
        tell(f"police 100 burst {burst}", police("system", 100, burst))
    for kpps in (4294967, 4294968):
        tell(f"packets {kpps}", police("system", kpps=kpps))
    for burst in (268, 275):
        tell(f"packets 1 burst {burst}", police("system", kpps=1, kburst=burst))
    for burst in (26800, 28000):
        tell(f"htb 100 burst {burst}", htb("system", max_rate=100000, burst=burst * 1000))


def main():
    start()
    tell("version", vsctl("--version").split()[3])
    add_bridge("system")
    ask_rates("system")
    ask_tc()
    vsctl("del-br", "br-system")
    add_bridge("netdev")
    deadline = time.monotonic() + 60
    while not frames("netdev", 1, 100) and time.monotonic() < deadline:
        pass
    ask_frames("netdev")
    ask_rates("netdev")


main()
