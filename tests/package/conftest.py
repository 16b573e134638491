# SPDX-License-Identifier: Apache-2.0
"""The packages, built twice, and a bare node to install them."""

import concurrent.futures
import contextlib
import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import bare  # noqa: E402  (found beside this file)
import building  # noqa: E402  (the same)


def pytest_collection_modifyitems(items):
    """With VIFPLUG_REPRODUCE=no in the environment there is no second build, which takes minutes."""
    if os.environ.get("VIFPLUG_REPRODUCE") == "no":
        items[:] = [item for item in items if "second_build" not in item.fixturenames]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory):
    """The first build, and the chroot, which is made meanwhile."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chroot = pool.submit(bare.base)
        first = building.Build(tmp_path_factory.mktemp("first"), {"LC_ALL": "C.UTF-8", "TZ": "UTC"}, 0o022)
        return first, chroot.result()


@pytest.fixture(scope="session")
def build(prepared):
    return prepared[0]


@pytest.fixture(scope="session")
def second_build(tmp_path_factory):
    return building.Build(tmp_path_factory.mktemp("another-path"), {"LC_ALL": "C", "TZ": "Asia/Tokyo"}, 0o002)


@contextlib.contextmanager
def a_node(lower, directory):
    one = bare.Node(lower, directory)
    try:
        one.apt("update")
        yield one
    finally:
        one.end()


@pytest.fixture
def node(prepared, tmp_path):
    with a_node(prepared[1], tmp_path) as one:
        yield one


@pytest.fixture(scope="session")
def host(prepared, tmp_path_factory):
    """A node with a switch, on which the packages are installed."""
    first, lower = prepared
    with a_node(lower, tmp_path_factory.mktemp("host")) as one:
        one.start_switch()
        one.install(*(first.package(name) for name in ("vifplugd", "libvifplug0", "python3-vifplug")))
        yield one
