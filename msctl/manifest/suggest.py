"""What was probably meant: typos, other tools' words, keys at the wrong level."""

from __future__ import annotations

from collections.abc import Iterable

from msctl.manifest.known import homes, keys_at
from msctl.manifest.nodes import Path, dotted
from msctl.manifest.similar import closest, distance

_OTHER_TOOLS = {
    "environment": "env environments variables vars",
    "port": "ports expose",
    "calls": "depends_on needs dependencies",
    "health": "healthcheck probe probes",
    "path": "readiness",
    "live": "liveness",
    "replicas": "scale instances copies deploy",
    "database": "db",
    "memory": "mem_limit",
    "cpus": "cpu",
    "resources": "limits",
    "publishes": "events emits",
    "subscribes": "consumes listens",
    "bind": "listen",
    "hosts": "host",
    "rewrite": "strip_prefix",
    "project": "name",
    "build": "context dockerfile",
    "circuit": "breaker circuit_breaker",
    "stop_grace": "grace stop_grace_period",
    "service": "backend upstream",
    "scopes": "permissions roles middlewares",
}
"""Our keys with the words that people bring from elsewhere."""

_ELSEWHERE = {word: key for key, words in _OTHER_TOOLS.items() for word in words.split()}
_FEW = 8


def unknown_key(path: Path) -> str:
    """The hint for a key that does not exist at ``path``."""
    key, parent = str(path[-1]), path[:-1]
    here = keys_at(parent)
    near = closest(key, here)
    if near and distance(key, near) <= 1:
        return f"did you mean '{near}'?"
    if home := _home(key, parent):
        return f"'{key}' belongs under {home}"
    meant = _ELSEWHERE.get(key.lower().replace("-", "_"))
    if meant in here or near:
        return f"did you mean '{meant if meant in here else near}'?"
    if meant and (home := _home(meant, parent)):
        return f"did you mean '{meant}' under {home}?"
    every = "'msctl manifest reference' shows every key"
    return every if len(here) > _FEW else "known here: " + ", ".join(here)


def misspelt(key: str, given: Iterable[str], path: Path) -> bool:
    """Whether one of ``given`` was meant to be ``key`` and is told so anyway."""
    here = keys_at(path)
    return any(closest(word, here) == key for word in given if word not in here)


def _home(key: str, parent: Path) -> str | None:
    """The nearest mapping that knows ``key``, its names taken over from ``parent`` where they agree."""
    found = [home for home in homes(key) if home != parent]
    if not found:
        return None
    best = max((_agreement(home, parent), -len(home)) for home in found)
    return " or ".join(
        _named(home, parent) for home in found if (_agreement(home, parent), -len(home)) == best
    )


def _named(home: Path, parent: Path) -> str:
    if not home:
        return "the top level"
    shared = _agreement(home, parent)
    filled = (*parent[:shared], *("NAME" if step == "*" else step for step in home[shared:]))
    return dotted(filled).replace("routes.NAME", "routes[]")


def _agreement(home: Path, parent: Path) -> int:
    count = 0
    for step, actual in zip(home, parent, strict=False):
        if step not in ("*", actual):
            break
        count += 1
    return count
