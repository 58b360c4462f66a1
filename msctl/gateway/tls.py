"""TLS at the door: the certificate, read again when its files change."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from msctl.errors import MsctlError
from msctl.gateway.config import TlsConfig

HANDSHAKE_SECONDS = 10.0
_log = logging.getLogger("msctl.gateway")

_Stamp = tuple[tuple[int, int, int], ...]


class TlsUnusable(MsctlError):
    """The certificate and its key cannot be used."""

    code = "tls"


class Certificates:
    """New connections get what the files held last; files that are not good leave the old pair in force."""

    def __init__(self, config: TlsConfig) -> None:
        self.config = config
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.set_alpn_protocols(["http/1.1"])
        self._stamp = self._look()
        self._load()

    def refresh(self) -> None:
        """Read the files if they have changed."""
        stamp = self._look()
        if not stamp or stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._load()
        except TlsUnusable as exc:
            _log.error("the new certificate is not usable, the old one stays: %s", exc)
        else:
            _log.info("the certificate was read again")

    def _load(self) -> None:
        try:
            # a pair that does not fit spoils the context it is loaded into, so it is tried elsewhere
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*self._pair(), password=_refuse)
            self.context.load_cert_chain(*self._pair(), password=_refuse)
        except (ssl.SSLError, OSError, ValueError) as exc:
            raise TlsUnusable(f"cannot use {self.config.certificate} with {self.config.key}: {exc}") from exc

    def _pair(self) -> tuple[str, str]:
        return self.config.certificate, self.config.key

    def _look(self) -> _Stamp:
        """What changes whenever the files do; empty while one is being replaced."""
        try:
            found = [Path(path).stat() for path in self._pair()]
        except OSError:
            return ()
        return tuple((stat.st_mtime_ns, stat.st_ino, stat.st_size) for stat in found)


def _refuse() -> str:
    raise ValueError("the key is encrypted, and nobody can be asked for its password")
