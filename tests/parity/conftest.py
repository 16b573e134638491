# SPDX-License-Identifier: Apache-2.0
"""Fixtures: os-vif and vifplugd, each with a separate switch."""

import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import boxes  # noqa: E402  (before all that imports modules of the other tests)

pytest_configure = boxes.fixtures.pytest_configure
pytest_runtest_setup = boxes.fixtures.pytest_runtest_setup


@pytest.fixture(scope="session")
def vifplugd():
    with boxes.vifplugd() as side:
        yield side


@pytest.fixture(scope="session")
def os_vif():
    with boxes.os_vif() as side:
        yield side
