# SPDX-License-Identifier: Apache-2.0
"""A process of OpenStack that a test controls: one JSON request per line, one JSON reply.

serve() is the side of that process: functions by name, called with the request's members. Worker is the
test's side. Nova and Neutron run in separate processes, because each has its own configuration, monkey
patching and log.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))


class WorkerError(Exception):
    """The function raised an exception; `kind` is its class, `text` its message, `trace` the traceback."""

    def __init__(self, kind, text, trace):
        super().__init__(f"{kind}: {text}\n{trace}")
        self.kind = kind
        self.text = text


def serve(functions, requests=None):
    """Replies to requests (lines; from stdin by default) until they end. All other output goes to stderr."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in requests or sys.stdin:
        request = json.loads(line)
        try:
            reply = {"result": functions[request.pop("call")](**request)}
        except Exception as error:  # pylint: disable=broad-except
            reply = {"error": [type(error).__name__, str(error), traceback.format_exc()]}
        output.write(json.dumps(reply) + "\n")
        output.flush()


class Worker:
    """Runs `script` of this directory, with its configuration, log and caches in `directory`.

    :param inside: turns a command line into one that runs it elsewhere (Sandbox.inside)
    """

    def __init__(self, script, directory, prefix, config, inside=list, environment=None):
        self.directory = str(directory)
        self.log = os.path.join(self.directory, "service.log")
        self.stderr = os.path.join(self.directory, "stderr")
        self.start = 0
        config_file = os.path.join(self.directory, "service.conf")
        with open(config_file, "w", encoding="utf-8") as file:
            file.write(f"[DEFAULT]\nlog_file = {self.log}\nstate_path = {self.directory}\n"
                       f"use_stderr = false\n{config}")
        with open(self.stderr, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(
                inside(["/usr/bin/python3", os.path.join(HERE, script), config_file]),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True,
                env={**os.environ, "PYTHONPATH": str(prefix), "PYTHONWARNINGS": "ignore",
                     # stevedore caches entry points there.
                     "XDG_CACHE_HOME": os.path.join(self.directory, "cache"), **(environment or {})},
                start_new_session=True)

    def send(self, call, **members):
        """Sends a request without waiting for the reply."""
        self.process.stdin.write(json.dumps({"call": call, **members}) + "\n")
        self.process.stdin.flush()

    def receive(self):
        line = self.process.stdout.readline()
        if not line:
            with open(self.stderr, encoding="utf-8", errors="replace") as file:
                raise WorkerError("Ended", "the process ended", file.read()[-4000:])
        reply = json.loads(line)
        if "error" in reply:
            raise WorkerError(*reply["error"])
        return reply["result"]

    def call(self, call, **members):
        self.send(call, **members)
        return self.receive()

    def forget_log(self):
        """Makes lines() ignore the present content of the log."""
        self.start = os.path.getsize(self.log) if os.path.exists(self.log) else 0

    def lines(self, *words):
        """Returns the lines of its log that contain all of `words`."""
        with open(self.log, encoding="utf-8", errors="replace") as file:
            file.seek(self.start)
            return [line.rstrip("\n") for line in file if all(word in line for word in words)]

    def stop(self):
        with contextlib.suppress(BrokenPipeError):  # It has ended.
            self.process.stdin.close()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            pass
        # Also ends processes that it started and left: an agent's ovsdb-client.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()
