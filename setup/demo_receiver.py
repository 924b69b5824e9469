"""A receiver of webhooks for ``make demo``: it prints what it was sent as JSON lines.

It runs in a container beside the demo's fleet, from this file's text alone; the signature is checked by
who reads the lines, with the secret that the receiver need not know.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, HTTPServer

PORT = 8000
_BODY_MAX = 65_536


class Receiver(BaseHTTPRequestHandler):
    """Takes whatever is sent, as any receiver would before it checks the signature."""

    def do_POST(self) -> None:
        """Print the delivery as one line and answer 204."""
        length = min(int(self.headers.get("Content-Length", 0)), _BODY_MAX)
        headers = {name.lower(): value for name, value in self.headers.items()}
        print(json.dumps({"headers": headers, "body": self.rfile.read(length).decode()}), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name it has there
        """Say nothing beside the lines."""


if __name__ == "__main__":
    HTTPServer(("0.0.0.0", PORT), Receiver).serve_forever()  # noqa: S104 - inside a container of its own
