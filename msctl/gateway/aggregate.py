"""Aggregation: several services asked in parallel and in sequence, one JSON answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import unquote

from msctl.gateway.aggregate_plan import Call as PlannedCall
from msctl.gateway.aggregate_plan import MissingField, UnfitField, fill, parse_call
from msctl.gateway.calling import Call
from msctl.gateway.edits import edited
from msctl.gateway.errand import as_task
from msctl.gateway.exchange import Exchange
from msctl.gateway.heads import Edge, part_head
from msctl.gateway.outgoing import Outgoing, Refused
from msctl.gateway.part_answer import NoJson, PartAnswer, assemble, read_part
from msctl.gateway.passing import for_part
from msctl.gateway.problems import Trouble, problem_of, timed_out
from msctl.gateway.router import CompiledRoute, Match
from msctl.gateway.service import Nature
from msctl.gateway.table import Table
from msctl.gateway.template import values_of
from msctl.gateway.wire.answer import AnswerHead
from msctl.gateway.wire.body import Trailer
from msctl.model.project import AggregatePart
from msctl.resilience.deadline import Deadline, caller_timeout
from msctl.telemetry.problem import document

MAX_PART = 1024 * 1024
MARGIN = 0.015
"""Parts give up this much before the whole answer is due."""

_REDIRECTED = 300
TOO_MANY_REQUESTS = 429


class RequiredPartFailed(Exception):
    """Without this part there is no answer; the other parts need not go on."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.detail)
        self.trouble = trouble


class Collected:
    """A part's body in memory, up to ``MAX_PART`` bytes."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._done: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def body(self, data: bytes) -> None:
        """Keep a piece."""
        self._size += len(data)
        if self._size > MAX_PART:
            self._finish("answer too large")
        else:
            self._pieces.append(data)

    def body_end(self, trailers: list[Trailer]) -> None:  # noqa: ARG002
        """The body is whole."""
        self._finish(None)

    def body_cut(self, cause: str) -> None:
        """The service broke off."""
        self._finish(cause)

    async def whole(self) -> tuple[bytes, str | None]:
        """The body, and what is wrong with it."""
        cut = await self._done
        return b"".join(self._pieces), cut

    def _finish(self, cause: str | None) -> None:
        if not self._done.done():
            self._done.set_result(cause)


@dataclass(slots=True)
class Gathering:
    """One aggregate under way; ``values`` are path parameters and the answers so far."""

    exchange: Exchange
    compiled: CompiledRoute
    edge: Edge
    table: Table
    nature: Nature
    deadline: Deadline
    timeout: float
    values: dict[str, object]
    hurried: bool
    troubles: dict[str, Trouble] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    ready: dict[str, asyncio.Event] = field(default_factory=dict)

    def remaining(self) -> float:
        """Seconds until parts have to give up."""
        return self.deadline.remaining(self.nature.clock())


async def aggregate(exchange: Exchange, match: Match, edge: Edge, table: Table, nature: Nature) -> None:
    """Answer with every part that could be had, and a problem for each that could not."""
    await as_task()
    route = match.route.route
    asked = caller_timeout(exchange.head.header("x-timeout-ms"))
    timeout = route.timeout if asked is None else min(asked, route.timeout)
    values: dict[str, object] = {n: unquote(v) for n, v in values_of(match.route.template, match.raw).items()}
    now = nature.clock()
    work = Gathering(
        exchange,
        match.route,
        edge,
        table,
        nature,
        Deadline(now + timeout - MARGIN),
        timeout,
        values,
        timeout < route.timeout,
    )
    work.ready = {part.name: asyncio.Event() for part in route.aggregate}
    decisive: list[Trouble] = []
    try:
        async with asyncio.TaskGroup() as group:
            for part in route.aggregate:
                group.create_task(_part(work, part))
    except* RequiredPartFailed as failed:
        decisive = [exc.trouble for exc in failed.exceptions if isinstance(exc, RequiredPartFailed)]
    if decisive:
        raise Refused(decisive[0])
    _respond(work)


async def _part(work: Gathering, part: AggregatePart) -> None:
    call = parse_call(part.call)
    try:
        await _wait(work, part)
        answer = await _ask(work, call, part.timeout)
        work.values[part.name], work.texts[part.name] = answer.value, answer.text
    except Refused as exc:
        _missing(work, part, exc.trouble)
    except TimeoutError:
        _missing(work, part, timed_out(call.service, part.timeout or work.timeout, False, part.call))
    except MissingField as exc:
        detail = f"the part needs {{{exc}}}, which no earlier part gave"
        _missing(work, part, Trouble("part-skipped", detail, call.service))
    except UnfitField as exc:
        detail = f"{{{exc}}} of an earlier part has a value that cannot stand in a path"
        _missing(work, part, Trouble("part-skipped", detail, call.service))
    finally:
        work.ready[part.name].set()


async def _wait(work: Gathering, part: AggregatePart) -> None:
    """Until the earlier parts have their answers; raises Refused when one takes all the time there is."""
    for earlier in part.after:
        try:
            async with asyncio.timeout(work.remaining()):
                await work.ready[earlier].wait()
        except TimeoutError as exc:
            detail = f"the part was not asked for: '{earlier}' did not answer within {work.timeout:g} s"
            raise Refused(Trouble("timeout", detail)) from exc


def _missing(work: Gathering, part: AggregatePart, trouble: Trouble) -> None:
    trouble = replace(trouble, part=part.name)
    if part.required:
        raise RequiredPartFailed(trouble)
    work.troubles[part.name] = trouble


async def _ask(work: Gathering, planned: PlannedCall, limit: float | None) -> PartAnswer:
    service = work.table.services[planned.service]
    until = work.deadline.sooner(limit, work.nature.clock())
    seconds = work.timeout if limit is None else min(limit, work.timeout)
    target = fill(planned, work.values)
    exchange, compiled = work.exchange, work.compiled
    identity = exchange.trace, exchange.request_id
    authorization = await for_part(exchange, work.table, service.name, until.remaining(work.nature.clock()))
    edits = compiled.request_edits
    host = service.config.host or service.name
    head = part_head(exchange.head, host, target, work.edge, identity, edits, authorization)
    retries = compiled.route.retries
    outgoing = Outgoing("GET", head, None, False, True, retries, seconds, until.at, planned.template)
    outgoing.hurried = work.hurried
    call = Call(service, outgoing, work.nature.clock())
    try:
        answer = await call.answer()
        collected = Collected()
        assert call.connection is not None  # noqa: S101
        call.connection.stream(collected)
        try:
            async with asyncio.timeout(until.remaining(work.nature.clock())):
                body, cut = await collected.whole()
        except TimeoutError:
            call.settle(None if work.hurried else "no answer in time")
            raise
        call.settle(cut)
        return _content(answer, body, cut, planned.service)
    finally:
        call.close()


def _content(answer: AnswerHead, body: bytes, cut: str | None, service: str) -> PartAnswer:
    if cut is not None:
        raise Refused(Trouble("part-failed", f"Service '{service}': {cut}", service))
    if answer.status >= _REDIRECTED:
        detail = f"Service '{service}' answered {answer.status}"
        raise Refused(
            Trouble("part-failed", detail, service, answered=answer.status, headers=_when_again(answer))
        )
    try:
        return read_part(body)
    except NoJson as exc:
        raise Refused(Trouble("part-failed", f"Service '{service}' answered no JSON", service)) from exc


def _when_again(answer: AnswerHead) -> tuple[tuple[str, str], ...]:
    """What a service that has too many requests says of when to come again."""
    said = answer.fields.only(b"retry-after") if answer.status == TOO_MANY_REQUESTS else None
    return () if said is None else (("Retry-After", said.decode("latin-1")),)


def _respond(work: Gathering) -> None:
    members: dict[str, str] = {}
    for part in work.compiled.route.aggregate:
        text = work.texts.get(part.name)
        members[part.name] = json.dumps(part.fallback) if text is None else text
    members["_complete"] = json.dumps(not work.troubles)
    if work.troubles:
        problems = {name: _problem(work, trouble) for name, trouble in work.troubles.items()}
        members["_problems"] = json.dumps(problems)
    headers = [("Content-Type", "application/json"), ("Cache-Control", "no-store")]
    work.exchange.respond(200, edited(headers, work.compiled.route.response_headers), assemble(members))


def _problem(work: Gathering, trouble: Trouble) -> Mapping[str, object]:
    exchange = work.exchange
    problem = problem_of(
        trouble, exchange.head.path, exchange.trace.trace_id, datetime.now(UTC), work.table.full_errors
    )
    return document(problem)
