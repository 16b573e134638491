# SPDX-License-Identifier: Apache-2.0
"""libvifplug and the Python client have all that the daemon has: the methods of src/wire/request.h with their
params, and the members of a native VIF."""

import inspect
import os
import re
import sys

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

sys.path.insert(0, os.path.join(TOP, "src", "openstack"))

import vifplug  # noqa: E402
from vifplug import client  # noqa: E402


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8") as file:
        return file.read()


def array(path, name):
    """The strings of a C array."""
    return re.findall(r'"([^"]+)"', re.search(rf"\b{name}\[\w*\] = \{{(.*?)\}};", read(path), re.DOTALL)[1])


HEADER = read("include/vifplug/vifplug.h")
FUNCTIONS = set(re.findall(r"^VIFPLUG_API [^;(]*?\b(\w+)\(", HEADER, re.M))
READERS = dict(re.findall(r'ROW\(\w+, +"(\w+)", +(\w+),', read("src/wire/request.h")))
METHODS = list(READERS)


def params(method):
    """The params that the daemon knows of a method."""
    body = re.search(rf"^static bool {READERS[method]}\(.*?^\}}", read("src/wire/request.c"), re.M | re.S)[0]
    return re.findall(r'"(\w+)"', body.split("known[] = {")[1].split("};")[0])


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
    assert sorted(struct("vifplug_filter")) == sorted(["size", *params("stats")])
    assert struct("vifplug_options")[0] == "size"


def test_each_struct_that_a_program_fills_has_an_initializer():
    sized = re.findall(r"^struct (\w+) \{\n    size_t size;", HEADER, re.M)
    assert len(sized) >= 3 and [name for name in sized if f"#define {name.upper()}_INIT" not in HEADER] == []


@pytest.mark.parametrize("method", METHODS)
def test_methods_of_the_python_client(method):
    """Each takes all params, has types and says what it does."""
    function = getattr(client.Client, method)
    signature = inspect.signature(function)
    assert sorted(signature.parameters) == sorted(["self", *params(method)])
    assert function.__doc__ and signature.return_annotation is not inspect.Signature.empty
    assert all(one.annotation is not one.empty for name, one in signature.parameters.items() if name != "self")


def test_the_python_client_has_types():
    """For those who use it: py.typed is installed, and says that it has."""
    assert os.path.exists(f"{os.path.dirname(vifplug.__file__)}/py.typed")
    assert "\n[options.package_data]\nvifplug = py.typed\n" in read("src/openstack/setup.cfg")
    assert re.fullmatch(r"\d+\.\d+\.\d+", vifplug.__version__)
