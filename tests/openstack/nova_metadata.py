# SPDX-License-Identifier: Apache-2.0
"""In place of Nova's metadata API: replies to each request with its path and the headers that Nova needs."""

import http.server
import json
import sys

PORT = 8775
HEADERS = ("X-Instance-ID", "X-Tenant-ID", "X-Forwarded-For", "X-Instance-ID-Signature")


class Metadata(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # pylint: disable=invalid-name
        text = json.dumps({"path": self.path, **{name: self.headers[name] for name in HEADERS}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *arguments):  # pylint: disable=arguments-differ
        print(*arguments, file=sys.stderr)


if __name__ == "__main__":
    http.server.HTTPServer(("127.0.0.1", PORT), Metadata).serve_forever()
