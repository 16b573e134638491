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
    if os.environ.get("VPSIM_DPDK_HEADERS"):
        return True
    command = [f"{top}/tests/smartnic/fetch-dpdk-headers", f"{directory}/tests/smartnic/dpdk-headers"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, errors="replace", check=False)
    if done.returncode not in (0, NOT_TO_BE_HAD):
        raise BuildError(f"{' '.join(command)}\n{done.stdout}")
    return done.returncode == 0


def build(top, directory, *options):
    """Configures and builds the checkout `top` in `directory`. Whatever starts a sandbox afterwards uses
    what could be built; returns whether that is the driver."""
    _run("cmake", "-S", top, "-B", directory, "-G", "Ninja",
         f"-DVPSIM_DPDK_HEADERS={os.environ.get('VPSIM_DPDK_HEADERS', '')}", *options)
    _run("cmake", "--build", directory, "--parallel", str(os.cpu_count() or 2))
    driver = _has_headers(top, directory)
    _run("cmake", "--build", directory, "--target", "rte_net_vpsim" if driver else "vpsim_standin")
    if not driver:
        os.environ["VPSIM_STANDIN"] = "yes"
    return driver
