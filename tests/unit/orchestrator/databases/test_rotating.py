"""A new password: at every moment each running instance has one that its database admits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from msctl.engine.memory.script import Script
from msctl.engine.port import ExecResult
from msctl.errors import NotRunning, StartFailed, UsageError
from msctl.model.desired import ContainerSpec, SecretFile
from msctl.model.project import Project
from msctl.orchestrator.credentials import FILE, CredentialStore
from msctl.orchestrator.databases.rotating import NotSettled, begin_rotation, telling_both_are_valid
from msctl.orchestrator.up import Up, UpResult
from tests.unit.orchestrator.conftest import UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import project, service, with_service

SHOP = project(
    service("orders", "postgres", replicas=2),
    service("goods", "mariadb"),
    service("words", "redis"),
    service("web"),
)
HAVING = ("orders", "goods", "words")
_LOGINS = {
    "login.sql": re.compile(
        r"""ALTER ROLE "(?P<user>[^"]+)" LOGIN NOSUPERUSER PASSWORD '(?P<password>[^']+)'"""
    ),
    "init.sql": re.compile(r"(?P<user>)mysql_native_password USING PASSWORD\('(?P<password>[^']+)'\)"),
    "redis.conf": re.compile(r"(?P<user>)>(?P<password>\S+)"),
}


class Killed(BaseException):
    """The process ended here."""


@dataclass(slots=True)
class Watch(Script):
    """Knows whom each database admits, and dies at step ``lives``: a change, or a database's command."""

    stage: Any = None
    lives: int = 10**9
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    admits: dict[str, set[tuple[str, str]]] = field(default_factory=dict)

    def changed(self, method: str, name: str) -> None:
        self.lives -= 1
        Script.changed(self, method, name)

    def asked(self, method: str, name: str) -> None:
        self.lives -= method == "execute" and name.endswith("-db")
        if self.lives <= 0:
            raise Killed
        Script.asked(self, method, name)

    def delivered(self, name: str, files: Sequence[SecretFile]) -> None:
        """Files are in a container; nobody has read them yet."""
        self.files.setdefault(name, {}).update({file.name: file.content.reveal() for file in files})

    def booted(self, name: str) -> None:
        """A database takes its logins from its file."""
        for file, login in _LOGINS.items():
            if file in self.files.get(name, {}):
                service_name = name.removeprefix("shop-").removesuffix("-db")
                found = login.finditer(self.files[name][file])
                self.admits[name] = {(m["user"] or service_name, m["password"]) for m in found}

    def login(self, name: str) -> tuple[str, str]:
        """By which an instance enters its database."""
        url = urlsplit(self.files[name]["database_url"])
        return unquote(url.username or ""), unquote(url.password or "")

    def require_admitted(self) -> None:
        """Every running instance can open another connection."""
        for found in self.stage.engine.observe("shop").containers:
            if found.role == "service" and found.service in HAVING and found.state == "running":
                assert self.login(found.name) in self.admits[f"shop-{found.service}-db"], found.name


@pytest.fixture
def watch(stage: Stage, up: UpCase, monkeypatch: pytest.MonkeyPatch) -> Watch:
    """The shop runs, and every step from now on is watched."""
    made = Watch(streams=stage.engine.script.streams, stage=stage)
    create, deliver = stage.engine.create_container, stage.engine.deliver_secrets

    def creating(identity: Any, spec: ContainerSpec, *more: Any, **named: Any) -> None:
        create(identity, spec, *more, **named)
        made.files[spec.name] = {}
        made.delivered(spec.name, spec.secrets)
        made.booted(spec.name)

    def delivering(identity: Any, name: str, files: Sequence[SecretFile]) -> None:
        deliver(identity, name, files)
        made.delivered(name, files)
        made.require_admitted()

    def answer(name: str, _command: Sequence[str], _stdin: bytes | None) -> ExecResult:
        made.booted(name)
        made.require_admitted()
        return ExecResult(0, "")

    monkeypatch.setattr(stage.engine, "create_container", creating)
    monkeypatch.setattr(stage.engine, "deliver_secrets", delivering)
    made.answer = answer
    stage.engine.script = made
    up(SHOP)
    return made


def case(stage: Stage, only: str | None = None) -> Up:
    chosen = None if only is None else frozenset({only})
    return Up(stage.engine, stage.images, stage.workspace, stage.sink, timeout=5.0, only=chosen)


def rotate(stage: Stage, name: str) -> UpResult:
    narrow = case(stage, name)
    begin_rotation(narrow, SHOP, name)
    with telling_both_are_valid(narrow, name):
        return narrow.run(SHOP)


def password(stage: Stage, name: str) -> str:
    return stage.workspace.read(FILE)[f"database/{name}"]


@pytest.mark.parametrize("name", HAVING)
def test_the_old_password_goes_when_every_instance_has_the_new_one(
    stage: Stage, watch: Watch, up: UpCase, name: str
) -> None:
    databases = {n: i for n, i in stage.ids().items() if n.endswith("-db")}
    for _ in range(3):
        old = password(stage, name)
        rotate(stage, name)
        new = password(stage, name)
        assert new != old
        assert {value for _, value in watch.admits[f"shop-{name}-db"]} - superuser(stage, name) == {new}
        watch.require_admitted()
        assert up(SHOP).changed == ()
    assert databases.items() <= stage.ids().items(), "databases go on running"


def superuser(stage: Stage, name: str) -> set[str]:
    return {stage.workspace.read(FILE)[f"superuser/{name}"]}


@pytest.mark.parametrize("name", HAVING)
def test_whenever_it_is_killed_the_next_up_ends_it(stage: Stage, watch: Watch, up: UpCase, name: str) -> None:
    moment, ended = 0, False
    while not ended:
        moment += 1
        watch.lives = moment
        try:
            rotate(stage, name)
            ended = True
        except Killed:
            pass
        watch.lives = 10**9
        watch.require_admitted()
        up(SHOP)
        watch.require_admitted()
        admitted = {value for _, value in watch.admits[f"shop-{name}-db"]} - superuser(stage, name)
        assert admitted == {password(stage, name)}, moment
        assert up(SHOP).changed == ()
    assert moment > 10


def test_a_rotation_that_was_interrupted_is_ended_with_the_password_that_it_made(
    stage: Stage, watch: Watch
) -> None:
    assert begin_rotation(case(stage, "orders"), SHOP, "orders")
    made = password(stage, "orders")
    assert not begin_rotation(case(stage, "orders"), SHOP, "orders")
    case(stage, "orders").run(SHOP)
    assert password(stage, "orders") == made
    assert {value for _, value in watch.admits["shop-orders-db"]} == {made}


def test_a_plan_tells_that_an_old_password_is_still_to_go(
    stage: Stage, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_rotation(case(stage, "orders"), SHOP, "orders")
    *_, last = case(stage).preview(SHOP).changes
    assert (last.id, last.reason) == (DROP, "every instance has the new one by then")
    assert {"create shop-orders-1", "update files of shop-orders-db"} <= set(last.after)

    with monkeypatch.context() as patch:
        patch.setattr(CredentialStore, "end_rotations", dying)
        with pytest.raises(Killed):
            case(stage).run(SHOP)
    (left,) = case(stage).preview(SHOP).changes
    assert (left.id, left.reason) == (DROP, "every instance has the new one")
    assert case(stage, "goods").preview(SHOP).changes == ()
    assert case(stage).run(SHOP).changed != ()
    assert case(stage).preview(SHOP).changes == ()


DROP = "drop the former password of shop-orders-db"


def dying(*_: object) -> bool:
    """The end of the process."""
    raise Killed


def test_nothing_else_is_changed_by_the_way(stage: Stage, watch: Watch) -> None:
    before = stage.ids()
    rotate(stage, "orders")
    after = stage.ids()
    assert {n for n in after if before.get(n) != after[n]} == {"shop-orders-1", "shop-orders-2"}


def test_what_up_would_change_comes_first(stage: Stage, watch: Watch) -> None:
    edited = with_service(SHOP, "orders", environment={"LOG_LEVEL": "debug"})
    before = password(stage, "orders")
    with pytest.raises(NotSettled, match=r"create shop-orders-3: missing, and \d+ more") as caught:
        begin_rotation(case(stage, "orders"), edited, "orders")
    assert (caught.value.exit_code, caught.value.hint) == (1, "msctl up, then try again")
    assert password(stage, "orders") == before


def test_a_service_that_is_not_well_keeps_its_password(stage: Stage, watch: Watch) -> None:
    stage.registry.held.pop("shop-goods-1")
    with pytest.raises(NotSettled, match="await shop-goods-1"):
        begin_rotation(case(stage, "goods"), SHOP, "goods")


def test_a_service_at_rest_can_be_given_one(stage: Stage, watch: Watch, up: UpCase) -> None:
    resting: Project = with_service(SHOP, "goods", replicas=0)
    up(resting)
    old = password(stage, "goods")
    assert begin_rotation(case(stage, "goods"), resting, "goods")
    case(stage, "goods").run(resting)
    assert old not in {value for _, value in watch.admits["shop-goods-db"]}


@pytest.mark.parametrize(
    ("name", "error"), [("web", UsageError), ("ordres", UsageError), ("orders", NotRunning)]
)
def test_where_there_is_nothing_to_rotate(stage: Stage, name: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        begin_rotation(case(stage, name), SHOP, name)


def test_a_failure_says_that_nothing_was_taken_away(stage: Stage, watch: Watch) -> None:
    stage.answers = {f"shop-orders-{n}": (False, "503") for n in (1, 2, 3)}
    watch.exit_codes = {f"shop-orders-{n}": 1 for n in (1, 2, 3)}
    old = password(stage, "orders")
    with pytest.raises(StartFailed) as caught:
        rotate(stage, "orders")
    assert "the old password of the database is valid beside the new one" in (caught.value.hint or "")
    assert {value for _, value in watch.admits["shop-orders-db"]} == {old, password(stage, "orders")}
    watch.require_admitted()
