# SPDX-License-Identifier: Apache-2.0
"""Faults at system calls, made by strace."""

import contextlib
import signal
import subprocess

from api import wait_until


def is_traced(pid):
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return "TracerPid:\t0\n" not in file.read()
    except OSError:
        return True  # It has ended.


@contextlib.contextmanager
def injected(pid, call, what, when):
    """strace does `what` (signal=SIGKILL, error=ENOBUFS) to a process at its `when`th call of that name, in
    whichever of its threads."""
    with subprocess.Popen(["strace", "-f", "-qq", "-p", str(pid), "-o", "/dev/null", "-e", f"trace={call}",
                           "-e", f"inject={call}:{what}:when={when}"], stderr=subprocess.DEVNULL) as tracer:
        wait_until(lambda: tracer.poll() is not None or is_traced(pid), what="strace is attached")
        yield
        with contextlib.suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGINT)
        try:
            tracer.wait(1)
        except subprocess.TimeoutExpired:  # It waits for a thread of the process that it killed.
            tracer.kill()
