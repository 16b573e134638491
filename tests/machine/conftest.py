# SPDX-License-Identifier: Apache-2.0
"""One machine with a switch, on which the packages are installed."""

import glob
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, f"{os.path.dirname(HERE)}/package"]

import building  # noqa: E402  (found in tests/package)
import machine  # noqa: E402  (found beside this file)

INSTALLED = ("vifplugd", "libvifplug0", "python3-vifplug")


@pytest.fixture(scope="session", name="debs")
def the_packages(tmp_path_factory):
    """The files of the packages: those in $VIFPLUG_PACKAGES, or new ones."""
    directory = os.environ.get("VIFPLUG_PACKAGES")
    if not directory:
        directory = building.Build(tmp_path_factory.mktemp("build"), {}, 0o022).dir
    found = [glob.glob(f"{directory}/{name}_*.deb") for name in INSTALLED]
    assert [len(files) for files in found] == [1] * len(INSTALLED), f"{directory}: {found}"
    return [files[0] for files in found]


@pytest.fixture(scope="session")
def host(debs, tmp_path_factory):
    image = machine.HAS_QUADLET and f"{building.TOP}/etc/containers/Containerfile"
    lower = machine.base(debs, image)
    extra = [*debs, f"{building.TOP}/etc/containers/vifplugd.container"]
    one = machine.Machine(lower, tmp_path_factory.mktemp("machine"), extra)
    try:
        one.start_switch()
        one.run("sh", "-c", "dpkg --install /mnt/*.deb")
        yield one
    finally:
        one.end()
