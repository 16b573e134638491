# SPDX-License-Identifier: Apache-2.0
"""Processes that take commands, and measurements of processes."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time

TIMEOUT = 150  # s; the clients give up after 120.


class HelperError(Exception):
    """A helper has ended, or has not replied."""


class Helper:
    """A process that replies to each line of JSON on its standard input with one on its standard output."""

    def __init__(self, command, env=None, log=None):
        self.name = os.path.basename(command[0])
        self.log = log
        with contextlib.ExitStack() as stack:
            errors = stack.enter_context(open(log, "ab")) if log else subprocess.DEVNULL
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=errors, env=env, cwd="/")
        self.pid = self.process.pid
        self.input = b""

    def ended(self):
        """Returns the error that it has ended, with its last output."""
        words = ""
        if self.log:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                words = "".join(file.readlines()[-5:]).strip()
        return HelperError(f"{self.name} has ended: {words or 'without output'}")

    def read(self, timeout=TIMEOUT):
        """Returns the next line that it writes, parsed."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.input:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise HelperError(f"{self.name} did not reply within {timeout} s")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                raise self.ended()
            self.input += data
        line, _, self.input = self.input.partition(b"\n")
        return json.loads(line)

    def write(self, **command):
        """Sends a command, and does not wait."""
        try:
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self.ended() from None

    def ask(self, **command):
        """Sends a command and returns the reply."""
        self.write(**command)
        return self.read()

    def close(self):
        """Ends it."""
        with contextlib.suppress(OSError):
            self.process.send_signal(signal.SIGCONT)
            self.process.stdin.close()
        self.process.stdout.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def cpu_us(pid):
    """Returns the CPU time of a whole process. CPUCLOCK_SCHED of linux/posix-timers.h: counted in
    nanoseconds, not in ticks of the scheduler as in /proc/PID/stat."""
    return time.clock_gettime((~pid << 3) | 2) * 1e6


def thread_cpu_us(tid):
    """The same for one thread, which has no clock that others can read (proc(5), schedstat)."""
    with open(f"/proc/{tid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e3


def memory_kb(pid, field="VmRSS"):
    """Returns the resident memory of a process (VmHWM: the most that it had)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(f"{field}:"):
                return int(line.split()[1])
    raise HelperError(f"process {pid} has no {field}")


def pause(pids):
    """Stops processes, so that they do not use the CPU during a measurement."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def resume(pids):
    """Resumes them. If one has ended meanwhile, the next command to it fails."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
