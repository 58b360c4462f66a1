"""Joins stdin and stdout to a TCP port: the far end of a tunnel into the platform's networks.

Its source travels to a container as an argument of ``python3 -c`` (see ``tunnel``), so it uses the standard
library only and imports nothing of msctl.
"""

import os
import socket
import sys
import threading

_PIECE = 65536


def main(host: str, port: int) -> None:
    """Connect and copy both ways until the far side has said everything."""
    connection = socket.create_connection((host, port), timeout=10)
    connection.settimeout(None)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=_upload, args=(connection,), daemon=True).start()
    while data := connection.recv(_PIECE):
        _write(data)


def _upload(connection: socket.socket) -> None:
    try:
        while data := os.read(0, _PIECE):
            connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
    except OSError:
        return


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]))
    except OSError as error:
        sys.exit(f"{sys.argv[1]}:{sys.argv[2]}: {error}")
