"""A service of the standard library alone, which behaves as the environment says."""

import os
import signal
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BEHAVIOUR = os.environ.get("BEHAVIOUR", "serve")
STATUS = {"/": 200, "/livez": 200, "/readyz": 503 if BEHAVIOUR == "sick" else 200}


class Handler(BaseHTTPRequestHandler):
    """Answers its few paths, 404 on all others."""

    def do_GET(self) -> None:
        """The status of the path, with a word as body."""
        body = b"the tank is empty" if BEHAVIOUR == "sick" else b"fine"
        self.send_response(STATUS.get(self.path, 404))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serve() -> None:
    """Answer for ever."""
    ThreadingHTTPServer(("0.0.0.0", int(os.environ["PORT"])), Handler).serve_forever()


if BEHAVIOUR == "crash":
    time.sleep(0.2)
    raise RuntimeError("the engine has no oil")
if BEHAVIOUR == "exit":
    sys.exit(3)
if BEHAVIOUR == "deaf":
    time.sleep(3600)
if BEHAVIOUR == "greedy":
    hoard = [bytearray(os.urandom(1) * 2**20) for _ in range(4096)]
if BEHAVIOUR == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
serve()
