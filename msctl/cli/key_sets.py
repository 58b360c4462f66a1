"""What ``token verify`` believes: the running project's keys, or a key set from a file or an address."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msctl.errors import MsctlError, UsageError

if TYPE_CHECKING:
    from msctl.auth.trust import Trust
    from msctl.orchestrator.token_admin import TokenAdmin

_TIMEOUT = 5.0
_REMEDY = "name a file or an address with a key set, such as http://127.0.0.1:8080/.well-known/jwks.json"
_LARGEST = 4 * 1024 * 1024


def of_project(admin: TokenAdmin, issuer: str, audience: str) -> Trust:
    """The keys that the project publishes, and what it has revoked."""
    published = admin.published()
    trust = _trust(published["jwks"], issuer, audience)
    trust.use_revoked(published["revoked"])
    return trust


def offline(source: str, issuer: str | None, audience: str | None) -> Trust:
    """The keys of a file or URL; issuer and audience have to be said then."""
    if issuer is None or audience is None:
        raise UsageError("with --jwks a token is verified against an issuer and an audience", "say both")
    return _trust(_fetch(source), issuer, audience)


def _trust(document: Any, issuer: str, audience: str) -> Trust:
    from msctl.auth.jose import read_key_set  # noqa: PLC0415
    from msctl.auth.trust import Trust  # noqa: PLC0415
    from msctl.auth.verifier import Expected  # noqa: PLC0415

    trust = Trust(Expected(issuer, audience))
    trust.use_keys(read_key_set(document))
    return trust


def _fetch(source: str) -> Any:
    try:
        return json.loads(_read(source))
    except OSError as exc:
        raise MsctlError(f"cannot read the keys of {source}: {exc}", _REMEDY) from exc
    except (ValueError, RecursionError) as exc:
        raise MsctlError(f"{source} is not a JSON Web Key Set", _REMEDY) from exc


def _read(source: str) -> bytes:
    if not source.startswith(("http://", "https://")):
        return Path(source).read_bytes()
    with urllib.request.urlopen(source, timeout=_TIMEOUT) as answer:  # noqa: S310
        content: bytes = answer.read(_LARGEST)
    return content
