# SPDX-License-Identifier: Apache-2.0
"""Programs that use libvifplug, built against the header and the library of the build."""

import json
import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("VIFPLUG_BUILD") or os.path.join(TOP, "build")
SANITIZED = ["-fsanitize=address,undefined"] if "asan" in BUILD else []


def compiled(source, program, *flags, compiler="gcc"):
    """Compiles a program of one file, without a warning; returns its path."""
    subprocess.run([compiler, "-Wall", "-Wextra", "-Werror", *flags, *SANITIZED, f"-I{TOP}/include", str(source),
                    "-o", str(program), f"-L{BUILD}/src", f"-Wl,-rpath,{BUILD}/src", "-lvifplug"], check=True)
    return str(program)


def library(directory):
    """The program library.c."""
    return compiled(f"{TOP}/tests/cli/library.c", f"{directory}/library", "-std=gnu11")


def calls(program, *arguments):
    """Runs it; returns the calls that it made: name, result and reply of each."""
    done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=120,
                          check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    return [(name, int(result), json.loads(reply)) for name, result, reply in lines]
