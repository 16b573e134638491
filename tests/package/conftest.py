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
    """The second build, which takes minutes, goes on beside the tests that need no more than the first one. With
    VIFPLUG_REPRODUCE=no in the environment there is none."""
    if os.environ.get("VIFPLUG_REPRODUCE") == "no":
        items[:] = [item for item in items if "second_build" not in item.fixturenames]
    items.sort(key=lambda item: "second_build" in item.fixturenames)


@pytest.fixture(scope="session")
def prepared(request, tmp_path_factory):
    """The first build, the chroot, made meanwhile, and the future of the second build if a test needs that."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        chroot = pool.submit(bare.base)
        first = building.Build(tmp_path_factory.mktemp("first"), {"LC_ALL": "C.UTF-8", "TZ": "UTC"}, 0o022)
        second = None
        if any("second_build" in item.fixturenames for item in request.session.items):
            second = pool.submit(building.Build, tmp_path_factory.mktemp("another-path"),
                                 {"LC_ALL": "C", "TZ": "Asia/Tokyo"}, 0o002)
        yield first, chroot.result(), second


@pytest.fixture(scope="session")
def build(prepared):
    return prepared[0]


@pytest.fixture(scope="session")
def second_build(prepared):
    return prepared[2].result()


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
    first, lower, _ = prepared
    with a_node(lower, tmp_path_factory.mktemp("host")) as one:
        one.start_switch()
        one.install(*(first.package(name) for name in ("vifplugd", "libvifplug0", "python3-vifplug")))
        yield one
