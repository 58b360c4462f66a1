"""What does not start is explained: the root cause first, what to do next, and the rest goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.cards import Card, cards, only_card
from tests.e2e.catalog import statuses
from tests.e2e.checkout import Checkout, Outcome
from tests.e2e.databases import postgres
from tests.e2e.engine_state import exists
from tests.e2e.manifests import declare, make_small

pytestmark = pytest.mark.e2e

_WAYS_TO_FAIL: dict[str, dict[str, Any]] = {
    "crash": {"environment": {"BEHAVIOUR": "crash"}},
    "exit": {"environment": {"BEHAVIOUR": "exit"}},
    "sick": {"environment": {"BEHAVIOUR": "sick"}},
    "deaf": {"environment": {"BEHAVIOUR": "deaf"}},
    "lost": {"health": {"path": "/nowhere"}},
    "greedy": {"environment": {"BEHAVIOUR": "greedy"}, "resources": {"memory": "48MiB"}},
    "unbuilt": {"build": "unbuilt"},
    "empty": {"build": "empty"},
    "homeless": {"build": "ledger", "database": {"engine": "postgres", "memory": "8MiB"}},
}


@dataclass(frozen=True, slots=True)
class Wreck:
    """A project in which everything fails in its own way, and one healthy service."""

    checkout: Checkout
    outcome: Outcome

    def card(self, suffix: str) -> Card:
        """The card of one failure, by what follows the project's name, or by the whole subject."""
        subjects = (suffix, self.checkout.name(suffix))
        found = [card for card in cards(self.outcome) if card.subject in subjects]
        assert len(found) == 1, str(self.outcome)
        return found[0]


@pytest.fixture(scope="module")
def wreck(images: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wreck]:
    """The wreck, after its ``up``."""
    checkout = make_small(tmp_path_factory.mktemp("wreck") / "wreck")
    _add(checkout.folder / "unbuilt", 'RUN echo "no such wheel" && exit 7\n')
    _add(checkout.folder / "empty", 'CMD ["no-such-command"]\n')
    declare(checkout, {**_WAYS_TO_FAIL, "sound": {}})
    try:
        yield Wreck(checkout, checkout.msctl("up", "--timeout", "45s"))
    finally:
        checkout.sweep()


def _add(folder: Path, instruction: str) -> None:
    """A build folder whose Dockerfile ends with ``instruction``."""
    folder.mkdir()
    folder.joinpath("Dockerfile").write_text(f"ARG MSCTL_RUNTIME\nFROM ${{MSCTL_RUNTIME}}\n{instruction}")


def test_every_failure_has_a_card(wreck: Wreck) -> None:
    subjects = {card.subject.removeprefix(f"{wreck.checkout.project}-") for card in cards(wreck.outcome)}
    expected = {f"{name}-1" for name in _WAYS_TO_FAIL} - {"unbuilt-1", "homeless-1"} | {"homeless-db"}
    assert subjects == expected | {"unbuilt"}


def test_a_crash_loop(wreck: Wreck) -> None:
    card = wreck.card("crash-1")
    assert card.code == "crash-loop"
    assert "RuntimeError: the engine has no oil" in card.head


def test_an_exit_without_a_word(wreck: Wreck) -> None:
    card = wreck.card("exit-1")
    assert card.code == "crash-loop"
    assert "code 3" in card.head


def test_a_wrong_health_path(wreck: Wreck) -> None:
    card = wreck.card("lost-1")
    assert card.code == "wrong-health-path"
    assert "GET /nowhere" in card.head
    assert "404" in card.head


def test_a_failing_health_answer(wreck: Wreck) -> None:
    card = wreck.card("sick-1")
    assert card.code == "health-failing"
    assert "503" in card.head
    assert "the tank is empty" in card.text


def test_a_service_that_does_not_listen(wreck: Wreck) -> None:
    card = wreck.card("deaf-1")
    assert card.code == "nothing-listens"
    assert "$PORT" in card.head


def test_running_out_of_memory(wreck: Wreck) -> None:
    card = wreck.card("greedy-1")
    assert card.code == "out-of-memory"
    assert "48 MiB" in card.head


def test_a_failing_dockerfile(wreck: Wreck) -> None:
    card = wreck.card("unbuilt")
    assert card.code == "build-failed"
    assert "exit 7" in card.head
    assert "no such wheel" in card.text


def test_the_whole_log_of_a_failed_build_is_kept(wreck: Wreck) -> None:
    logs = [path.read_text() for path in (wreck.checkout.workspace / "logs").iterdir()]
    assert any("no such wheel" in text for text in logs)


def test_an_image_without_its_command(wreck: Wreck) -> None:
    assert "no-such-command" in wreck.card("empty-1").head


def test_a_database_that_never_becomes_ready(wreck: Wreck) -> None:
    card = wreck.card("homeless-db")
    assert "homeless-1" in card.text.partition("blocks")[2].splitlines()[0]


def test_nothing_starts_on_a_database_that_is_not_ready(wreck: Wreck) -> None:
    assert not exists(wreck.checkout.name("homeless-1"))


def test_other_services_are_up_and_registered(wreck: Wreck) -> None:
    assert statuses(wreck.checkout.project)[wreck.checkout.name("sound-1")] == "passing"


def test_what_failed_is_not_registered_as_passing(wreck: Wreck) -> None:
    passing = {name for name, state in statuses(wreck.checkout.project).items() if state == "passing"}
    assert {name for name in passing if name[-1].isdigit()} == {wreck.checkout.name("sound-1")}


def test_a_crash_loop_shows_in_the_status(wreck: Wreck) -> None:
    outcome = wreck.checkout.msctl("status", "--json")
    instances = {s["name"]: s["instances"][0] for s in outcome.json()["services"]}
    assert outcome.exit_code == 1
    assert instances["crash"]["restarts"] >= 3
    assert instances["crash"]["health"] in {"fail", "starting"}
    assert instances["sound"]["health"] == "pass"


def test_the_next_command_is_one_that_works(wreck: Wreck) -> None:
    command = wreck.card("crash-1").text.partition("try next")[2].split()
    assert command[0] == "msctl"
    assert "the engine has no oil" in wreck.checkout.msctl(*command[1:]).good().stdout


def test_a_mended_project_comes_up(small: Checkout) -> None:
    declare(small, {"web": _WAYS_TO_FAIL["crash"]})
    assert only_card(small.msctl("up")).code == "crash-loop"
    declare(small, {"web": {}})
    small.msctl("up").good()
    assert statuses(small.project)[small.name("web-1")] == "passing"


def test_an_image_that_cannot_be_had(small: Checkout) -> None:
    declare(small, {"web": {"image": "127.0.0.1:1/absent:1"}})
    outcome = small.msctl("up")
    assert outcome.exit_code == 1
    assert "127.0.0.1:1/absent:1" in _complaint(outcome.stderr)


def test_a_wrong_database_password(small: Checkout) -> None:
    url = f"postgresql://web:another@{small.name('web-db')}:5432/web"
    ledger = small.folder / "ledger"
    (ledger / "stale_url").write_text(url)
    with (ledger / "Dockerfile").open("a") as file:
        file.write("COPY stale_url stale_url\n")
    environment = {"DATABASE_URL_FILE": "/app/stale_url"}
    declare(small, {"web": {"build": "ledger", "database": "postgres", "environment": environment}})
    card = only_card(small.msctl("up", "--timeout", "45s"))
    assert (card.subject, card.code) == (small.name("web-1"), "wrong-password")
    assert "password" in card.head


def test_a_password_that_somebody_changed_is_set_back(small: Checkout) -> None:
    ledger = {"build": "ledger", "database": "postgres"}
    declare(small, {"web": ledger})
    small.msctl("up").good()
    postgres(small, "web", "ALTER ROLE web PASSWORD 'another'")
    declare(small, {"web": {**ledger, "environment": {"COLOUR": "green"}}})
    small.msctl("up").good()


def _complaint(stderr: str) -> str:
    """The first three lines after the progress, from the error on."""
    lines = stderr.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(("error:", "✗ ")))
    return "\n".join(lines[start : start + 3])
