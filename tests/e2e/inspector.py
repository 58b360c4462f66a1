"""Node's inspector, spoken to as an editor's debugger does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, ClientWebSocketResponse

_PATIENCE = 60.0


class Inspector:
    """One connection to it."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self._socket = socket
        self._calls = 0

    async def call(self, method: str, **parameters: Any) -> Any:
        """What a command of the protocol results in; events that come before its answer are left out."""
        self._calls += 1
        number = self._calls
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        answer = await self._read(lambda message: message.get("id") == number)
        assert "result" in answer, answer
        return answer["result"]

    async def event(self, method: str) -> Any:
        """The next event of this name."""
        return (await self._read(lambda message: message.get("method") == method))["params"]

    async def _read(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(_PATIENCE):
            while True:
                message: dict[str, Any] = await self._socket.receive_json()
                if wanted(message):
                    return message


@asynccontextmanager
async def attached(port: int) -> AsyncIterator[Inspector]:
    """A connection to the one process whose inspector is behind ``port`` of the loopback."""
    async with ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
            (target,) = await answer.json(content_type=None)
        async with session.ws_connect(target["webSocketDebuggerUrl"]) as socket:
            yield Inspector(socket)


async def value_now(port: int, expression: str) -> Any:
    """The value of a JavaScript expression in the process."""
    async with attached(port) as inspector:
        return (await inspector.call("Runtime.evaluate", expression=expression))["result"].get("value")


async def value_at(port: int, line: int, condition: str, expression: str, ask: Callable[[], object]) -> Any:
    """The value of ``expression`` in a line (from 0) of ``app.js``, where ``ask`` makes the process stop."""
    async with attached(port) as inspector:
        await inspector.call("Debugger.enable")
        place = {"urlRegex": ".*/app.js", "lineNumber": line, "condition": condition}
        assert (await inspector.call("Debugger.setBreakpointByUrl", **place))["locations"]
        asking = asyncio.create_task(asyncio.to_thread(ask))
        frame = (await inspector.event("Debugger.paused"))["callFrames"][0]["callFrameId"]
        command = "Debugger.evaluateOnCallFrame"
        found = await inspector.call(command, callFrameId=frame, expression=expression)
        await inspector.call("Debugger.resume")
        await asking
    return found["result"]["value"]
