# SPDX-License-Identifier: Apache-2.0
"""libvifplug has all that the daemon has: the methods of src/wire/request.h, and the members of a native VIF."""

import os
import re

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def array(path, name):
    """The strings of a C array."""
    return re.findall(r'"([^"]+)"', re.search(rf"\b{name}\[\w*\] = \{{(.*?)\}};", read(path), re.DOTALL)[1])


HEADER = read("include/vifplug/vifplug.h")
FUNCTIONS = set(re.findall(r"^VIFPLUG_API [^;(]*?\b(\w+)\(", HEADER, re.M))
METHODS = re.findall(r'ROW\(\w+, +"(\w+)",', read("src/wire/request.h"))


def test_methods_of_the_library():
    assert len(METHODS) > 10 and [name for name in METHODS if f"vifplug_{name}" not in FUNCTIONS] == []


def test_each_is_called_with_the_daemon():
    """By the program of tests/integration/test_library.py."""
    program = read("tests/cli/library.c")
    left_out = {"plug"}  # vifplug_plug_native() stands for it; tests/unit/test-client-memory.c calls it.
    assert [name for name in METHODS if f"vifplug_{name}(" not in program and name not in left_out] == []


def test_members_of_a_native_vif():
    members = array("src/wire/vif-codec-native.c", "known")
    setters = {name.removeprefix("vifplug_native_set_") for name in FUNCTIONS if "native_set_" in name}
    assert setters | {"vif_id", "kind"} == set(members) and len(members) > 10


def struct(name):
    """The members of a struct of the header."""
    return re.findall(r"(\w+);", re.search(rf"^struct {name} \{{\n(.*?)^\}};", HEADER, re.M | re.S)[1])


def test_members_of_structs():
    limits = [f"{direction}_{name}" for direction in ("egress", "ingress")
              for name in array("src/wire/vif-fields.c", f"{direction}_known")]
    assert struct("vifplug_qos") == ["size", *limits]
    reader = re.search(r"^static bool read_stats\(.*?^\}", read("src/wire/request.c"), re.M | re.S)[0]
    assert sorted(struct("vifplug_filter")) == sorted(["size", *re.findall(r'"(\w+)"', reader.split("};")[0])])
    assert struct("vifplug_options")[0] == "size"


def test_each_struct_that_a_program_fills_has_an_initializer():
    sized = re.findall(r"^struct (\w+) \{\n    size_t size;", HEADER, re.M)
    assert len(sized) >= 3 and [name for name in sized if f"#define {name.upper()}_INIT" not in HEADER] == []
