"""Taken-over connections that end before their time."""

from __future__ import annotations

import socket
import struct
from types import SimpleNamespace
from typing import cast

import pytest
from requests import Response

from msctl.engine.docker.stream import Hijacked
from msctl.errors import EngineUnavailable


def test_a_connection_the_engine_resets_is_an_error_of_ours() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        theirs.close()
    with ours, ours.makefile("rb") as reader:
        raw = SimpleNamespace(_fp=SimpleNamespace(fp=reader), connection=SimpleNamespace(sock=ours))
        response = cast(Response, SimpleNamespace(raw=raw, close=lambda: None))
        with pytest.raises(EngineUnavailable, match="reset"):
            Hijacked(response, "unix:///engine.sock").receive()
