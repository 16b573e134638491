# SPDX-License-Identifier: Apache-2.0
"""Processes that are told what to do, and processes that are looked at."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time

TIMEOUT = 150  # s; the clients give up after 120.


class HelperError(Exception):
    """A helper has ended, or has not answered."""


class Helper:
    """A process that answers each line of JSON on its standard input with one on its standard output."""

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
        """The error that it has ended, with its last words."""
        words = ""
        if self.log:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                words = "".join(file.readlines()[-5:]).strip()
        return HelperError(f"{self.name} has ended: {words or 'without a word'}")

    def read(self, timeout=TIMEOUT):
        """The next line it writes, read."""
        deadline = time.monotonic() + timeout
        while b"\n" not in self.input:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise HelperError(f"{self.name} did not answer within {timeout} s")
            data = os.read(self.process.stdout.fileno(), 1 << 20)
            if not data:
                raise self.ended()
            self.input += data
        line, _, self.input = self.input.partition(b"\n")
        return json.loads(line)

    def write(self, **command):
        """Gives a command, and does not wait."""
        try:
            self.process.stdin.write(json.dumps(command).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise self.ended() from None

    def ask(self, **command):
        """Gives a command and returns the answer."""
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
    """CPU time of a whole process. CPUCLOCK_SCHED of linux/posix-timers.h: counted in nanoseconds, not in
    ticks of the scheduler as in /proc/PID/stat."""
    return time.clock_gettime((~pid << 3) | 2) * 1e6


def thread_cpu_us(tid):
    """The same of one thread, which has no clock for others to read (proc(5), schedstat)."""
    with open(f"/proc/{tid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e3


def memory_kb(pid, field="VmRSS"):
    """Resident memory of a process (VmHWM: the most that it had)."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(f"{field}:"):
                return int(line.split()[1])
    raise HelperError(f"process {pid} has no {field}")


def pause(pids):
    """Stops processes, so that what they would do does not get in another's way."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def resume(pids):
    """Lets them go on. One that has ended meanwhile will be noticed when it is asked."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
