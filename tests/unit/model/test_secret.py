"""A secret shows itself to nobody who does not ask for it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass

import pytest

from msctl.model.desired import SecretFile
from msctl.model.secret import Secret

SECRET = Secret("hunter2")


@dataclass(frozen=True)
class _Holder:
    secret: Secret


@pytest.mark.parametrize(
    "shown",
    [
        str(SECRET),
        repr(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>30}",
        f"{SECRET:>30}",
        "%s" % SECRET,  # noqa: UP031
        str([SECRET]),
        str({"password": SECRET}),
        str(_Holder(SECRET)),
        str(SecretFile("url", SECRET)),
    ],
)
def test_no_way_of_showing_it_shows_it(shown: str) -> None:
    assert "hunter2" not in shown
    assert "[REDACTED]" in shown


def test_logging_does_not_show_it(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("msctl").warning("password %s", SECRET)
    assert "hunter2" not in caplog.text


def test_it_cannot_be_written_as_json() -> None:
    with pytest.raises(TypeError):
        json.dumps({"password": SECRET})


def test_it_is_revealed_on_request_and_compared_by_content() -> None:
    assert SECRET.reveal() == "hunter2"
    assert Secret("hunter2") == SECRET
    assert Secret("other") != SECRET
