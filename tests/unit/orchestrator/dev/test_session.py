"""A session of ``dev`` on an engine in memory: what is copied, what is built, what a failure leaves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from msctl.engine.port import ExecResult, Identity
from msctl.errors import ImageError, StartFailed
from msctl.events import Sink, StepDone
from msctl.model.project import Project
from msctl.orchestrator.copied import COPIED
from msctl.orchestrator.dev.copying import Copying
from msctl.orchestrator.dev.session import Session
from msctl.orchestrator.probing import Prober
from tests.unit.orchestrator.conftest import UpCase
from tests.unit.orchestrator.stage import Stage
from tests.unit.plan.projects import project, service

DOCKERFILE = "FROM x\nCOPY requirements.txt .\nRUN y\nCOPY . .\n"


@pytest.fixture
def declared(tmp_path: Path) -> Project:
    """One service with sources on disk, in two instances."""
    folder = tmp_path / "services" / "web"
    folder.mkdir(parents=True)
    for name, text in {
        "Dockerfile": DOCKERFILE,
        "requirements.txt": "a",
        "app.py": "1",
        "old.py": "1",
    }.items():
        (folder / name).write_text(text)
    return replace(project(service("web", replicas=2)), folder=tmp_path)


@pytest.fixture
def ups() -> list[Project]:
    return []


@pytest.fixture
def session(stage: Stage, up: UpCase, declared: Project, ups: list[Project]) -> Session:
    def build(wanted: Project, sink: Sink) -> None:
        ups.append(wanted)
        up(wanted)

    prober = Prober(stage.engine, "shop-gateway")
    copying = Copying(stage.engine, stage.workspace, prober, timeout=5.0)
    made = Session(lambda: declared, build, copying)
    assert made.catch_up(stage.sink)
    return made


def folder(declared: Project) -> Path:
    return declared.folder / "services" / "web"


def test_nothing_changed_is_nothing_done(stage: Stage, session: Session) -> None:
    before = list(stage.engine.script.calls)
    assert not session.catch_up(stage.sink)
    assert stage.engine.script.calls == before


def test_a_file_is_copied_into_every_instance_and_what_is_gone_is_removed(
    stage: Stage, session: Session, declared: Project, ups: list[Project]
) -> None:
    ids = stage.ids()
    (folder(declared) / "app.py").write_text("2")
    (folder(declared) / "old.py").unlink()
    assert session.catch_up(stage.sink)
    assert (len(ups), stage.ids()) == (1, ids)
    for name in ("shop-web-1", "shop-web-2"):
        assert stage.engine.inspect(name).state == "running"
        assert ("copy_files", name) in stage.engine.script.calls
        removed = [run.command for run in stage.engine.script.commands if run.container == name]
        assert removed == [("rm", "-rf", "--", "old.py")]
    assert [e.subject for e in stage.sink.events if isinstance(e, StepDone) and e.action == "update"] == [
        "shop-web-1",
        "shop-web-2",
    ]
    assert session.behind() == ("web",)
    assert not session.catch_up(stage.sink)


def test_what_was_copied_is_made_anew_by_the_next_up(
    stage: Stage, session: Session, declared: Project, up: UpCase
) -> None:
    ids = stage.ids()
    (folder(declared) / "app.py").write_text("2")
    session.catch_up(stage.sink)
    up(declared)
    assert {name for name in ids if stage.ids()[name] != ids[name]} == {"shop-web-1", "shop-web-2"}
    assert stage.workspace.read(COPIED) == {}
    assert session.behind() == ()
    assert up(declared).changed == ()


@pytest.mark.parametrize("name", ["requirements.txt", "Dockerfile"])
def test_what_a_layer_needs_is_built(
    session: Session, stage: Stage, declared: Project, ups: list[Project], name: str
) -> None:
    (folder(declared) / name).write_text(DOCKERFILE + "# more\n")
    assert session.catch_up(stage.sink)
    assert len(ups) == 2
    assert not session.catch_up(stage.sink)


def test_another_manifest_is_an_up(session: Session, stage: Stage, ups: list[Project]) -> None:
    session.manifest_changed()
    assert session.catch_up(stage.sink)
    assert len(ups) == 2


def test_one_that_ends_is_told_stopped_and_started_by_the_next_change(
    stage: Stage, session: Session, declared: Project, ups: list[Project]
) -> None:
    stage.engine.script.exit_codes["shop-web-1"] = 1
    stage.answers["shop-web-1"] = (False, "connection refused")
    (folder(declared) / "app.py").write_text("wrong")
    with pytest.raises(StartFailed, match="until the next change") as failed:
        session.catch_up(stage.sink)
    assert failed.value.cards[0].subject == "shop-web-1"
    assert stage.engine.inspect("shop-web-1").state == "exited"
    del stage.engine.script.exit_codes["shop-web-1"]
    del stage.answers["shop-web-1"]
    (folder(declared) / "app.py").write_text("right")
    assert session.catch_up(stage.sink)
    assert len(ups) == 1
    assert stage.engine.inspect("shop-web-1").state == "running"


def test_what_a_failure_left_undone_is_done_with_the_next_change(
    stage: Stage, session: Session, declared: Project
) -> None:
    stage.engine.script.fail("copy_files", "shop-web-1", ImageError("app.py has vanished"))
    (folder(declared) / "app.py").write_text("2")
    with pytest.raises(ImageError, match="vanished"):
        session.catch_up(stage.sink)
    assert not session.catch_up(stage.sink)
    assert not session.finished
    (folder(declared) / "new.py").write_text("3")
    (folder(declared) / "old.py").unlink()
    assert session.catch_up(stage.sink)
    told = [event.detail for event in stage.sink.events if isinstance(event, StepDone)][-2:]
    assert told == ["3 files; 200 ok"] * 2
    assert session.finished


def test_a_change_that_is_taken_back_after_a_failure_is_brought_in_everywhere(
    stage: Stage, session: Session, declared: Project
) -> None:
    stage.engine.script.fail("copy_files", "shop-web-2", ImageError("app.py has vanished"))
    (folder(declared) / "new.py").write_text("2")
    with pytest.raises(ImageError):
        session.catch_up(stage.sink)
    (folder(declared) / "new.py").unlink()
    assert session.catch_up(stage.sink)
    removed = [(run.container, run.command[-1]) for run in stage.engine.script.commands]
    assert removed[-2:] == [("shop-web-1", "new.py"), ("shop-web-2", "new.py")]


def test_what_the_engine_cannot_copy_is_built(
    stage: Stage, session: Session, declared: Project, ups: list[Project]
) -> None:
    stage.engine.script.answer = lambda *_: ExecResult(127, "rm: not found")
    ids = stage.ids()
    (folder(declared) / "old.py").unlink()
    assert session.catch_up(stage.sink)
    assert (len(ups), session.finished, session.behind()) == (2, True, ())
    assert stage.ids()["shop-web-1"] != ids["shop-web-1"]


def test_an_interruption_leaves_no_instance_stopped(
    stage: Stage, session: Session, declared: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = stage.engine.stop_container

    def interrupted(identity: Identity, name: str, grace: float) -> None:
        monkeypatch.setattr(stage.engine, "stop_container", stop)
        stop(identity, name, grace)
        raise KeyboardInterrupt

    monkeypatch.setattr(stage.engine, "stop_container", interrupted)
    (folder(declared) / "app.py").write_text("2")
    with pytest.raises(KeyboardInterrupt):
        session.catch_up(stage.sink)
    assert stage.engine.inspect("shop-web-1").state == "running"
    assert not session.finished


def test_a_failed_up_is_tried_again_with_the_next_change(
    stage: Stage, session: Session, declared: Project, ups: list[Project]
) -> None:
    stage.images.broken.add("web")
    stage.images.content["web"] = "two"
    (folder(declared) / "Dockerfile").write_text(DOCKERFILE + "RUN z\n")
    with pytest.raises(StartFailed):
        session.catch_up(stage.sink)
    assert not session.finished
    stage.images.broken.clear()
    assert session.catch_up(stage.sink)
    assert (len(ups), session.finished) == (3, True)
