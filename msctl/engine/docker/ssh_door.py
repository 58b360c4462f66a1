"""An engine behind ssh, made to look like one on a local socket.

The docker command reaches such an engine by ``ssh HOST docker system dial-stdio``; here every connection
to a private Unix socket runs that command. docker-py's own way needs paramiko and does not read all of the
user's ssh settings.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import socket
import subprocess
import tempfile
import threading
import weakref
from pathlib import Path
from urllib.parse import urlsplit

_COMPLAINT = 2000


class SshDoor:
    """Listens at ``url`` until closed; ``complaint`` is what ssh said last."""

    def __init__(self, url: str) -> None:
        self._command = ssh_command(url)
        if shutil.which("ssh") is None:
            raise FileNotFoundError(errno.ENOENT, "the ssh command is not installed")
        self._folder = Path(tempfile.mkdtemp(prefix="msctl-ssh-"))
        self._tidy = weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._complaints = self._folder / "complaints"
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._lock = threading.Lock()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(str(self._folder / "docker.sock"))
        self._server.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Where to connect."""
        return f"unix://{self._folder}/docker.sock"

    def complaint(self) -> str:
        """The last words of ssh or of the far docker command."""
        with contextlib.suppress(OSError):
            return self._complaints.read_text("utf-8", "replace")[-_COMPLAINT:].strip()
        return ""

    def close(self) -> None:
        """End all connections; idempotent."""
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()
        with self._lock:
            remaining = list(self._processes)
        for process in remaining:
            process.terminate()
        for process in remaining:
            process.wait()
        self._tidy()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            with self._complaints.open("ab") as complaints:
                # A session of its own: Ctrl-C in the terminal is msctl's to handle, not ssh's.
                process = subprocess.Popen(
                    self._command,
                    stdin=connection.fileno(),
                    stdout=connection.fileno(),
                    stderr=complaints,
                    start_new_session=True,
                )
            with self._lock:
                self._processes.add(process)
            connection.close()
            process.wait()
            with self._lock:
                self._processes.discard(process)


def ssh_command(url: str) -> list[str]:
    """The command that joins its stdin and stdout to the engine at ``ssh://[user@]host[:port][/socket]``."""
    parts = urlsplit(url)
    user = ["-l", parts.username] if parts.username else []
    port = ["-p", str(parts.port)] if parts.port else []
    far_socket = ["--host", f"unix://{parts.path}"] if parts.path.strip("/") else []
    far = ["docker", *far_socket, "system", "dial-stdio"]
    return ["ssh", "-T", "-o", "ConnectTimeout=30", *user, *port, "--", parts.hostname or "", *far]
