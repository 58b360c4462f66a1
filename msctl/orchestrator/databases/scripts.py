"""What each database engine's own tools are told: shell scripts that run in the database's container.

A script's argument is the service's name, which its database bears. Passwords are read in the container from
the files that the engine delivered, and never are an argument.
"""

from __future__ import annotations

from importlib.resources import files

from msctl.model.project import DatabaseEngine

_QUIET = """
( set -e
{script}
) 2>/tmp/msctl-errors-$$
code=$?
if [ "$code" != 0 ]; then cat /tmp/msctl-errors-$$ >&2; echo "exit code $code" >&2; fi
rm -f /tmp/msctl-errors-$$
exit "$code"
"""
SUFFIXES: dict[DatabaseEngine, str] = {"postgres": "sql", "mariadb": "sql", "redis": "redis"}


def command(engine: DatabaseEngine, name: str, service: str) -> list[str]:
    """The arguments that run a script; words on stderr come only from one that fails."""
    return ["sh", "-c", _QUIET.replace("{script}", _script(engine, name)), "sh", service]


def shell_command(engine: DatabaseEngine, service: str) -> list[str]:
    """The arguments that start the engine's own shell for a person."""
    return ["sh", "-c", _script(engine, "shell"), "sh", service]


def _script(engine: DatabaseEngine, name: str) -> str:
    folder = files("msctl.orchestrator.databases") / "tools" / engine
    return (folder / f"{name}.sh").read_text(encoding="utf-8")
