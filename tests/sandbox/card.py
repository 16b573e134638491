# SPDX-License-Identifier: Apache-2.0
"""Builds the project with the simulated SmartNIC, or with the stand-in if the driver's headers are not
available; tests/smartnic/README.md describes both."""

import os
import subprocess

# Why a test is skipped with the stand-in, also in CI.
NO_DRIVER = "no archive of this release has DPDK's driver headers, and the stand-in does not do this"
NOT_TO_BE_HAD = 3  # The exit status of fetch-dpdk-headers.


class BuildError(Exception):
    """A build failed; the text has the command and its output."""


def _run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, errors="replace", check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)}\n{done.stdout}")


def _has_headers(top, directory):
    """Whether the driver can be built; fetches its headers."""
    with open(f"{directory}/CMakeCache.txt", encoding="utf-8") as cache:
        if any(line.startswith("VPSIM_DPDK_HEADERS:") and line.rstrip("\n").partition("=")[2] for line in cache):
            return True
    command = [f"{top}/tests/smartnic/fetch-dpdk-headers", f"{directory}/tests/smartnic/dpdk-headers"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, errors="replace", check=False)
    if done.returncode not in (0, NOT_TO_BE_HAD):
        raise BuildError(f"{' '.join(command)}\n{done.stdout}")
    return done.returncode == 0


def build_card(top, directory):
    """Builds the driver in `directory`, which is configured; or the stand-in, if the driver cannot be built
    or with VPSIM_STANDIN=yes. Later sandboxes use the result. Returns whether it is the driver."""
    driver = os.environ.get("VPSIM_STANDIN") != "yes" and _has_headers(top, directory)
    _run("cmake", "--build", directory, "--target", "rte_net_vpsim" if driver else "vpsim_standin")
    if not driver:
        os.environ["VPSIM_STANDIN"] = "yes"
    return driver


def build(top, directory, *options):
    """Configures and builds the checkout `top` in `directory`, with the card like build_card(). Returns the
    same."""
    _run("cmake", "-S", top, "-B", directory, "-G", "Ninja",
         f"-DVPSIM_DPDK_HEADERS={os.environ.get('VPSIM_DPDK_HEADERS', '')}", *options)
    _run("cmake", "--build", directory, "--parallel", str(os.cpu_count() or 2))
    return build_card(top, directory)
