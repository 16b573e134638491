# SPDX-License-Identifier: Apache-2.0
"""Faults at system calls, made by strace."""

import contextlib
import signal
import subprocess
import tempfile

from api import wait_until
from sandbox import is_alive


@contextlib.contextmanager
def injected(pid, call, what, when):
    """strace does `what` (signal=SIGKILL, error=ENOBUFS) to a process at its `when`th call of that name, in
    whichever of its threads."""
    with tempfile.TemporaryFile("a+b") as output, subprocess.Popen(
            ["strace", "-f", "-p", str(pid), "-o", "/dev/null", "-e", f"trace={call}",
             "-e", f"inject={call}:{what}:when={when}"], stderr=output) as tracer:

        def said():
            output.seek(0)
            return output.read().decode(errors="replace")

        def is_attached():
            """strace says so once it has all threads."""
            return "attached" in said() if tracer.poll() is None else not is_alive(pid)
        wait_until(is_attached, what=lambda: f"strace is attached; it says: {said()}")
        yield
        with contextlib.suppress(ProcessLookupError):
            tracer.send_signal(signal.SIGINT)
        try:
            tracer.wait(1)
        except subprocess.TimeoutExpired:  # It waits for a thread of the process that it killed.
            tracer.kill()
