"""Text of strangers, made fit for a terminal, a page and a line of JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

LONGEST_SHOWN = 10_000
"""Characters of one record that a person is shown; ``--json`` has them all."""

_SEQUENCES = re.compile(
    r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles, links: OSC up to its end
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # device strings
    r"|[\x1b]\[[0-9;:?<=>]*[ -/]*[@-~]"
    r"|\x1b[ -/]*[0-~]"
    r"|[\x00-\x08\x0b-\x1f\x7f-\x9f]"
)
_MISLEADING = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]")
"""Marks that turn or hide text, line ends of their own, halves of characters."""

_ESCAPED_IN_JSON = re.compile(
    "[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff]"
)


def harmless(text: str) -> str:
    """``text`` without escape sequences and control characters; what misleads the eye is spelled out."""
    return _MISLEADING.sub(_spelled, _SEQUENCES.sub("", text))


def shortened(text: str, longest: int = LONGEST_SHOWN) -> str:
    """``text``, or its beginning and how long it is."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def json_line(values: Mapping[str, object] | Sequence[object]) -> str:
    """One line of JSON that a terminal shows as it is, whatever the values hold."""
    text = json.dumps(values, ensure_ascii=False, default=str)
    return _ESCAPED_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _spelled(match: re.Match[str]) -> str:
    return f"<U+{ord(match[0]):04X}>"
