"""Reading a key set from a file or an address, for verifying tokens of any issuer."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

from msctl.errors import MsctlError

_TIMEOUT = 5.0
_LARGEST = 4 * 1024 * 1024


def fetch(source: str) -> Any:
    """The JSON document at ``source``, a file or an ``http(s)`` URL."""
    try:
        return json.loads(_read(source))
    except OSError as exc:
        raise MsctlError(f"cannot read the keys of {source}: {exc}") from exc
    except (ValueError, RecursionError) as exc:
        raise MsctlError(f"{source} is not a JSON Web Key Set") from exc


def _read(source: str) -> bytes:
    if not source.startswith(("http://", "https://")):
        return Path(source).read_bytes()
    with urllib.request.urlopen(source, timeout=_TIMEOUT) as answer:  # noqa: S310
        content: bytes = answer.read(_LARGEST)
    return content
