# SPDX-License-Identifier: Apache-2.0
"""No function of json-c, libnl or DPDK may be shadowed by one of libopenvswitch (json_object_put was), or
ours by one of theirs: such a call would silently go to the wrong function."""

import json
import os
import re
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
RENAMED = os.path.join(BUILD, "src/openvswitch/libopenvswitch-renamed.a")
# The names of DPDK's libraries contain the ABI number, which differs in each release.
LIBRARIES = [r"libjson-c\.so\.5", r"libnl-3\.so\.200", r"libnl-route-3\.so\.200", r"libinih\.so\.1",
             r"librte_pci\.so\.\d+", r"librte_net\.so\.\d+", r"librte_eal\.so\.\d+",
             r"librte_mbuf\.so\.\d+"]
# Symbols of the linker, in every library.
EVERYWHERE = {"_init", "_fini", "_edata", "_end", "__bss_start"}


def defined(path, *options):
    """Returns the global functions and variables that a file defines."""
    output = subprocess.run(["nm", "--defined-only", "--extern-only", *options, path],
                            capture_output=True, text=True, check=True).stdout
    symbols = set()
    for line in output.splitlines():
        parts = line.split()
        if len(parts) == 3 and parts[1] in "TDBRVWi":
            symbols.add(parts[2].split("@")[0])
    return symbols - EVERYWHERE


def calls_between_files():
    """Returns for each C file of src/ the other ones whose functions it uses, with one such function."""
    with open(os.path.join(BUILD, "compile_commands.json"), encoding="utf-8") as file:
        objects = {os.path.relpath(one["file"], TOP):
                   os.path.join(BUILD, re.search(r" -o (\S+)", one["command"])[1])
                   for one in json.load(file) if one["file"].startswith(os.path.join(TOP, "src/"))}
    home, used = {}, {}
    for source, path in objects.items():
        output = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout
        names = [line.split()[-2:] for line in output.splitlines()]
        used[source] = [name for kind, name in names if kind == "U"]
        home.update({name: source for kind, name in names if kind == "T"})
    return {source: {home[name]: name for name in names if home.get(name, source) != source}
            for source, names in used.items()}


def library(pattern):
    """Returns the path of an installed library, by its soname."""
    output = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True,
                            check=True).stdout
    for line in output.splitlines():
        if re.match(rf"\s*{pattern} ", line):
            return line.rpartition("=> ")[2]
    return None


@pytest.mark.parametrize("name", LIBRARIES)
def test_libopenvswitch_shadows_nothing_of(name):
    path = library(name)
    assert path, f"{name} is not installed"
    theirs = defined(path, "--dynamic")
    assert len(theirs) > 0
    assert defined(RENAMED) & theirs == set()


def test_the_clash_is_real_and_the_rename_is_the_cure():
    """Without the renamed copy, libopenvswitch would shadow json-c's json_object_put."""
    symbols = defined(RENAMED)
    assert "json_object_put" not in symbols and "ovs_json_object_put" in symbols
    assert "json_object_put" in defined(library(LIBRARIES[0]), "--dynamic")


@pytest.mark.parametrize("archive", ["libvpbase.a", "libvpwire.a", "libvpdaemon.a"])
def test_our_names_are_ours(archive):
    ours = defined(os.path.join(BUILD, "src", archive))
    assert ours & defined(RENAMED) == set()
    for name in LIBRARIES:
        path = library(name)
        assert ours & defined(path, "--dynamic") == set(), name


def test_json_c_is_called_in_the_daemon():
    """The daemon's json_object_put is that of libjson-c, resolved at run time."""
    output = subprocess.run(["nm", "--dynamic", os.path.join(BUILD, "src/vifplugd")],
                            capture_output=True, text=True, check=True).stdout
    undefined = {line.split()[-1].split("@")[0] for line in output.splitlines() if " U " in line}
    assert "json_object_put" in undefined


def test_the_library_exports_its_api_only():
    names = defined(os.path.join(BUILD, "src/libvifplug.so"), "--dynamic")
    assert names and all(name.startswith("vifplug_") for name in names), names


def test_the_library_does_not_end_its_process():
    """Out of memory is an error that it returns."""
    output = subprocess.run(["nm", "--dynamic", "--undefined-only", os.path.join(BUILD, "src/libvifplug.so")],
                            capture_output=True, text=True, check=True).stdout
    undefined = {line.split()[-1].split("@")[0] for line in output.splitlines()}
    assert "malloc" in undefined or "calloc" in undefined
    assert not undefined & {"abort", "exit", "_exit", "__assert_fail"}


def test_no_circle_of_files():
    """No file uses itself over others: what two files need stands in a third."""
    calls = calls_between_files()
    assert len(calls) > 100
    while True:
        ends = [source for source, uses in calls.items() if not set(uses) & set(calls)]
        if not ends:
            break
        for source in ends:
            del calls[source]
    assert not calls, "\n".join(f"{source} uses {name} of {other}" for source, uses in calls.items()
                                for other, name in uses.items() if other in calls)
