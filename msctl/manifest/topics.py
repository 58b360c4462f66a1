"""AMQP's topic matching."""

from __future__ import annotations


def matches(pattern: str, event_type: str) -> bool:
    """Whether a binding with ``pattern`` receives ``event_type``; ``#`` also stands for no word at all."""
    if pattern == event_type:
        return True
    wanted, words = pattern.split("."), event_type.split(".")
    if wanted[0] not in ("*", "#", words[0]):
        return False
    reachable = [True] + [False] * len(words)
    for want in wanted:
        if want == "#":
            first = reachable.index(True) if True in reachable else len(reachable)
            reachable = [index >= first for index in range(len(reachable))]
        else:
            step = [came and want in ("*", word) for came, word in zip(reachable, words, strict=False)]
            reachable = [False, *step]
    return reachable[-1]
