"""The process: one per machine, the only one with the engine's socket."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from msctl import ending
from msctl.agent.admin import Admin
from msctl.agent.duties import Candidate, outside
from msctl.agent.figures import Figures
from msctl.agent.ground import check_ground
from msctl.agent.guarded import GuardedCatalog
from msctl.agent.hearing import Hearing
from msctl.agent.keeper import Keeper
from msctl.agent.log_collector import LogCollector
from msctl.agent.member import Catalog, Member
from msctl.agent.observer_client import ObserverClient
from msctl.agent.queues import Queues
from msctl.agent.registrar import Registrar
from msctl.engine.port import Engine
from msctl.errors import EngineUnavailable, MsctlError
from msctl.model.external import parse as parse_externals
from msctl.registry.acl import parse
from msctl.registry.client import Registry
from msctl.telemetry import logs

ENGINE_RETRY = 1.0
CATALOG_SECONDS = 3.0

_log = logging.getLogger("msctl.agent")


@dataclass(frozen=True, slots=True)
class Settings:
    """Whose containers are looked after, and where Consul and the observer are; as on the command line."""

    project: str
    consul: str
    consul_token_file: Path | None = None
    management_token_file: Path | None = None
    doors: Path | None = None
    externals: Path | None = None
    observer: str | None = None
    observer_token_file: Path | None = None
    known_secrets: Path | None = None
    queues: Path | None = None


class Journal:
    """Takes what members tell: each happening becomes a log line with an ``event`` field, and is counted."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def told(self, event: str, subject: str, words: str) -> None:
        """One happening."""
        self.counts[event] += 1
        level = logging.WARNING if event in {"trouble", "restarted", "admitted"} else logging.INFO
        _log.log(level, "%s: %s", subject, words, extra={"event": event, "subject": subject})


def run(settings: Settings) -> int:
    """Work until SIGTERM or SIGINT; returns the exit code."""
    logs.configure({"service": "agent", "instance": f"{settings.project}-agent", "project": settings.project})
    logging.getLogger("pika").setLevel(logging.WARNING)  # else each look at the queues is a page of lines
    ending.run(_run(settings))
    return 0


def members(settings: Settings, engine: Engine, journal: Journal) -> Mapping[str, Member]:
    """What the agent does, by name; another duty is another row here."""
    catalog = _catalog(settings, journal)
    found: dict[str, Member] = {
        "registrar": Registrar(engine, catalog, settings.project, journal.told, _elsewhere(settings)),
        "keeper": Keeper(engine, settings.project, journal.told),
    }
    if settings.observer is not None and settings.known_secrets is not None:
        client = ObserverClient(settings.observer, _content(settings.observer_token_file) or "")
        found["logs"] = LogCollector(engine, settings.project, client, settings.known_secrets, journal.told)
    return found


def _elsewhere(settings: Settings) -> Callable[[], tuple[Candidate, ...]]:
    """What the file of external services says now; ``up`` replaces it while the agent works."""

    def found() -> tuple[Candidate, ...]:
        if settings.externals is None:
            return ()
        try:
            return outside(settings.project, parse_externals(settings.externals.read_text()))
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise MsctlError(f"cannot read {settings.externals}: {exc}") from exc

    return found


def _catalog(settings: Settings, journal: Journal) -> Catalog:
    own = Registry(settings.consul, _content(settings.consul_token_file), timeout=CATALOG_SECONDS)
    doors, management = settings.doors, settings.management_token_file
    if doors is None or management is None:
        return own
    manager = Registry(settings.consul, _content(management), timeout=CATALOG_SECONDS)

    def admit() -> None:
        manager.doors.admit(parse(doors.read_text()))
        journal.told("admitted", settings.project, "Consul had forgotten who may do what")

    return GuardedCatalog(own, admit)


def _admin(settings: Settings, engine: Engine, shown: Mapping[str, Member], journal: Journal) -> Admin:
    queues = None if settings.queues is None else Queues(settings.queues)
    figures = Figures(engine, settings.project, queues)
    token = _content(settings.observer_token_file) or ""
    return Admin(shown, journal.counts, figures, queues, token)


def _content(path: Path | None) -> str | None:
    return path.read_text().strip() if path is not None else None


async def _run(settings: Settings) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    engine = await _engine()
    await asyncio.to_thread(check_ground, engine, settings.project)
    journal = Journal()
    working = members(settings, engine, journal)
    hearing = Hearing(engine, settings.project, tuple(working.values()), journal.told)
    shown = {**working, "events": hearing}
    admin = _admin(settings, engine, shown, journal)
    tasks = [asyncio.create_task(m.run()) for m in (*shown.values(), admin)]
    tasks.append(asyncio.create_task(ended.wait()))  # type: ignore[arg-type]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()


async def _engine() -> Engine:
    """The engine, as soon as it answers: it may just be starting itself."""
    from msctl.engine.docker import connect  # noqa: PLC0415

    while True:
        try:
            return await asyncio.to_thread(connect, {})
        except EngineUnavailable as error:
            _log.warning("waiting for the engine: %s", error.message)
            await asyncio.sleep(ENGINE_RETRY)
