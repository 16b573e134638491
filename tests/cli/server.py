# SPDX-License-Identifier: Apache-2.0
"""A server in the place of vifplugd, which sends what a test wants."""

import json
import socket
import threading

SUBSCRIBED = {"subscribed": True, "run": "r", "last_event": 0}


def event(number):
    return {"method": "vif.plugged", "params": {"vif_id": f"v{number}", "event": number}}


def reply_to(request, result):
    return {"id": request["id"], "result": result}


def line_of(message):
    """A message as it is sent; bytes are sent as they are."""
    return message if isinstance(message, bytes) else json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"


class Server:
    """Serves so many connections, one after another: `serve` gets each request, and returns the messages that it
    gets, or their bytes; None closes the connection, as `ends` does after the first request."""

    def __init__(self, directory, serve, connections=1, ends=False):
        self.path = f"{directory}/s"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen()
        self.requests = []
        self.serve = serve
        self.ends = ends
        threading.Thread(target=self.run, args=(connections,), daemon=True).start()

    def run(self, connections):
        with self.listener:
            for _ in range(connections):
                with self.listener.accept()[0] as connection:
                    self.talk(connection)

    def talk(self, connection):
        with connection.makefile("rb") as lines:
            for line in lines:
                self.requests.append(json.loads(line))
                messages = self.serve(self.requests[-1])
                if messages is None:
                    return
                connection.sendall(b"".join(map(line_of, messages)))
                if self.ends:
                    return
