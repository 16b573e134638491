# SPDX-License-Identifier: Apache-2.0
"""For Debian's pybuild and other tools that know setup.py only; everything is in setup.cfg."""

import setuptools

setuptools.setup()
