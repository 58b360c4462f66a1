"""Taking secrets out of what containers wrote: those that are known, and what looks like one."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote

from msctl.model.secret import REDACTED

_RUN = re.compile(r"(?<![A-Za-z0-9_\-])(?![0-9a-f\-]+(?![A-Za-z0-9_\-]))[A-Za-z0-9_\-]{16,}")
"""Sixteen or more of what passwords are made of; ids in hexadecimal, of which logs are full, are none."""


SHORTEST = 8
"""A shorter value is no secret of ours and would be found in ordinary words."""

_HINTS = ("://", "assw", "ASSW", "ecret", "ECRET", "oken", "OKEN", "pi_key", "PI_KEY", "pikey", "pi-key",
          "piKey", "earer ", "EARER ", "asic ", "eyJ", "PRIVATE KEY")  # fmt: skip
_NAMED = (
    r"(?:[\w.\-]*(?:passw(?:or)?d|secret|api[_\-]?key|access[_\-]?key|private[_\-]?key"
    r"|(?:access|refresh|auth|id|bearer|session|api)[_\-]?token)|\btoken)"
)
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(://[^\s/:@\"'<>]*:)[^\s/@\"'<>]+(?=@)"), rf"\g<1>{REDACTED}"),
    (re.compile(r"(\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=\-]{8,}", re.IGNORECASE), rf"\g<1>{REDACTED}"),
    (re.compile(r"\beyJ[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]{8,}\.[A-Za-z0-9_\-]*"), REDACTED),
    (
        re.compile(
            rf"({_NAMED}\\?[\"']?\s*[=:]\s*\\?[\"'])(?!\[REDACTED\])[^\"'\\\s][^\"'\\]{{5,}}", re.IGNORECASE
        ),
        rf"\g<1>{REDACTED}",
    ),
    (
        re.compile(rf"({_NAMED}\s?[=:]\s?)(?!\[REDACTED\])[^\s\"'\\,;&{{}}\[\]()]{{6,}}", re.IGNORECASE),
        rf"\g<1>{REDACTED}",
    ),
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        REDACTED,
    ),
)


class Redactor:
    """Replaces ``secrets``, in the spellings in which programs write them, and what looks like others.

    Most secrets are one long run of letters and digits, so only such runs are looked into, by their
    beginnings: a line without any costs a few microseconds, however many secrets there are.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        known = {part for secret in secrets for part in _parts(secret)}
        found = {spelling for secret in known for spelling in _spellings(secret)}
        literals = sorted(found, key=lambda text: (-len(text), text))
        self._runs = tuple(text for text in literals if _RUN.fullmatch(text))
        self._others = tuple(text for text in literals if not _RUN.fullmatch(text))
        self._beginnings = frozenset(text[:SHORTEST] for text in self._runs)

    def redact(self, text: str) -> str:
        """``text`` without them."""
        if self._beginnings and any(map(self._suspicious, _RUN.findall(text))):
            text = _without(text, self._runs)
        text = _without(text, self._others)
        if any(hint in text for hint in _HINTS):
            for pattern, replacement in _PATTERNS:
                text = pattern.sub(replacement, text)
        return text

    def _suspicious(self, run: str) -> bool:
        beginnings = self._beginnings
        return any(run[at : at + SHORTEST] in beginnings for at in range(len(run) - SHORTEST + 1))


def _without(text: str, literals: Iterable[str]) -> str:
    for literal in literals:
        if literal in text:
            text = text.replace(literal, REDACTED)
    return text


def _parts(secret: str) -> list[str]:
    """A secret of several lines (a key) may be logged a line at a time."""
    pieces = [secret, *(line.strip() for line in secret.splitlines())]
    return [p for p in pieces if len(p) >= SHORTEST and not p.startswith("-----")]


def _spellings(secret: str) -> set[str]:
    raw = secret.encode("utf-8", "surrogatepass")
    plain = {secret, quote(secret, safe=""), json.dumps(secret)[1:-1]}
    cores = {text for shift in range(3) if len(text := _base64_core(raw, shift)) >= SHORTEST}
    return plain | cores | {text.replace("+", "-").replace("/", "_") for text in cores}


def _base64_core(raw: bytes, shift: int) -> str:
    """The characters of base64 that depend on ``raw`` alone when ``shift`` bytes stand before it."""
    encoded = base64.b64encode(b"\0" * shift + raw).decode()
    begin = (0, 2, 3)[shift]
    whole = (shift + len(raw)) // 3 * 4
    return encoded[begin:whole]
