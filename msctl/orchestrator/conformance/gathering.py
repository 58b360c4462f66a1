"""Gathers the evidence: in the project's network, in the container, from log and registry."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from msctl import labels
from msctl.engine.port import Engine
from msctl.errors import EngineError, NotRunning
from msctl.orchestrator.conformance.evidence import Answer

_PATIENCE = 120.0
_ANSWER_TIMEOUT = 5.0
_LINES = 200
_NOT_THERE = (126, 127)
_LOOK = r"""
echo "uid $(id -u)"
while read -r key value rest; do
  case "$key" in Name:|CapEff:|SigCgt:|SigBlk:) echo "${key%:} $value" ;; esac
done < /proc/1/status
if (: > /msctl-conformance) 2>/dev/null; then
  rm -f /msctl-conformance; echo "root writable"
else
  echo "root protected"
fi
for file in /run/secrets/*; do
  [ -e "$file" ] || continue
  echo "secret $(stat -Lc '%a %u' "$file" 2>/dev/null) $file"
  for place in environ cmdline; do
    if tr '\0' '\n' < /proc/1/$place 2>/dev/null | grep -qF -f "$file"; then echo "leaked $file"; fi
  done
done
"""
_RESOLVE = """
import json, socket, sys
print(json.dumps(sorted({found[4][0] for found in socket.getaddrinfo(sys.argv[1], 1)})))
"""


def answers(
    engine: Engine, project: str, address: str, asked: Sequence[Mapping[str, Any]]
) -> dict[str, list[Answer]]:
    """What the service at ``address`` answers to requests made in the gateway's container."""
    host, _, port = address.rpartition(":")
    source = (files("msctl.agent") / "examining.py").read_text(encoding="utf-8")
    order = {"host": host, "port": int(port), "timeout": _ANSWER_TIMEOUT, "questions": list(asked)}
    gateway = labels.container(project, "gateway")
    try:
        done = engine.execute(
            gateway, ["python", "-c", source], timeout=_PATIENCE, stdin=json.dumps(order).encode()
        )
    except EngineError as exc:
        raise NotRunning(f"{gateway} cannot ask: {exc.message}", "start the project with 'msctl up'") from exc
    if done.exit_code != 0:
        raise NotRunning(
            f"{gateway} could not ask: {done.output.strip()[-300:]}", "'msctl logs gateway' shows why"
        )
    return {name: [_answer(values) for values in found] for name, found in json.loads(done.output).items()}


def resolved(engine: Engine, project: str, name: str) -> list[str]:
    """The addresses that other containers find the service under."""
    done = engine.execute(
        labels.container(project, "gateway"), ["python", "-c", _RESOLVE, name], timeout=20.0
    )
    found: list[str] = json.loads(done.output) if done.exit_code == 0 else []
    return found


def container_facts(engine: Engine, name: str) -> dict[str, list[str]] | None:
    """What a shell in the container sees; nothing where the image has none."""
    done = engine.execute(name, ["sh", "-c", _LOOK], timeout=20.0)
    if done.exit_code in _NOT_THERE:
        return None
    found: dict[str, list[str]] = defaultdict(list)
    for line in done.output.splitlines():
        key, _, value = line.partition(" ")
        found[key].append(value.strip())
    return dict(found)


def log_lines(engine: Engine, name: str) -> list[str]:
    """The container's last lines."""
    lines = engine.logs(name, tail=_LINES)
    try:
        return [line.text for line in lines]
    finally:
        lines.close()


def _answer(values: Mapping[str, Any]) -> Answer:
    return Answer(
        values.get("status", 0),
        values.get("headers", {}),
        values.get("body", ""),
        values["seconds"],
        values.get("error"),
    )
