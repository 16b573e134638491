# SPDX-License-Identifier: Apache-2.0
"""The machine and the versions, to compare figures of different machines."""

import os
import platform
import re
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def _first_line(*command):
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip().split("\n")[0] or None


def _package(name):
    return _first_line("dpkg-query", "-W", "-f=${Version}", name)


def _proc(path, key):
    with open(path, encoding="utf-8", errors="replace") as file:
        match = re.search(rf"^{key}\s*:\s*(.*)$", file.read(), re.MULTILINE)
    return match.group(1) if match else None


def _build_type(build):
    cache = _cmake_cache(os.path.join(build, "CMakeCache.txt"))
    sanitized = cache.get("VIFPLUG_SANITIZE") == "ON"
    return (cache.get("CMAKE_BUILD_TYPE") or "RelWithDebInfo") + (", sanitised" if sanitized else "")


def _cmake_cache(path):
    with open(path, encoding="utf-8") as file:
        return dict(re.findall(r"^(\w+):\w+=(.*)$", file.read(), re.MULTILINE))


def load():
    """Returns the load average of the last minute: above 1 other programs run, too."""
    return os.getloadavg()[0]


def _vifplugd(build, source):
    """The version of a build's vifplugd, and the commit of its source."""
    version = _first_line(os.path.join(build, "src/vifplugd"), "--version")
    commit = _first_line("git", "-C", source, "describe", "--always", "--dirty")
    return f"{version} ({commit})" if commit else version


def describe_build(build):
    """The vifplugd of any build directory: version, commit and kind of build, as far as they can be told."""
    cache = os.path.join(build, "CMakeCache.txt")
    if not os.path.exists(cache):
        return _first_line(os.path.join(build, "src/vifplugd"), "--version")
    source = _cmake_cache(cache).get("CMAKE_HOME_DIRECTORY", build)
    return f"{_vifplugd(build, source)} [{_build_type(build)}]"


def describe(world):
    """Returns the state before the run."""
    return {
        "time": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "cpu": _proc("/proc/cpuinfo", "model name"),
        "cores": os.cpu_count(),
        "memory": _proc("/proc/meminfo", "MemTotal"),
        "virtual": "hypervisor" in (_proc("/proc/cpuinfo", "flags") or ""),
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME"),
        "vifplugd": _vifplugd(world.build, HERE),
        "build": _build_type(world.build),
        "openvswitch": _package("openvswitch-switch-dpdk"),
        "dpdk": _package("libdpdk-dev"),
        "os_vif": _package("python3-os-vif"),
        "python": platform.python_version(),
        "load_before": round(load(), 2),
    }


def sentence(machine):
    """Returns all of it in one line."""
    virtual = " (virtual)" if machine["virtual"] else ""
    return (f"{machine['cores']} x {machine['cpu']}{virtual}, {machine['memory']}, "
            f"{machine['system']}, Linux {machine['kernel']}, {machine['vifplugd']} "
            f"[{machine['build']}], Open vSwitch {machine['openvswitch']}, DPDK {machine['dpdk']}, "
            f"os-vif {machine['os_vif'] or 'not installed'}, Python {machine['python']}, "
            f"load {machine['load_before']} before"
            + (f" and {machine['load_after']} after" if "load_after" in machine else "")
            + f", {machine['time']}")
