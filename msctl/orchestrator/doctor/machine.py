"""Facts of this machine, read once."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswer
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from msctl.orchestrator.gateway_port import port_trouble

_PATIENCE = 3.0
_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@dataclass(frozen=True, slots=True)
class Machine:
    """Sizes are bytes; ``None`` is what could not be read; ``names`` says of hosts whether they are found.

    ``read_only`` is the project's folder where nothing can be written to it.
    """

    python: tuple[int, int]
    free_disk: Mapping[str, int] = field(default_factory=dict)
    free_memory: int | None = None
    open_files: int = 1024
    names: Mapping[str, bool] = field(default_factory=dict)
    proxies: Mapping[str, str] = field(default_factory=dict)
    bundles: Mapping[str, str] = field(default_factory=dict)
    port_trouble: str | None = None
    read_only: str | None = None


def read_machine(
    environment: Mapping[str, str],
    folders: tuple[Path, ...],
    port: tuple[str, int] | None,
    host: str | None,
) -> Machine:
    """Look at this machine; ``port`` is an address that should be free, ``host`` a name to look up.

    The last of ``folders`` is the project's.
    """
    return Machine(
        python=sys.version_info[:2],
        free_disk={str(f): shutil.disk_usage(f).free for f in folders if f.is_dir()},
        free_memory=_free_memory(),
        open_files=resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        names={host: _resolves(host)} if host else {},
        proxies=_named(environment, _PROXIES),
        bundles=_named(environment, _BUNDLES),
        port_trouble=_port_trouble(*port) if port else None,
        read_only=None if os.access(folders[-1], os.W_OK) else str(folders[-1]),
    )


def _named(environment: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    found = {name: environment.get(name) or environment.get(name.lower()) for name in names}
    return {name: value for name, value in found.items() if value}


def _free_memory() -> int | None:
    with suppress(OSError, ValueError):
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _resolves(name: str) -> bool:
    """Whether a name can be looked up; one that takes long counts as none, and is left to itself."""
    pool = ThreadPoolExecutor(1)
    try:
        pool.submit(socket.getaddrinfo, name, 443).result(_PATIENCE)
    except (OSError, NoAnswer):
        return False
    finally:
        pool.shutdown(wait=False)
    return True


def _port_trouble(host: str, port: int) -> str | None:
    trouble = port_trouble(host, port)
    return None if trouble is None else trouble.lower()
