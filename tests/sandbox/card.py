# SPDX-License-Identifier: Apache-2.0
"""Builds the project with the simulated SmartNIC, or with the stand-in where the driver's headers cannot be
had; tests/smartnic/README.md tells one from the other."""

import os
import subprocess

# Why a test is skipped with the stand-in; CI accepts no other reason.
NO_DRIVER = "no archive of this release has DPDK's driver headers, and the stand-in does not do this"
NOT_TO_BE_HAD = 3  # The exit status of fetch-dpdk-headers.


class BuildError(Exception):
    """A build failed; the text has the command and what it said."""


def _run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, errors="replace", check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)}\n{done.stdout}")


def _has_headers(top, directory):
    """Whether the driver can be built; fetches what it needs."""
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
    """Builds the driver in `directory`, which is configured; or the stand-in, where the driver cannot be had or
    VPSIM_STANDIN=yes asks for it. Whatever starts a sandbox afterwards uses what was built; returns whether that
    is the driver."""
    driver = os.environ.get("VPSIM_STANDIN") != "yes" and _has_headers(top, directory)
    _run("cmake", "--build", directory, "--target", "rte_net_vpsim" if driver else "vpsim_standin")
    if not driver:
        os.environ["VPSIM_STANDIN"] = "yes"
    return driver


def build(top, directory, *options):
    """Configures and builds the checkout `top` in `directory`, with the card as build_card() does; returns the
    same."""
    _run("cmake", "-S", top, "-B", directory, "-G", "Ninja",
         f"-DVPSIM_DPDK_HEADERS={os.environ.get('VPSIM_DPDK_HEADERS', '')}", *options)
    _run("cmake", "--build", directory, "--parallel", str(os.cpu_count() or 2))
    return build_card(top, directory)
