# SPDX-License-Identifier: Apache-2.0
"""The rooms of src: each includes only what it may use, and docs/architecture.md names each module."""

import os
import re
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What the files of a room may include in addition to their own headers: rooms, or single headers.
MAY_USE = {
    "base": set(),
    "links": {"base"},
    "nic": {"base"},
    "wire": {"base"},
    "plan": {"base", "links", "nic"},
    "ovs": {"base", "links", "nic", "plan"},
    "engine": {"base", "links", "nic", "plan", "ovs", "wire/request.h"},
    "check": {"base", "nic"},
    "watch": {"base", "links", "plan", "ovs", "engine"},
    "daemon": {"base", "links", "nic", "wire", "plan", "ovs", "engine", "check", "watch"},
    "client": {"base", "wire"},
    "cli": {"base", "wire", "client"},
}
# Headers of the build, and of Open vSwitch.
NO_ROOMS = {"openvswitch", "vifplug"}


def sources():
    listed = subprocess.run(["git", "-C", TOP, "ls-files", "--cached", "--others", "--exclude-standard",
                             "src/*.c", "src/*.h"], capture_output=True, text=True, check=True).stdout
    return [path for path in listed.split() if path.split("/")[1] not in NO_ROOMS
            and os.path.exists(os.path.join(TOP, path))]


def includes(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            match = re.match(r'#include "(\w+)/([^"]+)"', line)
            if match and match[1] not in NO_ROOMS:
                yield number, match[1], f"{match[1]}/{match[2]}"


@pytest.mark.parametrize("room", sorted(MAY_USE))
def test_a_room_uses_what_it_may(room):
    files = [path for path in sources() if path.split("/")[1] == room]
    assert files, f"src/{room} is empty"
    wrong = [f"{path}:{number}: includes {header}" for path in files
             for number, other, header in includes(path)
             if other != room and other not in MAY_USE[room] and header not in MAY_USE[room]]
    assert not wrong, "\n".join(wrong)


def test_every_file_is_in_a_room():
    assert not [path for path in sources() if path.split("/")[1] not in MAY_USE]


def test_every_module_is_in_the_architecture():
    with open(os.path.join(TOP, "docs/architecture.md"), encoding="utf-8") as file:
        text = file.read()
    named = set(re.findall(r"`([\w-]+)`", text))
    missing = [path for path in sources() if path.endswith(".c")
               and os.path.basename(path)[:-2] not in named]
    assert not missing, "docs/architecture.md does not name:\n" + "\n".join(missing)


def offenders(room, pattern, allowed):
    """Returns the lines of a room's files that match, as `file:line: text`."""
    for path in sources():
        if path.endswith(".c") and path.split("/")[1] == room and os.path.basename(path) not in allowed:
            with open(os.path.join(TOP, path), encoding="utf-8") as file:
                for number, line in enumerate(file, 1):
                    if re.search(pattern, line):
                        yield f"{path}:{number}: {line.strip()}"


@pytest.mark.parametrize("what, pattern, allowed", [
    ("moves an operation", r"\bops_set_state\(", {"ops.c", "conclude.c"}),
    # engine_destroy() frees what is left.
    ("frees an operation", r"\b(ops_remove|op_destroy)\(", {"ops.c", "op.c", "conclude.c", "engine.c"}),
    ("replies", r"\b(op_reply_\w+|asker\.reply)\(", {"op-result.c", "conclude.c"}),
    ("changes a plan", r"\bop->plan\.[\w.]+ *[|&+-]?=[^=]", set()),
])
def test_only_the_conductor_acts(what, pattern, allowed):
    wrong = list(offenders("engine", pattern, allowed))
    assert not wrong, f"only conclude.c {what}:\n" + "\n".join(wrong)
