"""The web proxies this machine is told to use."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

_NAMES = ("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy")
_LOOPBACK = ("localhost", "127.", "[::1]", "::1")


def proxy_environment(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Proxy settings under both spellings, since programs differ in which one they read."""
    chosen: dict[str, str] = {}
    for name in _NAMES:
        value = environ.get(name) or environ.get(name.upper())
        if value:
            chosen[name] = chosen[name.upper()] = value
    return chosen


def on_loopback(address: str) -> bool:
    """Whether ``address`` can be reached from this machine only, not from a container."""
    try:
        host = urlsplit(address if "//" in address else f"//{address}").hostname or ""
    except ValueError:
        return False  # no address at all: whoever uses it says so
    return host.startswith(_LOOPBACK)
