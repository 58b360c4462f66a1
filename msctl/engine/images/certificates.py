"""Certificates this machine trusts beyond its distribution's: those of proxies that re-sign TLS."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s.*?-----END CERTIFICATE-----", re.DOTALL)
_VARIABLES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
_USUAL_PLACES = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")
_DISTRIBUTION = "/usr/share/ca-certificates"


def machine_bundles(
    environ: Mapping[str, str], configured: str | None = None, usual: Iterable[str] = _USUAL_PLACES
) -> tuple[Path, ...]:
    """Existing certificate bundles that this machine's programs are told to trust."""
    named = [configured, *(environ.get(name) for name in _VARIABLES), *usual]
    return tuple(dict.fromkeys(Path(name).resolve() for name in named if name and Path(name).is_file()))


def extra_certificates(bundles: Iterable[Path], distribution: Path = Path(_DISTRIBUTION)) -> tuple[str, ...]:
    """Certificates of ``bundles`` that the distribution does not ship, sorted, each as PEM text."""
    shipped = {pem for path in distribution.rglob("*.crt") for pem in _certificates(path)}
    trusted = {pem for path in bundles for pem in _certificates(path)}
    return tuple(sorted(trusted - shipped))


def _certificates(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    return {"\n".join(found.split("\n")).strip() + "\n" for found in _PEM.findall(text.replace("\r\n", "\n"))}
