# SPDX-License-Identifier: Apache-2.0
"""For Debian's pybuild and other tools that only support setup.py; everything is in setup.cfg."""

import setuptools

setuptools.setup()
